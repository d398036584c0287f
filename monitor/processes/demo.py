"""The demo: the product with an outside world that lives on the same machine.

It keeps its own folder and takes no setting from outside: neither a production database nor a
real mail server in the caller's environment can become part of it.
"""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from sesame.utils import get_query_string

from monitor.processes.programs import Ports, again

MARK = "SYNCWATCH_DEMO"
ADMINISTRATOR = "demo"


def is_inside() -> bool:
    """Whether this process runs with the demo's settings."""
    return os.environ.get(MARK) == "1"


def folder() -> Path:
    """Everything the demo writes."""
    return settings.VAR_DIR if is_inside() else settings.VAR_DIR / "demo"


def enter(ports: Ports | None = None) -> None:
    """Starts this very command again with the demo's settings, unless it has them.

    With ``ports`` given the settings are written anew; without, those of the last start count.
    """
    if is_inside():
        return
    home = folder()
    if ports is not None:
        home.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in environment(ports).items()]
        (home / "settings.env").write_text("".join(lines))
    foreign = ("SYNCWATCH_", "DATABASE_URL", "BROKER_URL", "GRANIAN_", "CELERY_", "PG")
    again({MARK: "1", "SYNCWATCH_VAR": str(home)}, foreign=foreign)


def environment(ports: Ports) -> dict[str, str]:
    """The demo's settings. Short intervals, so that the storyline is seen within a minute."""
    return {
        "SYNCWATCH_PUBLIC_URL": f"http://127.0.0.1:{ports.web}",
        "SYNCWATCH_WEBHOOK_URL": f"http://127.0.0.1:{ports.web}",
        "SYNCWATCH_ALLOWED_NETWORKS": "127.0.0.0/8",
        "SYNCWATCH_WITNESSES": "",  # nothing leaves this machine
        "SYNCWATCH_SMTP_HOST": "127.0.0.1",
        "SYNCWATCH_SMTP_PORT": str(ports.smtp),
        "SYNCWATCH_MAIL_FROM": "Syncwatch <syncwatch@demo.example>",
        "SYNCWATCH_COLLECT_INTERVAL_S": "20",
        "SYNCWATCH_PROBE_INTERVAL_S": "60",
        "SYNCWATCH_EXAMINE_INTERVAL_S": "90",
        "SYNCWATCH_EXAMINE_PAUSE_S": "0.05",
        "SYNCWATCH_CHECK_INTERVAL_S": "120",
        "SYNCWATCH_TRACKING_INTERVAL_S": "60",
        "SYNCWATCH_TICK_S": "2",
        "SYNCWATCH_REFRESH_COOL_DOWN_S": "30",
    }


def load_fleet(ports: Ports, state: Path) -> None:
    """Connects the product to the sandbox, by the same command an operator would use.

    Raises CommandError or CalledProcessError.
    """
    file = state / "fleet.yaml"
    command = (sys.executable, "-m", "integrations.sandbox", "fleet", "--port", str(ports.shops))
    subprocess.run(  # noqa: S603  # our own program
        (*command, "--state", str(state), "--out", str(file)), check=True, capture_output=True, text=True
    )
    with Path(os.devnull).open("w") as nowhere:
        call_command("fleet", "apply", str(file), stdout=nowhere, stderr=nowhere)


def login_address() -> str:
    """An address that signs in as the demo's administrator, once."""
    people = get_user_model()
    person, made = people.objects.get_or_create(
        username=ADMINISTRATOR,
        defaults={"is_superuser": True, "is_staff": True, "email": "ops@demo.example", "first_name": "Demo"},
    )
    if made:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return f"{settings.PUBLIC_URL}{reverse('login-once')}{get_query_string(person)}"

"""A fleet of sandbox shops, a hub and a mail server as processes, and the product connected to them."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from integrations.sandbox.client import Mailbox, Sandbox
from integrations.sandbox.fleet import FleetSpec, load_or_create
from integrations.sandbox.manifest import SecretFiles, manifest, write_manifest

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 60.0


@dataclass
class World:
    """Everything that was started, and how to reach it."""

    var: Path
    port: int
    """The product's web port; shops, hub, SMTP and the mails' page have the next four."""
    fleet: FleetSpec
    sandbox: Sandbox
    mailbox: Mailbox
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        log = self.var / "log" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.programs[name] = subprocess.Popen(
                (sys.executable, *command), cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )
        return self.programs[name]

    def stop(self, name: str) -> None:
        program = self.programs.pop(name)
        program.send_signal(signal.SIGINT)
        try:
            program.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def start_product(self) -> None:
        """``manage.py up``; returns when its web server is ready."""
        self.start("up", "-m", "tests.bench.up", "--port", str(self.port))
        wait_for(f"http://127.0.0.1:{self.port}/healthz")


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that all measurements share."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8450, help="the first of five ports")
    parser.add_argument("--keep", action="store_true", help="keep the folder with data and logs")
    return parser


@contextmanager
def running(
    fleet: FleetSpec,
    port: int,
    *,
    keep: bool = False,
    settings: Mapping[str, str] | None = None,
    change: Callable[[dict[str, Any]], None] = lambda _document: None,
) -> Iterator[World]:
    """The outside world runs, the tables exist, and the fleet is connected; no product process runs.

    ``change`` may alter the fleet document before it is applied. This process has the product's
    settings afterwards, and can read its database.
    """
    var = Path(tempfile.mkdtemp(prefix="syncwatch-bench-"))
    var.chmod(0o755)  # PostgreSQL may run as another user
    shops, hub = f"http://127.0.0.1:{port + 1}", f"http://127.0.0.1:{port + 2}"
    world = World(
        var, port, fleet, Sandbox(fleet, shops, hub), Mailbox(port + 3, f"http://127.0.0.1:{port + 4}")
    )
    state = var / "sandbox"
    load_or_create(state, lambda: fleet)
    _configure(var, port, settings or {})
    from django.core.management import call_command  # noqa: PLC0415  # the settings had to come first
    from django.db import connection  # noqa: PLC0415

    from monitor import embedded  # noqa: PLC0415

    with ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, var, ignore_errors=True)
            stack.callback(embedded.delete, var)
        stack.callback(connection.close_pool)
        stack.callback(connection.close)
        stack.callback(lambda: [world.stop(name) for name in reversed(list(world.programs))])
        world.start(
            "sandbox", "-m", "integrations.sandbox", "serve", "--port", str(port + 1), "--state", str(state)
        )
        mail = ("--smtp-port", str(port + 3), "--http-port", str(port + 4), "--state", str(state / "mail"))
        world.start("mail", "-m", "integrations.sandbox.mail", *mail)
        for url in (f"{shops}/control/state", f"{hub}/control/state", f"{world.mailbox.url}/mails.json"):
            wait_for(url)
        call_command("migrate", interactive=False, verbosity=0)
        document = manifest(fleet, shops, hub, SecretFiles(state / "secrets"))
        change(document)
        write_manifest(var / "fleet.yaml", document)
        with Path(os.devnull).open("w") as nowhere:
            call_command("fleet", "apply", str(var / "fleet.yaml"), stdout=nowhere, stderr=nowhere)
        yield world
    if keep:
        print(f"Data and logs are in {var}.")


def _configure(var: Path, port: int, settings: Mapping[str, str]) -> None:
    """Nothing of the caller's environment becomes part of the measurement."""
    for name in list(os.environ):
        if name.startswith(("SYNCWATCH_", "DATABASE_URL", "BROKER_URL", "GRANIAN_", "CELERY_", "PG")):
            del os.environ[name]
    os.environ.update(
        DJANGO_SETTINGS_MODULE="monitor.settings",
        SYNCWATCH_VAR=str(var),
        SYNCWATCH_PUBLIC_URL=f"http://127.0.0.1:{port}",
        SYNCWATCH_ALLOWED_NETWORKS="127.0.0.0/8",
        SYNCWATCH_SMTP_HOST="127.0.0.1",
        SYNCWATCH_SMTP_PORT=str(port + 3),
        SYNCWATCH_MAIL_FROM="Syncwatch <syncwatch@bench.example>",
        **settings,
    )
    import django  # noqa: PLC0415

    django.setup()


def wait_for(url: str) -> None:
    """Returns when the address answers. Raises TimeoutError."""
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} does not answer") from error
            time.sleep(0.1)
        else:
            return


def wait_until(done: Callable[[], bool], within_s: float, what: str, every_s: float = 1.0) -> float:
    """Seconds until ``done``. Raises TimeoutError."""
    started = time.monotonic()
    while not done():
        if time.monotonic() - started > within_s:
            raise TimeoutError(f"Waited {within_s:.0f} s in vain: {what}.")
        time.sleep(every_s)
    return time.monotonic() - started


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

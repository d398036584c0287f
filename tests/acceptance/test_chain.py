"""From an order that does not arrive to the mail about it and back, through real processes: scheduler,
broker, worker, PostgreSQL, shop, hub and mail server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from integrations.sandbox.client import Mailbox, Sandbox
from integrations.sandbox.fleet import IntegrationSpec
from integrations.sandbox.testing import ACCOUNT, running_mail, running_sandbox, shop, small_fleet
from monitor.broker import ensure_queues
from monitor.health.states import State
from monitor.models import Incident, Notice, User, Verdict

from .stage import connect_fleet, database_url, eventually, mails, worker_and_scheduler

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

TOLERANCE_S = 8
RHYTHM = {"SYNCWATCH_COLLECT_INTERVAL_S": "3", "SYNCWATCH_PROBE_INTERVAL_S": "10", "SYNCWATCH_TICK_S": "1"}
URLS = {
    "redis": os.environ.get("SYNCWATCH_TEST_REDIS_URL", "redis://127.0.0.1:6379/8"),
    "rabbitmq": os.environ.get("SYNCWATCH_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


@pytest.fixture(params=["postgresql", "redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest, transactional_db: None) -> str:
    if request.param != "postgresql":
        reach = request.getfixturevalue("service")
        return str(reach(request.param, URLS[request.param]))
    ensure_queues(database_url().replace("postgresql://", "pgmq://", 1))
    return ""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A shop whose orders the hub fetches every second."""
    fleet = small_fleet(
        [shop("boutique-lyon", time_zone="Europe/Paris")],
        now=None,
        auto=True,
        integrations=(IntegrationSpec(1, ACCOUNT, "boutique-lyon", every_s=1),),
    )
    with running_sandbox(fleet, tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with running_mail(tmp_path / "mail") as running:
        yield running


@pytest.fixture
def processes(
    broker_url: str, sandbox: Sandbox, mailbox: Mailbox, tmp_path: Path, settings: Settings
) -> Iterator[None]:
    settings.SYNCWATCH_COLLECT_INTERVAL_S = int(RHYTHM["SYNCWATCH_COLLECT_INTERVAL_S"])
    every_second, _made = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.exclude(name="housekeeping").update(interval=every_second)
    connect_fleet(sandbox, tmp_path, tolerance_s=TOLERANCE_S)
    environment = {
        **RHYTHM,
        "SYNCWATCH_VAR": str(configured.VAR_DIR),
        "DATABASE_URL": database_url(),
        "BROKER_URL": broker_url,
        "SYNCWATCH_ALLOWED_NETWORKS": "127.0.0.0/8",
        "SYNCWATCH_SMTP_HOST": "127.0.0.1",
        "SYNCWATCH_SMTP_PORT": str(mailbox.smtp_port),
    }
    with worker_and_scheduler(tmp_path, environment):
        yield


def overview(client: Client) -> str:
    return " ".join(client.get("/").content.decode().split())


@pytest.mark.usefixtures("processes")
def test_a_stall_is_mailed_once_with_its_cause_and_its_end_in_the_same_thread(
    sandbox: Sandbox, mailbox: Mailbox, client: Client
) -> None:
    client.force_login(User.objects.create_user("vera", is_superuser=True))
    sandbox.add_orders("boutique-lyon", 2)
    eventually(lambda: Verdict.objects.filter(state=State.OK), within_s=30, what="judged healthy")
    assert "All is well" in overview(client)

    sandbox.break_hub(1, "stopped")
    sandbox.add_orders("boutique-lyon", 3)
    [alarm] = eventually(lambda: mails(mailbox, "[stalled]"), within_s=30, what="the mail about the stall")
    assert alarm["to"] == ["ops@demo.example"]
    assert "Boutique Lyon → Test hub: 3 orders waiting since" in alarm["subject"]
    assert "Orders have stopped arriving in Sendcloud" in alarm["text"]
    incident = Incident.objects.get()
    assert (incident.cause, incident.rule, incident.closed_at) == ("imports", "stalled", None)
    page = overview(client)
    assert "1 needs you" in page
    assert "Boutique Lyon → Test hub" in page
    assert "Orders have stopped arriving in Sendcloud: 3 orders are waiting" in page

    sandbox.mend_hub(1, "stopped")
    [recovery] = eventually(lambda: mails(mailbox, "[recovered]"), within_s=30, what="the mail about the end")
    assert "up to 3 orders waited" in recovery["subject"]
    assert recovery["headers"]["In-Reply-To"] == alarm["message_id"]
    assert recovery["headers"]["References"] == alarm["message_id"]
    assert len(mailbox.mails()) == 2
    assert not Notice.objects.filter(sent_at=None).exists()
    incident.refresh_from_db()
    assert incident.closed_at
    assert "All is well" in overview(client)

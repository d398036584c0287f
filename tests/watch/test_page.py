"""The status page, as a person reads it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitor.access_control import ADMIN, VIEWER
from monitor.models import Job, Subscription
from monitor.schedule import ensure_schedule
from monitor.watch import snapshot
from tests.people.conftest import Fleet, fleet, person, signed_in
from tests.watch.conftest import beat

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
__all__ = ["Fleet", "fleet"]


@pytest.fixture
def viewer(db: None, monkeypatch) -> Client:
    ensure_schedule()
    monkeypatch.setattr(snapshot, "_broker", lambda: 0)
    return signed_in(person("vera", VIEWER))


def test_a_well_syncwatch_says_so_with_every_last_sign_of_life(viewer: Client):
    Subscription.objects.create(email="ops@ops.example")
    beat(timezone.now(), "tick", "judge", "deliver", "refresh", "watchdog")
    page = viewer.get("/status/").content.decode()
    assert "All parts are well" in page
    assert "1 person is mailed by the watchdog" in page
    assert "set SYNCWATCH_PING_URL" in page
    assert page.count("data-ago") >= 5


def test_a_dead_worker_stands_first_with_what_to_do(viewer: Client):
    beat(timezone.now() - timedelta(minutes=7), "tick", "judge", "deliver", "refresh", "watchdog")
    page = viewer.get("/status/?part=live").content.decode()
    assert "No work is taken up" in page
    assert "(7 min)" in page
    assert "Start the scheduler and the worker again" in page
    assert "A consequence of: Worker." in page
    assert page.index("No work is taken up") < page.index("Mails are not being sent")
    assert "is-fail" in page


def test_a_refused_key_leads_administrators_to_the_account(viewer: Client, fleet: Fleet):
    Job.objects.create(
        kind="hub_state", target_id=fleet.account.pk, account=fleet.account, due_at=timezone.now(),
        interval_s=60, failures=3, last_error="CredentialsRefused", last_message="The key is not accepted.",
    )  # fmt: skip
    page = viewer.get("/status/").content.decode()
    assert "Parcels does not accept our key any more" in page
    assert "Test the connection" not in page
    admin = signed_in(person("ada", ADMIN))
    assert "/connect/accounts/parcels/" in admin.get("/status/").content.decode()

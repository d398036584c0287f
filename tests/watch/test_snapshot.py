"""What is read from a real database, broker, disk and clock."""

from datetime import timedelta

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Store
from monitor.models import Channel, Heartbeat, LatencyFleetHour, Notice, Progress, StoreState, Verdict
from monitor.schedule import ensure_schedule
from monitor.watch import snapshot
from monitor.watch.checks import examine
from monitor.watch.snapshot import take
from tests.alerts.conftest import account, integration, make_integration
from tests.watch.conftest import NOW

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
__all__ = ["account", "integration", "make_integration"]


def test_an_empty_installation_can_be_looked_at():
    ensure_schedule()
    with CaptureQueriesContext(connection) as queries:
        seen = take(timezone.now())
    assert len(queries) <= 10
    assert seen.broker is not None
    assert seen.disk_free > 0
    assert abs(seen.clock_skew) < timedelta(seconds=1)
    assert {row.name for row in seen.schedule} >= {"collect", "deliver", "refresh", "housekeeping"}
    assert all(row.every for row in seen.schedule)
    assert examine(seen)


def test_a_broker_that_is_gone_is_not_the_end(monkeypatch):
    monkeypatch.setattr(snapshot, "app", Celery(broker="redis://127.0.0.1:1/0", set_as_current=False))
    assert take(NOW).broker is None


def notice(n: int, **more: object) -> None:
    Notice.objects.create(
        step="test", recipient="ops@ops.example", message_id=f"<{n}@x>", created_at=NOW - timedelta(hours=1),
        **{"due_at": NOW - timedelta(minutes=1), **more},
    )  # fmt: skip


def test_mails_that_wait_and_mails_that_the_server_does_not_take():
    notice(1)
    notice(2, due_at=NOW + timedelta(hours=7))  # somebody's quiet hours
    notice(3, attempts=4, answer="451 later", due_at=NOW + timedelta(minutes=9))
    notice(4, attempts=1, sent_at=NOW)
    notice(5, attempts=1, failed_at=NOW - timedelta(hours=2))
    notice(6, attempts=1, failed_at=NOW - timedelta(days=3))
    # No fault of the mail server:
    notice(7, attempts=1, failed_at=NOW - timedelta(hours=2), channel=Channel.WEBHOOK)
    mails = take(NOW).mails
    assert (mails.waiting.due, mails.failing, mails.answer, mails.refused) == (1, 1, "451 later", 1)
    assert mails.failing_since == NOW - timedelta(hours=1)


def test_an_integration_that_cannot_be_judged_is_counted(integration):
    Verdict.objects.create(integration=integration, since=NOW, judged_at=NOW - timedelta(minutes=21))
    seen = take(NOW)
    assert (seen.watched, seen.unjudged) == (1, 1)
    integration.is_paused = True
    integration.save()
    seen = take(NOW)
    assert (seen.watched, seen.unjudged) == (0, 0)


def test_rollups_are_compared_with_the_newest_order(integration):
    Progress.objects.create(integration=integration, newest_arrived_eligible_at=NOW - timedelta(minutes=5))
    names = {check.name for check in examine(take(NOW)) if check.state.is_bad}
    assert "rollup" in names
    LatencyFleetHour.objects.create(
        platform="woocommerce", account=integration.account, hour=NOW.replace(minute=0), n=1
    )
    assert "rollup" not in {check.name for check in examine(take(NOW)) if check.state.is_bad}


def test_shops_whose_orders_seem_to_arrive_too_early_say_nothing_of_rollups(integration):
    Progress.objects.create(integration=integration, newest_arrived_eligible_at=NOW, negative_latencies=4)
    assert take(NOW).newest_completed_at is None


def test_the_shop_in_the_middle_tells_the_time():
    for number, skew in enumerate((88.0, 90.0, -7_200.0, 91.0)):
        store = Store.objects.create(name=f"s{number}", platform="shopify", url=f"https://s{number}.example")
        StoreState.objects.create(store=store, checked_at=NOW, clock_skew_s=skew)
        if number == 1:
            assert take(NOW).shops_skew is None  # of two, nobody knows who is right
    assert take(NOW).shops_skew == timedelta(seconds=89)


def test_who_would_be_told(settings):
    settings.SYNCWATCH_ADMIN_MAIL = []
    assert take(NOW).told == 0
    settings.SYNCWATCH_ADMIN_MAIL = ["ops@ops.example"]
    assert take(NOW).told == 1


def test_signs_of_life_come_with_what_was_left_beside_them():
    Heartbeat.objects.create(part="tick", at=NOW)
    Heartbeat.objects.create(part="network", at=NOW, detail={"hosts": ["a"], "since": NOW.isoformat()})
    seen = take(NOW)
    assert seen.beats["tick"] == NOW
    assert set(seen.details) == {"network"}


def test_the_folder_of_the_installation_is_what_the_disk_is_asked_about(monkeypatch):
    asked = []
    real = snapshot.shutil.disk_usage
    monkeypatch.setattr(snapshot.shutil, "disk_usage", lambda folder: asked.append(folder) or real(folder))
    take(NOW)
    assert settings.VAR_DIR in asked

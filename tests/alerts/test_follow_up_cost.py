"""Following up costs what is due, not what is open; and whatever changes makes it look again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Integration, Store
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.alerts.reminding import follow_up
from monitor.models import Incident, Maintenance, Member, Notice, Subscription
from tests.alerts.conftest import LATE, NOW, STALLED, change, subscribe
from tests.alerts.test_react import steps

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def open_incidents(account, count: int, told: tuple[str, ...]) -> None:
    """That many, of which these were told at NOW."""
    stores = Store.objects.bulk_create(
        Store(name=f"s{n}", platform="woocommerce", url=f"https://s{n}.example") for n in range(count)
    )
    ones = Integration.objects.bulk_create(
        Integration(name=store.name, account=account, store=store, external_id=store.name) for store in stores
    )
    incidents = Incident.objects.bulk_create(
        Incident(
            scope=f"integration:{one.pk}", cause="imports", rule="stalled", state="fail", opened_at=NOW,
            started_at=NOW,
        )
        for one in ones
    )  # fmt: skip
    Member.objects.bulk_create(
        Member(incident=incident, integration=one, joined_at=NOW)
        for incident, one in zip(incidents, ones, strict=True)
    )
    Notice.objects.bulk_create(
        Notice(
            incident=incident, step="opened", recipient=email, message_id=f"<{incident.pk}.{email}>",
            created_at=NOW, due_at=NOW, sent_at=NOW,
        )
        for incident in incidents
        for email in told
    )  # fmt: skip


def queries(now) -> tuple[int, int]:
    """How many notices a run put, and how many queries it took."""
    with CaptureQueriesContext(connection) as asked:
        put = follow_up(now)
    return put, len([one for one in asked if "SAVEPOINT" not in one["sql"]])


def test_a_run_with_nothing_due_costs_the_same_however_much_is_open(account):
    subscribe()
    open_incidents(account, 40, ("ops@ops.example",))
    assert follow_up(NOW + MINUTE) == 0
    with CaptureQueriesContext(connection) as asked:
        assert follow_up(NOW + 2 * MINUTE) == 0
    touched = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(touched) <= 5
    assert not [sql for sql in touched if "monitor_notice" in sql or "monitor_member" in sql]


def test_what_is_due_for_some_is_asked_for_them_alone(account):
    subscribe()
    open_incidents(account, 30, ("ops@ops.example",))
    follow_up(NOW + MINUTE)
    early = list(Incident.objects.order_by("pk")[:2])
    Notice.objects.filter(incident__in=early).update(created_at=NOW - HOUR)
    Incident.objects.filter(pk__in=[one.pk for one in early]).update(look_again_at=NOW)
    put, cost = queries(NOW + 2 * MINUTE)
    assert put == 2
    assert cost <= 16
    assert steps().count("reminder-1") == 2


def test_many_due_at_once_cost_a_constant_number_of_queries_per_batch(account):
    subscribe()
    open_incidents(account, 30, ("ops@ops.example",))
    follow_up(NOW + MINUTE)
    put, cost = queries(NOW + HOUR)
    assert (put, cost <= 16) == (30, True)


def test_more_than_a_batch_is_told_in_one_run(account, monkeypatch):
    monkeypatch.setattr("monitor.alerts.reminding.BATCH", 4)
    subscribe()
    open_incidents(account, 10, ("ops@ops.example",))
    assert follow_up(NOW + HOUR) == 10
    assert follow_up(NOW + HOUR) == 0


@pytest.mark.parametrize("how", ["added", "patience", "tags", "warnings"])
def test_a_subscription_that_changes_is_heeded_at_once(integration, how):
    boss = None
    if how != "added":
        plain = {"patience": {"escalates_after": 600}, "tags": {"tags": ["es"], "escalates_after": 10}}
        more = plain.get(how, {"include_warnings": False, "escalates_after": 10})
        boss = subscribe("boss@ops.example", **more)
    react([change(integration, LATE if how == "warnings" else STALLED)], now=NOW)
    assert follow_up(NOW + 11 * MINUTE) == 0
    if boss is None:
        subscribe("boss@ops.example", escalates_after=10)
    elif how == "patience":
        Subscription.objects.update(escalates_after=10)
    elif how == "tags":
        Store.objects.update(tags=["fr"])
        Subscription.objects.update(tags=["fr"])
    else:
        Subscription.objects.update(include_warnings=True)
    assert follow_up(NOW + 12 * MINUTE) == 1


def test_whoever_joins_or_becomes_worse_is_heeded_at_once(integration):
    subscribe("boss@ops.example", escalates_after=10, include_warnings=False)
    react([change(integration, LATE)], now=NOW)
    assert follow_up(NOW + 11 * MINUTE) == 0
    react([change(integration, STALLED, old=LATE)], now=NOW + 12 * MINUTE)
    assert follow_up(NOW + 12 * MINUTE) == 1


def test_a_window_that_ends_early_lets_what_was_due_be_told(integration, postbox):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    deliver_due(NOW)
    window = Maintenance.objects.create(
        title="-", starts_at=NOW + MINUTE, ends_at=NOW + 9 * HOUR, created_at=NOW
    )
    assert follow_up(NOW + 2 * HOUR) == 0
    Maintenance.objects.filter(pk=window.pk).update(cut_at=NOW + 2 * HOUR + MINUTE)
    assert follow_up(NOW + 2 * HOUR + 2 * MINUTE) == 1


def test_what_could_not_be_sent_is_reminded_of_once_it_was(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    assert follow_up(NOW + 2 * HOUR) == 0
    Notice.objects.update(sent_at=NOW + 2 * HOUR)
    assert follow_up(NOW + 2 * HOUR + 2 * MINUTE) == 1

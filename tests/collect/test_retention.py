"""What is forgotten when, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from integrations.contracts import OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_orders
from monitor.collect.retention import RULES, delete_old, statement
from monitor.models import (
    Arrival,
    Call,
    Incident,
    LatencyDay,
    LatencyHour,
    Member,
    Notice,
    Remark,
    StateDay,
    Transition,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO = NOON - 91 * DAY


@pytest.fixture
def one(db) -> Integration:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    return Integration.objects.create(name="shop-hub", account=account, store=store, external_id="7")


def test_old_orders_nobody_waits_for_are_forgotten_and_waiting_ones_are_not(one):
    ensure_jobs(NOON)
    record_orders(
        one.store_id,
        "woocommerce",
        [
            OrderRecord("1", "1", LONG_AGO, LONG_AGO, LONG_AGO, "processing", expected=True),
            OrderRecord("2", "2", LONG_AGO, LONG_AGO, LONG_AGO, "cancelled", expected=False),
            OrderRecord("3", "3", NOON, NOON, NOON, "cancelled", expected=False),
        ],
        now=NOON,
    )

    delete_old(NOON)

    assert set(Arrival.objects.values_list("order_key", flat=True)) == {"1", "3"}


def test_figures_of_days_outlive_hours_and_orders(one):
    for age in (1, 119, 121, 3_600, 3_700):
        at = NOON - age * DAY
        sketch = {"n": 1, "buckets": [1], "counts": [1]}
        LatencyHour.objects.create(integration=one, hour=at.replace(minute=0), **sketch)
        LatencyDay.objects.create(integration=one, day=at.date(), **sketch)
        StateDay.objects.create(integration=one, day=at.date(), ok_s=86_400)
    delete_old(NOON)
    assert (LatencyHour.objects.count(), LatencyDay.objects.count(), StateDay.objects.count()) == (2, 4, 4)


def test_an_incident_takes_along_what_hangs_on_it_and_open_ones_stay(one):
    for pk, closed in ((1, NOON - 1_100 * DAY), (2, NOON - 1_000 * DAY), (3, None)):
        incident = Incident.objects.create(
            pk=pk,
            scope=f"integration:{one.pk}",
            cause="imports",
            rule="stalled",
            state="fail",
            opened_at=NOON - 1_200 * DAY,
            started_at=NOON - 1_200 * DAY,
            closed_at=closed,
        )
        Member.objects.create(
            incident=incident, integration=one, joined_at=incident.opened_at, left_at=closed
        )
        Remark.objects.create(incident=incident, at=incident.opened_at, kind="commented", text="looking")
        first = Notice.objects.create(
            incident=incident,
            step="opened",
            recipient="a@example.com",
            message_id=f"<{pk}a>",
            created_at=incident.opened_at,
            due_at=incident.opened_at,
            sent_at=incident.opened_at,
        )
        Notice.objects.create(
            incident=incident,
            step="worsened",
            recipient="a@example.com",
            message_id=f"<{pk}b>",
            created_at=incident.opened_at,
            due_at=incident.opened_at,
            sent_at=incident.opened_at,
            sent_with=first,
        )
    delete_old(NOON)
    assert sorted(Incident.objects.values_list("pk", flat=True)) == [2, 3]
    assert (Member.objects.count(), Remark.objects.count(), Notice.objects.count()) == (2, 2, 4)


def test_each_kind_has_its_own_age(one, settings):
    for age in (1, 3, 29, 31):
        for outcome in ("passed", "blocked"):
            Call.objects.create(
                store=one.store,
                at=NOON - age * DAY,
                method="GET",
                url="https://shop.example",
                outcome=outcome,
            )
    delete_old(NOON)
    assert Call.objects.filter(outcome="passed").count() == 1
    assert Call.objects.filter(outcome="blocked").count() == 3
    settings.SYNCWATCH_KEEP_CALLS_DAYS = 2
    delete_old(NOON)
    assert Call.objects.filter(outcome="blocked").count() == 1


def test_more_than_a_batch_is_deleted_too(one, monkeypatch):
    monkeypatch.setattr("monitor.collect.retention.BATCH", 2)
    Transition.objects.bulk_create(
        Transition(
            integration=one,
            kind="verdict",
            at=NOON - 1_200 * DAY,
            old_state="ok",
            new_state="fail",
            rules_version=1,
        )
        for _ in range(5)
    )
    assert delete_old(NOON)["monitor_transition"] == 5


LARGE = {
    "monitor_order",
    "monitor_arrival",
    "monitor_hubfailurelog",
    "monitor_shipment",
    "monitor_call",
    "monitor_delivery",
    "monitor_latencyhour",
    "monitor_transition",
    "monitor_stateday",
}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.table in LARGE], ids=lambda rule: rule.table)
def test_what_is_old_is_found_by_an_index(one, rule):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statement(rule), {"before": NOON})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"Seq Scan on {rule.table}" not in plan

"""Parcels and their numbers: stored once, looked for until found, counted when missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from integrations.contracts import HubIntegration, OrderRecord, ShipmentRecord, StoreTracking, Watermark
from integrations.models import Account, Integration, Store
from monitor.collect import facts, shipments
from monitor.collect.claim import LeaseLost, claim_these, fence
from monitor.collect.hubs import record_hub_states
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_orders
from monitor.collect.shipments import record_looks, record_shipments, sought
from monitor.models import HubFailureLog, Job, Progress, Shipment
from monitor.models.work import JobKind

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def integration() -> Integration:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    made = Integration.objects.create(name="shop-hub", account=account, store=store, external_id="7")
    ensure_jobs(NOON)
    record_orders(store.pk, "woocommerce", [order(key) for key in range(1, 6)], now=NOON)
    return made


def order(key: int) -> OrderRecord:
    at = NOON - timedelta(hours=6)
    return OrderRecord(str(key), f"#{1000 + key}", at, at, at, "processing", True)


def parcel(key: int, *, number: str | None = None, at: datetime = NOON, **changes: object) -> ShipmentRecord:
    fields = {
        "integration_id": "7",
        "hub_id": f"p{key}",
        "order_number": str(1000 + key),
        "tracking_number": f"3S{key}" if number is None else number,
        "carrier": "postnl",
        "changed_at": at,
        "announced_at": at,
    }
    return ShipmentRecord(**{**fields, **changes})


def store(integration: Integration, *parcels: ShipmentRecord, feedback: str = "eager") -> None:
    record_shipments(integration.pk, integration.store_id, parcels, feedback=feedback)


def carries(key: int, *numbers: str, is_shipped: bool | None = True, **more: bool) -> StoreTracking:
    return StoreTracking(str(key), numbers, is_shipped, **more)


def look(integration: Integration, *found: StoreTracking, at: datetime = NOON + timedelta(minutes=1)) -> None:
    record_looks(sought(integration.store_id, at), found, at)


def figures(integration: Integration, now: datetime):
    read = {"last_ok_at": now, "last_started_at": now, "caught_up_at": now}
    Job.objects.filter(kind__in=(JobKind.HUB_SHIPMENTS, JobKind.STORE_TRACKING)).update(**read)
    return facts.load([integration.pk], now)[integration.pk].tracking


def test_a_number_is_looked_for_until_the_order_carries_it(integration):
    store(integration, parcel(1), parcel(2))
    look(integration, carries(1, "3S1"), carries(2, is_shipped=False))

    assert Shipment.objects.get(hub_id="p1").reached_at is not None
    assert Shipment.objects.get(hub_id="p2").missing_reason == "not_shipped"
    later = NOON + timedelta(minutes=10)
    assert [one.order_key for one in sought(integration.store_id, later)] == ["2"]
    look(integration, carries(2, "3s 2"), at=later)
    assert sought(integration.store_id, later) == []
    assert Progress.objects.get().newest_tracked_due_at == NOON


def test_reading_the_same_parcels_again_changes_nothing(integration):
    store(integration, parcel(1))
    look(integration, carries(1, "3S1"))
    before = Shipment.objects.values().get()
    store(integration, parcel(1))
    assert Shipment.objects.values().get() == before


def test_another_number_is_looked_for_anew(integration):
    store(integration, parcel(1))
    look(integration, carries(1, "3S1"))
    store(integration, parcel(1, number="3S9", at=NOON + timedelta(minutes=5)))
    assert Shipment.objects.get().reached_at is None


@pytest.mark.parametrize(
    ("feedback", "changes"),
    [
        ("none", {}),
        ("delayed", {}),
        ("eager", {"number": ""}),
        ("eager", {"is_void": True}),
        ("eager", {"announced_at": None}),
    ],
)
def test_a_number_is_not_expected(integration, feedback, changes):
    store(integration, parcel(1, **changes), feedback=feedback)
    assert Shipment.objects.get().due_at is None
    assert sought(integration.store_id, NOON + timedelta(hours=1)) == []


def test_a_hub_that_waits_for_the_carrier_owes_the_number_from_the_scan_on(integration):
    scan = NOON + timedelta(hours=2)
    store(integration, parcel(1, scanned_at=scan), feedback="delayed")
    assert Shipment.objects.get().due_at == scan


def test_a_cancelled_order_waits_for_no_number(integration):
    store(integration, parcel(1))
    look(integration, carries(1, is_closed=True))
    assert Shipment.objects.get().due_at is None


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "no_order"),
        ([carries(1, "3S77")], "other_number"),
        ([carries(1, is_shipped=False)], "not_shipped"),
        ([carries(1)], "no_number"),
    ],
)
def test_a_missing_number_has_a_reason(integration, found, reason):
    store(integration, parcel(1))
    look(integration, *found)
    assert Shipment.objects.get().missing_reason == reason


def test_a_parcel_of_an_order_that_is_read_later_is_looked_for_then(integration):
    store(integration, parcel(9))
    assert sought(integration.store_id, NOON + timedelta(minutes=1)) == []
    record_orders(integration.store_id, "woocommerce", [order(9)], now=NOON)
    assert [one.order_key for one in sought(integration.store_id, NOON + timedelta(minutes=1))] == ["9"]


def test_figures_count_what_is_missing_and_what_is_late(integration):
    late_at = NOON - timedelta(hours=3)
    store(
        integration, parcel(1, at=late_at), parcel(2, at=NOON - timedelta(minutes=5)), parcel(3, at=late_at)
    )
    look(integration, carries(3, "3S3"), at=NOON)
    counted = figures(integration, NOON)
    assert (counted.missing_count, counted.late_count) == (2, 1)
    assert counted.oldest_due_at == late_at
    assert counted.main_reason == "no_order"
    assert counted.newest_reached_due_at == late_at


def test_a_number_nobody_looked_for_since_is_not_called_late(integration):
    due = NOON - timedelta(hours=3)
    store(integration, parcel(1, at=due))
    look(integration, at=due + timedelta(minutes=30))
    assert figures(integration, NOON).late_count == 0


def test_the_hubs_failed_writes_are_known_while_numbers_are_missing(integration):
    store(integration, parcel(1, at=NOON - timedelta(hours=3)))
    for age, method in ((1, "PUT"), (2, "GET"), (9, "PUT")):
        HubFailureLog.objects.create(
            account=integration.account,
            integration=integration,
            external_id=str(age),
            at=NOON - timedelta(hours=age),
            method=method,
            path="/",
            outcome="blocked",
        )
    known = facts.load([integration.pk], NOON)[integration.pk]
    assert [failure.external_id for failure in known.feedback_failures] == ["1"]


def test_new_numbers_are_looked_for_before_old_ones_again(integration, monkeypatch):
    """Where no number arrives for days, asking for the old ones takes all the time there is."""
    monkeypatch.setattr(shipments, "AT_ONCE", 2)
    for key, age in ((1, 70), (2, 60), (3, 50)):
        store(integration, parcel(key, at=NOON - timedelta(hours=age)))
    look(integration, at=NOON - timedelta(hours=20))
    look(integration, at=NOON - timedelta(hours=19))
    store(integration, parcel(4, at=NOON - timedelta(minutes=2)))
    assert [one.order_key for one in sought(integration.store_id, NOON)] == ["4", "1"]


def test_a_number_is_looked_for_ever_more_rarely(integration):
    store(integration, parcel(1))
    moment, looks = NOON, []
    while moment < NOON + timedelta(days=6):
        if sought(integration.store_id, moment):
            looks.append(moment - NOON)
            look(integration, at=moment)
        moment += timedelta(minutes=5)
    within = [sum(one < timedelta(hours=hours) for one in looks) for hours in (1, 24, 144)]
    assert within[0] >= 8
    assert within[1] <= 30
    assert within[2] <= 60


def test_a_parcel_of_no_order_belongs_to_none(integration):
    record_orders(integration.store_id, "woocommerce", [replace(order(6), number="")], now=NOON)
    store(integration, parcel(1, order_number=""))
    assert sought(integration.store_id, NOON + timedelta(minutes=1)) == []


def test_a_stop_is_told_from_single_numbers_that_got_lost(integration):
    for key, age in ((1, 9), (2, 8), (3, 3), (4, 2)):
        store(integration, parcel(key, at=NOON - timedelta(hours=age)))
    look(integration, carries(2, "3S2"), at=NOON - timedelta(minutes=1))
    counted = figures(integration, NOON)
    assert counted.oldest_due_at == NOON - timedelta(hours=9)
    assert counted.tail_oldest_at == NOON - timedelta(hours=3)


def hub_says(integration: Integration, feedback: str, at: datetime) -> None:
    listed = HubIntegration("7", "woocommerce_v2", "", "", None, None, feedback=feedback)
    record_hub_states(integration.account_id, [listed], now=at)


def test_parcels_are_read_once_more_when_it_is_known_that_their_numbers_are_due_otherwise(integration):
    job = Job.objects.get(kind=JobKind.HUB_SHIPMENTS)
    (reading,) = claim_these([job.pk], NOON)
    with transaction.atomic():
        fence(reading, Watermark(NOON))
    store(integration, parcel(1), feedback="")
    hub_says(integration, "delayed", NOON)

    with pytest.raises(LeaseLost), transaction.atomic():
        fence(reading, Watermark(NOON + timedelta(minutes=1)))
    job.refresh_from_db()
    assert datetime.fromisoformat(job.cursor["at"]) == NOON - timedelta(days=2)
    store(integration, parcel(1), feedback="delayed")
    assert Shipment.objects.get().due_at is None


def test_a_reading_that_is_far_behind_is_not_moved_forward(integration):
    behind = NOON - timedelta(days=5)
    Job.objects.filter(kind=JobKind.HUB_SHIPMENTS).update(cursor=Watermark(behind).to_json())
    hub_says(integration, "none", NOON)
    assert Job.objects.get(kind=JobKind.HUB_SHIPMENTS).cursor["at"] == behind.isoformat()


def test_numbers_that_the_hub_is_told_not_to_write_are_not_looked_for_any_longer(integration):
    hub_says(integration, "eager", NOON)
    store(integration, parcel(1))
    hub_says(integration, "none", NOON + timedelta(minutes=1))
    assert sought(integration.store_id, NOON + timedelta(minutes=2)) == []


def test_what_is_said_anew_of_an_integration_does_not_read_its_parcels_again(integration):
    hub_says(integration, "eager", NOON)
    job = Job.objects.get(kind=JobKind.HUB_SHIPMENTS)
    Job.objects.filter(pk=job.pk).update(cursor=Watermark(NOON).to_json())
    hub_says(integration, "eager", NOON + timedelta(minutes=1))
    job.refresh_from_db()
    assert job.cursor["at"] == NOON.isoformat()

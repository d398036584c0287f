"""Orders and arrivals, stored from both sides in any order, once each."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.contracts import ArrivalRecord, OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_arrivals, record_orders
from monitor.health import sketch
from monitor.models import (
    Arrival,
    LatencyDay,
    LatencyFleetDay,
    LatencyFleetHour,
    LatencyHour,
    Order,
    Progress,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def integration() -> Integration:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    made = Integration.objects.create(name="shop-hub", account=account, store=store, external_id="7")
    ensure_jobs(NOON)
    return made


def order(key: int, *, at: datetime = NOON, **changes: object) -> OrderRecord:
    fields = {
        "external_id": str(key),
        "number": f"#{1000 + key}",
        "ordered_at": at,
        "eligible_at": at,
        "changed_at": at,
        "status": "processing",
        "expected": True,
    }
    return OrderRecord(**{**fields, **changes})


def arrival(number: int, *, at: datetime, order_id: str | None = None) -> ArrivalRecord:
    return ArrivalRecord("7", f"h{number}", order_id or str(number), str(1000 + number), at)


def store_orders(integration: Integration, *orders: OrderRecord) -> list[int]:
    return record_orders(integration.store_id, "woocommerce", orders, now=NOON + timedelta(hours=1))


def store_arrivals(integration: Integration, *arrivals: ArrivalRecord) -> list[int]:
    return record_arrivals(arrivals, {"7": (integration.pk, integration.store_id, "woocommerce")})


def latencies(integration: Integration) -> int:
    return sum(LatencyHour.objects.filter(integration=integration).values_list("n", flat=True))


def test_an_order_waits_until_it_arrives_and_then_has_one_latency(integration):
    store_orders(integration, order(1))
    assert Arrival.objects.filter(arrived_at=None, expected=True).count() == 1

    store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=4)))

    assert not Arrival.objects.filter(arrived_at=None).exists()
    hour = LatencyHour.objects.get(integration=integration)
    assert (hour.hour, hour.n, hour.buckets) == (NOON, 1, [sketch.bucket(240)])
    assert LatencyDay.objects.get().n == LatencyFleetHour.objects.get(platform="woocommerce").n == 1
    assert LatencyFleetDay.objects.get(platform="woocommerce").n == 1


def test_the_hub_may_be_read_before_the_store(integration):
    store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=4)))
    assert latencies(integration) == 0

    store_orders(integration, order(1))

    assert Arrival.objects.count() == 1
    assert latencies(integration) == 1


@pytest.mark.parametrize("store_first", [True, False])
def test_a_hub_that_knows_only_the_visible_number_is_matched_by_it(integration, store_first):
    sides = [
        lambda: store_orders(integration, order(1)),
        lambda: store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=4), order_id="unrelated")),
    ]
    for side in sides if store_first else reversed(sides):
        side()
    row = Arrival.objects.get()
    assert (row.order_key, row.hub_id) == ("1", "h1")
    assert latencies(integration) == 1


def test_reading_the_same_again_writes_and_counts_nothing(integration):
    for _ in range(3):
        store_orders(integration, order(1), order(2))
        store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=4)))
    assert store_orders(integration, order(1), order(2)) == []
    assert store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=9))) == []
    assert (Order.objects.count(), Arrival.objects.count(), latencies(integration)) == (2, 2, 1)


def test_an_older_reading_never_overwrites_a_newer_one(integration):
    store_orders(integration, order(1, status="completed", changed_at=NOON + timedelta(hours=1)))
    store_orders(integration, order(1, status="processing"))
    assert Order.objects.get().status == "completed"


def test_the_same_order_twice_in_a_page_keeps_its_newer_state(integration):
    later = order(1, status="cancelled", expected=False, changed_at=NOON + timedelta(minutes=1))
    store_orders(integration, later, order(1))
    assert Order.objects.get().status == "cancelled"
    assert not Arrival.objects.filter(expected=True).exists()


def test_an_order_that_becomes_importable_waits_from_that_moment(integration):
    store_orders(integration, order(1, status="failed", expected=False))
    paid = NOON + timedelta(hours=20)
    store_orders(integration, order(1, changed_at=paid))
    assert Arrival.objects.get().eligible_at == paid


def test_imports_of_old_orders_by_a_first_connection_are_no_latency(integration):
    store_orders(integration, order(1))
    store_arrivals(integration, arrival(1, at=NOON + timedelta(days=8)))
    assert latencies(integration) == 0


def test_an_arrival_before_its_order_is_counted_as_a_clock_error_not_as_a_latency(integration):
    store_orders(integration, order(1))
    store_arrivals(integration, arrival(1, at=NOON - timedelta(hours=1)))
    assert latencies(integration) == 0
    assert Progress.objects.get().negative_latencies == 1


def test_progress_only_moves_forward(integration):
    later = NOON + timedelta(minutes=30)
    store_orders(integration, order(2, at=later))
    store_arrivals(integration, arrival(2, at=later + timedelta(minutes=1)))
    store_orders(integration, order(1))
    store_arrivals(integration, arrival(1, at=NOON + timedelta(minutes=1)))
    progress = Progress.objects.get()
    assert progress.newest_eligible_at == progress.newest_arrived_eligible_at == later
    assert progress.newest_arrived_at == later + timedelta(minutes=1)


def test_sketches_of_one_hour_are_merged_bucket_by_bucket(integration):
    store_orders(integration, *(order(n) for n in range(1, 4)))
    store_arrivals(integration, arrival(1, at=NOON + timedelta(seconds=60)))
    store_arrivals(integration, arrival(2, at=NOON + timedelta(seconds=60)))
    store_arrivals(integration, arrival(3, at=NOON + timedelta(seconds=6)))
    hour = LatencyHour.objects.get()
    assert (hour.n, hour.buckets, hour.counts) == (3, [sketch.bucket(6), sketch.bucket(60)], [1, 2])


def test_arrivals_of_integrations_that_are_not_watched_are_left_out(integration):
    record_arrivals(
        [ArrivalRecord("8", "h", "1", "1001", NOON)], {"7": (integration.pk, integration.store_id, "x")}
    )
    assert not Arrival.objects.exists()


def test_an_integration_added_later_gets_the_orders_that_are_known(integration):
    store_orders(integration, order(1))
    second = Account.objects.create(name="second", kind="sendcloud", url="https://second.example")
    Integration.objects.create(name="shop-second", account=second, store=integration.store, external_id="9")
    ensure_jobs(NOON)
    assert Arrival.objects.filter(integration__name="shop-second").count() == 1


def test_several_orders_that_the_hub_knows_by_number_only_stay_several(integration):
    sent = [ArrivalRecord("7", f"h{n}", "", str(1000 + n), NOON + timedelta(minutes=4)) for n in range(1, 4)]
    store_arrivals(integration, *sent)

    store_orders(integration, *(order(n) for n in range(1, 4)))

    assert not Arrival.objects.filter(arrived_at=None).exists()
    assert (Arrival.objects.count(), latencies(integration)) == (3, 3)


def test_one_order_dated_into_the_future_hides_no_later_one(integration):
    store_orders(integration, order(1, at=NOON + timedelta(days=400), changed_at=NOON))
    arrived = NOON + timedelta(minutes=4)
    store_arrivals(integration, arrival(1, at=arrived))
    progress = Progress.objects.get()
    assert progress.newest_eligible_at <= NOON + timedelta(hours=1)
    assert progress.newest_arrived_eligible_at <= arrived


def test_texts_that_no_column_can_hold_are_stored_as_far_as_they_go(integration):
    odd = order(1, number="#10\x0001", status="s" * 200, unexpected_reason="r" * 200, expected=False)
    store_orders(integration, odd, order(2, number="9" * 300))
    store_arrivals(integration, ArrivalRecord("7", "h" * 200, "1", "10\x0001" + "9" * 300, NOON))
    assert set(Order.objects.values_list("number", flat=True)) == {"1001", "9" * 80}
    assert Arrival.objects.get(order_key="1").arrived_at == NOON

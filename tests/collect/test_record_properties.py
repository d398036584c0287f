"""However the two sides are read (any order, repeated, crashed and read again), the end is the same."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.contracts import ArrivalRecord, OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_arrivals, record_orders
from monitor.models import Arrival, LatencyDay, LatencyFleetDay, LatencyFleetHour, LatencyHour, Order

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NUMBERS = range(1, 7)


class Crash(Exception):
    """The worker died before the transaction was committed."""


def an_order(number: int, version: int) -> OrderRecord:
    at = NOON + timedelta(minutes=number)
    return OrderRecord(
        str(number), f"#{number}", at, at, at + timedelta(seconds=version), "processing", expected=True
    )


def an_arrival(number: int, by_number: bool) -> ArrivalRecord:
    order_id = f"x{number}" if by_number else str(number)
    return ArrivalRecord("7", f"h{number}", order_id, str(number), NOON + timedelta(minutes=number + 5))


pages = st.lists(
    st.tuples(
        st.sampled_from(["store", "hub"]),
        st.lists(st.tuples(st.sampled_from(NUMBERS), st.integers(0, 2)), min_size=1, max_size=5),
        st.booleans(),  # does the worker die before the commit?
    ),
    max_size=8,
)


@pytest.mark.integration
class AnyInterleaving(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(pages=pages, by_number=st.booleans())
    def test_nothing_is_lost_or_doubled(self, pages, by_number):
        account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
        store = Store.objects.create(name="shop", platform="shopify", url="https://shop.example")
        integration = Integration.objects.create(name="i", account=account, store=store, external_id="7")
        ensure_jobs(NOON)

        def write(side: str, rows: list[tuple[int, int]], dies: bool) -> None:
            try:
                with transaction.atomic():
                    if side == "store":
                        record_orders(store.pk, "shopify", [an_order(*row) for row in rows], now=NOON)
                    else:
                        arrivals = [an_arrival(number, by_number) for number, _ in rows]
                        record_arrivals(arrivals, {"7": (integration.pk, store.pk, "shopify")})
                    if dies:
                        raise Crash
            except Crash:
                return

        for page in pages:
            write(*page)
        # After the crashes everything is read once more, as the unmoved watermarks demand.
        write("store", [(number, 2) for number in NUMBERS], False)
        write("hub", [(number, 0) for number in NUMBERS], False)

        assert Order.objects.count() == Arrival.objects.count() == len(NUMBERS)
        assert not Arrival.objects.filter(arrived_at=None).exists()
        for model in (LatencyHour, LatencyDay, LatencyFleetHour, LatencyFleetDay):
            assert sum(model.objects.values_list("n", flat=True)) == len(NUMBERS), model

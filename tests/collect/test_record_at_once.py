"""Both sides of an integration are written by different workers at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from integrations.contracts import ArrivalRecord, OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_arrivals, record_orders
from monitor.models import Arrival, LatencyDay, LatencyFleetDay, LatencyFleetHour, LatencyHour

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDERS, PER_PAGE = 400, 10


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_two_writers_complete_every_order_exactly_once():
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="shopify", url="https://shop.example")
    integration = Integration.objects.create(name="i", account=account, store=store, external_id="7")
    ensure_jobs(NOON)
    pages = [range(start, start + PER_PAGE) for start in range(0, ORDERS, PER_PAGE)]

    def write_store(_: None) -> None:
        for page in pages:
            with transaction.atomic():
                orders = [OrderRecord(str(n), str(n), NOON, NOON, NOON, "new", expected=True) for n in page]
                record_orders(store.pk, "shopify", orders, now=NOON)
        connection.close()

    def write_hub(_: None) -> None:
        for page in pages:
            with transaction.atomic():
                arrivals = [
                    ArrivalRecord("7", f"h{n}", str(n), str(n), NOON + timedelta(seconds=30))
                    for n in reversed(page)
                ]
                record_arrivals(arrivals, {"7": (integration.pk, store.pk, "shopify")})
        connection.close()

    with ThreadPoolExecutor(2) as workers:
        for writer in [workers.submit(write_store, None), workers.submit(write_hub, None)]:
            writer.result()

    assert Arrival.objects.filter(arrived_at__isnull=False, eligible_at__isnull=False).count() == ORDERS
    for model in (LatencyHour, LatencyDay, LatencyFleetHour, LatencyFleetDay):
        assert sum(model.objects.values_list("n", flat=True)) == ORDERS, model

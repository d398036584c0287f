"""What is forgotten, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.contracts import OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_orders
from monitor.collect.retention import delete_old
from monitor.models import Arrival

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=91)


def test_old_orders_nobody_waits_for_are_forgotten_and_waiting_ones_are_not():
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    Integration.objects.create(name="shop-hub", account=account, store=store, external_id="7")
    ensure_jobs(NOON)
    record_orders(
        store.pk,
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

"""Shops that make their own webhooks deliver to the receiver, and it understands them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from integrations.models import Account, Integration, Store
from integrations.opening import open_store
from integrations.sandbox.testing import ACCOUNT, running_sandbox, shop, small_fleet
from monitor.models import Arrival, Delivery, Job
from tests.integrations.remote import LOCAL

pytestmark = pytest.mark.integration

FLEET = small_fleet(
    [shop("lyon"), shop("paris", "shopify", grant="client_credentials")],
    now=None,
)


def eventually(happened: Callable[[], bool], within_s: float = 15.0) -> bool:
    """Deliveries come in the shop's own time."""
    deadline = time.monotonic() + within_s
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


@pytest.mark.parametrize("name", ["lyon", "paris"])
def test_new_order_of_a_shop_brings_its_next_reading_forward(
    name: str, client: httpx.Client, tmp_path: Path
) -> None:
    with running_sandbox(FLEET, tmp_path) as sandbox:
        spec = FLEET.shop(name)
        store = Store.objects.create(
            name=name,
            platform=spec.platform,
            url=sandbox.store_url(name),
            credentials=sandbox.store_credentials(name)
            | ({"webhook_secret": "a long word"} if spec.platform == "woocommerce" else {}),
        )
        address = f"{str(client.base_url).rstrip('/')}/hooks/{spec.platform}/{name}"

        async def subscribe() -> list[str]:
            target = replace(store.target(), webhook_url=address)
            async with open_store(target, spec.platform, policy=LOCAL) as adapter:
                return list(await adapter.subscribe(now=datetime.now(UTC)))

        assert asyncio.run(subscribe())
        later = datetime(2100, 1, 1, tzinfo=UTC)
        Job.objects.create(kind="store_orders", target_id=store.pk, due_at=later, interval_s=60)
        sandbox.add_orders(name, 1)
        (order,) = sandbox.order_ids(name)
        assert eventually(lambda: Delivery.objects.filter(store=store, order_key=order).exists())
        assert Job.objects.get(kind="store_orders").due_at < later


def test_a_parcel_of_the_hub_brings_its_next_reading_forward(client: httpx.Client, tmp_path: Path) -> None:
    with running_sandbox(FLEET, tmp_path) as sandbox:
        account = Account.objects.create(
            name="hub",
            kind="sendcloud",
            url=sandbox.account_url,
            credentials=sandbox.account_credentials(ACCOUNT),
        )
        shop = Store.objects.create(name="lyon", platform="woocommerce", url=sandbox.store_url("lyon"))
        integration = Integration.objects.create(name="lyon", store=shop, account=account, external_id="1")
        (order,) = sandbox.add_orders("lyon", 1)
        Arrival.objects.create(integration=integration, order_key=str(order), order_number=str(order))
        later = datetime(2100, 1, 1, tzinfo=UTC)
        Job.objects.create(
            kind="hub_shipments", target_id=integration.pk, account=account, due_at=later, interval_s=60
        )
        sandbox.set_webhook(1, f"{str(client.base_url).rstrip('/')}/hooks/sendcloud/hub")
        sandbox.import_now(1)
        sandbox.ship_now(1)
        assert eventually(lambda: Delivery.objects.filter(account=account).exists())
        assert Job.objects.get(kind="hub_shipments").due_at < later

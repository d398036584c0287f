"""From the hub's parcel to the number in the shop's order, on every platform: read on both sides."""

import asyncio
from datetime import timedelta

import pytest

from integrations.contracts import Parcel, Target, Watermark
from integrations.opening import open_hub, open_store
from integrations.sandbox.testing import ACCOUNT, NOW, running_sandbox, shop, small_fleet

from .remote import LOCAL

pytestmark = pytest.mark.integration

PLATFORMS = ("woocommerce", "shopify", "magento", "prestashop")


@pytest.fixture(params=PLATFORMS)
def sandbox(request, tmp_path):
    with running_sandbox(small_fleet([shop("boutique", request.param)]), tmp_path) as running:
        yield running


def look(sandbox, repair=False):
    """(order id -> the hub's number, order id -> the numbers in the shop), after writing what lacks."""

    async def go():
        now = sandbox.now()
        hub_target = Target("hub", sandbox.account_url, sandbox.account_credentials(ACCOUNT), {})
        url, credentials = sandbox.store_url("boutique"), sandbox.store_credentials("boutique")
        platform = sandbox.fleet.shop("boutique").platform
        async with (
            open_hub(hub_target, "sendcloud", policy=LOCAL) as hub,
            open_store(Target("boutique", url, credentials, {}), platform, policy=LOCAL) as store,
        ):
            since = Watermark(NOW - timedelta(days=1))
            pages = [page async for page in hub.read_shipments("1", since, now=now)]
            arrivals = [page async for page in hub.read_arrivals(since, now=now)]
            ids = {row.order_number: row.order_id for page in arrivals for row in page.records}
            parcels = [row for page in pages for row in page.records]
            if repair:
                for row in parcels:
                    parcel = Parcel(row.tracking_number, row.carrier, row.tracking_url)
                    await store.write_tracking(ids[row.order_number], [parcel], now=now)
            found = await store.read_tracking(list(ids.values()), now=now)
        sent = {ids[row.order_number]: row.tracking_number for row in parcels}
        return sent, {row.order_id: row.numbers for row in found}

    return asyncio.run(go())


def test_a_number_that_the_hub_wrote_is_found_in_the_order(sandbox):
    sandbox.add_orders("boutique", 2)
    sandbox.import_now(1)
    sandbox.ship_now(1)
    sent, found = look(sandbox)
    assert len(sent) == 2
    assert all(sent[order] in found[order] for order in sent)


@pytest.mark.parametrize("fault", ["number_lost", "feedback_broken"])
def test_a_number_that_did_not_arrive_is_missing_until_it_is_written(sandbox, fault):
    sandbox.add_orders("boutique", 2)
    sandbox.import_now(1)
    sandbox.break_hub(1, fault)
    sandbox.ship_now(1)
    sent, found = look(sandbox)
    assert len(sent) == 2
    assert not any(sent[order] in found[order] for order in sent)
    sent, found = look(sandbox, repair=True)
    assert all(found[order].count(sent[order]) == 1 for order in sent)
    again = look(sandbox, repair=True)[1]
    assert again == found

"""The adapter against the sandbox's hub: real HTTP, real imports, real feedback."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from integrations.contracts import CheckState, Target, Watermark
from integrations.opening import open_hub, open_store
from integrations.sandbox.fleet import AccountSpec, IntegrationSpec
from integrations.sandbox.testing import ACCOUNT, NOW, running_sandbox, shop, small_fleet

from .remote import LOCAL
from .test_sendcloud_pushing import full

pytestmark = pytest.mark.integration

SINCE = Watermark(NOW - timedelta(days=2))


@pytest.fixture
def start(tmp_path):
    running = []

    def begin(*shops, **fields):
        context = running_sandbox(small_fleet(shops, **fields), tmp_path / "state")
        running.append(context)
        return context.__enter__()

    yield begin
    for context in running:
        context.__exit__(None, None, None)


def ask(sandbox, do, **settings):
    async def go():
        target = Target("hub", sandbox.account_url, sandbox.account_credentials(ACCOUNT), settings)
        async with open_hub(target, "sendcloud", policy=LOCAL) as hub:
            return await do(hub, sandbox.now())

    return asyncio.run(go())


async def parcels(hub, now):
    pages = [page async for page in hub.read_shipments("1", SINCE, now=now)]
    return [record for page in pages for record in page.records], pages[-1].watermark


def shipped(sandbox, count):
    sandbox.add_orders("boutique", count)
    sandbox.import_now(1)
    sandbox.advance(timedelta(minutes=10))
    sandbox.ship_now(1)


def test_every_parcel_is_read_over_many_pages_and_only_news_after_that(start):
    sandbox = start(shop("boutique"))
    shipped(sandbox, 230)
    found, mark = ask(sandbox, parcels)
    assert len({record.hub_id for record in found}) == 230
    assert {record.order_number for record in found} == set(sandbox.arrived(1))
    assert all(record.announced_at == NOW + timedelta(minutes=10) for record in found)
    assert "PRIVATE" not in repr(found)
    assert "0000AA" not in repr(found)
    sandbox.advance(timedelta(minutes=30))
    shipped(sandbox, 2)

    async def news(hub, now):
        return [page async for page in hub.read_shipments("1", mark, now=now)]

    # The first ones moved on meanwhile: the carrier has them.
    fresh = [record for page in ask(sandbox, news) for record in page.records]
    assert len([record for record in fresh if record.announced_at > mark.at]) == 2


def test_the_scan_is_read_where_the_shop_is_told_then(start):
    spec = IntegrationSpec(1, ACCOUNT, "boutique", feedback="delayed")
    sandbox = start(shop("boutique"), integrations=(spec,))
    shipped(sandbox, 2)
    assert [record.scanned_at for record in ask(sandbox, parcels)[0]] == [None, None]
    sandbox.advance(timedelta(hours=1))
    sandbox.ship_now(1)
    assert {record.scanned_at for record in ask(sandbox, parcels)[0]} == {sandbox.now()}


def test_a_carriers_refusal_is_read_without_the_receiver(start):
    sandbox = start(shop("boutique"))
    sandbox.break_hub(1, "carrier_refuses")
    shipped(sandbox, 1)
    ((record,), _mark) = ask(sandbox, parcels)
    assert record.problem.startswith("PostNL service error")
    assert "PRIVATE" not in record.problem
    assert (record.tracking_number, record.announced_at) == ("", None)


@pytest.mark.parametrize("account", [{"only_v2": True}, {"only_tokens": True}])
def test_accounts_of_other_kinds_are_read_as_well(start, account):
    sandbox = start(shop("boutique"), accounts=(AccountSpec(ACCOUNT, "Hub", **account),))
    sandbox.break_shop("boutique", "method_refused", methods="PUT")
    shipped(sandbox, 3)

    async def everything(hub, now):
        listed = await hub.read_integrations(now=now)
        arrivals = [page async for page in hub.read_arrivals(SINCE, now=now)]
        found, _mark = await parcels(hub, now)
        return (
            listed,
            arrivals,
            found,
            await hub.read_failures("", now=now),
            await hub.test_connection(now=now),
        )

    settings = (
        {"auth": "oauth2", "token_url": f"{sandbox.hub_url}/oauth2/token"} if "only_tokens" in account else {}
    )
    listed, arrivals, found, failures, report = ask(sandbox, everything, **settings)
    assert listed[0].failing_since is not None
    assert {r.order_id for page in arrivals for r in page.records} == set(sandbox.arrived(1))
    assert len(found) == 3
    assert {(f.method, f.status, f.is_write) for f in failures} == {("PUT", 405, True)}
    assert report.ok
    assert report.facts["version"] == ("v2" if "only_v2" in account else "v3")


def test_fetching_and_telling_are_told_apart_in_the_log_of_a_shop_with_one_address_for_both(start):
    sandbox = start(shop("boutique", "shopify"))

    async def kinds(hub, now):
        return [failure.is_write for failure in await hub.read_failures("", now=now)]

    sandbox.break_hub(1, "feedback_broken")
    shipped(sandbox, 1)
    assert ask(sandbox, kinds) == [True]
    sandbox.break_shop("boutique", "credentials_revoked")
    sandbox.import_now(1)
    assert ask(sandbox, kinds) == [False, True]


def test_a_deleted_status_of_a_prestashop_is_found(start):
    sandbox = start(shop("boutique", "prestashop"))

    async def check(hub, now):
        return await hub.check_integration("1", "prestashop_v2", now=now)

    assert [found.state for found in ask(sandbox, check)] == [CheckState.OK]
    sandbox.break_hub(1, "mapping_invalid")
    (found,) = ask(sandbox, check)
    assert found.subject == "IN_TRANSIT"
    assert "Shipped" in found.text % found.values


def test_sending_orders_twice_makes_each_once(start):
    spec = IntegrationSpec(1, ACCOUNT, "boutique", system="api")
    sandbox = start(shop("boutique"), integrations=(spec,))
    orders = [full(number) for number in range(3)]

    async def push(hub, now):
        return await hub.push_orders("1", orders, now=now)

    for _time in range(2):
        assert ask(sandbox, push).accepted
        sandbox.advance(timedelta(seconds=5))
    found, _mark = ask(sandbox, arrived)
    assert sorted(record.order_id for record in found) == ["500", "501", "502"]


@pytest.mark.parametrize("platform", ["woocommerce", "shopify", "magento", "prestashop"])
def test_a_shops_own_orders_can_be_sent_as_they_are_read(start, platform):
    spec = IntegrationSpec(1, ACCOUNT, "boutique", system="api")
    sandbox = start(shop("boutique", platform), integrations=(spec,))
    ids = [str(number) for number in sandbox.add_orders("boutique", 3)]

    async def pass_on(hub, now):
        credentials = sandbox.store_credentials("boutique")
        target = Target("boutique", sandbox.store_url("boutique"), credentials, {})
        async with open_store(target, platform, policy=LOCAL) as store:
            orders = await store.read_full_orders(ids, now=now)
        return await hub.push_orders("1", orders, now=now)

    told = ask(sandbox, pass_on)
    assert told.detail == "Sendcloud took 3 orders."
    sandbox.advance(timedelta(seconds=5))
    found, _mark = ask(sandbox, arrived)
    assert {record.order_id for record in found} == set(ids)


def test_an_order_that_the_hub_refuses_is_named_and_the_others_arrive(start):
    spec = IntegrationSpec(1, ACCOUNT, "boutique", system="api")
    sandbox = start(shop("boutique"), integrations=(spec,))

    async def push(hub, now):
        nameless = full(2, total=Decimal(1), currency="SEK")
        return await hub.push_orders("1", [full(1), nameless], now=now)

    told = ask(sandbox, push)
    assert "1002" in told.detail
    sandbox.advance(timedelta(seconds=5))
    assert [record.order_id for record in ask(sandbox, arrived)[0]] == ["501"]


async def arrived(hub, now):
    pages = [page async for page in hub.read_arrivals(SINCE, now=now)]
    return [record for page in pages for record in page.records], pages[-1].watermark

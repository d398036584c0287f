"""The adapters against whole stand-ins of the platforms, over HTTP."""

import asyncio
from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_hub, open_store
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet

from .remote import LOCAL, PatientPacer

pytestmark = pytest.mark.integration
SHOPS = [
    shop("paris", time_zone="Europe/Paris"),
    shop("tokyo", time_zone="Asia/Tokyo"),
    shop("new-york", time_zone="America/New_York", posts_storage=True),
    shop("proxied", behind_tls_proxy=True),
    shop("boutique", platform="shopify"),
    shop("granted", platform="shopify", grant="client_credentials"),
]
NAMES = [spec.name for spec in SHOPS]
START = Watermark(NOW - timedelta(days=2))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(small_fleet(SHOPS), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def with_store(sandbox, name, do, **credentials):
    platform = sandbox.fleet.shop(name).platform

    async def go():
        given = {**sandbox.store_credentials(name), **credentials}
        target = Target(name, sandbox.store_url(name), given, {"page_size": 4})
        async with open_store(target, platform, policy=LOCAL, pacer=PatientPacer()) as store:
            return await do(store)

    return asyncio.run(go())


def read(sandbox, name, since=START, **credentials):
    async def pages(store):
        return [page async for page in store.read_orders(since, now=sandbox.now())]

    return with_store(sandbox, name, pages, **credentials)


def ids(pages):
    return [record.external_id for page in pages for record in page.records]


@pytest.mark.parametrize("name", NAMES)
def test_every_order_is_read_in_every_time_zone_and_with_every_kind_of_key(sandbox, name):
    sandbox.advance(timedelta(minutes=1))
    at = sandbox.now()
    added = sandbox.add_orders(name, 11, at=at)
    sandbox.advance(timedelta(hours=1))
    sandbox.add_orders(name, 2)
    pages = read(sandbox, name)
    assert sorted(ids(pages)) == sorted(sandbox.order_ids(name))
    assert len(ids(pages)) == len(set(ids(pages)))
    new = [record for page in pages for record in page.records if record.external_id == str(added[0])]
    assert [(record.ordered_at, record.expected) for record in new] == [(at, True)]
    sandbox.advance(timedelta(hours=1))
    changed = added[1]
    sandbox.change_order(name, changed, "cancelled")
    again = {
        record.external_id: record
        for page in read(sandbox, name, pages[-1].watermark)
        for record in page.records
    }
    assert not again[str(changed)].expected
    assert again[str(changed)].changed_at == sandbox.now()


@pytest.mark.parametrize("name", NAMES)
def test_nobodys_name_is_read(sandbox, name):
    sandbox.add_orders(name, 1)

    async def everything(store):
        pages = [page async for page in store.read_orders(START, now=sandbox.now())]
        return pages, await store.test_connection(now=sandbox.now()), store.calls()

    assert "PRIVATE" not in repr(with_store(sandbox, name, everything))


@pytest.mark.parametrize("name", NAMES)
def test_a_good_connection_meets_every_need(sandbox, name):
    sandbox.add_orders(name, 1)

    async def connection(store):
        return await store.test_connection(now=sandbox.now())

    report = with_store(sandbox, name, connection)
    assert [need.name for need in report.needs if need.met is False] == []


def refused(sandbox, name, **credentials):
    with pytest.raises(errors.RemoteError) as error:
        read(sandbox, name, **credentials)
    return error.value


def test_wrong_keys_are_told_apart(sandbox):
    key, secret = sandbox.fleet.woocommerce_key("paris", "monitor")
    assert "does not know this consumer key" in str(refused(sandbox, "paris", consumer_key="ck_" + "0" * 40))
    assert "signature" in str(refused(sandbox, "paris", consumer_secret=secret[:-1] + "x"))
    key, secret = sandbox.fleet.woocommerce_key("paris", "write")
    assert isinstance(
        refused(sandbox, "paris", consumer_key=key, consumer_secret=secret), errors.RightMissing
    )
    key, secret = sandbox.fleet.woocommerce_key("paris", "customer")
    assert "lacks the right" in str(refused(sandbox, "paris", consumer_key=key, consumer_secret=secret))
    assert isinstance(refused(sandbox, "boutique", access_token="shpat_wrong"), errors.CredentialsRefused)
    assert "client id" in str(refused(sandbox, "granted", client_secret="shpss_wrong"))


FAULTS = [
    ("paris", "maintenance", errors.InMaintenance),
    ("paris", "database_down", errors.RemoteFault),
    ("paris", "rewrite_gone", errors.RemoteFault),
    ("paris", "credentials_revoked", errors.CredentialsRefused),
    ("paris", "server_error", errors.RemoteFault),
    ("paris", "early_close", errors.ConnectionFailed),
    ("paris", "truncated", errors.NoAnswer),
    ("boutique", "credentials_revoked", errors.CredentialsRefused),
    ("boutique", "server_error", errors.RemoteFault),
    ("boutique", "shop_frozen", errors.ShopClosed),
    ("boutique", "shop_locked", errors.ShopClosed),
    ("boutique", "security_rejection", errors.Blocked),
    ("boutique", "scope_lost", errors.RightMissing),
    ("boutique", "protected_data", errors.RightMissing),
]


@pytest.mark.parametrize(("name", "fault", "kind"), FAULTS, ids=[f"{f[0]} {f[1]}" for f in FAULTS])
def test_each_fault_of_a_shop_becomes_its_error_and_ends_with_it(sandbox, name, fault, kind):
    sandbox.break_shop(name, fault)
    try:
        error = refused(sandbox, name)
        assert isinstance(error, kind)
        assert error.call.detail
    finally:
        sandbox.mend_shop(name, fault)
    read(sandbox, name)


@pytest.mark.parametrize(
    ("style", "outcome"),
    [
        ("nginx", Outcome.BLOCKED),
        ("apache", Outcome.BLOCKED),
        ("cloudflare", Outcome.BLOCKED),
        ("cloudflare_challenge", Outcome.CHALLENGED),
        ("siteground", Outcome.CHALLENGED),
    ],
)
def test_a_firewall_against_the_hubs_user_agent_is_seen_by_the_probe_alone(sandbox, style, outcome):
    sandbox.break_shop("paris", "firewall", pattern="Sendcloud", style=style)

    async def probe(store):
        return await store.probe(
            ["Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)"], now=NOW
        )

    try:
        calls = with_store(sandbox, "paris", probe)
        assert [call.outcome for call in calls] == [outcome, Outcome.PASSED, Outcome.PASSED]
        assert calls[0].by
        read(sandbox, "paris")
    finally:
        sandbox.mend_shop("paris", "firewall")


def with_hub(sandbox, do):
    async def go():
        settings = {"refresh": sandbox.refresh_settings()}
        target = Target("hub", sandbox.account_url, sandbox.account_credentials("hub"), settings)
        async with open_hub(target, "sendcloud", policy=LOCAL, pacer=PatientPacer()) as hub:
            return await do(hub)

    return asyncio.run(go())


def test_what_arrived_is_read_and_a_refresh_makes_the_missing_arrive(sandbox):
    number = NAMES.index("tokyo") + 1
    sandbox.add_orders("tokyo", 3)
    sandbox.import_now(number)

    async def arrivals(hub):
        pages = [
            page async for page in hub.read_arrivals(START, now=sandbox.now(), integration_id=str(number))
        ]
        return [record.order_id for page in pages for record in page.records], pages[-1].watermark

    before, mark = with_hub(sandbox, arrivals)
    assert sorted(before) == sorted(sandbox.arrived(number))
    assert mark.key
    sandbox.add_orders("tokyo", 2)

    async def refresh(hub):
        return await hub.refresh(str(number), now=sandbox.now()), await hub.read_integrations(
            now=sandbox.now()
        )

    answer, integrations = with_hub(sandbox, refresh)
    assert answer.accepted
    assert {one.external_id for one in integrations} == {str(n) for n in range(1, len(SHOPS) + 1)}


def test_the_hubs_own_log_says_who_refused_it_and_nothing_else(sandbox):
    number = NAMES.index("new-york") + 1
    sandbox.break_shop("new-york", "firewall", pattern="Sendcloud", style="nginx")
    sandbox.import_now(number)
    sandbox.mend_shop("new-york", "firewall")

    async def failures(hub):
        return await hub.read_failures("", now=sandbox.now()), await hub.test_connection(now=sandbox.now())

    found, report = with_hub(sandbox, failures)
    mine = [failure for failure in found if failure.integration_id == str(number)]
    assert {(failure.outcome, failure.by, failure.status) for failure in mine} == {
        (Outcome.BLOCKED, "nginx", 403)
    }
    key, secret = sandbox.fleet.woocommerce_key("new-york", "hub")
    assert not [word for word in ("PRIVATE", key, secret) if word in repr(found)]
    assert report.ok


def test_a_revoked_key_of_the_account_is_said_so(sandbox):
    sandbox.break_hub("hub", "credentials_revoked")

    async def integrations(hub):
        return await hub.read_integrations(now=NOW)

    try:
        with pytest.raises(errors.CredentialsRefused, match="key pair"):
            with_hub(sandbox, integrations)
    finally:
        sandbox.mend_hub("hub", "credentials_revoked")

"""The Magento adapter against a whole stand-in of Magento, over HTTP."""

import asyncio
from datetime import timedelta

import pytest

from integrations import errors
from integrations.adapters import ChecksStore, Nudges, ReadsFullOrders, ReadsTracking, WritesTracking
from integrations.contracts import CheckState, Outcome, Parcel, Target, Watermark
from integrations.opening import open_store
from integrations.registry import offers
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet

from .remote import LOCAL, PatientPacer

pytestmark = pytest.mark.integration
START = Watermark(NOW - timedelta(days=2))
SHOPS = [
    shop("amsterdam", "magento", time_zone="Europe/Amsterdam"),
    shop("tokyo", "magento", time_zone="Asia/Tokyo"),
]
NAMES = [spec.name for spec in SHOPS]
PARCEL = Parcel("3SABC123", "PostNL")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(small_fleet(SHOPS), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def with_store(sandbox, do, name="amsterdam", who="monitor", **settings):
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    credentials = dict(zip(names, sandbox.fleet.magento_key(name, who), strict=True))
    credentials |= settings.pop("credentials", {})

    async def go():
        target = Target(name, sandbox.store_url(name), credentials, {"page_size": 4, **settings})
        async with open_store(target, "magento", policy=LOCAL, pacer=PatientPacer()) as store:
            return await do(store)

    return asyncio.run(go())


def read(sandbox, since=START, **given):
    async def pages(store):
        return [page async for page in store.read_orders(since, now=sandbox.now())]

    return with_store(sandbox, pages, **given)


def ids(pages):
    return [record.external_id for page in pages for record in page.records]


@pytest.mark.parametrize("auth", ["oauth", "bearer"])
@pytest.mark.parametrize("name", NAMES)
def test_every_order_is_read_once_in_every_time_zone_and_with_both_kinds_of_sign_in(sandbox, name, auth):
    sandbox.advance(timedelta(minutes=1))
    at = sandbox.now()
    added = sandbox.add_orders(name, 11, at=at)
    sandbox.advance(timedelta(hours=1))
    sandbox.add_orders(name, 2)
    sandbox.advance(timedelta(minutes=1))
    pages = read(sandbox, name=name, auth=auth)
    assert sorted(ids(pages)) == sorted(sandbox.order_ids(name))
    new = [record for page in pages for record in page.records if record.external_id == str(added[0])]
    assert [(record.ordered_at, record.expected) for record in new] == [(at, True)]
    sandbox.advance(timedelta(hours=1))
    sandbox.change_order(name, added[1], "cancelled")
    later = sandbox.add_orders(name, 1)
    again = {
        record.external_id: record
        for page in read(sandbox, pages[-1].watermark, name=name, auth=auth)
        for record in page.records
    }
    assert not again[str(added[1])].expected
    assert again[str(added[1])].changed_at == sandbox.now()
    assert str(later[0]) in again, "a new order is seen at once, without waiting for its window"


def test_nobodys_name_is_read_or_kept(sandbox):
    sandbox.add_orders("amsterdam", 1)

    async def everything(store):
        pages = [page async for page in store.read_orders(START, now=sandbox.now())]
        found = await store.test_connection(now=sandbox.now()), await store.check(now=sandbox.now())
        return pages, found, store.calls()

    assert "PRIVATE" not in repr(with_store(sandbox, everything))


def test_a_good_connection_meets_every_need_and_tells_version_and_zone(sandbox):
    sandbox.add_orders("tokyo", 1)

    async def connection(store):
        return await store.test_connection(now=sandbox.now())

    report = with_store(sandbox, connection, name="tokyo")
    assert [need.name for need in report.needs if need.met is not True] == []
    assert report.facts["version"] == "Magento 2.4 (Community)"
    assert report.facts["time zone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("who", "unmet", "words"),
    [
        ("read", "Tracking numbers can be read", "Sales > Operations > Shipments"),
        ("customer", "The integration may read orders", "Sales > Operations > Orders > Actions > View"),
    ],
)
def test_a_missing_right_is_named_with_the_place_to_grant_it(sandbox, who, unmet, words):
    async def connection(store):
        return await store.test_connection(now=sandbox.now())

    report = with_store(sandbox, connection, who=who)
    assert [need.name for need in report.needs if need.met is False] == [unmet]
    need = next(need for need in report.needs if need.met is False)
    assert words in need.remedy
    assert "Integrations" in need.remedy


def refused(sandbox, **given):
    with pytest.raises(errors.RemoteError) as error:
        read(sandbox, **given)
    return error.value


BAD = "f" * 32


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (
            {"credentials": {"consumer_key": BAD}},
            errors.CredentialsRefused,
            "does not know this consumer key",
        ),
        (
            {"credentials": {"access_token": BAD}},
            errors.CredentialsRefused,
            "does not know this access token",
        ),
        (
            {"credentials": {"access_token_secret": BAD}},
            errors.CredentialsRefused,
            "signature does not match",
        ),
        ({"credentials": {"access_token": BAD}, "auth": "bearer"}, errors.CredentialsRefused, "access token"),
        ({"who": "customer"}, errors.RightMissing, "Actions > View"),
        ({"who": "customer", "auth": "bearer"}, errors.RightMissing, "Actions > View"),
        ({"api_root": "rest/french/V1"}, errors.RemoteFault, "API path"),
        ({"api_root": "rest/V9"}, errors.RemoteFault, "API path"),
        ({"api_root": "shop/rest/V1"}, errors.RemoteFault, "no Magento API"),
    ],
)
def test_each_wrong_credential_and_path_is_told_apart(sandbox, given, kind, words):
    error = refused(sandbox, **given)
    assert type(error) is kind
    assert words in str(error)
    assert error.remedy


@pytest.mark.parametrize(
    ("fault", "auth", "kind", "words"),
    [
        ("bearer_off", "bearer", errors.CredentialsRefused, "as Bearer"),
        ("header_lost", "oauth", errors.CredentialsRefused, "drops the Authorization header"),
        ("header_lost", "bearer", errors.CredentialsRefused, "drops the Authorization header"),
        ("maintenance", "oauth", errors.InMaintenance, "maintenance"),
        ("database_down", "oauth", errors.RemoteFault, "database"),
        ("server_error", "oauth", errors.RemoteFault, "error"),
        ("credentials_revoked", "oauth", errors.CredentialsRefused, "does not know"),
        ("early_close", "oauth", errors.ConnectionFailed, ""),
        ("truncated", "oauth", errors.NoAnswer, ""),
    ],
)
def test_each_fault_of_a_shop_becomes_its_error_and_ends_with_it(sandbox, fault, auth, kind, words):
    sandbox.break_shop("amsterdam", fault)
    try:
        error = refused(sandbox, auth=auth)
        assert isinstance(error, kind)
        assert words in str(error)
        assert error.call.detail
    finally:
        sandbox.mend_shop("amsterdam", fault)
    read(sandbox, auth=auth)


@pytest.mark.parametrize("style", ["nginx", "apache", "cloudflare", "siteground"])
def test_a_firewall_against_the_hubs_user_agent_is_seen_by_the_probe_alone(sandbox, style):
    sandbox.break_shop("amsterdam", "firewall", pattern="Sendcloud", style=style)

    async def probe(store):
        return await store.probe(["Sendcloud/1.0.0"], now=NOW)

    try:
        hub, neutral = with_store(sandbox, probe)
        assert hub.outcome in (Outcome.BLOCKED, Outcome.CHALLENGED)
        assert neutral.outcome is Outcome.PASSED
        assert neutral.by == "Magento"
        read(sandbox)
    finally:
        sandbox.mend_shop("amsterdam", "firewall")


def checkup(sandbox, **given):
    async def check(store):
        return await store.check(now=sandbox.now())

    return with_store(sandbox, check, **given)


def test_a_checkup_tells_version_zone_clock_and_rights(sandbox):
    found = checkup(sandbox)
    assert (found.version, found.time_zone) == ("Magento 2.4 (Community)", "Europe/Amsterdam")
    assert abs(found.clock_skew) <= timedelta(seconds=2)
    assert {check.state for check in found.checks} == {CheckState.OK}
    few = checkup(sandbox, who="read")
    assert {check.code: check.state for check in few.checks} == {
        "clock_skew": CheckState.OK,
        "right_to_read_shipments": CheckState.WARN,
        "right_to_ship": CheckState.INFO,
    }
    assert few.time_zone == ""
    for check in few.checks:
        assert check.text % check.values
        assert check.remedy % check.values or check.state is CheckState.OK


def test_a_wrong_clock_is_told_and_orders_are_read_by_the_shops_own(sandbox):
    sandbox.break_shop("tokyo", "clock_skew", seconds=1800)
    try:
        found = checkup(sandbox, name="tokyo")
        (clock,) = [check for check in found.checks if check.code == "clock_skew"]
        assert clock.state is CheckState.WARN
        assert abs(found.clock_skew - timedelta(minutes=30)) < timedelta(seconds=5)
        mark = read(sandbox, name="tokyo")[-1].watermark
        assert mark.at > sandbox.now()
    finally:
        sandbox.mend_shop("tokyo", "clock_skew")
    back = read(sandbox, mark, name="tokyo")[-1].watermark
    assert back.at <= sandbox.now(), "a clock that is put right opens no hole"


# Tracking


def tracking(sandbox, *order_ids):
    async def numbers(store):
        return await store.read_tracking([str(each) for each in order_ids], now=sandbox.now())

    return with_store(sandbox, numbers)


def write(sandbox, order_id, *parcels, notify=False, **given):
    async def writing(store):
        return await store.write_tracking(str(order_id), parcels, now=sandbox.now(), notify=notify)

    return with_store(sandbox, writing, **given)


def test_what_the_adapter_offers():
    for protocol in (ChecksStore, ReadsTracking, WritesTracking, ReadsFullOrders):
        assert offers("magento", protocol)
    assert not offers("magento", Nudges), "no harmless touch moves an order's time of change"


def test_tracking_is_read_of_many_orders_and_unknown_ones_are_left_out(sandbox):
    (open_, cancelled, sent) = sandbox.add_orders("amsterdam", 3)
    sandbox.change_order("amsterdam", cancelled, "cancelled")
    sandbox.change_order("amsterdam", sent, "completed")
    found = {each.order_id: each for each in tracking(sandbox, open_, cancelled, sent, 999_999, "x")}
    assert set(found) == {str(open_), str(cancelled), str(sent)}
    assert found[str(open_)].numbers == ()
    assert not found[str(open_)].is_shipped
    assert found[str(cancelled)].is_closed
    assert found[str(sent)].is_shipped
    assert len(found[str(sent)].numbers) == 1


@pytest.mark.parametrize("status", ["processing", "pending"])
def test_a_number_is_written_by_shipping_and_only_once(sandbox, status):
    (order,) = sandbox.add_orders("amsterdam", 1, status=status)
    first = write(sandbox, order, PARCEL)
    assert (first.written, first.present) == (("3SABC123",), ())
    assert first.where
    second = write(sandbox, order, PARCEL)
    assert (second.written, second.present) == ((), ("3SABC123",))
    (found,) = tracking(sandbox, order)
    assert (found.numbers, found.is_shipped) == (("3SABC123",), True)


def test_a_number_that_a_shipment_lacks_is_added_to_it(sandbox):
    (order,) = sandbox.add_orders("amsterdam", 1)
    sandbox.break_shop("amsterdam", "tracking_lost")
    sandbox.change_order("amsterdam", order, "completed")
    (before,) = tracking(sandbox, order)
    assert (before.is_shipped, before.numbers) == (True, ())
    sandbox.mend_shop("amsterdam", "tracking_lost")
    both = write(sandbox, order, PARCEL, Parcel("3SXYZ", ""))
    assert both.written == ("3SABC123", "3SXYZ")
    (after,) = tracking(sandbox, order)
    assert set(after.numbers) >= {"3SABC123", "3SXYZ"}
    assert write(sandbox, order, Parcel("3sabc123 ", "PostNL")).written == ()


@pytest.mark.parametrize("status", ["cancelled", "refunded", "on-hold"])
def test_an_order_that_takes_no_number_says_so(sandbox, status):
    (order,) = sandbox.add_orders("amsterdam", 1)
    sandbox.change_order("amsterdam", order, status)
    with pytest.raises(errors.NotPossible):
        write(sandbox, order, PARCEL)


@pytest.mark.parametrize("order", ["999999", "abc", "0", ""])
def test_an_unknown_order_takes_no_number(sandbox, order):
    with pytest.raises(errors.NotPossible):
        write(sandbox, order, PARCEL)


def test_without_the_right_nothing_is_written_and_the_right_is_named(sandbox):
    (order,) = sandbox.add_orders("amsterdam", 1)
    with pytest.raises(errors.RightMissing, match="Shipments"):
        write(sandbox, order, PARCEL, who="read")
    assert tracking(sandbox, order)[0].is_shipped is False


def test_a_shop_that_drops_the_number_is_not_believed(sandbox):
    (order,) = sandbox.add_orders("amsterdam", 1)
    sandbox.break_shop("amsterdam", "tracks_dropped")
    try:
        with pytest.raises(errors.RemoteFault, match="did not keep it"):
            write(sandbox, order, PARCEL)
    finally:
        sandbox.mend_shop("amsterdam", "tracks_dropped")
    assert write(sandbox, order, PARCEL).written == ("3SABC123",)


# Whole orders


def test_whole_orders_are_read_for_a_hub_and_show_themselves_nowhere(sandbox):
    first, second = sandbox.add_orders("amsterdam", 2)

    async def whole(store):
        found = await store.read_full_orders([str(second), str(first), "999999"], now=sandbox.now())
        return found, store.calls()

    orders, calls = with_store(sandbox, whole)
    assert {order.record.external_id for order in orders} == {str(first), str(second)}
    order = orders[0]
    assert (order.name, order.country_code, order.currency) == ("PRIVATE Person", "IE", "EUR")
    assert (order.address_1, order.payment_status) == ("PRIVATE Street 1", "paid")
    assert [(line.sku, line.quantity, line.weight_g) for line in order.lines] == [("DEMO-1", 1, 227)]
    assert "PRIVATE" not in repr(orders) + repr(calls)

"""Tracking numbers are found wherever a WooCommerce shop keeps them, and written once, to the right place."""

import asyncio
import json

import httpx
import pytest

from integrations import errors
from integrations.contracts import Parcel, Target
from integrations.opening import open_store
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from integrations.woocommerce.tracking_numbers import holds, in_meta, in_note

from .remote import LOCAL, Reply, json_reply, remote

SHOPS = [
    shop("notes"),
    shop("official", plugins=("shipment-tracking",)),
    shop("ast", plugins=("ast",)),
    shop("core", plugins=("fulfillments",)),
    shop("posts", posts_storage=True, behind_tls_proxy=True),
]
ITEMS = "_wc_shipment_tracking_items"
PARCEL = Parcel("3SABC0001234", "postnl", "https://track.example/3SABC0001234")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(small_fleet(SHOPS, integrations=()), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def with_store(sandbox, name, do, who="monitor", **settings):
    key, secret = sandbox.fleet.woocommerce_key(name, who)

    async def go():
        keys = {"consumer_key": key, "consumer_secret": secret}
        target = Target(name, sandbox.store_url(name), keys, settings)
        async with open_store(target, "woocommerce", policy=LOCAL) as store:
            return await do(store)

    return asyncio.run(go())


def write(sandbox, name, order, *parcels, notify=False, **settings):
    async def do(store):
        return await store.write_tracking(str(order), parcels, now=NOW, notify=notify)

    return with_store(sandbox, name, do, **settings)


def tracking(sandbox, name, *orders):
    async def do(store):
        return await store.read_tracking([str(order) for order in orders], now=NOW)

    return with_store(sandbox, name, do)


def rest(sandbox, name, method, path, document=None):
    """As another system does that has a key."""

    async def do(store):
        return await store.ask(method, path, now=NOW, document=document)

    return with_store(sandbox, name, do, who="hub").json()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("notes", "order notes"),
        ("official", "Shipment Tracking plug-in"),
        ("ast", "Advanced Shipment Tracking plug-in"),
        ("core", "fulfilments"),
        ("posts", "order notes"),
    ],
)
def test_a_number_is_written_to_the_place_the_shop_uses_and_only_once(sandbox, name, where):
    (order,) = sandbox.add_orders(name)
    first = write(sandbox, name, order, PARCEL)
    assert (first.written, first.present, first.where) == ((PARCEL.number,), (), where)
    again = write(sandbox, name, order, PARCEL)
    assert (again.written, again.present) == ((), (PARCEL.number,))
    (found,) = tracking(sandbox, name, order)
    assert PARCEL.number in found.numbers
    assert found.is_shipped is (name == "core")
    both = write(sandbox, name, order, PARCEL, Parcel("3SABC0009999", "dhl"))
    assert (both.written, both.present) == (("3SABC0009999",), (PARCEL.number,))
    assert {PARCEL.number, "3SABC0009999"} <= set(tracking(sandbox, name, order)[0].numbers)


@pytest.mark.integration
def test_the_operator_may_choose_the_place(sandbox):
    (order,) = sandbox.add_orders("official")
    assert write(sandbox, "official", order, PARCEL, tracking_place="note").where == "order notes"
    assert ITEMS not in json.dumps(rest(sandbox, "official", "GET", f"wc/v3/orders/{order}"))


@pytest.mark.integration
def test_a_number_that_a_hub_wrote_as_a_note_or_a_plug_in_as_a_field_is_found(sandbox):
    by_hub, by_plugin, by_nobody = sandbox.add_orders("notes", 3)
    note = {"note": "Your parcel was sent with PostNL, track 3SDEVC 7654321 at https://t.example/x"}
    rest(sandbox, "notes", "POST", f"wc/v3/orders/{by_hub}/notes", note)
    rest(sandbox, "notes", "PUT", f"wc/v3/orders/{by_hub}", {"status": "completed"})
    fields = {"meta_data": [{"key": ITEMS, "value": [{"tracking_number": "JD0146"}]}]}
    rest(sandbox, "notes", "PUT", f"wc/v3/orders/{by_plugin}", fields)
    found = {one.order_id: one for one in tracking(sandbox, "notes", by_hub, by_plugin, by_nobody, 999_999)}
    assert set(found) == {str(by_hub), str(by_plugin), str(by_nobody)}
    assert "3SDEVC7654321" in found[str(by_hub)].numbers
    assert found[str(by_hub)].is_shipped is True
    assert found[str(by_plugin)].numbers == ("JD0146",)
    assert (found[str(by_nobody)].numbers, found[str(by_nobody)].is_shipped) == ((), False)


@pytest.mark.integration
def test_a_cancelled_order_is_closed_and_takes_no_number(sandbox):
    (order,) = sandbox.add_orders("notes", status="cancelled")
    assert tracking(sandbox, "notes", order)[0].is_closed
    with pytest.raises(errors.NotPossible, match="cancelled"):
        write(sandbox, "notes", order, PARCEL)
    with pytest.raises(errors.NotPossible, match="no order"):
        write(sandbox, "notes", 999_999, PARCEL)
    with pytest.raises(errors.NotPossible, match="no order"):
        write(sandbox, "notes", "1/../2", PARCEL)


@pytest.mark.integration
def test_an_order_in_the_status_of_a_plug_in_that_was_switched_off_is_still_read(sandbox):
    listed, hidden = sandbox.add_orders("notes", 2)
    sandbox.change_order("notes", hidden, "picked-up")
    assert [one.order_id for one in tracking(sandbox, "notes", listed, hidden)] == [str(listed), str(hidden)]


@pytest.mark.integration
def test_an_order_is_completed_and_the_buyer_told_only_when_both_are_wanted(sandbox):
    quiet, told = sandbox.add_orders("notes", 2)
    write(sandbox, "notes", quiet, PARCEL, complete_orders=True)
    write(sandbox, "notes", told, PARCEL, complete_orders=True, notify=True)
    notes = {order: rest(sandbox, "notes", "GET", f"wc/v3/orders/{order}/notes") for order in (quiet, told)}
    orders = {order: rest(sandbox, "notes", "GET", f"wc/v3/orders/{order}") for order in (quiet, told)}
    assert [orders[order]["status"] for order in (quiet, told)] == ["processing", "completed"]
    written = {order: [n["customer_note"] for n in notes[order] if "3SABC" in n["note"]] for order in notes}
    assert written == {quiet: [False], told: [True]}


@pytest.mark.integration
def test_a_key_that_may_only_read_says_so_when_a_number_is_to_be_written(sandbox):
    (order,) = sandbox.add_orders("notes")

    async def do(store):
        return await store.write_tracking(str(order), [PARCEL], now=NOW)

    with pytest.raises(errors.RightMissing, match="may only read"):
        with_store(sandbox, "notes", do, who="read")


@pytest.mark.integration
def test_a_shop_that_takes_a_number_and_loses_it_is_not_believed():
    def forgetful(asked):
        if asked.path.endswith("/notes") and asked.method == "POST":
            return json_reply({"id": 1}, 201)
        if asked.path.endswith("/notes"):
            return json_reply([])
        if asked.path.endswith("/fulfillments"):
            return json_reply({"code": "rest_no_route", "message": "", "data": {"status": 404}}, 404)
        if asked.path.endswith("/orders/7"):
            return json_reply({"id": 7, "status": "processing"})
        return Reply(403, b"closed")

    async def go():
        async with remote(forgetful) as served:
            keys = {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"}
            target = Target("shop", served.url, keys, {})
            async with open_store(target, "woocommerce", policy=LOCAL) as store:
                await store.write_tracking("7", [PARCEL], now=NOW)

    with pytest.raises(errors.RemoteFault, match="does not show it"):
        asyncio.run(go())


@pytest.mark.integration
def test_a_plug_in_is_found_although_the_shop_hides_what_its_api_offers():
    items = []

    def secretive(asked):
        if asked.path.endswith("/wc-ast/v3/orders/7/shipment-trackings"):
            items.extend([asked.json] if asked.method == "POST" else [])
            return json_reply({"tracking_id": "1"}, 201) if asked.method == "POST" else json_reply(items)
        if asked.path.endswith("/notes"):
            return json_reply([])
        if asked.path.endswith("/orders/7"):
            fields = [{"key": ITEMS, "value": items}]
            return json_reply({"id": 7, "status": "processing", "meta_data": fields})
        status = 401 if asked.path.endswith("/wp-json/") else 404
        return json_reply({"code": "rest_no_route", "message": "", "data": {"status": status}}, status)

    async def go():
        async with remote(secretive) as served:
            keys = {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"}
            target = Target("shop", served.url, keys, {})
            async with open_store(target, "woocommerce", policy=LOCAL) as store:
                return await store.write_tracking("7", [PARCEL], now=NOW)

    assert asyncio.run(go()).where == "Advanced Shipment Tracking plug-in"
    assert [item["tracking_number"] for item in items] == [PARCEL.number]


@pytest.mark.integration
def test_whole_orders_hold_what_a_hub_needs_and_show_it_nowhere(sandbox):
    (order,) = sandbox.add_orders("notes")

    async def do(store):
        return await store.read_full_orders([str(order), "999999"], now=NOW)

    (whole,) = with_store(sandbox, "notes", do)
    assert (whole.record.external_id, whole.country_code, whole.currency) == (str(order), "NL", "EUR")
    assert (whole.name, whole.city) == ("Jane PRIVATE", "PRIVATEVILLE")
    assert whole.lines[0].sku == "MUG"
    assert whole.payment_status == "paid"
    assert "PRIVATE" not in repr(whole)


@pytest.mark.integration
def test_a_nudge_moves_the_time_of_change_where_that_is_harmless(sandbox):
    def modified(name, order):
        return rest(sandbox, name, "GET", f"wc/v3/orders/{order}")["date_modified_gmt"]

    async def nudge(store):
        await store.nudge(str(order), now=sandbox.now())

    (order,) = sandbox.add_orders("notes")
    before = modified("notes", order)
    httpx.post(f"{sandbox.shops_url}/control/clock", json={"advance_s": 60}).raise_for_status()
    with_store(sandbox, "notes", nudge)
    assert modified("notes", order) > before
    (order,) = sandbox.add_orders("posts")
    httpx.post(f"{sandbox.shops_url}/control/clock", json={"advance_s": 60}).raise_for_status()
    with pytest.raises(errors.NotPossible, match="posts"):
        with_store(sandbox, "posts", nudge)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "number", "there"),
    [
        ("Tracking: 3SABC123, Provider: postnl, URL: https://t.example/3SABC123.", "3SABC123", True),
        ("Suivi : 6A 1234 5678 901", "6A12345678901", True),
        ("Track 3sabc0001234 now", "3SABC0001234", True),
        ("Sent: 3SABC00012345", "3SABC0001234", False),
        ("PayPal transaction ID: 8XY12345AB678901C", "8XY12345AB678901C", False),
        ("Order status changed from Pending payment to Processing.", "Processing", False),
        ("Sent to 1234AB on 2026-11-22", "1234AB", True),
    ],
)
def test_numbers_are_recognised_in_notes_of_any_wording(text, number, there):
    found = {one.casefold() for one in in_note(text)}
    assert (number.casefold() in found) is there
    if "PayPal" not in text and there:
        assert holds(text, number)


@pytest.mark.unit
@pytest.mark.parametrize(
    "meta",
    [
        {ITEMS: [{"tracking_number": "N1"}]},
        {ITEMS: {"0": {"tracking_number": "N1"}}},
        {"_tracking_number": "N1"},
        {"_tracking_number": " N1 , "},
        {"ywot_tracking_code": "N1"},
        {"_aftership_tracking_items": [{"tracking_number": "N1", "slug": "postnl"}]},
    ],
)
def test_numbers_are_found_in_the_fields_of_every_known_plug_in(meta):
    assert list(in_meta(meta)) == ["N1"]


@pytest.mark.unit
@pytest.mark.parametrize("value", [None, True, "", 7.5, [[]], {"a": {}}, [None, "x"], "no list"])
def test_odd_fields_of_plug_ins_hold_no_number_and_break_nothing(value):
    assert list(in_meta({ITEMS: value})) == []

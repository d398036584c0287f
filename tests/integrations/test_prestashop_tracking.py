"""A PrestaShop shop repaired over HTTP: numbers written, orders read whole, orders nudged."""

from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import Parcel
from integrations.prestashop import knowledge
from integrations.sandbox.testing import running_sandbox, small_fleet

from .presta_shops import NAMES, SHOPS, START, using

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(small_fleet(SHOPS), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_known():
    knowledge.forget()


# Tracking


def write(sandbox, name, order_id, *parcels, who="monitor", notify=False):
    async def do(store):
        found = [Parcel(number, carrier) for number, carrier in parcels]
        return await store.write_tracking(str(order_id), found, now=sandbox.now(), notify=notify)

    return using(sandbox, name, do, who=who)


def tracking(sandbox, name, *order_ids, who="monitor"):
    async def do(store):
        return await store.read_tracking([str(number) for number in order_ids], now=sandbox.now())

    return using(sandbox, name, do, who=who)


def raw(sandbox, name, method, path, content=None, who="write"):
    answer = sandbox.http.request(
        method,
        f"{sandbox.store_url(name)}/api/{path}",
        content=content,
        auth=(sandbox.fleet.prestashop_key(name, who), ""),
    )
    return answer.raise_for_status()


def carriers(sandbox, name, order_id):
    path = f"order_carriers?filter[id_order]=[{order_id}]&display=full&output_format=JSON&sort=[id_ASC]"
    return raw(sandbox, name, "GET", path).json()["order_carriers"]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_is_written_once_read_back_and_nothing_else_changes(sandbox, name):
    (number,) = sandbox.add_orders(name, 1)
    (before,) = carriers(sandbox, name, number)
    sandbox.advance(timedelta(minutes=5))
    done = write(sandbox, name, number, ("3SABC1", "postnl"))
    assert (done.written, done.present) == (("3SABC1",), ())
    assert carriers(sandbox, name, number) == [{**before, "tracking_number": "3SABC1"}]
    again = write(sandbox, name, number, ("3SABC1", "postnl"))
    assert (again.written, again.present) == ((), ("3SABC1",))
    (found,) = tracking(sandbox, name, number, 999_999)
    assert (found.order_id, found.numbers, found.is_shipped) == (str(number), ("3SABC1",), False)


def test_a_key_with_put_alone_writes_the_whole_row(sandbox):
    (number,) = sandbox.add_orders("eight", 1)
    (before,) = carriers(sandbox, "eight", number)
    sandbox.break_shop("eight", "right_lost", resource="order_carriers", verb="PATCH")
    try:
        sandbox.advance(timedelta(minutes=5))
        assert write(sandbox, "eight", number, ("3SABC2", "postnl")).written
    finally:
        sandbox.mend_shop("eight", "right_lost")
    assert carriers(sandbox, "eight", number) == [{**before, "tracking_number": "3SABC2"}]


def test_a_key_that_may_not_write_is_told_so(sandbox):
    (number,) = sandbox.add_orders("eight", 1)
    with pytest.raises(errors.RightMissing, match="may not PATCH order_carriers"):
        write(sandbox, "eight", number, ("3SABC3", "postnl"), who="read")
    (seven,) = sandbox.add_orders("seven", 1)
    with pytest.raises(errors.RightMissing, match="may not PUT order_carriers"):
        write(sandbox, "seven", seven, ("3SABC3", "postnl"), who="read")


def test_of_several_rows_that_of_the_carrier_gets_the_number(sandbox):
    (number,) = sandbox.add_orders("eight", 1)
    row = f"<id_order>{number}</id_order><id_carrier>3</id_carrier>"
    content = f"<prestashop><order_carrier>{row}</order_carrier></prestashop>"
    raw(sandbox, "eight", "POST", "order_carriers", content)
    write(sandbox, "eight", number, ("JD014", "dhl"))
    assert [row["tracking_number"] for row in carriers(sandbox, "eight", number)] == ["", "JD014"]
    done = write(sandbox, "eight", number, ("3SABC4", ""), ("JD014", "dhl"))
    assert (done.written, done.present) == (("3SABC4",), ("JD014",))
    assert [row["tracking_number"] for row in carriers(sandbox, "eight", number)] == ["3SABC4", "JD014"]
    (found,) = tracking(sandbox, "eight", number)
    assert set(found.numbers) == {"3SABC4", "JD014"}
    with pytest.raises(errors.NotPossible, match="no shipping row"):
        write(sandbox, "eight", number, ("3SABC5", "postnl"))


def test_what_cannot_be_written_is_said(sandbox):
    (number,) = sandbox.add_orders("nine", 1)
    with pytest.raises(errors.NotPossible, match="does not have the order"):
        write(sandbox, "nine", 999_999, ("3SABC6", "postnl"))
    with pytest.raises(errors.NotPossible, match="does not accept"):
        write(sandbox, "nine", number, ("3S*!", "postnl"))
    with pytest.raises(errors.NotPossible, match="does not accept"):
        write(sandbox, "nine", number, ("3" * 65, "postnl"))


def test_an_old_modules_key_still_sees_the_first_number_of_an_order(sandbox):
    sent, closed, unpaid = sandbox.add_orders("eight", 3)
    sandbox.change_order("eight", sent, "completed")
    sandbox.change_order("eight", closed, "refunded")
    sandbox.change_order("eight", unpaid, "pending")
    found = {one.order_id: one for one in tracking(sandbox, "eight", sent, closed, unpaid, who="clerk")}
    assert found[str(sent)].numbers[0].startswith("3SYZX")
    assert found[str(sent)].is_shipped
    assert found[str(closed)].is_closed
    assert not found[str(unpaid)].is_closed


# Whole orders, nudges


def test_a_whole_order_is_read_and_its_customer_is_in_no_repr_and_no_call(sandbox):
    (number,) = sandbox.add_orders("eight", 1)

    async def do(store):
        return await store.read_full_orders([str(number), "999999"], now=sandbox.now()), store.calls()

    (order,), calls = using(sandbox, "eight", do)
    assert (order.record.external_id, str(order.total), order.currency) == (str(number), "42.00", "EUR")
    assert (order.name, order.country_code, order.payment_status) == ("Jane PRIVATE", "NL", "paid")
    assert order.shipping_method == "PostNL"
    assert [(line.name, line.quantity, line.sku) for line in order.lines] == [("Mug", 1, "MUG")]
    assert "PRIVATE" not in repr(order) + repr(calls)
    with pytest.raises(errors.RightMissing, match="countries"):
        using(sandbox, "eight", do, who="clerk")


def test_nobodys_name_is_read_by_watching(sandbox):
    sandbox.add_orders("eight", 1)

    async def everything(store):
        pages = [page async for page in store.read_orders(START, now=sandbox.now())]
        return pages, await store.test_connection(now=sandbox.now()), await store.check(now=sandbox.now())

    assert "PRIVATE" not in repr(using(sandbox, "eight", everything))


def nudge(sandbox, name, order_id, who="write"):
    async def do(store):
        await store.nudge(str(order_id), now=sandbox.now())

    using(sandbox, name, do, who=who)


def test_a_nudge_moves_the_time_of_change_and_nothing_else(sandbox):
    (number,) = sandbox.add_orders("eight", 1)
    before = raw(sandbox, "eight", "GET", f"orders/{number}").text
    sandbox.advance(timedelta(minutes=5))
    nudge(sandbox, "eight", number)
    after = raw(sandbox, "eight", "GET", f"orders/{number}").text
    changed = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert len(changed) == 1
    assert "date_upd" in changed[0][0]


def test_a_shop_that_cannot_be_nudged_says_so(sandbox):
    (seven,) = sandbox.add_orders("seven", 1)
    with pytest.raises(errors.NotPossible, match="before version 8"):
        nudge(sandbox, "seven", seven)
    (eight,) = sandbox.add_orders("eight", 1)
    with pytest.raises(errors.RightMissing, match="may not PATCH orders"):
        nudge(sandbox, "eight", eight, who="monitor")
    with pytest.raises(errors.NotPossible, match="does not have the order"):
        nudge(sandbox, "eight", 999_999)

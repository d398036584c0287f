"""Reading a WooCommerce shop loses no order and brings none twice, whatever changes meanwhile."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.contracts import Watermark
from integrations.errors import UnexpectedAnswer
from integrations.woocommerce.orders import OrderReading, Row, record_of

from .remote import NOW

pytestmark = pytest.mark.unit
EXPECTED = ("pending", "processing", "on-hold")


@dataclass
class Order:
    id: int
    created: datetime
    modified: datetime
    status: str = "processing"
    visible: bool = True


class Shop:
    """Answers as WooCommerce does: exclusive bounds, naive UTC, (modified, id) as order."""

    def __init__(self, orders, between=()):
        self.orders = {order.id: order for order in orders}
        self.between = list(between)
        self.requests = 0

    async def fetch(self, params):
        if self.requests and self.between:
            self.between.pop(0)(self)
        self.requests += 1
        assert self.requests < 1000, "the reading does not end"
        rows = [order for order in self.orders.values() if order.visible]
        if "modified_after" in params:
            assert params["dates_are_gmt"] == "true"
            rows = [order for order in rows if order.modified > parsed(params["modified_after"])]
        if "modified_before" in params:
            rows = [order for order in rows if order.modified < parsed(params["modified_before"])]
        if params["orderby"] == "id":
            rows.sort(key=lambda order: -order.id)
        else:
            rows.sort(key=lambda order: (order.modified, order.id))
        size, page = int(params["per_page"]), int(params.get("page", 1))
        chosen = rows[(page - 1) * size : page * size]
        return [
            Row(
                id=o.id,
                number=str(o.id),
                status=o.status,
                date_created_gmt=o.created,
                date_modified_gmt=o.modified,
            )
            for o in chosen
        ], len(rows)


def parsed(naive):
    assert len(naive) == 19
    return datetime.fromisoformat(naive).replace(tzinfo=UTC)


def read(shop, since, size=3, look_back_s=60, now=NOW):
    async def go():
        reading = OrderReading(shop.fetch, EXPECTED, timedelta(seconds=look_back_s), size)
        return [page async for page in reading.pages(since, now=now)]

    return asyncio.run(go())


def at(second):
    return NOW - timedelta(hours=1) + timedelta(seconds=second)


START = Watermark(at(-600))
seconds = st.integers(0, 12)


@st.composite
def shops(draw):
    stamps = draw(st.lists(seconds, max_size=25))
    orders = [Order(number, at(stamp), at(stamp)) for number, stamp in enumerate(stamps, start=1)]
    changes = draw(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=12))
    clock = [20]

    def change(number, how_many):
        def apply(shop):
            """Between two requests orders change, or new ones come: always at the shop's present second."""
            for step in range(how_many):
                clock[0] += step % 2
                known = shop.orders.get(number + step)
                if known:
                    known.modified, known.status = at(clock[0]), "completed"
                else:
                    new = max(shop.orders, default=0) + 1
                    shop.orders[new] = Order(new, at(clock[0]), at(clock[0]))

        return apply

    return Shop(orders, [change(*each) for each in changes])


@settings(max_examples=400, deadline=None)
@given(shop=shops(), size=st.integers(1, 7), later_size=st.integers(1, 7))
def test_nothing_is_lost_and_nothing_comes_twice(shop, size, later_size):
    stored = {}
    mark = START
    for number, page_size in enumerate([size, later_size, 3]):
        seen = set()
        pages = read(shop, mark, page_size)
        for page in pages:
            for record in page.records:
                assert (record.external_id, record.changed_at) not in seen, "twice in one reading"
                seen.add((record.external_id, record.changed_at))
                stored[record.external_id] = (record.changed_at, record.status)
        mark = pages[-1].watermark
        if number == 0:
            shop.between.clear()
    assert stored == {str(o.id): (o.modified, o.status) for o in shop.orders.values()}


@settings(max_examples=200, deadline=None)
@given(shop=shops(), size=st.integers(1, 5), stop=st.integers(0, 6))
def test_a_reading_cut_off_anywhere_is_taken_up_from_its_last_stored_page(shop, size, stop):
    stored = {}
    pages = read(shop, START, size)
    mark = START
    for page in pages[: stop + 1]:
        stored.update((record.external_id, record.changed_at) for record in page.records)
        mark = page.watermark or mark
    shop.between.clear()
    for page in read(shop, mark, size):
        stored.update((record.external_id, record.changed_at) for record in page.records)
    assert stored == {str(o.id): o.modified for o in shop.orders.values()}


def test_a_bulk_edit_of_one_second_is_walked_even_while_orders_leave_it():
    shop = Shop([Order(n, at(5), at(5)) for n in range(1, 11)])

    def leave(shop):
        shop.orders[1].modified = at(50)

    shop.between = [lambda shop: None, leave]
    records = [record.external_id for page in read(shop, START, size=3) for record in page.records]
    assert sorted(set(records), key=int) == [str(n) for n in range(1, 11)]


def test_an_order_stored_late_under_an_older_stamp_is_found_by_the_look_back():
    shop = Shop([Order(1, at(0), at(0)), Order(3, at(100), at(100))])
    mark = read(shop, START)[-1].watermark
    shop.orders[2] = Order(2, at(70), at(70))
    found = [record.external_id for page in read(shop, mark) for record in page.records]
    assert "2" in found


def test_a_new_order_whose_stamp_is_wrong_is_found_by_its_id():
    shop = Shop([Order(n, at(n), at(n)) for n in range(1, 30)])
    mark = read(shop, START)[-1].watermark
    assert mark.newest == "29"
    for number in range(30, 80):
        shop.orders[number] = Order(number, at(-90_000), at(-90_000))
    found = {record.external_id for page in read(shop, mark) for record in page.records}
    assert {str(number) for number in range(30, 80)} <= found


def test_a_stamp_from_the_future_does_not_hide_what_follows():
    shop = Shop([Order(1, at(0), at(0)), Order(2, at(1), NOW + timedelta(days=900))])
    mark = read(shop, START)[-1].watermark
    assert mark.at <= NOW
    shop.orders[1].modified = NOW + timedelta(seconds=5)
    later = [
        record.external_id
        for page in read(shop, mark, now=NOW + timedelta(minutes=1))
        for record in page.records
    ]
    assert "1" in later


def test_a_quiet_shop_gives_one_empty_page_with_the_same_watermark():
    pages = read(Shop([]), Watermark(at(0), "7", "7"))
    assert [(list(page.records), page.watermark) for page in pages] == [([], Watermark(at(0), "7", "7"))]


def test_a_server_that_ignores_the_bound_is_not_believed():
    class Deaf(Shop):
        async def fetch(self, params):
            return await super().fetch({name: value for name, value in params.items() if "after" not in name})

    with pytest.raises(UnexpectedAnswer, match="does not list orders by the time"):
        read(Deaf([Order(1, at(-90_000), at(-90_000))]), Watermark(at(0)))


def test_what_a_hub_imports_is_expected_and_everything_else_says_why_not():
    orders = [
        Order(n, at(n), at(n), status)
        for n, status in enumerate(["processing", "pending", "cancelled", "completed"])
    ]
    records = {record.status: record for page in read(Shop(orders), START) for record in page.records}
    assert records["processing"].expected
    assert records["pending"].expected
    assert not records["cancelled"].expected
    assert records["completed"].unexpected_reason == "status completed"


def test_an_order_can_be_imported_once_placed_or_once_paid_if_the_hub_takes_paid_ones_only():
    paid = Row(id=1, status="processing", date_created_gmt=NOW, date_paid_gmt=NOW + timedelta(hours=3))
    assert record_of(paid, EXPECTED).eligible_at == NOW
    assert record_of(paid, ("processing",)).eligible_at == NOW + timedelta(hours=3)

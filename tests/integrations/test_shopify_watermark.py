"""Nothing of a Shopify shop is lost or doubled, whatever happens while it is read."""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from integrations.contracts import Watermark
from integrations.errors import UnexpectedAnswer
from integrations.shopify import orders
from integrations.shopify.graphql import TooCostly
from integrations.shopify.orders import OrderReading, Orders

from .remote import NOW

pytestmark = pytest.mark.unit
LOOK_BACK = timedelta(seconds=60)


@dataclass
class Order:
    id: int
    updated: datetime


class Shop:
    """Answers ``orders`` as Shopify does: inclusive bound, sorted by (updatedAt, id), cursors hold both."""

    def __init__(self, rows=(), most=1000, cost=10.0):
        self.orders = {order.id: order for order in rows}
        self.most = most
        self.cost = cost
        self.requests = 0

    async def fetch(self, variables):
        self.requests += 1
        assert self.requests < 5000, "the reading does not end"
        if variables["first"] > self.most:
            raise TooCostly("too costly")
        bound = datetime.fromisoformat(variables["query"].removeprefix("updated_at:>='").rstrip("'"))
        rows = sorted((o.updated, o.id) for o in self.orders.values() if o.updated >= bound)
        if variables["after"]:
            updated, number = json.loads(base64.b64decode(variables["after"]))
            rows = [row for row in rows if row > (datetime.fromisoformat(updated), number)]
        chosen = rows[: variables["first"]]
        nodes = [
            {
                "legacyResourceId": str(number),
                "name": f"#{number}",
                "createdAt": at(0).isoformat(),
                "updatedAt": updated.isoformat(),
            }
            for updated, number in chosen
        ]
        end = None
        if chosen:
            end = base64.b64encode(json.dumps([chosen[-1][0].isoformat(), chosen[-1][1]]).encode()).decode()
        info = {"hasNextPage": len(rows) > len(chosen), "endCursor": end}
        return Orders.model_validate({"nodes": nodes, "pageInfo": info}), self.cost * variables["first"]


def at(second):
    return NOW - timedelta(hours=1) + timedelta(seconds=second)


class Reading(RuleBasedStateMachine):
    """A shop that lives while it is read page by page, by readers that die between pages."""

    @initialize(size=st.integers(1, 6), most=st.integers(1, 6), deepest=st.sampled_from([3, 10, 10_000]))
    def begin(self, size, most, deepest):
        self.shop = Shop(most=most)
        self.size = size
        self.clock = 0.0
        self.stored = {}
        self.mark = Watermark(at(-600))
        self.reader = None
        self.seen = set()
        orders.DEEPEST, self.deepest = deepest, orders.DEEPEST

    def teardown(self):
        if hasattr(self, "shop"):
            while self.reader is not None:
                self.read_pages(5)
            self.read_to_the_end()
            orders.DEEPEST = self.deepest

    @rule(seconds=st.sampled_from([0.0, 0.4, 1.0, 7.0, 90.0]))
    def time_passes(self, seconds):
        self.clock += seconds

    @rule(count=st.integers(1, 8))
    def orders_are_placed_in_the_same_moment(self, count):
        for _number in range(count):
            self._place(self.clock)

    @rule(late_by=st.integers(1, 50))
    def an_order_shows_up_late(self, late_by):
        """Stamped in the past, but within the look-back."""
        self._place(self.clock - late_by)

    @rule(number=st.integers(1, 200))
    def an_order_changes(self, number):
        if self.shop.orders:
            chosen = self.shop.orders[1 + number % len(self.shop.orders)]
            chosen.updated = max(chosen.updated, at(self.clock))

    def _place(self, second):
        number = len(self.shop.orders) + 1
        self.shop.orders[number] = Order(number, at(second))

    @rule(pages=st.integers(1, 5))
    def read_pages(self, pages):
        if self.reader is None:
            reading = OrderReading(self.shop.fetch, LOOK_BACK, self.size)
            self.reader = reading.pages(self.mark, now=at(self.clock))
            self.seen = set()
        for _page in range(pages):
            try:
                page = asyncio.run(anext(self.reader))
            except StopAsyncIteration:
                self.reader = None
                return
            self._store(page)

    @rule()
    def the_reader_dies(self):
        self.reader = None

    @rule()
    def read_to_the_end(self):
        self.reader = None
        self.shop.requests = 0
        self.read_pages(10_000)
        assert self.stored == {order.id: order.updated for order in self.shop.orders.values()}

    def _store(self, page):
        """Records and watermark in one transaction."""
        for record in page.records:
            assert record.version not in self.seen, "the same state of an order came twice in one reading"
            self.seen.add(record.version)
            self.stored[int(record.external_id)] = record.changed_at
        assert page.watermark.at >= self.mark.at, "a watermark never goes back"
        self.mark = page.watermark


Reading.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestReading = Reading.TestCase


def read(shop, since, size=3):
    async def go():
        return [page async for page in OrderReading(shop.fetch, LOOK_BACK, size).pages(since, now=NOW)]

    return asyncio.run(go())


def test_orders_older_than_59_days_are_not_asked_for():
    shop = Shop([Order(1, NOW - timedelta(days=70)), Order(2, NOW - timedelta(days=58))])
    pages = read(shop, Watermark(NOW - timedelta(days=90)))
    assert [record.external_id for page in pages for record in page.records] == ["2"]


def test_a_stamp_ahead_of_our_clock_hides_nothing_that_comes_after_it():
    shop = Shop([Order(1, NOW + timedelta(hours=2))])
    mark = read(shop, Watermark(at(0)))[-1].watermark
    assert mark.at <= NOW
    shop.orders[2] = Order(2, NOW + timedelta(minutes=1))
    assert {record.external_id for page in read(shop, mark) for record in page.records} == {"1", "2"}


@pytest.mark.parametrize("cursor", [None, "here"])
def test_pages_that_do_not_go_on_are_not_read_for_ever(cursor):
    async def fetch(variables):
        node = {"legacyResourceId": "1", "name": "#1", "createdAt": at(0), "updatedAt": at(1)}
        info = {"hasNextPage": True, "endCursor": cursor}
        return Orders.model_validate({"nodes": [node], "pageInfo": info}), 1.0

    async def go():
        return [page async for page in OrderReading(fetch, LOOK_BACK, 3).pages(Watermark(at(0)), now=NOW)]

    with pytest.raises(UnexpectedAnswer, match="not where they begin"):
        asyncio.run(asyncio.wait_for(go(), 5))


def test_costly_pages_become_smaller():
    shop = Shop([Order(n, at(n)) for n in range(1, 300)])
    pages = read(shop, Watermark(at(-600)), size=100)
    assert [len(page.records) for page in pages[:3]] == [100, 50, 50]


def test_a_page_that_may_not_be_asked_for_is_asked_smaller():
    shop = Shop([Order(n, at(n)) for n in range(1, 30)], most=12, cost=1.0)
    assert [len(page.records) for page in read(shop, Watermark(at(-600)), size=100)] == [12, 12, 5]

"""Whatever happens between two requests, and whenever the reader is killed: no order of a Magento shop is
lost, and none comes twice."""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrations.contracts import Watermark
from integrations.magento import orders
from integrations.magento.orders import LAG

from .magento_shop import LOOK_BACK, START, Shop, reading
from .remote import NOW

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _nothing_is_found_by_luck(monkeypatch):
    """The look by id would find most changes of so small a shop: the windows must do without."""
    monkeypatch.setattr(orders, "ID_OVERLAP", 0)


LATEST = int((LAG + LOOK_BACK).total_seconds())
"""A commit may be so many seconds later than its stamp."""
delays = st.one_of(st.just(0), st.integers(0, LATEST))


class Collecting(RuleBasedStateMachine):
    """Orders come and change, at once or committed late, between any two requests; the reader is killed
    between any two pages and goes on from what it stored, with another page size."""

    def __init__(self):
        super().__init__()
        self.shop = Shop()
        self.mark = START
        self.stored = {}
        self.pages = None
        self.seen = set()
        self.loop = asyncio.new_event_loop()

    @initialize(count=st.integers(0, 12), step=st.integers(0, 40))
    def history(self, count, step):
        for _order in range(count):
            self.shop.place()
            self.shop.pass_time(step)

    @rule(delay=delays, count=st.integers(1, 4))
    def order_comes(self, delay, count):
        for _order in range(count):
            self.shop.place(delay)

    @rule(number=st.integers(1, 20), delay=delays)
    def order_changes(self, number, delay):
        self.shop.change(number, delay)

    @rule(seconds=st.one_of(st.integers(1, 5), st.integers(30, 400)))
    def time_passes(self, seconds):
        self.shop.pass_time(seconds)

    @rule(number=st.integers(1, 20), seconds=st.integers(0, 90))
    def order_changes_while_a_request_is_under_way(self, number, seconds):
        def happen():
            self.shop.pass_time(seconds)
            self.shop.change(number)
            self.shop.place()

        self.shop.before_answer.append(happen)

    @rule(number=st.integers(1, 20), early=st.integers(0, LATEST), size=st.integers(1, 6))
    @precondition(lambda self: self.pages is None)
    def a_reading_ends_before_a_late_commit(self, number, early, size):
        self.shop.change(number, LATEST)
        self.shop.place(LATEST)
        self.shop.pass_time(LATEST - early)
        self.reading_begins(size)
        while self.pages is not None:
            self.page_is_stored()

    @rule(size=st.integers(1, 6))
    @precondition(lambda self: self.pages is None)
    def reading_begins(self, size):
        self.pages = reading(self.shop, size).pages(self.mark, now=NOW)
        self.seen.clear()

    @rule()
    @precondition(lambda self: self.pages is not None)
    def page_is_stored(self):
        async def one():
            return await anext(self.pages, None)

        page = self.loop.run_until_complete(one())
        if page is None:
            self.pages = None
            return
        for record in page.records:
            assert record.version not in self.seen, "twice in one reading"
            self.seen.add(record.version)
            held = self.stored.get(record.external_id)
            if held is None or record.changed_at >= held[0]:
                self.stored[record.external_id] = (record.changed_at, record.status)
        self.mark = Watermark.from_json(page.watermark.to_json())

    @rule()
    @precondition(lambda self: self.pages is not None)
    def reader_is_killed(self):
        self.loop.run_until_complete(self.pages.aclose())
        self.pages = None

    @invariant()
    def nothing_is_stored_that_never_was(self):
        assert set(self.stored) <= {str(number) for number in range(1, self.shop.last_id + 1)}

    def teardown(self):
        if self.pages is not None:
            self.reader_is_killed()
        self.shop.before_answer.clear()
        self.shop.pass_time(LATEST + 1)
        self.reading_begins(4)
        while self.pages is not None:
            self.page_is_stored()
        self.loop.close()
        present = {str(row.id): (row.updated, row.status) for row in self.shop.rows.values()}
        assert self.stored == present


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestCollecting.pytestmark = pytestmark

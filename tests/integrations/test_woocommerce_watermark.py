"""Whatever a WooCommerce shop and our own process do meanwhile, what is stored equals what the shop has.

A state machine lives a shop's life: orders are placed, changed, edited in bulk within a second and stored
late, between readings and between the requests of one reading. Readings use any page size and crash between
pages; then the next begins at the watermark that was stored with the last page, as it does in production.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from integrations.contracts import Watermark
from integrations.woocommerce import orders
from integrations.woocommerce.orders import OrderReading, Row

pytestmark = pytest.mark.unit
BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOOK_BACK = timedelta(seconds=60)
FEW = 2
"""Orders per page of the look by id: so few that it hides no mistake of the look by time."""
STATUSES = ("pending", "processing", "completed", "cancelled")
_picks = st.lists(st.integers(0, 40), max_size=6)


class WooCommerceOrders(RuleBasedStateMachine):
    """``shop``: id -> (stamp, status) as committed. ``stored``: the same, as our database has it."""

    @initialize(first=st.integers(0, 12))
    def open_shop(self, first):
        self.now = BEGIN
        self.ids = 0
        self.shop = {}
        self.unborn = []
        self.stored = {}
        self.mark = Watermark(BEGIN - timedelta(hours=1))
        self.requests = 0
        self.deeds = []
        for _each in range(first):
            self._place()

    # The shop's life, by its own clock

    def _place(self):
        self.ids += 1
        self.shop[self.ids] = (self.now, "pending")

    def _change(self, picks, status):
        for pick in picks:
            known = sorted(self.shop)
            if known:
                self.shop[known[pick % len(known)]] = (self.now, status)

    @rule(count=st.integers(1, 5))
    def orders_come(self, count):
        for _each in range(count):
            self._place()

    @rule(picks=_picks, status=st.sampled_from(STATUSES))
    def orders_change(self, picks, status):
        self._change(picks, status)

    @rule(status=st.sampled_from(STATUSES))
    def all_change_within_one_second(self, status):
        self._change(range(len(self.shop)), status)

    @rule(seconds=st.sampled_from([1, 1, 2, 20, 200]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        self._commit_late_ones()

    @rule(delay=st.integers(1, 30))
    def an_order_takes_long_to_be_stored(self, delay):
        """It gets its id and stamp now and becomes visible later, well within the look-back."""
        self.ids += 1
        self.unborn.append((self.now + timedelta(seconds=delay), self.ids, self.now, "pending"))

    @rule(delay=st.integers(1, 30), pick=st.integers(0, 40), status=st.sampled_from(STATUSES))
    def a_change_takes_long_to_be_stored(self, delay, pick, status):
        if self.shop:
            number = sorted(self.shop)[pick % len(self.shop)]
            self.unborn.append((self.now + timedelta(seconds=delay), number, self.now, status))

    def _commit_late_ones(self):
        for late in [late for late in self.unborn if late[0] <= self.now]:
            self.unborn.remove(late)
            _due, number, stamp, status = late
            if number not in self.shop or self.shop[number][0] < stamp:
                self.shop[number] = (stamp, status)

    # What the shop answers; between two answers life goes on

    async def _fetch(self, params):
        self.requests += 1
        assert self.requests < 2_000, "the reading does not end"
        if self.deeds:
            self.deeds.pop(0)()
        rows = [(stamp, number, status) for number, (stamp, status) in self.shop.items()]
        after, before = (_moment(params.get(name)) for name in ("modified_after", "modified_before"))
        rows = [row for row in rows if (not after or row[0] > after) and (not before or row[0] < before)]
        if params["orderby"] == "id":
            rows.sort(key=lambda row: -row[1])
        else:
            rows.sort()
        size, page = int(params["per_page"]), int(params.get("page", 1))
        part = rows[(page - 1) * size : page * size]
        # Past the last page shops with order tables forget the total.
        total = len(rows) if part else 0
        listed = [
            Row(id=number, status=status, date_created_gmt=stamp, date_modified_gmt=stamp)
            for stamp, number, status in part
        ]
        return listed, total

    # Our own side

    async def _read(self, size, stop_after):
        reading = OrderReading(self._fetch, ("processing",), LOOK_BACK, size)
        seen = set()
        pages = reading.pages(self.mark, now=self.now)
        async for page in pages:
            for record in page.records:
                assert record.version not in seen, "twice in one reading"
                seen.add(record.version)
                held = self.stored.get(int(record.external_id))
                if held is None or record.changed_at >= held[0]:
                    self.stored[int(record.external_id)] = (record.changed_at, record.status)
            if page.watermark is not None:
                self.mark = page.watermark
            stop_after -= 1
            if stop_after == 0:
                await pages.aclose()
                return

    def _run(self, size, stop_after):
        with patch.object(orders, "NEWEST_LOOK", FEW):
            asyncio.run(self._read(size, stop_after))

    @rule(
        size=st.integers(1, 6),
        stop_after=st.integers(1, 8),
        meanwhile=st.lists(st.tuples(_picks, st.sampled_from(STATUSES), st.integers(0, 3)), max_size=8),
    )
    def read_until_a_crash(self, size, stop_after, meanwhile):
        self.requests = 0
        self.deeds = [lambda each=each: self._live(*each) for each in meanwhile]
        self._run(size, stop_after)
        self.deeds = []

    def _live(self, picks, status, seconds):
        self.now += timedelta(seconds=seconds)
        self._commit_late_ones()
        self._change(picks, status)
        if seconds % 2:
            self._place()

    @rule(size=st.integers(1, 6))
    def read_to_the_end(self, size):
        """In a quiet moment one reading suffices: all of it is there, in its newest version."""
        self.requests = 0
        self._run(size, 0)
        assert self.stored == self.shop

    @invariant()
    def nothing_is_invented(self):
        if hasattr(self, "stored"):
            assert set(self.stored) <= set(self.shop)

    @invariant()
    def the_watermark_covers_only_what_is_stored(self):
        if hasattr(self, "mark"):
            settled = self.mark.at - LOOK_BACK
            lost = {n for n, (stamp, _s) in self.shop.items() if stamp < settled and n not in self.stored}
            assert not lost


def _moment(naive):
    return datetime.fromisoformat(naive).replace(tzinfo=UTC) if naive else None


WooCommerceOrders.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestNothingIsLostOrDoubled = WooCommerceOrders.TestCase
TestNothingIsLostOrDoubled.pytestmark = [pytest.mark.unit]

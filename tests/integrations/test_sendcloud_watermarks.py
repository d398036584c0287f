"""Nothing is lost or doubled, whatever happens while a list is read and wherever a reading breaks off.

Two machines: parcels (asked by their time of change, in no documented order) and arrivals (newest first).
Between any two pages rows appear, also late ones inside the look-back, and change; readings crash between
pages and go on from the stored watermark; page sizes and the hub's clock are anything.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from integrations.contracts import Watermark
from integrations.sendcloud.arrivals import read_pages
from integrations.sendcloud.changes import Sheet, read_changes
from integrations.sendcloud.records import Order

from .remote import NOW

pytestmark = pytest.mark.unit

LOOK_BACK = timedelta(minutes=10)
SECONDS = st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds))
WAITS = st.one_of(SECONDS, st.integers(0, 60).map(lambda hours: timedelta(hours=hours)))
HAPPENINGS = st.sampled_from(["add", "add", "late", "change", "wait", "wait"])
BETWEEN = st.lists(st.tuples(HAPPENINGS, st.integers(0, 900)), min_size=1, max_size=8)
PAGE_SIZES = st.integers(1, 4)


class Crash(Exception):
    """The worker dies between two pages."""


@dataclass(frozen=True)
class Row:
    hub_id: str
    changed_at: datetime
    visible_at: datetime
    """By our clock: a transaction may be committed some time after it took its time and number."""
    version: int = 1


class Machine(RuleBasedStateMachine):
    """A hub, its clock, a reader, and what the reader has stored."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.rows = {}
        self.stored = {}
        self.mark = Watermark(NOW - timedelta(hours=1))

    @initialize(skew=st.integers(-1800, 1800), order=st.sampled_from(["id", "-id", "changed", "-changed"]))
    def begin(self, skew, order):
        self.skew = timedelta(seconds=skew)
        self.order = order

    @property
    def hub_now(self):
        return self.now + self.skew

    def happen(self, what, number):
        if what == "wait":
            self.now += timedelta(seconds=number)
        elif what == "change" and self.visible():
            row = self.visible()[number % len(self.visible())]
            self.rows[row.hub_id] = replace(row, changed_at=self.hub_now, version=row.version + 1)
        else:
            lag = timedelta(seconds=300 + number % 290 if what == "late" else 0)
            key = str(len(self.rows) + 1)
            self.rows[key] = Row(key, self.hub_now, self.now + lag)

    def visible(self):
        return [row for row in self.rows.values() if row.visible_at <= self.now]

    @rule(wait=WAITS)
    def wait(self, wait):
        self.now += wait

    @rule(events=BETWEEN)
    def live(self, events):
        for event in events:
            self.happen(*event)

    @rule(
        size=PAGE_SIZES,
        crash_after=st.sampled_from([None, None, None, 1, 1, 2]),
        between=st.lists(BETWEEN, max_size=3),
    )
    def read(self, size, crash_after, between):
        try:
            asyncio.run(self._read(size, crash_after, list(between)))
        except Crash:
            self.now += timedelta(seconds=5)

    async def _read(self, size, crash_after, between):
        pages = 0
        async for page in self.pages(size, between):
            if pages == crash_after:
                raise Crash
            pages += 1
            for row in page.records:
                self.store(row)
            if page.watermark is not None:
                assert page.watermark.at >= self.mark.at
                self.mark = page.watermark

    def teardown(self):
        if hasattr(self, "skew"):
            self.now += LOOK_BACK
            asyncio.run(self._read(5, None, []))
            assert self.held() == self.expected()


class Parcels(Machine):
    def held(self):
        return self.stored

    def expected(self):
        return self.rows

    def store(self, row):
        held = self.stored.get(row.hub_id)
        if held is None or row.changed_at >= held.changed_at:
            self.stored[row.hub_id] = row

    def pages(self, size, between):
        asked = [0]

        async def fetch(address, after, before):
            if asked[0] and between:
                for event in between.pop(0):
                    self.happen(*event)
            asked[0] += 1
            rows = [
                row
                for row in self.visible()
                if row.changed_at > after and (before is None or row.changed_at < before)
            ]
            rows.sort(key=self._place, reverse=self.order.startswith("-"))
            if address is not None:
                rows = [row for row in rows if self._is_behind(row, address)]
            page = rows[:size]
            following = self._cursor(page[-1]) if len(rows) > size else None
            return Sheet(page, following, self.hub_now)

        return read_changes(fetch, self.mark, LOOK_BACK, now=self.now)

    def _place(self, row):
        number = int(row.hub_id)
        return (row.changed_at, number) if "changed" in self.order else (number,)

    def _cursor(self, row):
        return self._place(row)

    def _is_behind(self, row, cursor):
        place = self._place(row)
        return place < cursor if self.order.startswith("-") else place > cursor


class Arrivals(Machine):
    """An arrival does not change; ids grow, but may become visible late."""

    def happen(self, what, number):
        super().happen("wait" if what == "change" else what, number)

    def held(self):
        return set(self.stored)

    def expected(self):
        return {f"o{key}" for key in self.rows}

    async def _read(self, size, crash_after, between):
        self.in_this_reading = []
        await super()._read(size, crash_after, between)
        assert len(self.in_this_reading) == len(set(self.in_this_reading))

    def store(self, record):
        self.in_this_reading.append(record.order_id)
        self.stored[record.order_id] = record

    def pages(self, size, between):
        asked = [0]

        async def fetch(address, _params):
            if asked[0] and between:
                for event in between.pop(0):
                    self.happen(*event)
            asked[0] += 1
            below = int(address or 10**9)
            numbers = sorted(
                (number for row in self.visible() if (number := int(row.hub_id)) < below), reverse=True
            )
            rows = [self._order(self.rows[str(number)]) for number in numbers[:size]]
            return rows, str(numbers[size - 1]) if len(numbers) > size else None

        return read_pages(fetch, self.mark, LOOK_BACK, now=self.now)

    @staticmethod
    def _order(row):
        return Order.model_validate(
            {
                "id": row.hub_id,
                "order_id": f"o{row.hub_id}",
                "created_at": row.changed_at.isoformat(),
                "order_details": {"integration": {"id": 1}},
            }
        )


def test_what_changes_during_a_long_reading_does_not_hide_what_was_missed_in_it():
    """Newest first: a parcel made after the first page is missed, then one of the last page changes."""
    hub = Parcels()
    hub.begin(0, "-id")
    hub.live([("add", 0), ("add", 0)])
    hub.read(1, None, [[("add", 0), ("wait", 900), ("change", 0)]])
    hub.teardown()


def test_an_arrival_that_shows_up_late_behind_a_newer_one_is_read():
    hub = Arrivals()
    hub.begin(0, "-id")
    hub.live([("late", 200), ("wait", 60), ("add", 0)])
    hub.read(4, None, [])
    hub.teardown()


EFFORT = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestParcels = Parcels.TestCase
TestParcels.settings = EFFORT
TestArrivals = Arrivals.TestCase
TestArrivals.settings = EFFORT

"""Whatever a described hub's list does between two pages, no arrival is lost and none is doubled."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from zlib import crc32

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from integrations import errors
from integrations.contracts import Target, Watermark
from integrations.generic import paging
from integrations.opening import open_hub

from .remote import LOCAL, NOW, json_reply, remote

pytestmark = pytest.mark.integration
LOOK_BACK_S = 60
LATE_S = st.integers(0, LOOK_BACK_S - 5)

SORTED = {
    "oldest_first": lambda row: (row[1], row[0]),
    "newest_first": lambda row: (-row[1].timestamp(), row[0]),
    "any": lambda row: crc32(row[0].encode()),
}


class Hub:
    """A list of arrivals that is sorted and cut into pages anew for every request."""

    def __init__(self, order, page_size, keeps_since=True):
        self.order = order
        self.page_size = page_size
        self.keeps_since = keeps_since
        self.arrivals = {}
        self.between_pages = lambda: None

    def __call__(self, asked):
        since = asked.query["since"] if self.keeps_since else ""
        rows = [(key, at) for key, at in self.arrivals.items() if at.strftime("%Y-%m-%dT%H:%M:%SZ") >= since]
        rows.sort(key=SORTED[self.order])
        start = int(asked.query.get("from", 0))
        end = start + self.page_size
        found = [
            {"integration_id": 7, "order_id": key, "arrived_at": at.isoformat()}
            for key, at in rows[start:end]
        ]
        following = f"/orders?since={asked.query['since']}&from={end}" if end < len(rows) else None
        self.between_pages()
        return json_reply({"orders": found, "next": following})


def read(hub, since, now, *, pages=None, order=None):
    """(rows by id, the watermark to be stored) after so many pages, or to the end of the list."""

    async def go():
        async with remote(hub) as served:
            source = {"url": served.url + "/orders?since={since}", "items": "orders", "next": "next"}
            described = {
                "integrations": source | {"url": served.url},
                "arrivals": source | {"order": order or hub.order},
                "look_back_s": LOOK_BACK_S,
            }
            stored, mark, count = {}, since, 0
            async with (
                open_hub(Target("hub", served.url, {}, described), "generic", policy=LOCAL) as adapter,
                aclosing(adapter.read_arrivals(since, now=now)) as reading,
            ):
                async for page in reading:
                    stored.update((row.order_id, row.arrived_at) for row in page.records)
                    mark = page.watermark or mark
                    count += 1
                    if count == pages:
                        break
            return stored, mark

    return asyncio.run(go())


class Reading(RuleBasedStateMachine):
    """A hub to which orders come at any time, and a reader that crashes between pages."""

    @initialize(order=st.sampled_from(sorted(SORTED)), page_size=st.integers(1, 4), keeps_since=st.booleans())
    def begin(self, order, page_size, keeps_since):
        self.hub = Hub(order, page_size, keeps_since)
        self.now = NOW
        self.mark = Watermark(NOW - timedelta(hours=2))
        self.stored = {}

    def arrive(self, age_s):
        self.hub.arrivals[f"order-{len(self.hub.arrivals)}"] = self.now - timedelta(seconds=age_s)

    @rule(after_s=st.sampled_from([0.001, 1, 20, 90, 600, 3_600]), count=st.integers(1, 4))
    def orders_come_in_the_same_moment(self, after_s, count):
        self.now += timedelta(seconds=after_s)
        for _number in range(count):
            self.arrive(0)

    @rule(age_s=LATE_S)
    def an_order_is_shown_late(self, age_s):
        self.arrive(age_s)

    @rule(pages=st.integers(1, 3), ages_s=st.lists(LATE_S, max_size=3))
    def the_reader_crashes_after_some_pages(self, pages, ages_s):
        self.read_while_orders_come(ages_s, pages)

    @rule(ages_s=st.lists(LATE_S, max_size=4))
    def all_is_read(self, ages_s):
        before = dict(self.hub.arrivals)
        self.read_while_orders_come(ages_s)
        assert before.items() <= self.stored.items()

    def read_while_orders_come(self, ages_s, pages=None):
        waiting = list(ages_s)
        self.hub.between_pages = lambda: self.arrive(waiting.pop()) if waiting else None
        rows, self.mark = read(self.hub, self.mark, self.now, pages=pages)
        self.hub.between_pages = lambda: None
        self.stored |= rows
        assert self.mark.at <= self.now

    def teardown(self):
        if hasattr(self, "hub"):
            rows, _mark = read(self.hub, self.mark, self.now)
            assert self.stored | rows == self.hub.arrivals


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def history(order, count=60):
    hub = Hub(order, 2)
    for number in range(count):
        hub.arrivals[f"order-{number}"] = NOW - timedelta(minutes=count - number)
    return hub


START = Watermark(NOW - timedelta(days=1))


def test_a_list_from_the_oldest_goes_on_where_it_ended():
    hub = history("oldest_first")
    rows, mark = read(hub, START, NOW, pages=10)
    assert mark.at == max(rows.values())
    rest, end = read(hub, mark, NOW)
    assert rows | rest == hub.arrivals
    assert len(rest) < len(hub.arrivals)
    assert end.at == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("order", ["any", "newest_first"])
def test_other_lists_move_nothing_before_their_end(order):
    assert read(history(order), START, NOW, pages=29)[1] == START
    assert read(history(order), START, NOW)[1].at == NOW - timedelta(minutes=1)


def test_a_list_from_the_newest_is_left_where_what_is_known_begins():
    hub = history("newest_first")
    hub.keeps_since = False
    asked = []
    hub.between_pages = lambda: asked.append(1)
    read(hub, Watermark(NOW - timedelta(minutes=5)), NOW)
    assert len(asked) < 12


@pytest.mark.parametrize("order", ["any", "newest_first"])
def test_a_list_that_is_too_long_is_said_and_moves_nothing(order, monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 20)
    with pytest.raises(errors.UnexpectedAnswer, match="20 pages") as caught:
        read(history(order), START, NOW)
    assert "{since}" in caught.value.remedy


def test_a_long_history_from_the_oldest_is_read_in_one_go(monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 20)
    hub = history("oldest_first", count=100)
    assert read(hub, START, NOW)[0] == hub.arrivals


def test_a_list_that_goes_round_in_circles_is_refused():
    def circle(asked):
        other = "b" if asked.query.get("page") == "a" else "a"
        return json_reply({"orders": [], "next": f"/orders?page={other}"})

    circle.order = "any"
    with pytest.raises(errors.UnexpectedAnswer, match="read already"):
        read(circle, START, NOW)


def test_a_list_that_is_sorted_otherwise_than_described_is_refused():
    with pytest.raises(errors.UnexpectedAnswer, match="order that is described"):
        read(history("newest_first"), START, NOW, order="oldest_first")

"""Reading a Magento shop loses no order and brings none twice, whatever changes meanwhile."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrations.contracts import Watermark
from integrations.errors import UnexpectedAnswer
from integrations.magento import orders
from integrations.magento.orders import LAG, Expectation, Order, OrderReading, Window, record_of
from integrations.magento.search import Listing

from .remote import NOW

pytestmark = pytest.mark.unit
LOOK_BACK = timedelta(seconds=120)
EXPECTED = Expectation(("pending", "processing"))
START = Watermark(NOW - timedelta(hours=1))


@pytest.fixture(autouse=True)
def _nothing_is_found_by_luck(monkeypatch):
    """The look by id would find most changes of so small a shop: the windows must do without."""
    monkeypatch.setattr(orders, "ID_OVERLAP", 0)


@dataclass(frozen=True)
class Row:
    id: int
    created: datetime
    updated: datetime
    status: str = "processing"


class Shop:
    """Answers as Magento does: bounds in naive UTC seconds, rows by id, the count of all that match.

    A row shows itself when it is committed, which may be later than it was stamped.
    """

    def __init__(self):
        self.clock = NOW
        self.rows = {}
        self.uncommitted = []
        self.last_id = 0
        self.requests = 0
        self.before_answer = []

    def place(self, delay=0):
        self.last_id += 1
        self._commit(Row(self.last_id, self.clock, self.clock), delay)

    def change(self, number, delay=0):
        row = self.rows.get(number)
        if row and all(row.id != each.id for _, each in self.uncommitted):
            status = {"processing": "complete", "complete": "closed"}.get(row.status, "processing")
            self._commit(replace(row, updated=self.clock, status=status), delay)

    def _commit(self, row, delay):
        self.uncommitted.append((self.clock + timedelta(seconds=delay), row))
        self.pass_time(0)

    def pass_time(self, seconds):
        self.clock += timedelta(seconds=seconds)
        due = [row for at, row in self.uncommitted if at <= self.clock]
        self.uncommitted = [(at, row) for at, row in self.uncommitted if at > self.clock]
        self.rows.update((row.id, row) for row in due)

    async def fetch(self, params):
        if self.before_answer:
            self.before_answer.pop(0)()
        self.requests += 1
        assert self.requests < 5000, "the reading does not end"
        rows = list(self.rows.values())
        for field, condition, value in conditions(params):
            rows = [row for row in rows if holds(row, field, condition, value)]
        backwards = params["searchCriteria[sortOrders][0][direction]"] == "DESC"
        rows.sort(key=lambda row: row.id, reverse=backwards)
        size = int(params["searchCriteria[pageSize]"])
        listed = [
            Order(
                entity_id=row.id,
                increment_id=f"{row.id:09d}",
                status=row.status,
                created_at=row.created,
                updated_at=row.updated,
            )
            for row in rows[:size]
        ]
        return Listing[Order](items=listed, total_count=len(rows))


def conditions(params):
    number = 0
    while (prefix := f"searchCriteria[filterGroups][{number}][filters][0]") + "[field]" in params:
        yield tuple(params[f"{prefix}[{part}]"] for part in ("field", "conditionType", "value"))
        number += 1


def holds(row, field, condition, value):
    if field == "entity_id":
        return {"gt": row.id > int(value)}[condition]
    moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return {"gteq": row.updated >= moment, "lt": row.updated < moment}[condition]


def reading(shop, size=3, look_back=LOOK_BACK):
    return OrderReading(shop.fetch, lambda: shop.clock, EXPECTED, look_back, size)


def read(shop, since, size=3, look_back=LOOK_BACK):
    async def go():
        return [page async for page in reading(shop, size, look_back).pages(since, now=NOW)]

    return asyncio.run(go())


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
            version = (record.external_id, record.changed_at)
            assert version not in self.seen, "twice in one reading"
            self.seen.add(version)
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


def filled(count, step=1):
    shop = Shop()
    shop.clock -= timedelta(minutes=20)
    for _order in range(count):
        shop.place()
        shop.pass_time(step)
    shop.clock = NOW
    return shop


def found(pages):
    return [record.external_id for page in pages for record in page.records]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 11])
def test_a_first_reading_brings_the_history_once_and_ends_shortly_before_the_shops_present(size):
    shop = filled(10)
    pages = read(shop, START, size)
    assert found(pages) == [str(number) for number in range(1, 11)]
    assert pages[-1].watermark == Watermark(NOW - LAG, "", "10")
    assert all(page.watermark.at == START.at and page.watermark.key for page in pages[:-1])


def test_a_long_reading_goes_on_where_it_was_left_and_not_from_its_beginning():
    shop = filled(10)
    first, second, *_rest = read(shop, START, 3)
    assert found([first, second]) == ["1", "2", "3", "4", "5", "6"]
    shop.change(2)
    shop.pass_time(300)
    pages = read(shop, second.watermark, 3)
    assert found(pages) == ["7", "8", "9", "10", "2"]
    assert pages[-1].watermark.at == shop.clock - LAG


def test_a_new_order_is_seen_at_once_by_its_id():
    shop = filled(3)
    mark = read(shop, START)[-1].watermark
    shop.place()
    assert "4" in found(read(shop, mark))


def test_a_new_order_is_seen_whatever_its_stamps_say():
    shop = filled(3)
    mark = read(shop, START)[-1].watermark
    shop.last_id += 1
    shop.rows[4] = Row(4, NOW - timedelta(days=300), NOW - timedelta(days=300))
    assert "4" in found(read(shop, mark))


def test_many_orders_of_one_second_come_once_each():
    shop = filled(25, step=0)
    for size in (1, 4, 25):
        assert found(read(shop, START, size)) == [str(number) for number in range(1, 26)]


def test_a_clock_that_is_put_back_between_readings_opens_no_hole():
    shop = filled(3)
    mark = read(shop, START)[-1].watermark
    shop.clock -= timedelta(hours=1)
    shop.change(2)
    shop.pass_time(90)
    pages = read(shop, mark)
    assert "2" in found(pages)
    assert pages[-1].watermark.at == shop.clock - LAG


def test_a_clock_that_is_put_back_during_a_reading_opens_no_hole():
    shop = filled(9)

    def put_back():
        shop.clock -= timedelta(minutes=10)
        shop.change(1)

    shop.before_answer = [lambda: None, lambda: None, put_back, lambda: shop.pass_time(300)]
    pages = read(shop, START, 3)
    stored = {record.external_id: record.status for page in pages for record in page.records}
    shop.pass_time(70)
    for page in read(shop, pages[-1].watermark, 3):
        stored.update((record.external_id, record.status) for record in page.records)
    assert stored == {str(row.id): row.status for row in shop.rows.values()}


def test_a_shop_without_orders_is_read_to_its_present():
    pages = read(Shop(), START)
    assert [(list(page.records), page.watermark) for page in pages] == [([], Watermark(NOW - LAG))]


def test_a_shop_that_gives_fewer_rows_than_asked_for_is_read_to_the_end():
    shop = filled(9)
    whole = shop.fetch

    async def capped(params):
        listing = await whole(params)
        return Listing[Order](items=listing.items[:2], total_count=listing.total_count)

    shop.fetch = capped
    assert found(read(shop, START, 100)) == [str(number) for number in range(1, 10)]


@pytest.mark.parametrize("ids", [[3, 2, 1], [1, 1], []])
def test_a_list_that_is_not_what_was_asked_for_is_refused(ids):
    shop = filled(3)

    async def odd(params):
        return Listing[Order](items=[Order(entity_id=number) for number in ids], total_count=9)

    shop.fetch = odd
    with pytest.raises(UnexpectedAnswer):
        read(shop, START)


def test_a_key_of_another_kind_is_no_window():
    assert Window.of_key("") is None
    assert Window.of_key("7") is None
    window = Window(NOW, 12)
    assert Window.of_key(window.key) == window


ORDER = Order(entity_id=7, increment_id="000000007", status="processing", created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("changed", "expectation", "reason"),
    [
        ({}, EXPECTED, ""),
        ({"status": "complete"}, EXPECTED, "status complete"),
        ({"is_virtual": 1}, EXPECTED, "nothing to ship"),
        ({"store_id": 2}, Expectation(("processing",), (1,)), "store view 2"),
        ({"store_id": 1}, Expectation(("processing",), (1,)), ""),
    ],
)
def test_an_order_no_hub_imports_says_why(changed, expectation, reason):
    record = record_of(ORDER.model_copy(update=changed), expectation)
    assert (record.expected, record.unexpected_reason) == (not reason, reason)


def test_an_order_is_importable_from_its_placing_or_from_its_first_imported_status():
    order = Order.model_validate(
        {
            **ORDER.model_dump(),
            "status_histories": [
                {"status": "pending", "created_at": "2026-11-22 12:00:00"},
                {"status": "processing", "created_at": "2026-11-22 13:00:00"},
                {"status": "processing", "created_at": "2026-11-22 14:00:00"},
            ],
        }
    )
    assert record_of(order, EXPECTED).eligible_at == NOW
    paid_only = Expectation(("processing",))
    assert record_of(order, paid_only).eligible_at == NOW + timedelta(hours=1)
    assert "status_histories" in paid_only.fields
    assert "status_histories" not in EXPECTED.fields


def test_an_order_without_usable_times_is_left_out():
    assert record_of(Order(entity_id=1, created_at="0000-00-00 00:00:00"), EXPECTED) is None

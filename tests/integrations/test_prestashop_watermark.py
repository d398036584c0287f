"""Reading a PrestaShop shop loses no order and no change, whatever happens meanwhile, in either DST night.

The shop below keeps nothing but wall-clock texts, as the real one does.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from integrations.contracts import Watermark
from integrations.errors import UnexpectedAnswer
from integrations.prestashop import orders as reading_of_orders
from integrations.prestashop.orders import Listing, OrderReading, Row, Rules
from integrations.prestashop.states import State
from integrations.prestashop.times import ShopClock, as_text

pytestmark = pytest.mark.unit
STATES = {
    2: State(id=2, name="Payment accepted", paid=True),
    4: State(id=4, name="Shipped", paid=True, shipped=True),
}
LOOK_BACK = timedelta(minutes=10)
NIGHTS = [
    ("Europe/Amsterdam", datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),
    ("Europe/Amsterdam", datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 5, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 6, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 0, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 5, 2, 0, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
]
"""Half an hour to an hour before the clocks change."""


OVERLAP = 2


@pytest.fixture(autouse=True, scope="module")
def short_look_by_id():
    """Else the few orders of these shops would all be found by id, however wrong the windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_of_orders, "ID_OVERLAP", OVERLAP)
        yield


@dataclass
class Order:
    id: int
    created: datetime
    changed: datetime
    state: int = 2
    visible_at: datetime | None = None


class Shop:
    """Answers as the webservice does: texts of the local clock, closed intervals, paging by id."""

    def __init__(self, zone, now):
        self.clock = ShopClock(ZoneInfo(zone))
        self.now = now
        self.orders: dict[int, Order] = {}
        self.between = lambda: None
        self.requests = 0

    def add(self, late=timedelta(0)):
        number = max(self.orders, default=0) + 1
        self.orders[number] = Order(number, self.now, self.now, visible_at=self.now + late)
        return number

    def change(self, number, state):
        order = self.orders[number]
        if self.shows(order):
            order.changed, order.state = self.now, state

    def shows(self, order):
        return order.visible_at is None or order.visible_at <= self.now

    def row(self, order):
        wall = [
            moment.astimezone(self.clock.zone).replace(tzinfo=None)
            for moment in (order.created, order.changed)
        ]
        return Row(
            id=order.id,
            reference=f"R{order.id}",
            current_state=order.state,
            date_add=as_text(wall[0].replace(microsecond=0)),
            date_upd=as_text(wall[1].replace(microsecond=0)),
        )

    async def fetch(self, params):
        if self.requests:
            self.between()
        self.requests += 1
        assert self.requests < 2000, "the reading does not end"
        rows = [self.row(order) for order in self.orders.values() if self.shows(order)]
        number = params.get("filter[id]", ">[0]")
        floor = int(number.strip(">[]"))
        rows = [row for row in rows if (row.id > floor if number.startswith(">") else row.id == floor)]
        if "filter[date_upd]" in params:
            assert params["date"] == "1"
            low, high = params["filter[date_upd]"].strip("[]").split(",")
            assert len(low) == len(high) == 19
            rows = [row for row in rows if low <= as_text(row.date_upd) <= high]
        if params.get("sort", "").startswith("[date_upd_DESC"):
            rows.sort(key=lambda row: as_text(row.date_upd), reverse=True)
        else:
            rows.sort(key=lambda row: row.id, reverse="DESC" in params.get("sort", ""))
        rows = rows[: int(params["limit"])]
        return Listing(rows, len(rows), self.now)

    def reading(self, page_size, assumed=None):
        clock = ShopClock(ZoneInfo(assumed)) if assumed else self.clock
        rules = Rules(clock, assumed is None, STATES, (), LOOK_BACK, page_size)
        self.requests = 0
        return OrderReading(self.fetch, rules)


class Store:
    """Stores page by page, as the product does: with the watermark, never an older change over a newer."""

    def __init__(self, since):
        self.mark = Watermark(since)
        self.known = {}

    def read(self, shop, page_size, *, pages=None, assumed=None):
        async def go():
            seen = set()
            number = 0
            async for page in shop.reading(page_size, assumed).pages(self.mark):
                for record in page.records:
                    mark = (record.external_id, record.changed_at, record.status)
                    assert mark not in seen, "twice in one reading"
                    seen.add(mark)
                    held = self.known.get(record.external_id)
                    if held is None or record.changed_at >= held.changed_at:
                        self.known[record.external_id] = record
                self.mark = page.watermark or self.mark
                number += 1
                if number == pages:
                    return

        asyncio.run(go())

    def states(self):
        return {number: int(record.status.split()[0]) for number, record in self.known.items()}


def as_it_is(shop):
    return {str(order.id): order.state for order in shop.orders.values() if shop.shows(order)}


steps = st.integers(0, 900).map(lambda seconds: timedelta(seconds=seconds))
MINUTE = timedelta(minutes=1)


class Reading(RuleBasedStateMachine):
    """Orders come, change, show up late; readings are cut off between pages; the clocks change."""

    @initialize(night=st.sampled_from(NIGHTS), orders=st.integers(0, 8))
    def begin(self, night, orders):
        self.shop = Shop(*night)
        self.store = Store(self.shop.now - timedelta(hours=1))
        for _ in range(orders):
            self.shop.add()

    @rule(count=st.integers(1, 6))
    def order(self, count):
        for _ in range(count):
            self.shop.add()

    @rule(late=st.integers(1, 540))
    def order_that_shows_late(self, late):
        self.shop.add(timedelta(seconds=late))

    @rule(pick=st.integers(0, 1000), state=st.sampled_from([2, 4]))
    def change(self, pick, state):
        if self.shop.orders:
            self.shop.change(pick % len(self.shop.orders) + 1, state)

    @rule(step=steps)
    def wait(self, step):
        self.shop.now += step

    @rule(
        page_size=st.integers(1, 5), pages=st.integers(1, 4), picks=st.lists(st.integers(0, 1000), max_size=6)
    )
    def read_until_cut_off(self, page_size, pages, picks):
        self._meddle(picks)
        self.store.read(self.shop, page_size, pages=pages)
        self.shop.between = lambda: None

    @rule(page_size=st.integers(1, 5), picks=st.lists(st.integers(0, 1000), max_size=12))
    def read_while_orders_change(self, page_size, picks):
        self._meddle(picks)
        self.store.read(self.shop, page_size)
        self.shop.between = lambda: None

    def _meddle(self, picks):
        def between():
            self.shop.now += timedelta(seconds=len(picks))
            if picks:
                pick = picks.pop()
                if self.shop.orders and pick % 3:
                    self.shop.change(pick % len(self.shop.orders) + 1, 2 if pick % 2 else 4)
                else:
                    self.shop.add()

        self.shop.between = between

    @rule()
    def settle(self):
        """Whatever came before: once all is visible and read, what is stored is what the shop has."""
        if hasattr(self, "shop"):
            self.shop.now += LOOK_BACK + 2 * MINUTE
            self.store.read(self.shop, 3)
            assert self.store.states() == as_it_is(self.shop)

    teardown = settle


Reading.TestCase.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestReading = Reading.TestCase
TestReading.pytestmark = [pytest.mark.unit]


@settings(max_examples=30, deadline=None)
@given(
    night=st.sampled_from(NIGHTS),
    minutes=st.lists(st.integers(0, 240), min_size=1, max_size=30),
    every=st.integers(1, 45),
    page_size=st.integers(1, 7),
)
def test_a_whole_night_is_read_order_by_order(night, minutes, every, page_size):
    """Every order is placed at one minute of the night and changed an hour later, and read every so often."""
    zone, start = night
    shop, store = Shop(zone, start), Store(start)
    plan = sorted(minutes)
    placed = []
    for minute in range(0, 320):
        shop.now = start + minute * MINUTE
        placed += [(shop.add(), minute) for due in plan if due == minute]
        for number, at in placed:
            if minute == at + 60:
                shop.change(number, 4)
        if minute % every == 0:
            store.read(shop, page_size)
    shop.now += 2 * MINUTE
    store.read(shop, page_size)
    assert store.states() == as_it_is(shop)


@settings(max_examples=30, deadline=None)
@given(
    true_zone=st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "UTC"]),
    assumed=st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "UTC"]),
    changes=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30)), max_size=20),
)
def test_a_wrong_zone_of_an_operator_makes_times_wrong_but_loses_nothing(true_zone, assumed, changes):
    shop = Shop(true_zone, datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
    store = Store(shop.now - timedelta(days=1))
    for _ in range(6):
        shop.add()
    for pick, minutes in changes:
        shop.now += minutes * MINUTE
        store.read(shop, 3, assumed=assumed)
        shop.change(pick + 1, 4 if minutes % 2 else 2)
    shop.now += timedelta(hours=14)
    store.read(shop, 3, assumed=assumed)
    assert store.states() == as_it_is(shop)


def quiet_shop():
    return Shop("Europe/Amsterdam", datetime(2026, 11, 22, 12, 0, tzinfo=UTC))


def test_a_quiet_shop_is_read_up_to_a_minute_ago():
    shop = quiet_shop()
    store = Store(shop.now - timedelta(hours=1))
    store.read(shop, 3)
    assert store.mark == Watermark(shop.now - MINUTE)


def test_a_long_reading_that_was_cut_off_goes_on_where_it_was():
    shop = quiet_shop()
    for _ in range(120):
        shop.add()
    shop.now += timedelta(minutes=5)
    store = Store(shop.now - timedelta(hours=1))
    store.read(shop, 10, pages=4)
    assert store.mark.at == shop.now - timedelta(hours=1), "only whole windows move it"
    assert len(store.known) == OVERLAP + 30
    store.read(shop, 10)
    assert len(store.known) == 120
    assert store.mark.key == ""


def test_an_order_that_shows_late_is_found_by_the_look_back():
    shop = quiet_shop()
    late = shop.add(timedelta(minutes=9))
    for _ in range(OVERLAP + 1):
        shop.add()
    store = Store(shop.now - timedelta(hours=1))
    for _ in range(5):
        shop.now += 2 * MINUTE
        store.read(shop, 3)
    assert str(late) in store.known


def test_a_shops_clock_that_is_set_back_hides_no_change():
    shop = quiet_shop()
    for _ in range(OVERLAP + 1):
        shop.add()
    shop.now += 2 * MINUTE
    store = Store(shop.now - timedelta(hours=1))
    store.read(shop, 3)
    for order in shop.orders.values():
        order.visible_at = None
    shop.now -= timedelta(hours=3)
    shop.change(1, 4)
    shop.now += 2 * MINUTE

    async def read():
        return [record async for page in shop.reading(3).pages(store.mark) for record in page.records]

    assert ("1", "4 Shipped") in {(record.external_id, record.status) for record in asyncio.run(read())}


def test_an_empty_list_is_not_believed_against_an_order_that_should_be_in_it():
    shop = quiet_shop()
    shop.add()
    shop.now += timedelta(minutes=5)

    class Deaf(Shop):
        async def fetch(self, params):
            listing = await Shop.fetch(self, params)
            return Listing([], 0, self.now) if "filter[date_upd]" in params else listing

    shop.__class__ = Deaf
    with pytest.raises(UnexpectedAnswer, match="leaves out an order"):
        Store(shop.now - timedelta(hours=1)).read(shop, 3)


def test_a_server_that_ignores_the_question_is_not_believed():
    shop = quiet_shop()
    for _ in range(OVERLAP + 10):
        shop.add()
    store = Store(shop.now)
    store.read(shop, 100)

    class Deaf(Shop):
        async def fetch(self, params):
            return await Shop.fetch(
                self, {name: value for name, value in params.items() if "filter" not in name}
            )

    shop.__class__ = Deaf
    with pytest.raises(UnexpectedAnswer, match="does not list orders as it was asked"):
        store.read(shop, 100)


def test_what_is_paid_and_not_shipped_is_expected_and_everything_else_says_why_not():
    shop = quiet_shop()
    for state in (2, 4, 77):
        shop.change(shop.add(), state)
    shop.now += 2 * MINUTE
    store = Store(shop.now - timedelta(hours=1))
    store.read(shop, 3)
    first, second, third = (store.known[number] for number in "123")
    assert first.expected
    assert first.number == "R1"
    assert second.unexpected_reason == "status 4 Shipped"
    assert third.unexpected_reason == "status 77"


def test_the_hour_that_comes_twice_is_told_apart_when_it_is_read_in_time():
    shop = Shop("Europe/Amsterdam", datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    shop.add()
    store = Store(shop.now - timedelta(hours=1))
    store.read(shop, 3)
    assert store.known["1"].ordered_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    shop.now += timedelta(hours=1)
    shop.add()
    shop.change(1, 4)
    shop.now += MINUTE
    store.read(shop, 3)
    assert store.known["2"].ordered_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert store.known["1"].ordered_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert store.known["1"].changed_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

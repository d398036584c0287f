"""Reading a Magento shop: windows, the look by id, and which orders are waited for."""

from datetime import timedelta

import pytest

from integrations.contracts import Watermark
from integrations.errors import UnexpectedAnswer
from integrations.magento import orders
from integrations.magento.orders import LAG, Expectation, Order, Window, record_of
from integrations.magento.search import Listing

from .magento_shop import EXPECTED, START, Row, Shop, read
from .remote import NOW

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _nothing_is_found_by_luck(monkeypatch):
    """The look by id would find most changes of so small a shop: the windows must do without."""
    monkeypatch.setattr(orders, "ID_OVERLAP", 0)


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


def test_an_order_that_changes_in_the_second_in_which_it_was_placed_comes_again_in_the_same_reading():
    shop = filled(3)
    mark = read(shop, START)[-1].watermark
    shop.place()
    shop.change(4, delay=181)
    shop.pass_time(180)
    shop.before_answer += [lambda: None, lambda: shop.pass_time(1)]  # committed after the look by id
    statuses = [record.status for page in read(shop, mark) for record in page.records]
    assert statuses == ["processing", "complete"]


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

"""The range of time and the part of the fleet are in the address, whatever stands there."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.charts.hours import DAY, HOUR
from monitor.dashboard.looking import LONGEST, SHORTEST, Look

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)


def look(address: str = "") -> Look:
    return Look.of(dict(parse_qsl(address)), NOW)


@pytest.mark.parametrize(
    ("address", "hours"), [("", 24), ("range=6h", 6), ("range=7d", 168), ("span=7d", 168), ("range=1y", 24)]
)
def test_a_range_ends_now(address, hours) -> None:
    seen = look(address)
    assert (seen.start_at, seen.end_at) == (NOW - timedelta(hours=hours), NOW)


def test_from_one_moment_to_another_stays_whatever_the_time_is() -> None:
    seen = look("from=2026-11-20T08:00Z&to=2026-11-20T12:00Z")
    assert seen.span == timedelta(hours=4)
    assert seen.range == ""
    assert look(seen.query) == seen


def test_what_lies_in_the_future_or_backwards_is_put_right() -> None:
    assert look("from=2026-11-22T08:00Z&to=2027-01-01T00:00Z").end_at == NOW
    assert look("from=2026-11-20T08:00Z&to=2026-11-20T07:00Z").span == SHORTEST
    assert look("from=2030-01-01T00:00Z").range == "24h"


def test_long_times_are_drawn_by_the_day() -> None:
    assert look("range=7d").step == HOUR
    assert look("range=30d").step == DAY


def test_links_keep_everything_but_what_they_change() -> None:
    seen = look("range=7d&tag=vip&by=hub")
    assert dict(parse_qsl(seen.but(tag=""))) == {"range": "7d", "by": "hub"}
    assert dict(parse_qsl(seen.at(NOW - HOUR, NOW))) == {
        "from": "2026-11-22T11:42Z", "to": "2026-11-22T12:42Z", "tag": "vip", "by": "hub",
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(["range", "from", "to", "by", "within", "tag", "hub"]), st.text()))
def test_any_address_is_read_and_written_back_the_same(given_words) -> None:
    seen = Look.of(given_words, NOW)
    assert SHORTEST <= seen.span <= LONGEST
    again = Look.of(dict(parse_qsl(seen.query)), NOW)
    assert again.query == seen.query

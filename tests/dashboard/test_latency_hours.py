"""Latency by hour never looks better because orders are still waiting."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.charts.hours import HOUR, hours_of
from monitor.health.sketch import sketch_of

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)
TWELVE = NOW.replace(minute=0)
START = TWELVE - 3 * HOUR


def at(hours: int, minutes: int = 0) -> datetime:
    return datetime(2026, 11, 22, hours, minutes, tzinfo=UTC)


def test_there_is_one_for_every_hour_with_or_without_orders() -> None:
    hours = hours_of({}, [], start=START, now=NOW)
    assert [hour.start_at for hour in hours] == [at(9), at(10), at(11), at(12)]
    assert all(hour.half is None and hour.backlog_s is None for hour in hours)


def test_quantiles_are_those_of_the_orders_placed_in_the_hour() -> None:
    hours = hours_of({at(10): sketch_of([60] * 95 + [600] * 5)}, [], start=START, now=NOW)
    assert hours[1].arrived == 100
    assert hours[1].half.value_s == pytest.approx(60, rel=0.02)
    assert hours[1].tail.value_s == pytest.approx(60, rel=0.02)


def test_waiting_orders_count_as_at_least_this_long() -> None:
    hours = hours_of({at(11): sketch_of([60] * 10)}, [(at(11, 42), 30)], start=START, now=NOW)
    assert hours[2].waiting == 30
    assert hours[2].half.is_lower_bound
    assert hours[2].half.value_s == pytest.approx(3600, rel=0.02)


def test_an_old_backlog_grows_hour_by_hour_although_nothing_new_is_placed() -> None:
    hours = hours_of({}, [(at(8, 12), 1)], start=START, now=NOW)
    minutes = [round(hour.backlog_s / 60) for hour in hours]
    assert minutes == [108, 168, 228, 270]


def test_orders_that_came_late_are_the_backlog_of_the_hours_they_waited_through() -> None:
    hours = hours_of({at(9): sketch_of([2 * 3600])}, [], start=START, now=NOW)
    assert [hour.backlog_s is not None for hour in hours] == [True, True, True, False]


@given(
    latencies=st.lists(st.floats(1, 7200), max_size=30),
    waiting=st.lists(st.integers(1, 700), max_size=20),
)
def test_more_waiting_orders_never_lower_a_quantile(latencies, waiting) -> None:
    sketches = {at(11): sketch_of(latencies)}
    bins = [(NOW - timedelta(minutes=minutes), 1) for minutes in waiting]
    without = hours_of(sketches, [], start=START, now=NOW)
    with_backlog = hours_of(sketches, bins, start=START, now=NOW)
    for before, after in zip(without, with_backlog, strict=True):
        if before.half and before.half.value_s < 60:
            assert after.half.value_s >= before.half.value_s * 0.98
        assert (after.backlog_s or 0) >= (before.backlog_s or 0)

"""Orders come by chance, with the profile that was asked for."""

from random import Random
from statistics import mean, variance

import pytest

from monitor.laboratory.traffic import DAY, HOUR, WEEK, Traffic, poisson

pytestmark = pytest.mark.unit


def traffic(shape: str = "day", per_week: float = 700, **more) -> Traffic:
    fields = {"weekend": 1.0, "shift_h": 0, "dst_day": -1} | more
    return Traffic(Random(7), per_week, shape, **fields)


@pytest.mark.parametrize("expected", [0.3, 4.0, 90.0])
def test_counts_scatter_as_much_as_their_mean(expected):
    rng = Random(3)
    counts = [poisson(rng, expected) for _ in range(4_000)]
    assert mean(counts) == pytest.approx(expected, rel=0.05)
    assert variance(counts) == pytest.approx(expected, rel=0.1)


def test_one_order_after_another_gives_the_same_rate_as_counting():
    one = traffic()
    moment, orders = 0.0, 0
    while (moment := one.first_after(moment, 20 * WEEK)) < 20 * WEEK:
        orders += 1
    assert orders == pytest.approx(14_000, rel=0.03)


@pytest.mark.parametrize("shape", ["day", "evening", "office", "flat"])
def test_a_week_has_as_many_orders_as_asked_for_and_more_by_day_than_by_night(shape):
    one = traffic(shape)
    assert one.expected(0, WEEK) == pytest.approx(700)
    night, day = one.expected(2 * HOUR, 4 * HOUR), one.expected(14 * HOUR, 16 * HOUR)
    assert night == pytest.approx(day) if shape == "flat" else night < day / 5


def test_a_campaign_a_holiday_and_a_weekend_change_the_rate():
    one = traffic("flat", weekend=0.5, special={1: 6.0, 2: 0.05})
    usual = one.expected(0, DAY)
    assert one.expected(DAY, 2 * DAY) == pytest.approx(6 * usual)
    assert one.expected(2 * DAY, 3 * DAY) == pytest.approx(0.05 * usual)
    assert one.expected(5 * DAY, 6 * DAY) == pytest.approx(0.5 * usual)


def test_the_clocks_put_back_move_the_day_by_an_hour():
    before, after = traffic(), traffic(dst_day=7)
    assert after.rate(WEEK + 9 * HOUR) == before.rate(10 * HOUR)
    assert after.rate(9 * HOUR) == before.rate(9 * HOUR)

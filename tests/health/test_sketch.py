"""Quantiles from sketches: how exact they are, and what waiting orders do to them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.health.sketch import (
    ACCURACY,
    LONGEST_S,
    Sketch,
    bucket,
    estimate,
    kaplan_meier_quantile,
    merge,
    quantile,
    sketch_of,
)

pytestmark = pytest.mark.unit

latencies = st.lists(st.floats(1, LONGEST_S), min_size=1, max_size=60)
ages = st.lists(st.floats(0, LONGEST_S * 2), max_size=40)
quantiles = st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.95, 0.99])


def nearest_rank(values, q):
    return sorted(values)[max(1, math.ceil(q * len(values) - 1e-9)) - 1]


@given(latencies, quantiles)
def test_every_quantile_is_within_one_percent(values, q):
    assert quantile(sketch_of(values), q) == pytest.approx(nearest_rank(values, q), rel=ACCURACY * 1.0001)


@given(st.lists(latencies, max_size=5))
def test_merging_sketches_is_sketching_everything_at_once(parts):
    assert merge(map(sketch_of, parts)) == sketch_of(value for part in parts for value in part)


@given(latencies, quantiles)
def test_without_waiting_orders_both_quantiles_agree(values, q):
    sketch = sketch_of(values)
    answer = kaplan_meier_quantile(sketch, [], q)
    assert (answer.value_s, answer.is_lower_bound) == (quantile(sketch, q), False)


@given(latencies, ages, quantiles)
def test_waiting_orders_never_make_it_look_better(values, waiting, q):
    sketch = sketch_of(values)
    assert kaplan_meier_quantile(sketch, waiting, q).value_s >= quantile(sketch, q)


@given(latencies, st.lists(st.floats(LONGEST_S, LONGEST_S), min_size=1, max_size=80), quantiles)
def test_orders_that_wait_longest_count_as_slowest(values, waiting, q):
    answer = kaplan_meier_quantile(sketch_of(values), waiting, q)
    assert answer.is_lower_bound == (math.ceil(q * (len(values) + len(waiting)) - 1e-9) > len(values))


def test_a_quantile_that_is_not_reached_says_at_least():
    arrived = sketch_of([60.0] * 10)
    answer = kaplan_meier_quantile(arrived, [3600.0] * 30, 0.95)
    assert answer.is_lower_bound
    assert answer.value_s == pytest.approx(3600, rel=0.01)
    assert not kaplan_meier_quantile(arrived, [3600.0] * 30, 0.2).is_lower_bound


def test_a_textbook_curve():
    """6 arrive, 3 are still waiting: the steps of Kaplan and Meier, worked out by hand."""
    arrived = sketch_of([60, 120, 120, 300, 600, 1200])
    waiting = [90.0, 300.0, 700.0]
    # Survival after 60: 8/9, 120: 8/9 * 5/7, 300: * 4/5, 600: * 2/3, 1200: 0.
    for q, expected in [(0.1, 60), (0.36, 120), (0.37, 300), (0.49, 300), (0.5, 600), (0.67, 1200)]:
        assert kaplan_meier_quantile(arrived, waiting, q).value_s == pytest.approx(expected, rel=0.01), q


def test_no_order_has_no_quantile():
    assert quantile(Sketch(), 0.5) is None
    assert kaplan_meier_quantile(Sketch(), [], 0.5) is None
    assert kaplan_meier_quantile(Sketch(), [500.0], 0.5).is_lower_bound


def test_numbers_stay_small_and_extremes_are_clamped():
    assert [bucket(x) for x in (-5, 0, 1, LONGEST_S, 1e12)] == [0, 0, 0, 666, 666]
    assert estimate(bucket(LONGEST_S)) == pytest.approx(LONGEST_S, rel=0.01)


def test_rounding_does_not_move_the_rank():
    assert quantile(sketch_of(range(1, 101)), 0.07) == pytest.approx(7, rel=0.01)

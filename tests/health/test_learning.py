"""What is usual: tolerance, rhythm, and how long silence may last."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from monitor.health.learning import default_tolerance, learn_rhythm, learn_tolerance, silence_profile
from monitor.health.records import SilenceProfile
from monitor.health.silence import alarm_below, expected_orders, silence_probability
from monitor.health.sketch import sketch_of
from tests.health.world import NOON

pytestmark = pytest.mark.unit

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def every(minutes, count, start=NOON):
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


@pytest.mark.parametrize(("rhythm_min", "minutes"), [(5, 60), (15, 60), (30, 90), (60, 180), (360, 360)])
def test_a_hub_that_comes_rarely_has_time_for_three_rounds_while_too_few_orders_are_known(
    rhythm_min, minutes
):
    assert default_tolerance(timedelta(minutes=rhythm_min)) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("latency_s", "orders", "tolerance"),
    [
        (900, 40, timedelta(seconds=2700)),
        (20, 40, timedelta(minutes=10)),
        (86_400, 40, timedelta(hours=6)),
        (900, 29, None),
        (900, 0, None),
    ],
)
def test_the_tolerance_is_three_times_the_slowest_usual_latency(latency_s, orders, tolerance):
    days = [sketch_of([latency_s] * (orders // 2)), sketch_of([latency_s] * (orders - orders // 2))]
    learned = learn_tolerance(days)
    assert learned == (None if tolerance is None else pytest.approx(tolerance, abs=tolerance * 0.01))


def test_an_outage_does_not_teach_that_waiting_is_usual():
    usual = [sketch_of([60.0] * 98 + [240.0] * 2) for _ in range(12)]
    outages = [sketch_of([60.0] * 60 + [4 * 3600.0] * 40), sketch_of([9 * 3600.0] * 100)]
    learned = learn_tolerance([*outages, *usual])
    assert learned == pytest.approx(timedelta(minutes=12), abs=timedelta(seconds=10))


def test_slowness_that_comes_every_weekend_is_usual():
    workdays = [sketch_of([60.0] * 100) for _ in range(10)]
    weekends = [sketch_of([60.0] * 50 + [1200.0] * 50) for _ in range(4)]
    assert learn_tolerance([*workdays, *weekends]) == pytest.approx(
        timedelta(hours=1), abs=timedelta(minutes=1)
    )


def test_the_rhythm_is_the_median_gap_between_fetches():
    fetches = every(15, 20)
    assert learn_rhythm(fetches) == timedelta(minutes=15)
    assert learn_rhythm([*fetches, fetches[-1] + timedelta(hours=9)]) == timedelta(minutes=15)
    assert learn_rhythm(random.Random(1).sample(fetches * 2, 40)) == timedelta(minutes=15)


def test_the_rhythm_comes_from_bursts_of_arrivals_when_fetches_are_unknown():
    arrivals = [at + timedelta(seconds=i) for at in every(15, 40) for i in range(3)]
    skipping = [at for i, at in enumerate(arrivals) if i % 7]
    assert learn_rhythm([], arrivals) == pytest.approx(timedelta(minutes=15), abs=timedelta(seconds=5))
    assert learn_rhythm([], skipping) == pytest.approx(timedelta(minutes=15), abs=timedelta(seconds=5))


def test_a_rhythm_is_not_guessed_from_too_little():
    assert learn_rhythm(every(15, 3), every(15, 10)) is None


def test_a_profile_knows_day_from_night():
    counts = [40.0 if 8 <= hour % 24 < 20 else 0.0 for hour in range(168)]
    profile = silence_profile(counts, weeks=4)
    assert sum(profile.mean_per_hour) == pytest.approx(sum(counts) / 4)
    night, day = (
        silence_probability(profile, MONDAY + start * HOUR, MONDAY + (start + 4) * HOUR) for start in (22, 34)
    )
    assert night > 0.5
    assert day < 1e-9


def test_expected_orders_count_parts_of_hours_and_whole_weeks():
    profile = SilenceProfile(tuple(float(hour) for hour in range(168)), weeks=4)
    half_past = MONDAY + HOUR / 2
    assert expected_orders(profile, half_past, half_past + HOUR) == pytest.approx(0.5)
    two_weeks = expected_orders(profile, half_past, half_past + timedelta(weeks=2))
    assert two_weeks == pytest.approx(2 * sum(range(168)))
    assert expected_orders(profile, half_past, MONDAY) == 0


def test_few_weeks_and_bursts_make_the_same_silence_less_surprising():
    def probability(**how):
        profile = SilenceProfile((5.0,) * 168, **how)
        return silence_probability(profile, MONDAY, MONDAY + 3 * HOUR)

    assert probability(weeks=1) > probability(weeks=4) > probability(weeks=100)
    assert probability(weeks=4, burst=3) > probability(weeks=4)
    assert probability(weeks=1e6) == pytest.approx(2.718281828**-15, rel=0.01)


@pytest.mark.parametrize(("per_day", "burst"), [(24, 1), (240, 1), (240, 6)])
def test_false_alarms_stay_within_their_budget(per_day, burst):
    """Ten years of a healthy shop, learned from four weeks: at most one alarm in 90 days."""
    chance = random.Random(7)
    rate = per_day / 24

    def arrivals(hours):
        at, found = 0.0, []
        while at < hours:
            at += chance.expovariate(rate / burst)
            found += [at] * burst
        return [at for at in found if at < hours]

    counts = [0.0] * 168
    for at in arrivals(4 * 168):
        counts[int(at) % 168] += 1
    profile = silence_profile(counts, weeks=4)
    threshold = alarm_below(profile)
    days, alarms, last = 3600, 0, 0.0
    for at in arrivals(days * 24):
        # Only long gaps can be alarms: asking about every one would take long.
        if (at - last) * rate / burst > 3:
            quiet = silence_probability(profile, MONDAY + last * HOUR, MONDAY + at * HOUR)
            alarms += quiet < threshold
        last = at
    assert alarms <= days / 90


def test_a_real_silence_of_a_busy_shop_is_noticed_within_hours():
    profile = SilenceProfile((10.0,) * 168, weeks=4)
    assert silence_probability(profile, MONDAY, MONDAY + 2 * HOUR) < alarm_below(profile)

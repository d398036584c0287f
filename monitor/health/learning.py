"""What is usual for an integration: its tolerance, its hub's rhythm, its weekly profile."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, median, variance

from monitor.health.records import SilenceProfile
from monitor.health.silence import HOURS_PER_WEEK, hour_of_week
from monitor.health.sketch import Sketch, merge, quantile

DEFAULT_TOLERANCE = timedelta(minutes=60)
DEFAULT_RHYTHM = timedelta(minutes=15)
SHORTEST_TOLERANCE = timedelta(minutes=10)
LONGEST_TOLERANCE = timedelta(hours=6)
SHORTEST_RHYTHM = timedelta(minutes=1)
LONGEST_RHYTHM = timedelta(hours=6)
ENOUGH_ORDERS = 30
ENOUGH_FETCHES = 6
ENOUGH_BURSTS = 20
_SAME_BURST = timedelta(seconds=30)
_HOUR = timedelta(hours=1)
_WEEK = timedelta(weeks=1)


def learn_tolerance(day_sketches: Iterable[Sketch]) -> timedelta | None:
    """Three times the p99 latency of the given days, within 10 min and 6 h.

    None with fewer than 30 orders: their p99 is their slowest one.
    """
    days = merge(day_sketches)
    slowest_s = quantile(days, 0.99)
    if slowest_s is None or days.n < ENOUGH_ORDERS:
        return None
    return _within(SHORTEST_TOLERANCE, timedelta(seconds=round(3 * slowest_s)), LONGEST_TOLERANCE)


def learn_rhythm(fetched_at: Sequence[datetime], arrived_at: Sequence[datetime] = ()) -> timedelta | None:
    """How often the hub fetches while healthy, from 1 min to 6 h; None when too little is known.

    :param fetched_at: distinct values of ``last_fetched_at``, any order: their median gap.
    :param arrived_at: arrivals, for when there are too few of those: orders come in one burst per
        fetch, but not in every fetch, so it is the lower quartile of the gaps between bursts.
    """
    fetches = sorted(set(fetched_at))
    if len(fetches) >= ENOUGH_FETCHES:
        return _within(SHORTEST_RHYTHM, _median(_gaps(fetches)), LONGEST_RHYTHM)
    bursts = [gap for gap in _gaps(sorted(arrived_at)) if gap > _SAME_BURST]
    if len(bursts) < ENOUGH_BURSTS:
        return None
    return _within(SHORTEST_RHYTHM, sorted(bursts)[len(bursts) // 4], LONGEST_RHYTHM)


def learn_silence(
    arrivals_per_hour: Mapping[datetime, int], start: datetime, end: datetime
) -> SilenceProfile | None:
    """The hour-of-week profile of whole weeks that end at ``end``; None for less than one week.

    An hour of the week was seen only once per week, so it is averaged with its neighbours and
    half of it is the same hour of all days.

    :param arrivals_per_hour: full hours (UTC) to arrivals; hours without any may be missing.
    """
    weeks = (end - start) // _WEEK
    if weeks < 1:
        return None
    first = (end - weeks * _WEEK).replace(minute=0, second=0, microsecond=0)
    totals = [0.0] * HOURS_PER_WEEK
    days = [0] * (weeks * 7)
    for hour, count in arrivals_per_hour.items():
        if first <= hour < first + weeks * _WEEK:
            totals[hour_of_week(hour)] += count
            days[(hour - first) // timedelta(days=1)] += count
    usual = mean(days)
    burst = max(1.0, variance(days) / usual) if usual else 1.0
    return SilenceProfile(tuple(total / weeks for total in _smoothed(totals)), float(weeks), burst)


def _smoothed(totals: list[float]) -> list[float]:
    of_day = [sum(totals[hour::24]) / 7 for hour in range(24)]
    nearby = (
        (before + 2 * hour + after) / 4
        for before, hour, after in zip(
            totals[-1:] + totals[:-1], totals, totals[1:] + totals[:1], strict=True
        )
    )
    return [(near + of_day[i % 24]) / 2 for i, near in enumerate(nearby)]


def _gaps(moments: Sequence[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(moments)]


def _median(gaps: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=round(median(gap.total_seconds() for gap in gaps)))


def _within(shortest: timedelta, value: timedelta, longest: timedelta) -> timedelta:
    return max(shortest, min(value, longest))

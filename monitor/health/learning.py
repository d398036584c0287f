"""What is usual for an integration: its tolerance, its hub's rhythm, its weekly profile."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from monitor.health.records import SilenceProfile
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
_FREE_HOURS = 88
"""Degrees of freedom left of 168 hours by smoothing: the trace of (I - S)'(I - S)."""
_SURE_ENOUGH = 1 + 2 * math.sqrt(2 / _FREE_HOURS)
"""Two standard errors of the dispersion: an underestimated burst means false alarms."""


def learn_tolerance(day_sketches: Iterable[Sketch]) -> timedelta | None:
    """Three times the p99 latency of the usual days among the given ones, within 10 min and 6 h.

    The slowest quarter of the days is left out: an outage of hours is more than one order in a
    hundred, and would hide the next one for as long as it is remembered. None with fewer than 30
    orders: their p99 is their slowest one.
    """
    days = sorted((day for day in day_sketches if day.n), key=lambda day: quantile(day, 0.99) or 0.0)
    usual = merge(days[: len(days) - len(days) // 4])
    slowest_s = quantile(usual, 0.99)
    if slowest_s is None or usual.n < ENOUGH_ORDERS:
        return None
    return _within(SHORTEST_TOLERANCE, timedelta(seconds=round(3 * slowest_s)), LONGEST_TOLERANCE)


def default_tolerance(rhythm: timedelta) -> timedelta:
    """What is tolerated while too few orders are known to learn from: an hour, or three rhythms of a
    hub that comes more rarely than every twenty minutes. With an hour alone, a hub that comes hourly would be
    blamed for each order that came just after it."""
    return _within(DEFAULT_TOLERANCE, 3 * rhythm, LONGEST_TOLERANCE)


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


def silence_profile(counts: Sequence[float], weeks: float) -> SilenceProfile:
    """The hour-of-week profile of what arrived in a few weeks.

    An hour of the week is seen only once per week, so it is averaged with its neighbours and with
    the same hour of all days. What the counts scatter around that beyond Poisson's chance
    (Pearson's dispersion, at the upper end of its error) is taken for orders coming in bursts.

    :param counts: 168 sums over all those weeks, from Monday midnight UTC.
    """
    usual = _smoothed(list(counts))
    scatter = sum((count - mean) ** 2 / mean for count, mean in zip(counts, usual, strict=True) if mean)
    burst = max(1.0, scatter / _FREE_HOURS) * _SURE_ENOUGH
    return SilenceProfile(tuple(mean / weeks for mean in usual), weeks, burst)


def _smoothed(counts: list[float]) -> list[float]:
    same_hour = [sum(counts[hour::24]) / 7 for hour in range(24)]
    before, after = counts[-1:] + counts[:-1], counts[1:] + counts[:1]
    return [
        (earlier + 2 * count + later) / 8 + same_hour[i % 24] / 2
        for i, (earlier, count, later) in enumerate(zip(before, counts, after, strict=True))
    ]


def _gaps(moments: Sequence[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(moments)]


def _median(gaps: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=round(median(gap.total_seconds() for gap in gaps)))


def _within(shortest: timedelta, value: timedelta, longest: timedelta) -> timedelta:
    return max(shortest, min(value, longest))

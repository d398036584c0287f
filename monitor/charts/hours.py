"""Latency by hour or by day: quantiles that count waiting orders, and the age of the backlog beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.health.sketch import Quantile, Sketch, count_within, estimate, kaplan_meier_quantile

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOURLY = timedelta(days=8)
"""Up to this span a chart is drawn by the hour, beyond it by the day."""
LOOK_BACK = timedelta(days=1)
"""Orders placed that long before the first hour still count for the backlog they made in it."""
HALF, TAIL = 0.5, 0.95
MOST_OPEN = 0.1
"""A share on time is told while it is open of so few orders that it can hardly change."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The orders placed in one hour (or one day of UTC), and how far behind the hub was during it."""

    start_at: datetime
    arrived: int
    waiting: int
    half: Quantile | None
    """Half of the orders arrived within this; None when there were none."""
    tail: Quantile | None
    """95 % of the orders arrived within this."""
    backlog_s: float | None
    """Greatest age of a waiting order seen in the hour, whenever it was placed; None: nothing waited."""
    on_time: float | None = None
    """Share of the orders that arrived in time, 0 to 1; None: that cannot be told, or not yet."""
    length: timedelta = HOUR


def step_of(span: timedelta) -> timedelta:
    """How wide the points of a chart over such a span are."""
    return HOUR if span <= HOURLY else DAY


def floor(at: datetime, step: timedelta = HOUR) -> datetime:
    """The beginning of the hour or of the day (UTC)."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if step == HOUR else hour.replace(hour=0)


def hours_of(
    sketches: Mapping[datetime, Sketch],
    waiting: Sequence[tuple[datetime, int]],
    *,
    start: datetime,
    now: datetime,
    end: datetime | None = None,
    step: timedelta = HOUR,
    on_time_s: float | None = None,
) -> list[Hour]:
    """One :class:`Hour` for every step from ``start`` (a full one) to ``end`` (None: to ``now``).

    ``sketches`` are by the (full) step in which the orders became eligible, ``waiting`` are moments at
    which orders became eligible that have not arrived until ``now``, with their number. Both reach back
    :data:`LOOK_BACK` before ``start``, so that an old backlog is seen. An order is on time within
    ``on_time_s`` seconds.
    """
    last = now if end is None else min(end, now)
    ages: dict[datetime, list[float]] = {}
    for at, count in waiting:
        ages.setdefault(floor(at, step), []).extend([(now - at).total_seconds()] * count)
    backlog = _backlog(sketches, waiting, now=now, step=step)
    hours = []
    while start <= last:
        sketch, behind = sketches.get(start, Sketch()), ages.get(start, [])
        hours.append(
            Hour(
                start_at=start,
                arrived=sketch.n,
                waiting=len(behind),
                half=kaplan_meier_quantile(sketch, behind, HALF),
                tail=kaplan_meier_quantile(sketch, behind, TAIL),
                backlog_s=backlog.get(start),
                on_time=None if on_time_s is None else share_within(sketch, behind, on_time_s),
                length=step,
            )
        )
        start += step
    return hours


def share_within(sketch: Sketch, ages: Sequence[float], limit_s: float) -> float | None:
    """The share of orders that arrived within ``limit_s`` seconds, within the sketch's accuracy.

    Who still waits and is older is late; who is younger may yet be in time and does not count. None: there
    is nobody of whom it is decided, or it is open of so many that a stall would look like an improvement,
    because only the quick ones have arrived.
    """
    late = sum(age > limit_s for age in ages)
    decided = sketch.n + late
    if not decided or len(ages) - late > MOST_OPEN * (decided + len(ages) - late):
        return None
    return count_within(sketch, limit_s) / decided


def _backlog(
    sketches: Mapping[datetime, Sketch],
    waiting: Sequence[tuple[datetime, int]],
    *,
    now: datetime,
    step: timedelta,
) -> dict[datetime, float]:
    """The oldest waiting order of each step, worked out from how long the slowest order of every step took.

    A sketch knows the step of its orders, not their minute: they are taken to lie in its middle.
    """
    oldest: dict[datetime, float] = {}

    def mark(placed_at: datetime, waited_s: float) -> None:
        at = floor(placed_at, step)
        while at <= now and (at - placed_at).total_seconds() < waited_s:
            seen_s = min(waited_s, (min(at + step, now) - placed_at).total_seconds())
            oldest[at] = max(oldest.get(at, 0.0), seen_s)
            at += step

    for at, sketch in sketches.items():
        if sketch.buckets:
            mark(min(at + step / 2, now - timedelta(seconds=1)), estimate(sketch.buckets[-1]))
    for at, _count in waiting:
        mark(at, (now - at).total_seconds())
    return {at: age for at, age in oldest.items() if age > 0}

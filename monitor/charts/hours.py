"""Latency by hour: quantiles that count waiting orders, and the age of the backlog beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.health.sketch import Quantile, Sketch, estimate, kaplan_meier_quantile

HOUR = timedelta(hours=1)
LOOK_BACK = timedelta(days=1)
"""Orders placed that long before the first hour still count for the backlog they made in it."""
HALF, TAIL = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Hour:
    """The orders placed in one hour, and how far behind the hub was during it."""

    start_at: datetime
    arrived: int
    waiting: int
    half: Quantile | None
    """Half of the orders arrived within this; None when there were none."""
    tail: Quantile | None
    """95 % of the orders arrived within this."""
    backlog_s: float | None
    """Greatest age of a waiting order seen in the hour, whenever it was placed; None: nothing waited."""


def hours_of(
    sketches: Mapping[datetime, Sketch],
    waiting: Sequence[tuple[datetime, int]],
    *,
    start: datetime,
    now: datetime,
) -> list[Hour]:
    """One :class:`Hour` for every hour from ``start`` (a full hour) to ``now``.

    ``sketches`` are by the (full) hour in which the orders became eligible, ``waiting`` are moments at
    which orders became eligible that have not arrived, with their number. Both reach back
    :data:`LOOK_BACK` before ``start``, so that an old backlog is seen.
    """
    ages: dict[datetime, list[float]] = {}
    for at, count in waiting:
        ages.setdefault(_floor(at), []).extend([(now - at).total_seconds()] * count)
    backlog = _backlog(sketches, waiting, now=now)
    hours = []
    while start <= now:
        sketch, behind = sketches.get(start, Sketch()), ages.get(start, [])
        hours.append(
            Hour(
                start_at=start,
                arrived=sketch.n,
                waiting=len(behind),
                half=kaplan_meier_quantile(sketch, behind, HALF),
                tail=kaplan_meier_quantile(sketch, behind, TAIL),
                backlog_s=backlog.get(start),
            )
        )
        start += HOUR
    return hours


def _backlog(
    sketches: Mapping[datetime, Sketch], waiting: Sequence[tuple[datetime, int]], *, now: datetime
) -> dict[datetime, float]:
    """The oldest waiting order of each hour, worked out from how long the slowest order of every hour took.

    A sketch knows the hour of its orders, not their minute: they are taken to lie in its middle.
    """
    oldest: dict[datetime, float] = {}

    def mark(placed_at: datetime, waited_s: float) -> None:
        hour = _floor(placed_at)
        while hour <= now and (hour - placed_at).total_seconds() < waited_s:
            seen_s = min(waited_s, (min(hour + HOUR, now) - placed_at).total_seconds())
            oldest[hour] = max(oldest.get(hour, 0.0), seen_s)
            hour += HOUR

    for hour, sketch in sketches.items():
        if sketch.buckets:
            mark(min(hour + HOUR / 2, now - timedelta(seconds=1)), estimate(sketch.buckets[-1]))
    for at, _count in waiting:
        mark(at, (now - at).total_seconds())
    return {hour: age for hour, age in oldest.items() if age > 0}


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)

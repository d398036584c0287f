"""From the hours as Braze writes them to hours in UTC.

The zone of the buckets is not documented. An offset is believed; without one the hour is the
workspace's local time, and on the night when clocks go back the same hour comes twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.braze.records import Bucket

HOUR = timedelta(hours=1)
FURTHEST = timedelta(hours=2)
"""The newest bucket is the hour that is running, or the one before it."""

Hours = Mapping[datetime, int]
"""Start of an hour, in UTC -> count."""


def in_utc(buckets: Sequence[Bucket], zone: ZoneInfo, *, now: datetime) -> dict[datetime, int]:
    """Counts by the hour's start, oldest first, whichever order they came in.

    Raises ValueError when the same hour is there twice.
    """
    local = [bucket.time.replace(tzinfo=None) for bucket in buckets]
    # Of two hours that are written alike, only their order in the list tells which is the later one.
    step = 1 if local and local[-1] >= local[0] else -1
    newest_first = sorted(range(len(buckets)), key=lambda place: (local[place], step * place), reverse=True)
    found: dict[datetime, int] = {}
    expected = now - HOUR * 0.49
    for bucket in (buckets[place] for place in newest_first):
        start = _start(bucket.time, zone, expected)
        if start in found:
            raise ValueError("the same hour twice")
        found[start] = bucket.count
        expected = start - HOUR
    return dict(sorted(found.items()))


def _start(written: datetime, zone: ZoneInfo, expected: datetime) -> datetime:
    """Of the two hours a local time may mean, the one that continues the series."""
    if written.tzinfo is not None:
        return written.astimezone(UTC)
    candidates = (written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return min(candidates, key=lambda start: abs(start - expected))


def misplaced_by(hours: Hours, now: datetime) -> timedelta | None:
    """How far the newest hour lies from now, if that is too far to be true; the zone is then another."""
    if not hours:
        return None
    away = now - max(hours)
    return None if timedelta(minutes=-5) <= away <= FURTHEST else away


def summed(series: Iterable[Hours]) -> dict[datetime, int]:
    """The sum of several series, for the hours that all of them tell."""
    rows = list(series)
    common = set.intersection(*(set(row) for row in rows)) if rows else set()
    return {hour: sum(row[hour] for row in rows) for hour in sorted(common)}


def last_settled(hours: Hours, settled_until: datetime, count: int = 2) -> list[datetime]:
    """The newest hours that will not grow any more, oldest first."""
    return sorted(hour for hour in hours if hour + HOUR <= settled_until)[-count:]

"""Small latency lines for tables: how late the orders of each of the last 24 hours arrived, half of them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.charts.hours import HOUR
from monitor.health.sketch import Sketch, quantile
from monitor.models import LatencyHour

HOURS = 24
WIDTH, HEIGHT = 96, 20
"""Of every line, in its own drawing units; time runs to the right."""
_FASTEST_S, _SLOWEST_S = 10.0, 43_200.0
"""From the bottom to the top, on a logarithmic axis as in the large charts."""
_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Spark:
    """The line of one integration; nothing is joined over hours without orders."""

    start_at: datetime
    end_at: datetime
    path: str = ""
    """As SVG wants it; empty: no orders arrived."""
    half_s: float | None = None
    """Half of all orders of that time arrived within so long."""

    @property
    def half(self) -> timedelta | None:
        return None if self.half_s is None else timedelta(seconds=round(self.half_s))

    def x_of(self, at: datetime) -> float:
        """Where a moment lies, kept within the drawing."""
        share = (at - self.start_at) / (self.end_at - self.start_at)
        return round(min(max(share, 0.0), 1.0) * WIDTH, 1)


def sparks(integrations: Sequence[int], now: datetime) -> dict[int, Spark]:
    """The lines of these integrations (ids) until now. One query, of at most 24 small rows for each."""
    start = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    rows = LatencyHour.objects.filter(integration__in=integrations, hour__gte=start, n__gt=0).values_list(
        "integration", "hour", "n", "buckets", "counts"
    )
    sketches: dict[int, dict[int, Sketch]] = {}
    for integration, hour, n, buckets, counts in rows:
        sketches.setdefault(integration, {})[(hour - start) // HOUR] = Sketch(
            n, tuple(buckets), tuple(counts)
        )
    return {pk: _spark(sketches.get(pk, {}), start, start + HOURS * HOUR) for pk in integrations}


def _spark(hours: dict[int, Sketch], start: datetime, end: datetime) -> Spark:
    halves = {hour: half for hour, one in hours.items() if (half := quantile(one, 0.5)) is not None}
    step = WIDTH / HOURS
    parts = []
    for hour, half in sorted(halves.items()):
        x, y = round((hour + 0.5) * step, 1), _height(half)
        joins = "L" if hour - 1 in halves else "M"
        # A lone hour is a short stroke, or it could not be seen.
        lone = hour - 1 not in halves and hour + 1 not in halves
        parts.append(f"M{x - 1.5:g} {y}h3" if lone else f"{joins}{x:g} {y}")
    return Spark(start, end, "".join(parts), quantile(_together(hours.values()), 0.5))


def _together(sketches: Iterable[Sketch]) -> Sketch:
    """All of them as one, as :func:`monitor.health.sketch.merge` does it, for a hundred rows at once."""
    total: dict[int, int] = {}
    for sketch in sketches:
        for number, count in zip(sketch.buckets, sketch.counts, strict=True):
            total[number] = total.get(number, 0) + count
    numbers = tuple(sorted(total))
    return Sketch(sum(total.values()), numbers, tuple(total[number] for number in numbers))


def _height(seconds: float) -> float:
    share = math.log(max(seconds, _FASTEST_S) / _FASTEST_S) / math.log(_SLOWEST_S / _FASTEST_S)
    return round(HEIGHT - _MARGIN - min(share, 1.0) * (HEIGHT - 2 * _MARGIN), 1)

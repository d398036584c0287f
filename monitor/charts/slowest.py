"""Whose orders were latest in some hours or days."""

from dataclasses import dataclass
from datetime import UTC, datetime

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.charts.data import by_integration, waiting_by_integration
from monitor.charts.hours import HALF, TAIL, floor, step_of
from monitor.health.sketch import Quantile, Sketch, kaplan_meier_quantile


@dataclass(frozen=True, slots=True)
class Slow:
    """The orders that were placed in one integration in that time."""

    integration: Integration
    arrived: int
    waiting: int
    half: Quantile | None
    tail: Quantile | None


def slowest(chosen: Chosen, *, start: datetime, end: datetime, now: datetime, limit: int) -> list[Slow]:
    """The ``limit`` integrations whose 95 % came latest, latest first. Three queries."""
    step = step_of(end - start)
    first = floor(start.astimezone(UTC), step)
    mine = chosen.integrations()
    sketches = by_integration(mine, first, end, step)
    waiting = waiting_by_integration(mine, first, end)
    found = []
    for pk in sketches.keys() | waiting.keys():
        sketch = sketches.get(pk, Sketch())
        ages = [(now - at).total_seconds() for at, count in waiting.get(pk, ()) for _ in range(count)]
        half, tail = (kaplan_meier_quantile(sketch, ages, q) for q in (HALF, TAIL))
        found.append((tail.value_s if tail else 0.0, pk, sketch.n, len(ages), half, tail))
    found.sort(key=lambda one: (-one[0], one[1]))
    names = Integration.objects.select_related("store", "account", "verdict")
    names = names.defer("store__credentials", "account__credentials")
    known = names.in_bulk([one[1] for one in found[:limit]])
    return [Slow(known[pk], n, behind, half, tail) for _worst, pk, n, behind, half, tail in found[:limit]]

"""Reads what the latency charts show. Roll-ups, and the waiting orders by their partial index."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import Count, Func, QuerySet, Value
from django.db.models.fields import DateTimeField

from integrations.models import Integration
from integrations.registry import STORES, adapter_class
from monitor.charts.hours import LOOK_BACK, Hour, hours_of
from monitor.health.sketch import Sketch, merge
from monitor.models import Arrival, LatencyFleetHour, LatencyHour

SHOPIFY, SELF_HOSTED = "shopify", "self-hosted"
GROUPS = (SHOPIFY, SELF_HOSTED)
"""What the fleet's latency is compared by: shops in Shopify's cloud, and shops on their own servers."""
BIN = timedelta(minutes=5)
"""Waiting orders are read in bins of this width, so that a large backlog stays few rows."""


@lru_cache
def platforms_of(group: str) -> frozenset[str]:
    """The platforms of a group. Raises KeyError for an unknown one."""
    if group not in GROUPS:
        raise KeyError(group)
    return frozenset(kind for kind in STORES if adapter_class(kind).self_hosted is (group == SELF_HOSTED))


def fleet_hours(group: str, *, span: timedelta, now: datetime) -> list[Hour]:
    """The hours of all integrations of a group of platforms."""
    start = first_hour(now, span)
    platforms = platforms_of(group)
    rows = LatencyFleetHour.objects.filter(platform__in=platforms, hour__gte=start - LOOK_BACK)
    waiting = Arrival.objects.filter(
        integration__store__platform__in=platforms,
        integration__is_paused=False,
        integration__store__is_active=True,
        integration__account__is_active=True,
    )
    return hours_of(_by_hour(rows), _waiting(waiting, start, now), start=start, now=now)


def integration_hours(integration: Integration, *, span: timedelta, now: datetime) -> list[Hour]:
    """The hours of one integration."""
    start = first_hour(now, span)
    rows = LatencyHour.objects.filter(integration=integration, hour__gte=start - LOOK_BACK)
    waiting = Arrival.objects.filter(integration=integration)
    return hours_of(_by_hour(rows), _waiting(waiting, start, now), start=start, now=now)


def first_hour(now: datetime, span: timedelta) -> datetime:
    """The first full hour of a chart that ends now."""
    return (now - span).replace(minute=0, second=0, microsecond=0)


def _by_hour(rows: Iterable[LatencyFleetHour | LatencyHour]) -> dict[datetime, Sketch]:
    by_hour: dict[datetime, list[Sketch]] = {}
    for row in rows:
        by_hour.setdefault(row.hour, []).append(Sketch(row.n, tuple(row.buckets), tuple(row.counts)))
    return {hour: merge(sketches) for hour, sketches in by_hour.items()}


def _waiting(arrivals: QuerySet[Arrival], start: datetime, now: datetime) -> list[tuple[datetime, int]]:
    """When the waiting orders became eligible, to :data:`BIN`, and how many in each bin."""
    bin_of = Func(Value(BIN), "eligible_at", Value(start), function="date_bin", output_field=DateTimeField())
    bins = (
        arrivals.filter(expected=True, arrived_at=None, eligible_at__range=(start - LOOK_BACK, now))
        .annotate(bin=bin_of)
        .values("bin")
        .annotate(count=Count("pk"))
        .order_by("bin")
    )
    return [(row["bin"], row["count"]) for row in bins]

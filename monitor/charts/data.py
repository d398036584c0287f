"""Reads what the latency charts show. Roll-ups, and the waiting orders by their partial index."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, DateTimeField, Func, Q, QuerySet, Value
from django.db.models.functions import Cast

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.charts.hours import DAY, LOOK_BACK, Hour, floor, hours_of, step_of
from monitor.health.sketch import Sketch
from monitor.models import Arrival, LatencyDay, LatencyFleetHour, LatencyHour

BIN = timedelta(minutes=5)
"""Waiting orders are read in bins of this width, so that a large backlog stays few rows."""
WATCHED = Q(
    integration__is_paused=False, integration__store__is_active=True, integration__account__is_active=True
)
# Thousands of sketches become one per step where they lie, not in Python.
_MERGED = """
    SELECT at, array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT {at} AS at, b, sum(c)::bigint AS c
              FROM ({rows}) AS r("at", "buckets", "counts"), unnest(r.buckets, r.counts) AS u(b, c)
             GROUP BY 1, 2) AS merged
     GROUP BY at
"""
_OF_EACH = """
    SELECT id, array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT r.id, b, sum(c)::bigint AS c
              FROM ({rows}) AS r("id", "buckets", "counts"), unnest(r.buckets, r.counts) AS u(b, c)
             GROUP BY 1, 2) AS merged
     GROUP BY id
"""


def fleet_hours(
    chosen: Chosen, *, start: datetime, end: datetime, now: datetime, on_time_s: float | None = None
) -> list[Hour]:
    """The hours (or days, for a long time) of a part of the fleet from ``start`` to ``end``."""
    step = step_of(end - start)
    first = floor(start.astimezone(UTC), step)
    reach = Q(at__gte=first - LOOK_BACK, at__lte=end)
    rows: QuerySet[Any]
    if chosen.is_whole:
        rows = LatencyFleetHour.objects.filter(chosen.of_fleet, hour__gte=first - LOOK_BACK, hour__lte=end)
        rows = rows.values_list("hour", "buckets", "counts")
    elif step == DAY:
        at = Cast("day", DateTimeField())
        rows = LatencyDay.objects.filter(integration__in=chosen.integrations()).annotate(at=at)
        rows = rows.filter(reach).values_list("at", "buckets", "counts")
    else:
        rows = LatencyHour.objects.filter(
            integration__in=chosen.integrations(), hour__gte=first - LOOK_BACK, hour__lte=end
        ).values_list("hour", "buckets", "counts")
    waiting = Arrival.objects.filter(WATCHED)
    if not chosen.is_everything:
        waiting = waiting.filter(integration__in=chosen.integrations())
    return hours_of(
        _merged(rows, step),
        _waiting(waiting, first, end),
        start=first,
        end=end,
        now=now,
        step=step,
        on_time_s=on_time_s,
    )


def integration_hours(
    integration: Integration,
    *,
    now: datetime,
    span: timedelta | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    on_time_s: float | None = None,
) -> list[Hour]:
    """The hours (or days) of one integration: the last ``span``, or from ``start`` to ``end``."""
    until = end or now
    chosen = Chosen(store=integration.store.name, account=integration.account.name)
    begin = start or first_hour(now, span or timedelta(days=1))
    return fleet_hours(chosen, start=begin, end=until, now=now, on_time_s=on_time_s)


def first_hour(now: datetime, span: timedelta) -> datetime:
    """The first full hour of a chart that ends now."""
    return (now - span).replace(minute=0, second=0, microsecond=0)


def _merged(rows: QuerySet[Any], step: timedelta) -> dict[datetime, Sketch]:
    """The sketch of every step, from rows of (moment, buckets, counts)."""
    sql, params = rows.order_by().query.sql_with_params()
    at = "date_trunc('day', r.at, 'UTC')" if step == DAY else "r.at"
    with connection.cursor() as cursor:
        cursor.execute(_MERGED.format(at=at, rows=sql), params)
        found: Sequence[tuple[datetime, list[int], list[int]]] = cursor.fetchall()
    return {
        moment.astimezone(UTC): Sketch(sum(counts), tuple(buckets), tuple(counts))
        for moment, buckets, counts in found
    }


def by_integration(
    integrations: QuerySet[Integration], start: datetime, end: datetime, step: timedelta
) -> dict[int, Sketch]:
    """The sketch of each integration over the hours (or days of UTC) that begin from ``start``, a full one,
    to before ``end``."""
    rows: QuerySet[Any]
    if step == DAY:
        last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
        rows = LatencyDay.objects.filter(integration__in=integrations, day__gte=start.date(), day__lte=last)
    else:
        rows = LatencyHour.objects.filter(integration__in=integrations, hour__gte=start, hour__lt=end)
    rows = rows.order_by().values_list("integration_id", "buckets", "counts")
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_OF_EACH.format(rows=sql), params)
        found: Sequence[tuple[int, list[int], list[int]]] = cursor.fetchall()
    return {pk: Sketch(sum(counts), tuple(buckets), tuple(counts)) for pk, buckets, counts in found}


def _waiting(arrivals: QuerySet[Arrival], start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """When the waiting orders became eligible, to :data:`BIN`, and how many in each bin."""
    bins = _bins(arrivals, start - LOOK_BACK, end).values("bin").annotate(count=Count("pk")).order_by("bin")
    return [(row["bin"], row["count"]) for row in bins]


def waiting_by_integration(
    integrations: QuerySet[Integration], start: datetime, end: datetime
) -> dict[int, list[tuple[datetime, int]]]:
    """The same of the orders placed from ``start`` to ``end``, by the keys of integrations."""
    mine = Arrival.objects.filter(WATCHED, integration__in=integrations)
    bins = _bins(mine, start, end).values("integration_id", "bin").annotate(count=Count("pk")).order_by("bin")
    found: dict[int, list[tuple[datetime, int]]] = {}
    for row in bins:
        found.setdefault(row["integration_id"], []).append((row["bin"], row["count"]))
    return found


def _bins(arrivals: QuerySet[Arrival], start: datetime, end: datetime) -> QuerySet[Any]:
    bin_of = Func(Value(BIN), "eligible_at", Value(start), function="date_bin", output_field=DateTimeField())
    waiting = arrivals.filter(expected=True, arrived_at=None, eligible_at__range=(start, end))
    return waiting.annotate(bin=bin_of)

"""Reads what the latency charts show. Roll-ups, and the waiting orders by their partial index."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, DateTimeField, Func, Q, QuerySet, Value

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.charts.hours import DAY, LOOK_BACK, Hour, floor, hours_of, step_of
from monitor.charts.together import rows_of_days
from monitor.health.sketch import Sketch
from monitor.models import Arrival, LatencyDay, LatencyFleetDay, LatencyFleetHour, LatencyHour

BIN = timedelta(minutes=5)
"""Waiting orders are read in bins of this width, so that a large backlog stays few rows."""
WATCHED = Q(
    integration__is_paused=False, integration__store__is_active=True, integration__account__is_active=True
)
# Thousands of sketches become one per step (or integration) where they lie, not in Python. Two unnest side by
# side walk in step; as a join they would be a function call per row.
_MERGED = """
    SELECT key, array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT key, b, sum(c)::bigint AS c
              FROM (SELECT key, unnest(buckets) AS b, unnest(counts) AS c
                      FROM ({rows}) AS r(key, buckets, counts)) AS u
             GROUP BY 1, 2) AS merged
     GROUP BY key
"""


def fleet_hours(
    chosen: Chosen, *, start: datetime, end: datetime, now: datetime, on_time_s: float | None = None
) -> list[Hour]:
    """The hours (or days, for a long time) of a part of the fleet from ``start`` to ``end``."""
    step = step_of(end - start)
    first = floor(start.astimezone(UTC), step)
    waiting = Arrival.objects.filter(WATCHED)
    if not chosen.is_everything:
        waiting = waiting.filter(integration__in=chosen.integrations())
    return hours_of(
        _sketches(chosen, first, end, step),
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


def _sketches(chosen: Chosen, first: datetime, end: datetime, step: timedelta) -> dict[datetime, Sketch]:
    """The sketch of every hour or day."""
    rows: QuerySet[Any]
    if step != DAY:
        reach = Q(hour__gte=first - LOOK_BACK, hour__lte=end)
        if chosen.is_whole:
            rows = LatencyFleetHour.objects.filter(reach, chosen.of_fleet)
        else:
            rows = LatencyHour.objects.filter(reach, integration__in=chosen.integrations())
        return {hour.astimezone(UTC): one for hour, one in _merged_by(rows, "hour").items()}
    # UTC on both sides: what the day is in the reader's zone must not matter.
    since, last = (first - LOOK_BACK).date(), end.astimezone(UTC).date()
    if chosen.is_whole:
        rows = LatencyFleetDay.objects.filter(chosen.of_fleet, day__gte=since, day__lte=last)
        days = _merged_by(rows, "day")
    elif chosen.store:
        rows = LatencyDay.objects.filter(integration__in=chosen.integrations(), day__gte=since, day__lte=last)
        days = _merged_by(rows, "day")
    else:
        days = _merged(*rows_of_days(chosen, since, last))
    return {datetime.combine(day, time(), UTC): one for day, one in days.items()}


def _merged_by(rows: QuerySet[Any], key: str) -> dict[Any, Sketch]:
    """The sum of the rows with the same value in the column ``key``."""
    return _merged(*rows.order_by().values_list(key, "buckets", "counts").query.sql_with_params())


def _merged(sql: str, params: Sequence[Any]) -> dict[Any, Sketch]:
    """The same of rows of a key, buckets and counts."""
    with connection.cursor() as cursor:
        cursor.execute(_MERGED.format(rows=sql), params)
        found: Sequence[tuple[Any, list[int], list[int]]] = cursor.fetchall()
    return {value: Sketch(sum(counts), tuple(buckets), tuple(counts)) for value, buckets, counts in found}


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
    return _merged_by(rows, "integration_id")


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

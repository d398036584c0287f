"""Reading a week of the whole fleet, once for all who are told of it. Roll-ups, and what waits."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from integrations.models import Integration
from monitor.charts.data import waiting_by_integration
from monitor.health.sketch import Sketch
from monitor.history.availability import Figures, over

DAY = timedelta(days=1)

# Days that lie in the span as a whole, and the hours at its two ends. A week in a zone whose hours begin
# with those of UTC is exact; elsewhere an order belongs to the week in which its hour begins.
_SKETCHES = """
    SELECT integration_id, array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT r.integration_id, b, sum(c)::int AS c
              FROM (SELECT integration_id, buckets, counts FROM monitor_latencyday
                     WHERE integration_id = ANY(%(ids)s) AND day >= %(first_day)s AND day < %(last_day)s
                    UNION ALL
                    SELECT integration_id, buckets, counts FROM monitor_latencyhour
                     WHERE integration_id = ANY(%(ids)s)
                       AND (hour >= %(start)s AND hour < %(first_day)s::timestamp AT TIME ZONE 'UTC'
                            OR hour >= %(last_day)s::timestamp AT TIME ZONE 'UTC' AND hour < %(end)s)
                   ) AS r, unnest(r.buckets, r.counts) AS u(b, c)
             GROUP BY 1, 2) AS merged
     GROUP BY integration_id
"""


@dataclass(frozen=True, slots=True)
class Week:
    """What is known of a span of time, by the keys of integrations."""

    figures: Mapping[int, Figures]
    sketches: Mapping[int, Sketch]
    waiting: Mapping[int, list[float]]
    """Ages in seconds of the orders of that time that still wait."""


def watched(end: datetime) -> list[Integration]:
    """The integrations that are watched and were there before the end of a week."""
    rows = Integration.objects.filter(
        is_paused=False, store__is_active=True, account__is_active=True, created_at__lt=end
    ).select_related("store", "account")
    return list(rows.defer("store__credentials", "account__credentials").order_by("pk"))


def read(integrations: Collection[int], start: datetime, end: datetime, *, now: datetime) -> Week:
    """The week of these integrations. A constant number of queries."""
    bins = waiting_by_integration(Integration.objects.filter(pk__in=integrations), start, end)
    return Week(
        figures=over(integrations, start, end, now=now),
        sketches=_sketches(integrations, start, end),
        waiting={
            pk: [(now - at).total_seconds() for at, count in ages for _ in range(count)]
            for pk, ages in bins.items()
        },
    )


def _sketches(integrations: Collection[int], start: datetime, end: datetime) -> dict[int, Sketch]:
    first, last = _day(start + DAY - timedelta(microseconds=1)), _day(end)
    values: dict[str, Any] = {
        "ids": list(integrations),
        "start": start,
        "end": end,
        "first_day": first,
        "last_day": max(first, last),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SKETCHES, values)
        found: Iterable[tuple[int, list[int], list[int]]] = cursor.fetchall()
    return {pk: Sketch(sum(counts), tuple(buckets), tuple(counts)) for pk, buckets, counts in found}


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()

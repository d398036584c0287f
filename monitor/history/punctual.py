"""How many orders came in time, from the latency sketches and the orders that still wait."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from integrations.models import Integration
from monitor.collect.facts import tolerance_of
from monitor.health.sketch import LOG_GAMMA, LONGEST_S
from monitor.history.pieces import midnight

# An order is in time when its latency falls into the bucket of the tolerance or one below it. One that waits
# counts as soon as it is late. A day keeps the tolerance by which it was first counted.
_COUNT = """
    WITH asked AS (
        SELECT * FROM unnest(%(ids)s::bigint[], %(tolerances)s::int[]) AS asked(id, tolerance_s)),
    arrived AS (
        SELECT w.id, {key} AS key, l.n AS orders,
               (SELECT COALESCE(sum(c), 0) FROM unnest(l.buckets, l.counts) AS u(b, c)
                 WHERE b <= ceil(ln(LEAST(GREATEST(COALESCE(d.tolerance_s, w.tolerance_s), 1), %(longest)s))
                                 / %(log_gamma)s)) AS on_time
          FROM asked w
          JOIN {table} l ON l.integration_id = w.id
          LEFT JOIN monitor_stateday d ON d.integration_id = w.id AND d.day = {day_of_sketch}
         WHERE l.{column} >= %(first)s AND l.{column} < %(until)s),
    overdue AS (
        SELECT w.id, {key_of_order} AS key, count(*) AS orders, 0 AS on_time
          FROM asked w
          JOIN monitor_arrival a ON a.integration_id = w.id
          LEFT JOIN monitor_stateday d
            ON d.integration_id = w.id AND d.day = (a.eligible_at AT TIME ZONE 'UTC')::date
         WHERE a.expected AND a.arrived_at IS NULL AND a.eligible_at >= %(start)s AND a.eligible_at < %(end)s
           AND a.eligible_at < %(now)s - make_interval(secs => COALESCE(d.tolerance_s, w.tolerance_s))
         GROUP BY 1, 2)
    SELECT id, key, sum(orders)::int, sum(on_time)::int
      FROM (SELECT * FROM arrived UNION ALL SELECT * FROM overdue) AS both_kinds
     GROUP BY id, key
"""
_BY_DAY = _COUNT.format(
    table="monitor_latencyday",
    column="day",
    key="l.day",
    day_of_sketch="l.day",
    key_of_order="(a.eligible_at AT TIME ZONE 'UTC')::date",
)
_BETWEEN = _COUNT.format(
    table="monitor_latencyhour",
    column="hour",
    key="0",
    day_of_sketch="(l.hour AT TIME ZONE 'UTC')::date",
    key_of_order="0",
)


def tolerances(integration_ids: Sequence[int]) -> dict[int, int]:
    """The tolerances in force, in seconds."""
    rows = Integration.objects.filter(pk__in=integration_ids).values_list(
        "pk", "tolerance_s", "progress__learned_tolerance_s", "progress__learned_rhythm_s"
    )
    return {
        pk: round(tolerance_of(own, learned, rhythm)[0].total_seconds()) for pk, own, learned, rhythm in rows
    }


def by_day(
    in_force: dict[int, int], first: date, until: date, *, now: datetime
) -> dict[tuple[int, date], tuple[int, int]]:
    """Orders and those in time, by integration and day (UTC); days without orders are left out."""
    values = {"first": first, "until": until, "start": midnight(first), "end": midnight(until)}
    return {
        (pk, day): (orders, on_time) for pk, day, orders, on_time in _count(_BY_DAY, in_force, values, now)
    }


def between(
    in_force: dict[int, int], start: datetime, end: datetime, *, now: datetime
) -> dict[int, tuple[int, int]]:
    """Orders and those in time, by integration, of the hours that begin from ``start`` to before ``end``."""
    values = {"first": start, "until": end, "start": start, "end": end}
    return {pk: (orders, on_time) for pk, _key, orders, on_time in _count(_BETWEEN, in_force, values, now)}


def _count(
    sql: str, in_force: dict[int, int], values: dict[str, Any], now: datetime
) -> list[tuple[Any, ...]]:
    fixed: dict[str, Any] = {"longest": LONGEST_S, "log_gamma": LOG_GAMMA, "now": now}
    asked: dict[str, Any] = {"ids": list(in_force), "tolerances": list(in_force.values())}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, **asked, **fixed})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows

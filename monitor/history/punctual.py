"""How many orders came in time, from the latency sketches and the orders that still wait."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from integrations.models import Integration
from monitor.collect.facts import tolerance_of
from monitor.health.sketch import LOG_GAMMA, LONGEST_S
from monitor.history.figures import Figures, Kind
from monitor.history.pieces import DAY, midnight

# An order is in time when its latency falls into the bucket of the tolerance or one below it, worked out in
# floats as the bucket was; exact numbers would take seconds. One that waits counts as soon as it is late.
# A day keeps the tolerance by which it was first counted.
_COUNT = """
    WITH asked AS (
        SELECT * FROM unnest(%(ids)s::bigint[], %(tolerances)s::int[]) AS asked(id, tolerance_s)),
    arrived AS (
        SELECT id, key, sum(c) AS orders, COALESCE(sum(c) FILTER (WHERE b <= longest), 0) AS on_time
          FROM (SELECT w.id, {key} AS key, unnest(l.buckets) AS b, unnest(l.counts) AS c,
                       ceil(ln(LEAST(GREATEST(COALESCE(d.tolerance_s, w.tolerance_s), 1)::float8,
                                     %(longest)s::float8)) / %(log_gamma)s::float8) AS longest
                  FROM asked w
                  JOIN {table} l ON l.integration_id = w.id
                  LEFT JOIN monitor_stateday d ON d.integration_id = w.id AND d.day = {day_of_sketch}
                 WHERE l.{column} >= {first} AND l.{column} < %(until)s) AS counted
         GROUP BY id, key),
    overdue AS (
        SELECT w.id, {key_of_order} AS key, count(*) AS orders, 0 AS on_time
          FROM asked w
          JOIN monitor_arrival a ON a.integration_id = w.id
          LEFT JOIN monitor_stateday d
            ON d.integration_id = w.id AND d.day = (a.eligible_at AT TIME ZONE 'UTC')::date
         WHERE a.expected AND a.arrived_at IS NULL AND a.eligible_at >= {start} AND a.eligible_at < %(end)s
           AND a.eligible_at < %(now)s - make_interval(secs => COALESCE(d.tolerance_s, w.tolerance_s))
         GROUP BY 1, 2)
    SELECT id, key, sum(orders)::int, sum(on_time)::int
      FROM (SELECT * FROM arrived UNION ALL SELECT * FROM overdue) AS both_kinds
     GROUP BY id, key
"""
_OF_DAYS = {
    "table": "monitor_latencyday",
    "column": "day",
    "key": "l.day",
    "day_of_sketch": "l.day",
    "key_of_order": "(a.eligible_at AT TIME ZONE 'UTC')::date",
}
_ASKED = {"first": "%(first)s", "start": "%(start)s"}
_BY_DAY = _COUNT.format(**_OF_DAYS, **_ASKED)
_BETWEEN = _COUNT.format(
    table="monitor_latencyhour",
    column="hour",
    key="0",
    day_of_sketch="(l.hour AT TIME ZONE 'UTC')::date",
    key_of_order="0",
    **_ASKED,
)
_SINCE_STORED = _COUNT.format(
    **_OF_DAYS, first="(SELECT first FROM missing)", start="(SELECT start FROM missing)"
)
_STATES = ", ".join(f"{kind}_s" for kind in Kind)
# What is stored of one integration, and what is known of the orders of the days that are not.
_STORED_OR_NOT = f"""
    WITH stored AS (
        SELECT day, {_STATES}, orders, on_time FROM monitor_stateday
         WHERE integration_id = %(id)s AND day >= %(since)s AND day < %(today)s),
    missing AS (
        SELECT COALESCE(max(day) + 1, %(since)s) AS first,
               COALESCE(max(day) + 1, %(since)s)::timestamp AT TIME ZONE 'UTC' AS start FROM stored)
    SELECT *, true FROM stored
     UNION ALL
    SELECT day, {", ".join("0" for _ in Kind)}, orders, on_time, false
      FROM ({_SINCE_STORED}) AS counted(id, day, orders, on_time)
     ORDER BY 1
"""  # noqa: S608  # constants of this module


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


def stored_or_counted(
    integration_id: int, tolerance_s: int, since: date, *, now: datetime
) -> tuple[dict[date, Figures], dict[date, tuple[int, int]]]:
    """The stored days of one integration from ``since`` to yesterday, and the orders and those in time of the
    days after the last of them, up to today. One query."""
    until = now.date() + DAY
    values = {
        "id": integration_id,
        "since": since,
        "today": now.date(),
        "until": until,
        "end": midnight(until),
    }
    stored: dict[date, Figures] = {}
    counted: dict[date, tuple[int, int]] = {}
    for day, *figures, is_stored in _count(_STORED_OR_NOT, {integration_id: tolerance_s}, values, now):
        if is_stored:
            stored[day] = Figures(*figures)
        else:
            counted[day] = (figures[-2], figures[-1])
    return stored, counted


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

"""Keeping the running figures and the latency sketches current, in the transaction that stores arrivals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from integrations.models import Integration
from monitor.health import sketch

if TYPE_CHECKING:
    from monitor.collect.record import Completed

BACKFILL_AGE = timedelta(days=7)
"""An order that arrives later than this was imported by a first connection or a changed filter."""

# Merging sparse arrays inside the upsert needs no lock beyond the row's own and loses no update.
_MERGE = """
    INSERT INTO {table} AS t ({keys}, n, buckets, counts)
    SELECT {keys}, n, buckets, counts
      FROM jsonb_to_recordset(%s::jsonb) AS r({types}, n int, buckets smallint[], counts int[])
     ORDER BY {keys}
    ON CONFLICT ({keys}) DO UPDATE SET (n, buckets, counts) = (
        SELECT sum(c), array_agg(b ORDER BY b), array_agg(c ORDER BY b)
          FROM (SELECT b, sum(c)::int AS c
                  FROM unnest(t.buckets || excluded.buckets, t.counts || excluded.counts) AS u(b, c)
                 GROUP BY b) AS merged)
"""
_HOUR = _MERGE.format(
    table="monitor_latencyhour", keys="integration_id, hour", types="integration_id bigint, hour timestamptz"
)
# By the database's clock, as they are summed up: what counts is when it is written.
_LATE = """
    WITH late AS (
        INSERT INTO monitor_latencylate (integration_id, day)
        SELECT integration_id, day FROM jsonb_to_recordset(%s::jsonb) AS r(integration_id bigint, day date)
         WHERE day < (statement_timestamp() AT TIME ZONE 'UTC')::date)
"""
_DAY = _LATE + _MERGE.format(
    table="monitor_latencyday", keys="integration_id, day", types="integration_id bigint, day date"
)
_FLEET_HOUR = _MERGE.format(
    table="monitor_latencyfleethour",
    keys="platform, account_id, hour",
    types="platform text, account_id bigint, hour timestamptz",
)
_FLEET_DAY = _MERGE.format(
    table="monitor_latencyfleetday",
    keys="platform, account_id, day",
    types="platform text, account_id bigint, day date",
)
_ADVANCE = """
    UPDATE monitor_progress p SET
        newest_eligible_at = GREATEST(p.newest_eligible_at, r.newest_eligible_at),
        newest_arrived_at = GREATEST(p.newest_arrived_at, r.newest_arrived_at),
        newest_arrived_eligible_at = GREATEST(p.newest_arrived_eligible_at, r.newest_arrived_eligible_at),
        negative_latencies = p.negative_latencies + r.negative
      FROM (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(
                integration_id bigint, newest_eligible_at timestamptz, newest_arrived_at timestamptz,
                newest_arrived_eligible_at timestamptz, negative int)) AS r
     WHERE p.integration_id = r.integration_id
"""


def add(platform: str, completed: Sequence[Completed]) -> None:
    """Counts the latencies of completed orders in the hour and the day of the order."""
    hours: dict[tuple[int, datetime], Counter[int]] = {}
    for item in completed:
        latency = item.arrived_at - item.eligible_at
        if timedelta(0) <= latency <= BACKFILL_AGE:
            hour = item.eligible_at.replace(minute=0, second=0, microsecond=0)
            bucket = sketch.bucket(latency.total_seconds())
            hours.setdefault((item.integration_id, hour), Counter())[bucket] += 1
    if not hours:
        return
    days: dict[tuple[int, str], Counter[int]] = {}
    fleet_hours: dict[tuple[str, int, datetime], Counter[int]] = {}
    fleet_days: dict[tuple[str, int, str], Counter[int]] = {}
    known = Integration.objects.filter(pk__in={integration for integration, _hour in hours}).order_by()
    accounts: dict[int, int] = dict(known.values_list("pk", "account_id"))
    for (integration, hour), counts in hours.items():
        day, account = hour.astimezone(UTC).date().isoformat(), accounts[integration]
        days.setdefault((integration, day), Counter()).update(counts)
        fleet_hours.setdefault((platform, account, hour), Counter()).update(counts)
        fleet_days.setdefault((platform, account, day), Counter()).update(counts)
    with connection.cursor() as cursor:
        for sql, names, groups in (
            (_HOUR, ("integration_id", "hour"), hours),
            (_DAY, ("integration_id", "day"), days),
            (_FLEET_HOUR, ("platform", "account_id", "hour"), fleet_hours),
            (_FLEET_DAY, ("platform", "account_id", "day"), fleet_days),
        ):
            cursor.execute(sql, [_rows(names, groups.items())] * sql.count("%s"))


def _rows(names: tuple[str, ...], groups: Iterable[tuple[tuple[Any, ...], Counter[int]]]) -> str:
    rows = []
    for key, counts in groups:
        buckets = sorted(counts)
        rows.append(
            {
                **dict(zip(names, key, strict=True)),
                "n": counts.total(),
                "buckets": buckets,
                "counts": [counts[bucket] for bucket in buckets],
            }
        )
    return orjson.dumps(rows).decode()


def advance(
    *,
    completed: Sequence[Completed],
    newest_eligible: dict[int, datetime] | None = None,
    newest_arrived: dict[int, datetime] | None = None,
) -> None:
    """Moves the newest-order figures of the integrations forward, never back."""
    rows: dict[int, dict[str, Any]] = {}

    def row(integration: int) -> dict[str, Any]:
        return rows.setdefault(integration, {"integration_id": integration, "negative": 0})

    for integration, at in (newest_eligible or {}).items():
        row(integration)["newest_eligible_at"] = at
    for integration, at in (newest_arrived or {}).items():
        row(integration)["newest_arrived_at"] = at
    for item in completed:
        held = row(item.integration_id)
        # An order dated into the future has overtaken only what was there when it arrived.
        overtaken = min(item.eligible_at, item.arrived_at)
        held["newest_arrived_eligible_at"] = max(overtaken, held.get("newest_arrived_eligible_at", overtaken))
        held["negative"] += item.arrived_at < item.eligible_at
    if rows:
        ordered = [rows[key] for key in sorted(rows)]
        with connection.cursor() as cursor:
            cursor.execute(_ADVANCE, [orjson.dumps(ordered).decode()])

"""Loading what judging needs to know of parcels: touches those whose number is missing, never the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from integrations.contracts import GRAPHQL_WRITE, HubFailure, Outcome
from monitor.collect.waiting import JUDGING_WINDOW
from monitor.health.readings import FEEDBACK_METHODS
from monitor.health.records import Reading, TrackingFigures
from monitor.models.work import JobKind

DEFAULT_TOLERANCE = timedelta(hours=1)
READINGS = 3
"""After so many missed looks what is known is too old to judge by."""

_MISSING = """
    SELECT w.id, count(*), min(s.due_at),
           count(*) FILTER (WHERE s.due_at + w.tolerance < s.looked_at),
           min(s.due_at) FILTER (WHERE s.due_at + w.tolerance < s.looked_at),
           min(s.due_at) FILTER (WHERE s.due_at + w.tolerance < s.looked_at
                                   AND (w.newest IS NULL OR s.due_at > w.newest)),
           mode() WITHIN GROUP (ORDER BY s.missing_reason)
               FILTER (WHERE s.due_at + w.tolerance < s.looked_at)
      FROM unnest(%(ids)s::bigint[], %(tolerances)s::interval[], %(newest)s::timestamptz[])
           AS w(id, tolerance, newest)
      JOIN monitor_shipment s ON s.integration_id = w.id
     WHERE s.reached_at IS NULL AND s.due_at IS NOT NULL AND s.due_at >= %(oldest)s AND s.due_at <= %(now)s
       AND s.number <> ''
     GROUP BY w.id
"""
_WRITES = """
    SELECT f.integration_id, f.external_id, f.at, f.method, f.path, f.status, f.exception_type,
           f.outcome, f.by, f.detail
      FROM unnest(%(ids)s::bigint[], %(since)s::timestamptz[]) AS w(id, since)
      JOIN LATERAL (SELECT * FROM monitor_hubfailurelog f
                     WHERE f.integration_id = w.id AND f.at >= w.since AND f.method = ANY(%(methods)s)
                       AND (f.path NOT LIKE %(graphql)s OR f.path LIKE %(mutation)s)
                     ORDER BY f.at DESC LIMIT 20) f ON true
     ORDER BY f.at DESC
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """An integration whose parcels are asked for."""

    id: int
    store_id: int
    tolerance_s: int | None
    newest_reached_due_at: datetime | None


def load(
    asked: Sequence[Asked], readings: Mapping[tuple[str, int], Reading], now: datetime
) -> dict[int, TrackingFigures]:
    """The figures of the integrations whose parcels are read; the others are left out. One query."""
    watched = [one for one in asked if (JobKind.HUB_SHIPMENTS, one.id) in readings]
    if not watched:
        return {}
    tolerances = {
        one.id: timedelta(seconds=one.tolerance_s) if one.tolerance_s else DEFAULT_TOLERANCE
        for one in watched
    }
    counted = {
        row[0]: row[1:]
        for row in _rows(
            _MISSING,
            {
                "ids": list(tolerances),
                "tolerances": list(tolerances.values()),
                "newest": [one.newest_reached_due_at for one in watched],
                "oldest": now - JUDGING_WINDOW,
                "now": now,
            },
        )
    }
    figures = {}
    for one in watched:
        nothing = (0, None, 0, None, None, "")
        missing, oldest_missing, late, oldest, tail, reason = counted.get(one.id, nothing)
        figures[one.id] = TrackingFigures(
            parcels=readings[JobKind.HUB_SHIPMENTS, one.id],
            store=readings.get((JobKind.STORE_TRACKING, one.store_id), Reading(None, None)),
            missing_count=missing,
            late_count=late,
            oldest_due_at=oldest,
            oldest_missing_at=oldest_missing,
            newest_reached_due_at=one.newest_reached_due_at,
            tolerance=tolerances[one.id],
            stale_after=timedelta(seconds=READINGS * settings.SYNCWATCH_TRACKING_INTERVAL_S),
            tail_oldest_at=tail,
            main_reason=reason or "",
        )
    return figures


def failed_writes(since: Mapping[int, datetime | None]) -> dict[int, list[HubFailure]]:
    """The hub's failed writes to the stores since the oldest number that is missing, newest first."""
    asked = {pk: moment for pk, moment in since.items() if moment is not None}
    if not asked:
        return {}
    failures: dict[int, list[HubFailure]] = {}
    for pk, external, at, method, path, status, exception, outcome, by, detail in _rows(
        _WRITES,
        {
            "ids": list(asked),
            "since": list(asked.values()),
            "methods": sorted(FEEDBACK_METHODS),
            "graphql": "%/graphql.json%",
            "mutation": f"%{GRAPHQL_WRITE}",
        },
    ):
        failures.setdefault(pk, []).append(
            HubFailure(
                external_id=external,
                integration_id=None,
                base_url="",
                at=at,
                method=method,
                path=path,
                status=status,
                exception_type=exception,
                outcome=Outcome(outcome),
                by=by,
                detail=detail,
            )
        )
    return failures


def _rows(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())

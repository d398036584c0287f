"""Storing what checks of stores, hubs and zones found: the current answer of each, and since when."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection

from integrations.contracts import Check, EdgeReport, EventCount, StoreCheckup
from integrations.models import Store
from monitor.collect.announced import with_deliveries
from monitor.collect.texts import fit
from monitor.models import CheckResult, EdgeChange, EventHour, StoreState

_CHECKS = """
    WITH incoming AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
            kind text, code text, subject text, state text, text text, "values" jsonb, remedy text)),
    gone AS (
        DELETE FROM monitor_checkresult c
         WHERE c.source = %(source)s AND c.target_id = %(target)s
           AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.code = c.code AND i.subject = c.subject))
    INSERT INTO monitor_checkresult AS c
           (source, target_id, kind, code, subject, state, text, "values", remedy, since, checked_at)
    SELECT %(source)s, %(target)s, kind, code, subject, state, text, "values", remedy, %(now)s, %(now)s
      FROM incoming ORDER BY code, subject
    ON CONFLICT (source, target_id, code, subject) DO UPDATE SET
        kind = excluded.kind, state = excluded.state, text = excluded.text, "values" = excluded."values",
        remedy = excluded.remedy, checked_at = excluded.checked_at,
        since = CASE WHEN c.state = excluded.state THEN c.since ELSE excluded.since END
"""
_EVENTS = """
    INSERT INTO monitor_eventhour AS e (account_id, meaning, hour, count, is_settled)
    SELECT %(account)s, meaning, hour, count, is_settled
      FROM jsonb_to_recordset(%(rows)s::jsonb)
           AS r(meaning text, hour timestamptz, count int, is_settled boolean)
     ORDER BY meaning, hour
    ON CONFLICT (account_id, meaning, hour) DO UPDATE SET
        count = excluded.count, is_settled = excluded.is_settled
    WHERE (e.count, e.is_settled) IS DISTINCT FROM (excluded.count, excluded.is_settled)
"""
HOUR = timedelta(hours=1)
MOST_EVENTS = 2_000_000_000
MOST_CHANGES = 100
"""Of one audit that are told."""
LARGEST_SNAPSHOT = 2 * 2**20
"""Bytes. Of a larger one only the digest is kept: that something changed is then all that can be told."""


def record_checks(source: CheckResult.Source, target_id: int, checks: Sequence[Check], now: datetime) -> None:
    """Replaces what is known of one target; an answer that stays keeps its beginning."""
    rows = {
        (code := fit(check.code, 60), subject := fit(check.subject, 200)): {
            "kind": check.kind,
            "code": code,
            "subject": subject,
            "state": check.state,
            "text": fit(check.text, 400),
            "values": {name: _value(value) for name, value in check.values.items()},
            "remedy": fit(check.remedy, 600),
        }
        for check in checks
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _CHECKS,
            {
                "rows": orjson.dumps(list(rows.values())).decode(),
                "source": source.value,
                "target": target_id,
                "now": now,
            },
        )


def _value(value: object) -> object:
    return fit(value, 300) if isinstance(value, str) else value


def record_checkup(store_id: int, checkup: StoreCheckup, now: datetime) -> None:
    """Stores what a store says of itself. A zone or version that was known is kept while it is not told."""
    record_checks(CheckResult.Source.STORE, store_id, with_deliveries(store_id, checkup.checks, now), now)
    known: dict[str, Any] = {"checked_at": now}
    if checkup.version:
        known["version"] = fit(checkup.version, 60)
    if checkup.time_zone:
        known["time_zone"] = fit(checkup.time_zone, 60)
    if checkup.clock_skew is not None:
        known["clock_skew_s"] = checkup.clock_skew.total_seconds()
    StoreState.objects.update_or_create(store_id=store_id, defaults=known)


Differences = Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Mapping[str, Any]]]


def record_audit(store: Store, report: EdgeReport, now: datetime, differences: Differences) -> None:
    """Stores an audit of the zone in front of a store, and what was changed there since the last one."""
    record_checks(CheckResult.Source.EDGE, store.pk, report.checks, now)
    last = EdgeChange.objects.filter(store=store).order_by("-at", "-id").first()
    # A part that could not be read this time is what it was, so that the next audit is compared with it.
    known = {**(last.snapshot if last else {}), **report.snapshot}
    snapshot = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(snapshot).hexdigest()
    if last is not None and last.digest == digest:
        return
    changes = [dict(change) for change in differences(last.snapshot, known)] if last else []
    kept = orjson.loads(snapshot) if len(snapshot) <= LARGEST_SNAPSHOT else {}
    # Only the newest is compared with.
    EdgeChange.objects.filter(store=store).exclude(snapshot={}).update(snapshot={})
    EdgeChange.objects.create(
        store=store, at=now, changes=changes[:MOST_CHANGES], snapshot=kept, digest=digest
    )


def record_events(account_id: int, counts: Sequence[EventCount], settled_until: datetime) -> None:
    """Stores hourly counts; writes only what is new or changed."""
    rows = {
        (count.meaning, count.hour): {
            "meaning": fit(count.meaning, 30),
            "hour": count.hour,
            "count": min(max(count.count, 0), MOST_EVENTS),
            "is_settled": count.hour + HOUR <= settled_until,
        }
        for count in counts
    }
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                _EVENTS, {"account": account_id, "rows": orjson.dumps(list(rows.values())).decode()}
            )
    # What lies before the window of the reading does not change any more.
    EventHour.objects.filter(account_id=account_id, is_settled=False, hour__lte=settled_until - HOUR).update(
        is_settled=True
    )

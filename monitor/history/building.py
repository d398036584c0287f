"""Writing the days that are over: once when a day ends, and again only where something was added to it.

How far it has come is the detail of a heartbeat, whose lock also keeps two workers from doing it at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any, Final

import orjson
from django.db import connection, transaction
from django.db.models import Max, Min

from integrations.models import Integration
from monitor.history import punctual
from monitor.history.availability import worked_out
from monitor.history.groups import sum_up
from monitor.history.keeping import note_pauses, note_silence
from monitor.history.pieces import DAY, midnight
from monitor.models import Heartbeat, Transition

PART: Final = "history"
TOGETHER = 250
"""Integrations whose past is held in memory at once."""
DAYS_AT_ONCE = 14
"""Days that one run closes at most: after an upgrade the past is caught up in small steps."""
LATE = timedelta(minutes=30)
"""How often it is asked what was added to days that are over."""
SUMMED = timedelta(minutes=5)
"""How often the latencies of groups are summed up."""
SETTLED = timedelta(minutes=10)
"""After its end a day waits so long for what is still being stored."""
COUNTED_AGAIN = timedelta(days=6)
"""Later arrivals are in no sketch: counting a day again then would lose orders that came very late."""

_STORE = """
    INSERT INTO monitor_stateday AS d (integration_id, day, ok_s, warn_s, fail_s, unknown_s, maintenance_s,
                                       paused_s, orders, on_time, tolerance_s)
    SELECT r.* FROM jsonb_to_recordset(%s::jsonb) AS r(
        integration_id bigint, day date, ok_s int, warn_s int, fail_s int, unknown_s int, maintenance_s int,
        paused_s int, orders int, on_time int, tolerance_s int)
      JOIN integrations_integration i ON i.id = r.integration_id
    ON CONFLICT (integration_id, day) DO UPDATE SET
        ok_s = excluded.ok_s, warn_s = excluded.warn_s, fail_s = excluded.fail_s,
        unknown_s = excluded.unknown_s, maintenance_s = excluded.maintenance_s, paused_s = excluded.paused_s,
        orders = excluded.orders, on_time = excluded.on_time
    WHERE (d.ok_s, d.warn_s, d.fail_s, d.unknown_s, d.maintenance_s, d.paused_s, d.orders, d.on_time)
          IS DISTINCT FROM (excluded.ok_s, excluded.warn_s, excluded.fail_s, excluded.unknown_s,
                            excluded.maintenance_s, excluded.paused_s, excluded.orders, excluded.on_time)
"""
_RECOUNT = """
    UPDATE monitor_stateday d SET orders = r.orders, on_time = r.on_time
      FROM jsonb_to_recordset(%s::jsonb) AS r(integration_id bigint, day date, orders int, on_time int)
     WHERE d.integration_id = r.integration_id AND d.day = r.day
       AND (d.orders, d.on_time) IS DISTINCT FROM (r.orders, r.on_time)
"""


def keep(now: datetime) -> int:
    """Notes pauses, closes the days that are over, mends those to which something was added.

    Returns how many days of integrations were written. Called again it does nothing anew, and two
    workers that call it at once do it once. Seven cheap queries nearly always.
    """
    with transaction.atomic():
        _row, is_new = Heartbeat.objects.get_or_create(part=PART, defaults={"at": now})
        beat = Heartbeat.objects.select_for_update(skip_locked=True).filter(part=PART).first()
        if beat is None:
            return 0
        note_pauses(now)
        note_silence(now, None if is_new else beat.at)
        written = _close(beat.detail, now)
        summed_at, is_idle = beat.detail.get("summed_at"), _is_recent(beat.detail.get("late_at"), now)
        if not is_idle:
            written += _late(beat.detail, now)
        # Never both in one run, but for the first.
        if summed_at is None or (is_idle and not _is_recent(summed_at, now, SUMMED)):
            sum_up()
            beat.detail["summed_at"] = now.isoformat()
        beat.at = now
        beat.save()
    return written


def _close(detail: dict[str, Any], now: datetime) -> int:
    """Stores the days that have ended since the last one that is stored."""
    today = (now - SETTLED).date()
    closed = detail.get("closed")
    first = date.fromisoformat(closed) + DAY if closed else _first_day()
    if first is None:
        return 0
    until = min(today, first + timedelta(days=DAYS_AT_ONCE))
    if first >= until:
        return 0
    written = write(_everybody(), first, until, now=now)
    detail["closed"] = (until - DAY).isoformat()
    return written


def _late(detail: dict[str, Any], now: datetime) -> int:
    """Mends days that are over: for verdicts that were stored late, and orders that arrived since.

    A transition may be committed after others with greater numbers, so each is looked at twice.
    """
    newest = Transition.objects.aggregate(newest=Max("pk"))["newest"] or 0
    since = detail.get("transitions", [newest, newest])
    detail["transitions"] = [since[1], newest]
    detail["late_at"] = now.isoformat()
    if "closed" not in detail:
        return 0
    closed_until = date.fromisoformat(detail["closed"]) + DAY
    late = (
        Transition.objects.filter(kind="verdict", pk__gt=since[0], at__lt=midnight(closed_until))
        .values_list("integration_id")
        .annotate(first=Min("at"))
    )
    written = 0
    for pk, at in late:
        written += write([pk], at.date(), closed_until, now=now)
    return written + _count_again(closed_until - COUNTED_AGAIN, closed_until, now)


def _count_again(first: date, until: date, now: datetime) -> int:
    written = 0
    days = [first + number * DAY for number in range((until - first).days)]
    for ids in _parts(_everybody()):
        orders = punctual.by_day(punctual.tolerances(ids), first, until, now=now)
        rows = []
        for pk, day in product(ids, days):
            placed, on_time = orders.get((pk, day), (0, 0))
            rows.append({"integration_id": pk, "day": day, "orders": placed, "on_time": on_time})
        written += _execute(_RECOUNT, rows)
    return written


def write(integration_ids: Collection[int], first: date, until: date, *, now: datetime) -> int:
    """Works out days and stores them; returns how many rows were new or changed."""
    written = 0
    for ids in _parts(integration_ids):
        in_force = punctual.tolerances(ids)
        rows = [
            {"integration_id": pk, "day": day, "tolerance_s": in_force.get(pk), **asdict(figures)}
            for pk, days in worked_out(ids, first, until, now=now).items()
            for day, figures in days.items()
        ]
        written += _execute(_STORE, rows)
    return written


def _everybody() -> list[int]:
    return list(Integration.objects.order_by("pk").values_list("pk", flat=True))


def _first_day() -> date | None:
    oldest: datetime | None = Integration.objects.aggregate(oldest=Min("created_at"))["oldest"]
    return oldest.date() if oldest else None


def _parts(ids: Collection[int]) -> list[Sequence[int]]:
    ordered = sorted(ids)
    return [ordered[start : start + TOGETHER] for start in range(0, len(ordered), TOGETHER)]


def _is_recent(text: str | None, now: datetime, within: timedelta = LATE) -> bool:
    return text is not None and now - datetime.fromisoformat(text) < within


def _execute(sql: str, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(sql, [orjson.dumps(rows).decode()])
        changed: int = cursor.rowcount
    return changed

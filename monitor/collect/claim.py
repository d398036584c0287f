"""Claiming due work, and being sure that it is still ours when it is stored."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import Case, F, Q, When
from django.db.models.functions import Least

from integrations.contracts import Watermark
from monitor.models import Job

LEASE = timedelta(seconds=30)
"""How long a dead worker's claims hold others up. A living worker renews them."""

_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM monitor_job
         WHERE due_at <= %(now)s AND (lease_until IS NULL OR lease_until < %(now)s)
         ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE monitor_job j SET lease_until = %(until)s, lease_token = %(token)s, last_started_at = %(now)s
      FROM due WHERE j.id = due.id
    RETURNING j.id, kind, target_id, account_id, cursor, interval_s, failures, caught_up_at
"""
# As ``id IN (SELECT ...)`` the planner may choose to ask again for every row, which skips what it has just
# locked and takes more than the limit.

_FENCE = """
    UPDATE monitor_job SET cursor = COALESCE(%(cursor)s::jsonb, cursor)
     WHERE id = %(id)s AND lease_token = %(token)s
"""


class LeaseLost(Exception):
    """Another worker has taken the job over; what was read for it must not be stored."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this batch may run and store until its lease ends."""

    id: int
    kind: str
    target_id: int
    account_id: int | None
    cursor: dict[str, Any]
    interval_s: int
    failures: int
    caught_up_at: datetime | None
    token: uuid.UUID

    @property
    def watermark(self) -> Watermark:
        return Watermark.from_json(self.cursor)


def claim(now: datetime, *, limit: int) -> list[Claimed]:
    """Claims at most ``limit`` due jobs, those due longest first."""
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE, "token": token, "limit": limit})
        rows = cursor.fetchall()
    return [_claimed(row, token) for row in rows]


def claim_these(job_ids: list[int], now: datetime) -> list[Claimed]:
    """Claims the named jobs whether due or not, except those another worker holds."""
    Job.objects.filter(id__in=job_ids).update(due_at=now)
    token = uuid.uuid4()
    sql = _CLAIM.replace("WHERE due_at <=", "WHERE id = ANY(%(ids)s) AND due_at <=")
    with connection.cursor() as cursor:
        cursor.execute(
            sql, {"now": now, "until": now + LEASE, "token": token, "limit": len(job_ids), "ids": job_ids}
        )
        rows = cursor.fetchall()
    return [_claimed(row, token) for row in rows]


def _claimed(row: tuple[Any, ...], token: uuid.UUID) -> Claimed:
    pk, kind, target, account, cursor, interval, failures, caught_up = row
    document = orjson.loads(cursor) if isinstance(cursor, str) else cursor
    return Claimed(pk, kind, target, account, document, interval, failures, caught_up, token)


def renew(token: uuid.UUID, now: datetime) -> None:
    """Keeps the claims of a batch that is still at work."""
    Job.objects.filter(lease_token=token).update(lease_until=now + LEASE)


def fence(job: Claimed, watermark: Watermark | None = None) -> None:
    """First statement of every transaction that stores something read by a job: locks the job's
    row until the commit, and moves the cursor with it.

    Raises LeaseLost when the job is no longer ours.
    """
    moved = orjson.dumps(watermark.to_json()).decode() if watermark else None
    with connection.cursor() as cursor:
        cursor.execute(_FENCE, {"cursor": moved, "id": job.id, "token": job.token})
        is_ours = cursor.rowcount == 1
    if not is_ours:
        raise LeaseLost(f"{job.kind} {job.target_id} was taken over by another worker")


def finish(
    job: Claimed,
    now: datetime,
    *,
    ok: bool,
    error: str = "",
    message: str = "",
    retry_in: timedelta | None = None,
    read_at: datetime | None = None,
    is_whole: bool = True,
) -> None:
    """Gives the job back, due again after its interval or ``retry_in``.

    ``read_at`` is the moment up to which the source is known if it went well; ``now`` if not given.
    Unless ``is_whole``, it went well so far but the source's end was not reached.
    """
    mine = Job.objects.filter(id=job.id, lease_token=job.token)
    if ok and not job.interval_s:
        mine.delete()
        return
    changes: dict[str, Any] = {
        "lease_until": None,
        "lease_token": None,
        "due_at": _due_again(now + (retry_in or timedelta(seconds=job.interval_s)), ok=ok),
        "last_error": error,
        "last_message": message,
        "failures": 0 if ok else job.failures + 1,
    }
    if ok and is_whole:
        changes["last_ok_at"] = read_at or now
        changes["caught_up_at"] = job.caught_up_at or now
    mine.update(**changes)


def _due_again(usual: datetime, *, ok: bool) -> Any:
    """A job that was brought forward while it ran is due at that moment, unless the remote needs a rest."""
    if not ok:
        return usual
    was_brought_forward = Q(due_at__gt=F("last_started_at"))
    return Case(When(was_brought_forward, then=Least(F("due_at"), usual)), default=usual)


def bring_forward(kinds: tuple[str, ...], target_id: int, moment: datetime) -> None:
    """Lets work fall due at ``moment``, if that is sooner."""
    # Locked rows are being run right now and get their next due time from that run.
    mine = Job.objects.filter(kind__in=kinds, target_id=target_id, due_at__gt=moment, lease_token=None)
    Job.objects.filter(id__in=mine.select_for_update(skip_locked=True).values("id")).update(due_at=moment)

"""Which work there has to be, given what is connected."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from integrations.contracts import Watermark
from integrations.models import Integration
from monitor.health.states import State
from monitor.health.verdict import JUDGED
from monitor.models import Condition, Job, Progress, Verdict
from monitor.models.work import JobKind

# An integration added to a store that is read already gets the orders that are known.
_ATTACH = """
    INSERT INTO monitor_arrival (integration_id, order_key, order_number, eligible_at, expected, hub_id)
    SELECT i.id, o.external_id, o.number, o.eligible_at, o.expected, ''
      FROM integrations_integration i JOIN monitor_order o ON o.store_id = i.store_id
     WHERE i.id = ANY(%(ids)s)
    ON CONFLICT DO NOTHING
"""


@transaction.atomic
def ensure_jobs(now: datetime) -> None:
    """Makes the jobs and rows that active integrations need, and drops those no longer needed.

    Idempotent; call it after accounts, stores or integrations were changed.
    """
    with connection.cursor() as cursor:
        # Two changes at once must not both believe they were first.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.plan'))")
    active = list(
        Integration.objects.filter(
            account__is_active=True, store__is_active=True, is_paused=False
        ).values_list("id", "account_id", "store_id")
    )
    known = set(Progress.objects.values_list("integration_id", flat=True))
    fresh = [pk for pk, _, _ in active if pk not in known]
    _ensure_rows(fresh, now)
    wanted = _wanted(active)
    existing = {(kind, target): seconds for kind, target, seconds in _jobs()}
    start = Watermark(now - timedelta(days=settings.SYNCWATCH_HISTORY_DAYS)).to_json()
    Job.objects.bulk_create(
        [
            Job(
                kind=kind,
                target_id=target,
                account_id=account,
                due_at=now,
                interval_s=interval,
                cursor=start
                if kind in (JobKind.STORE_ORDERS, JobKind.HUB_ARRIVALS, JobKind.HUB_HISTORY)
                else {},
            )
            for (kind, target), (account, interval) in wanted.items()
            if (kind, target) not in existing
        ],
        ignore_conflicts=True,
    )
    for (kind, target), (_, interval) in wanted.items():
        if existing.get((kind, target), interval) != interval:
            Job.objects.filter(kind=kind, target_id=target).update(interval_s=interval)
    for kind, target in set(existing) - set(wanted):
        # A history job lives until it is done, while its integration is active.
        if kind != JobKind.HUB_HISTORY or (JobKind.LEARN, target) not in wanted:
            Job.objects.filter(kind=kind, target_id=target).delete()
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(_ATTACH, {"ids": fresh})


def _ensure_rows(fresh: list[int], now: datetime) -> None:
    Progress.objects.bulk_create([Progress(integration_id=pk) for pk in fresh], ignore_conflicts=True)
    Verdict.objects.bulk_create(
        [
            Verdict(integration_id=pk, state=State.UNKNOWN, rule="not_read_yet", since=now, judged_at=now)
            for pk in fresh
        ],
        ignore_conflicts=True,
    )
    Condition.objects.bulk_create(
        [
            Condition(integration_id=pk, kind=kind, rule="not_read_yet", since=now)
            for pk in fresh
            for kind in JUDGED
        ],
        ignore_conflicts=True,
    )


def _jobs() -> list[tuple[str, int, int]]:
    return list(Job.objects.values_list("kind", "target_id", "interval_s"))


def _wanted(active: list[tuple[int, int, int]]) -> dict[tuple[str, int], tuple[int | None, int]]:
    """(kind, target) -> (account, interval in seconds)."""
    collect, probe = settings.SYNCWATCH_COLLECT_INTERVAL_S, settings.SYNCWATCH_PROBE_INTERVAL_S
    reading = set(Job.objects.filter(kind=JobKind.HUB_ARRIVALS).values_list("target_id", flat=True))
    going_on = set(Job.objects.filter(kind=JobKind.LEARN).values_list("target_id", flat=True))
    wanted: dict[tuple[str, int], tuple[int | None, int]] = {}
    for pk, account, store in active:
        wanted[JobKind.STORE_ORDERS, store] = (None, collect)
        wanted[JobKind.STORE_ACCESS, store] = (None, probe)
        wanted[JobKind.HUB_STATE, account] = (account, collect)
        wanted[JobKind.HUB_ARRIVALS, account] = (account, collect)
        wanted[JobKind.LEARN, pk] = (None, 3600)
        if pk not in going_on and account in reading:
            # New or resumed: the account's own reading has moved past what arrived in it meanwhile.
            wanted[JobKind.HUB_HISTORY, pk] = (account, 0)
    return wanted

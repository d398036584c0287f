"""Which work there has to be, given what is connected."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from integrations.adapters import (
    ChecksIntegration,
    ChecksStore,
    ImportsOrders,
    ReadsEvents,
    ReadsShipments,
    ReadsTracking,
)
from integrations.contracts import Watermark
from integrations.models import Integration
from integrations.registry import offers
from monitor.collect import shipments
from monitor.collect.asking import questions
from monitor.health.states import State
from monitor.models import CheckResult, Condition, Job, Progress, StoreExamination, Verdict
from monitor.models.work import JobKind

# An integration added to a store that is read already gets the orders that are known.
_ATTACH = """
    INSERT INTO monitor_arrival (integration_id, order_key, order_number, eligible_at, expected, hub_id)
    SELECT i.id, o.external_id, o.number, o.eligible_at, o.expected, ''
      FROM integrations_integration i JOIN monitor_order o ON o.store_id = i.store_id
     WHERE i.id = ANY(%(ids)s)
    ON CONFLICT DO NOTHING
"""


EDGE_INTERVAL_S = 3_600
"""An audit of a zone takes about 25 requests of a budget that people at the dashboard share."""
EVENTS_INTERVAL_S = 600
"""What is compared are settled hours."""
REQUESTS_SHARE = 4
"""At most a quarter of an account's requests go to reading each integration's parcels."""
NO_TIME = timedelta(0)
ONE_BY_ONE = (JobKind.HUB_SHIPMENTS, JobKind.HUB_CHECK)
"""Work on each integration of an account: all at once, it would hold up the reading of the account."""
RESULTS_OF = {
    JobKind.STORE_CHECK: CheckResult.Source.STORE,
    JobKind.STORE_EDGE: CheckResult.Source.EDGE,
    JobKind.HUB_CHECK: CheckResult.Source.INTEGRATION,
    JobKind.HUB_EVENTS: CheckResult.Source.ACCOUNT,
}
"""Whose answers a kind of work keeps up to date. Without the work they would stay for ever."""


@dataclass(frozen=True, slots=True)
class Link:
    """An active integration and what decides which work it needs."""

    id: int
    account: int
    store: int
    hub: str
    platform: str
    edge: int | None
    edge_is_active: bool | None
    requests_per_minute: int

    @property
    def imports(self) -> bool:
        return offers(self.hub, ImportsOrders)


@transaction.atomic
def ensure_jobs(now: datetime) -> None:
    """Makes the jobs and rows that active integrations need, and drops those no longer needed.

    Idempotent; call it after accounts, stores or integrations were changed.
    """
    with connection.cursor() as cursor:
        # Two changes at once must not both believe they were first.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.plan'))")
    active = [
        Link(*row)
        for row in Integration.objects.filter(
            account__is_active=True, store__is_active=True, is_paused=False
        ).values_list(
            "id",
            "account_id",
            "store_id",
            "account__kind",
            "store__platform",
            "store__edge_id",
            "store__edge__is_active",
            "account__requests_per_minute",
        )
    ]
    known = set(Progress.objects.values_list("integration_id", flat=True))
    fresh = [link.id for link in active if link.id not in known]
    _ensure_rows(fresh, now)
    _ensure_conditions(active, now)
    wanted = _wanted(active)
    existing = {(kind, target): (account, seconds) for kind, target, account, seconds in _jobs()}
    new = {key: work for key, work in wanted.items() if key not in existing}
    turns = _turns(active, new)
    Job.objects.bulk_create(
        [
            Job(
                kind=kind,
                target_id=target,
                account_id=account,
                due_at=now + turns.get((kind, target), NO_TIME),
                interval_s=interval,
                cursor=_first_cursor(kind, now),
            )
            for (kind, target), (account, interval) in new.items()
        ],
        ignore_conflicts=True,
    )
    for (kind, target), (account, interval) in wanted.items():
        if existing.get((kind, target), (account, interval)) != (account, interval):
            Job.objects.filter(kind=kind, target_id=target).update(account=account, interval_s=interval)
    for kind, target in set(existing) - set(wanted):
        # A history job lives until it is done, while its integration is active.
        if kind != JobKind.HUB_HISTORY or (JobKind.LEARN, target) not in wanted:
            Job.objects.filter(kind=kind, target_id=target).delete()
    _forget_results()
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(
                _ATTACH, {"ids": [link.id for link in active if link.id in fresh and link.imports]}
            )


def _first_cursor(kind: str, now: datetime) -> dict[str, str]:
    match kind:
        case JobKind.STORE_ORDERS | JobKind.HUB_ARRIVALS | JobKind.HUB_HISTORY:
            return Watermark(now - timedelta(days=settings.SYNCWATCH_HISTORY_DAYS)).to_json()
        case JobKind.HUB_SHIPMENTS:
            return Watermark(now - shipments.HISTORY).to_json()
        case _:
            return {}


def _ensure_rows(fresh: list[int], now: datetime) -> None:
    Progress.objects.bulk_create([Progress(integration_id=pk) for pk in fresh], ignore_conflicts=True)
    Verdict.objects.bulk_create(
        [
            Verdict(integration_id=pk, state=State.UNKNOWN, rule="not_read_yet", since=now, judged_at=now)
            for pk in fresh
        ],
        ignore_conflicts=True,
    )


def _ensure_conditions(active: list[Link], now: datetime) -> None:
    """A row for each question that is asked of each integration."""
    held = set(Condition.objects.values_list("integration_id", "kind"))
    Condition.objects.bulk_create(
        [
            Condition(integration_id=link.id, kind=kind, rule="not_read_yet", since=now)
            for link in active
            for kind in questions(link.hub)
            if (link.id, kind) not in held
        ],
        ignore_conflicts=True,
    )


def _turns(active: list[Link], new: Iterable[tuple[str, int]]) -> dict[tuple[str, int], timedelta]:
    """How much later than the first of its account each integration's own work begins."""
    links = {link.id: link for link in active}
    before: Counter[tuple[str, int]] = Counter()
    turns = {}
    for kind, target in new:
        if kind in ONE_BY_ONE:
            link = links[target]
            pace = timedelta(minutes=REQUESTS_SHARE) / link.requests_per_minute
            turns[kind, target] = before[kind, link.account] * pace
            before[kind, link.account] += 1
    return turns


def _forget_results() -> None:
    """Answers whose work has ended: their store, zone, integration or account is not watched any more."""
    for kind, source in RESULTS_OF.items():
        work = Job.objects.filter(kind=kind, target_id=OuterRef("target_id"))
        CheckResult.objects.filter(~Exists(work), source=source).delete()
    examined = Job.objects.filter(kind=JobKind.STORE_EXAMINATION, target_id=OuterRef("store_id"))
    StoreExamination.objects.filter(~Exists(examined)).delete()


def _jobs() -> list[tuple[str, int, int | None, int]]:
    return list(Job.objects.values_list("kind", "target_id", "account_id", "interval_s"))


def _wanted(active: list[Link]) -> dict[tuple[str, int], tuple[int | None, int]]:
    """(kind, target) -> (account, interval in seconds)."""
    collect, probe = settings.SYNCWATCH_COLLECT_INTERVAL_S, settings.SYNCWATCH_PROBE_INTERVAL_S
    examine = settings.SYNCWATCH_EXAMINE_INTERVAL_S
    check, tracking = settings.SYNCWATCH_CHECK_INTERVAL_S, settings.SYNCWATCH_TRACKING_INTERVAL_S
    reading = set(Job.objects.filter(kind=JobKind.HUB_ARRIVALS).values_list("target_id", flat=True))
    going_on = set(Job.objects.filter(kind=JobKind.LEARN).values_list("target_id", flat=True))
    sizes = Counter(link.account for link in active)
    wanted: dict[tuple[str, int], tuple[int | None, int]] = {}
    for link in active:
        wanted[JobKind.STORE_ORDERS, link.store] = (None, collect)
        wanted[JobKind.STORE_ACCESS, link.store] = (None, probe)
        wanted[JobKind.STORE_EXAMINATION, link.store] = (None, examine)
        wanted[JobKind.LEARN, link.id] = (None, 3600)
        if offers(link.platform, ChecksStore):
            wanted[JobKind.STORE_CHECK, link.store] = (None, check)
        if link.edge is not None and link.edge_is_active:
            wanted[JobKind.STORE_EDGE, link.store] = (link.edge, EDGE_INTERVAL_S)
        if link.imports:
            wanted[JobKind.HUB_STATE, link.account] = (link.account, collect)
            wanted[JobKind.HUB_ARRIVALS, link.account] = (link.account, collect)
        if link.imports and link.id not in going_on and link.account in reading:
            # New or resumed: the account's own reading has moved past what arrived in it meanwhile.
            wanted[JobKind.HUB_HISTORY, link.id] = (link.account, 0)
        if offers(link.hub, ReadsEvents):
            wanted[JobKind.HUB_EVENTS, link.account] = (link.account, EVENTS_INTERVAL_S)
        # One request per integration: an account of many must not use up its rate limit by them.
        fair = 60 * sizes[link.account] * REQUESTS_SHARE // link.requests_per_minute
        if offers(link.hub, ReadsShipments) and offers(link.platform, ReadsTracking):
            wanted[JobKind.HUB_SHIPMENTS, link.id] = (link.account, max(tracking, fair))
            wanted[JobKind.STORE_TRACKING, link.store] = (None, tracking)
        if offers(link.hub, ChecksIntegration):
            wanted[JobKind.HUB_CHECK, link.id] = (link.account, max(check, 4 * fair))
    return wanted

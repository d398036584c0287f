"""What the overview and the list of integrations ask the database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    Exists,
    FilteredRelation,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    When,
)

from integrations.models import Account, Integration
from monitor.alerts.recoveries import suggested_at
from monitor.health.states import State
from monitor.models import Incident, Job, Member, Refresh, Verdict
from monitor.models.work import JobKind
from monitor.scope import Scope

BAD = Q(verdict__state__in=[State.WARN, State.FAIL])
WATCHED = Q(is_paused=False, store__is_active=True, account__is_active=True)


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole fleet in one row. ``ok + bad + unknown + unwatched = total``."""

    total: int
    ok: int
    bad: int
    acknowledged: int
    """Bad ones that a person has taken into their hands."""
    put_off: int
    """Other bad ones that are snoozed, or in a maintenance window."""
    in_maintenance: int
    """Good or bad."""
    unwatched: int
    """Paused, or their store or account is switched off."""
    waiting: int
    oldest_waiting_at: datetime | None
    newest_arrived_at: datetime | None
    judged_at: datetime | None

    @property
    def need_a_person(self) -> int:
        return self.bad - self.acknowledged - self.put_off

    @property
    def unknown(self) -> int:
        """Watched, but without an answer; those never judged included."""
        return self.total - self.ok - self.bad - self.unwatched

    @property
    def is_blind(self) -> bool:
        """Whether less is known than not."""
        return self.unknown > self.ok + self.bad

    def is_late(self, now: datetime) -> bool:
        """Whether Syncwatch itself has fallen behind: nothing was judged for five collections."""
        patience = timedelta(seconds=max(5 * settings.SYNCWATCH_COLLECT_INTERVAL_S, 300))
        return self.judged_at is not None and now - self.judged_at > patience


@dataclass(frozen=True, slots=True)
class Line:
    """An integration with its verdict, and what people do about it when it is bad."""

    integration: Integration
    incident: Incident | None = None
    refresh: Refresh | None = None
    """The one that runs."""
    suggested_at: datetime | None = None
    """Since when the store can be reached again while its hub lags behind: a refresh would help."""
    members: int = 1
    """How many suffer from the same thing and stand behind this line."""

    @property
    def shared(self) -> str:
        """What many suffer from together, as people call it; empty: this integration's own trouble."""
        return self.incident.shared_title if self.incident is not None else ""

    @property
    def told(self) -> Verdict | Incident | None:
        """What the sentences are about."""
        return self.incident if self.shared else verdict_of(self.integration)

    @property
    def is_acknowledged(self) -> bool:
        return self.incident is not None and self.incident.acknowledged_at is not None

    @property
    def is_hushed(self) -> bool:
        """It became bad in a maintenance window, and nobody was told yet."""
        one = self.incident
        return one is not None and one.hushed_at is not None and one.unhushed_at is None

    @property
    def can_wait(self) -> bool:
        """Somebody has it in hand or has put it off, or it is expected."""
        is_snoozed = self.incident is not None and self.incident.snoozed_until is not None
        return self.is_acknowledged or is_snoozed or self.is_hushed


def unread_accounts(scope: Scope) -> Sequence[Job]:
    """Of every hub account that cannot be read any more, one job that says why. While it is so,
    nothing is known of any of its integrations."""
    jobs = Job.objects.filter(
        kind__in=(JobKind.HUB_ARRIVALS, JobKind.HUB_STATE, JobKind.HUB_EVENTS),
        account__is_active=True,
        failures__gte=2,
    )
    if not scope.is_everything:
        jobs = jobs.filter(account__in=scope.limit(Account.objects.all()))
    return list(jobs.select_related("account").order_by("account__name", "kind").distinct("account__name"))


def summary(in_maintenance: Q, scope: Scope) -> Summary:
    """Everything the five-second answer needs, by one query over integrations."""
    taken = Member.objects.filter(
        integration=OuterRef("pk"), left_at=None, incident__acknowledged_at__isnull=False
    )
    snoozed = Member.objects.filter(
        integration=OuterRef("pk"), left_at=None, incident__snoozed_until__isnull=False
    )
    covered = Case(When(in_maintenance, then=True), default=False)
    put_off = Q(taken=False) & (Q(covered=True) | Q(snoozed=True))
    all_rows = scope.limit(Integration.objects.all()).annotate(
        taken=Exists(taken), snoozed=Exists(snoozed), covered=covered
    )
    row = all_rows.aggregate(
        total=Count("pk"),
        ok=Count("pk", filter=WATCHED & Q(verdict__state=State.OK)),
        bad=Count("pk", filter=WATCHED & BAD),
        acknowledged=Count("pk", filter=WATCHED & BAD & Q(taken=True)),
        put_off=Count("pk", filter=WATCHED & BAD & put_off),
        in_maintenance=Count("pk", filter=WATCHED & Q(covered=True)),
        unwatched=Count("pk", filter=~WATCHED),
        waiting=Sum("verdict__waiting_count", filter=WATCHED, default=0),
        oldest_waiting_at=Min("verdict__oldest_waiting_at", filter=WATCHED),
        newest_arrived_at=Max("progress__newest_arrived_at", filter=WATCHED),
        judged_at=Max("verdict__judged_at", filter=WATCHED),
    )
    return Summary(**row)


def worst_first(integrations: QuerySet[Integration]) -> QuerySet[Integration]:
    """Bad before unknown before healthy; among equals the one with the most waiting orders."""
    severity = Case(
        When(~WATCHED, then=4),
        When(verdict__state=State.FAIL, then=0),
        When(verdict__state=State.WARN, then=1),
        When(verdict__state=State.OK, then=3),
        default=2,
        output_field=IntegerField(),
    )
    rows = integrations.select_related("store", "account", "verdict")
    # Credentials would be decrypted row by row, and no page shows them.
    return rows.defer("store__credentials", "account__credentials").order_by(
        severity, "-verdict__waiting_count", "verdict__since", "name"
    )


def bad_now(limit: int, scope: Scope) -> list[Integration]:
    """The watched integrations that are bad, worst first, with the ``membership`` in what is open and the
    ``running`` refresh of each that has one, and ``suggested_at``.

    In a large fleet these are few: an overview must not load all that are well.
    """
    # Of either there is one at most: constraints of the tables see to it.
    rows = scope.limit(Integration.objects.all()).annotate(
        membership=FilteredRelation("memberships", condition=Q(memberships__left_at=None)),
        running=FilteredRelation("refreshes", condition=Q(refreshes__finished_at=None)),
        suggested_at=suggested_at(),
    )
    joined = ("membership__incident__acknowledged_by", "running")
    return list(worst_first(rows.filter(WATCHED & BAD)).select_related(*joined)[:limit])


def troubles(integrations: Sequence[Integration], limit: int, scope: Scope) -> list[Line]:
    """The bad ones of those that :func:`bad_now` gave; what can wait comes last."""
    bad = [
        one
        for one in integrations
        if (verdict := verdict_of(one)) is not None and State(verdict.state).is_bad
    ]
    lines = _folded(_with_people(bad), scope)[:limit]
    return sorted(lines, key=lambda line: line.can_wait)


def _folded(lines: Sequence[Line], scope: Scope) -> list[Line]:
    """One line for all that are in one shared incident, where the worst of them stands."""
    shared = {line.incident.pk for line in lines if line.incident is not None and line.shared}
    if not shared:
        return list(lines)
    members = scope.limit(Member.objects.filter(incident__in=shared, left_at=None))
    sizes = dict(members.values_list("incident").annotate(Count("pk")).order_by())
    kept: list[Line] = []
    seen: set[int] = set()
    for line in lines:
        if line.incident is None or line.incident.pk not in sizes:
            kept.append(line)
        elif line.incident.pk not in seen:
            seen.add(line.incident.pk)
            kept.append(replace(line, members=sizes[line.incident.pk]))
    return kept


def verdict_of(integration: Integration) -> Verdict | None:
    """The verdict, or None before the first one."""
    return getattr(integration, "verdict", None)


def _with_people(integrations: Sequence[Integration]) -> list[Line]:
    lines = []
    for one in integrations:
        member: Member | None = getattr(one, "membership", None)
        incident = member.incident if member else None
        suggested = getattr(one, "suggested_at", None)
        lines.append(Line(one, incident, getattr(one, "running", None), suggested))
    return lines


STATE_FILTERS: dict[str, Q] = {
    "bad": WATCHED & BAD,
    "ok": WATCHED & Q(verdict__state=State.OK),
    "unknown": WATCHED & (Q(verdict=None) | Q(verdict__state=State.UNKNOWN)),
    "unwatched": ~WATCHED,
}

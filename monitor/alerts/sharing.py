"""Putting what is about to open into shared incidents, where many suffer from one thing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Q

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.alerts import flapping, shared
from monitor.alerts.facts import Step
from monitor.alerts.reaction import Foretold, Reaction
from monitor.health.records import VerdictChange
from monitor.health.states import State
from monitor.models import Incident, Member, Notice

Bad = tuple[Incident, Integration, VerdictChange]


class _Known(NamedTuple):
    """What is known besides of what falls ill."""

    peers: Mapping[int, Mapping[int, shared.Peer]]
    """By account and integration."""
    singles: Sequence[Member]
    """In open incidents of their own of which the shared cause may be the reason."""
    calm: Incident | None
    """An incident of the same scope that comes and goes, and in which nobody is ill now."""
    foretold: list[Foretold]
    """Where it is noted what was told of the first to suffer."""


class Shared(NamedTuple):
    """What many suffer from."""

    scope: str
    cause: ConditionKind
    rule: str
    evidence: dict[str, Any]


def share(reaction: Reaction, now: datetime, peers_of: shared.Peers) -> None:
    """Moves what has a shared cause from ``reaction.opened`` to one incident for all.

    A few queries however many, and none when nothing that may be shared goes bad or ends. An incident of a
    single integration that turns out to be the first sign of a shared one becomes it, so that nobody is told
    twice. One that was open already, about something milder of its own, stays; that it worsens by the shared
    cause is not told once more, or, where that was told before the others fell ill, was the telling of the
    shared one (see :func:`adopt`).
    """
    by_scope: dict[str, list[Bad]] = {}
    for bad in reaction.opened:
        scope = _scope(bad)
        if scope:
            by_scope.setdefault(scope, []).append(bad)
    worse = {scope for bad in reaction.worsened if (scope := _scope(bad))}
    ending = {member.incident.scope for member, _ in reaction.left if member.incident.is_shared}
    if not (by_scope or worse or ending):
        return
    # Of two workers that end the last two memberships one must see that nobody is left.
    shared.lock({*by_scope, *worse, *ending})
    if not (by_scope or worse):
        return
    open_ones = shared.open_incidents({*by_scope, *worse})
    accounts = {
        bad[1].account_id for bads in by_scope.values() for bad in bads if shared.is_of_account(bad[2].new)
    }
    peers = peers_of(accounts)
    singles = _singles(accounts, by_scope, now)
    for scope, bads in by_scope.items():
        incident = open_ones.get(scope)
        if incident is None or incident.calm_since is not None:
            # While nobody in it is ill, who falls ill may have a trouble of its own.
            find = _FINDERS[scope.partition(":")[0]]
            incident = find(bads, _Known(peers, singles.get(scope, []), incident, reaction.foretold), now)
        if incident is not None:
            if flapping.falls(incident, now):
                reaction.changed.append(incident)
            _put(reaction, bads, incident)
            open_ones[scope] = incident
    # Whoever was ailing before is told of the shared cause with all the others.
    reaction.worsened = [bad for bad in reaction.worsened if _is_own(bad, open_ones)]


def _is_own(bad: Bad, open_ones: Mapping[str, Incident]) -> bool:
    incident = open_ones.get(_scope(bad))
    return incident is None or incident.calm_since is not None


def _scope(bad: Bad) -> str:
    _, integration, change = bad
    if shared.is_of_account(change.new) and shared.waiting_since(change.new) is not None:
        return shared.account_scope(integration)
    if shared.is_of_zone(change.new, integration):
        return shared.zone_scope(integration)
    return shared.host_scope(integration) if shared.is_of_host(change.new) else ""


def _put(reaction: Reaction, bads: Sequence[Bad], incident: Incident) -> None:
    """All of them into that incident; if it is new, the first of them opens it."""
    ours = {id(bad) for bad in bads}
    reaction.opened = [bad for bad in reaction.opened if id(bad) not in ours]
    rows = [(incident, integration, change) for _, integration, change in bads]
    if incident.pk is None:
        reaction.opened.append(rows.pop(0))
    reaction.joined += rows


def _singles(accounts: set[int], scopes: Collection[str], now: datetime) -> dict[str, list[Member]]:
    """Open incidents of single integrations that may be the first signs of these shared ones, by scope."""
    of_host = Q(incident__cause=ConditionKind.ACCESS, incident__opened_at__gt=now - shared.TOGETHER)
    of_zone = Q(incident__cause=ConditionKind.EDGE, incident__opened_at__gt=now - shared.AUDITED)
    of_account = Q(
        incident__cause__in=[kind.value for kind in shared.OF_ACCOUNT], integration__account__in=accounts
    )
    members = Member.objects.filter(
        of_host | of_zone | of_account,
        left_at=None,
        incident__closed_at=None,
        incident__scope__startswith="integration:",
    ).select_related("incident", "integration__store", "integration__account")
    found: dict[str, list[Member]] = {}
    for member in members:
        if member.incident.cause == ConditionKind.ACCESS:
            scope = shared.host_scope(member.integration) if member.incident.rule in shared.OF_HOST else ""
        elif member.incident.cause == ConditionKind.EDGE:
            scope = shared.zone_scope(member.integration)
        elif member.incident.rule in shared.NOT_OF_ACCOUNT:
            scope = ""
        else:
            scope = shared.account_scope(member.integration)
        if scope in scopes:
            found.setdefault(scope, []).append(member)
    return found


def _of_account(bads: Sequence[Bad], known: _Known, now: datetime) -> Incident | None:
    """The hub imports nothing of the whole account, if so.

    What counts is not when the first order began to wait, but that since the last arrival anywhere in the
    account several integrations should have been imported and none was.
    """
    account = bads[0][1].account
    peers = known.peers[account.pk]
    silent_since = shared.silent_since(peers.values())
    if silent_since is None:
        return None
    overdue = {pk for pk, peer in peers.items() if peer.is_overdue(silent_since, now)}
    # A stall that others' orders have overtaken is that integration's own.
    stuck = [one for one in known.singles if _is_first_sign(one.incident, silent_since)]
    # What was ailing before and is overdue with all the others was made worse by what they suffer from.
    ailing = [one for one in known.singles if one not in stuck and one.integration_id in overdue]
    ill = len(bads) + len(stuck) + len(ailing)
    if len(overdue) < shared.ENOUGH_OVERDUE and not (len(overdue) >= 2 and ill >= 2):
        return None
    evidence = {
        "hub": account.kind,
        "shared": str(account),
        "affected": max(len(overdue), ill),
        "newest_arrived_at": silent_since.isoformat(),
    }
    what = Shared(shared.account_scope(bads[0][1]), ConditionKind.IMPORTS, "account_stalled", evidence)
    incident = _made(what, bads, stuck, known.calm, now)
    if ailing and incident.pk is None:
        known.foretold.append((incident, [one.incident_id for one in ailing], silent_since))
    return incident


def _is_first_sign(incident: Incident, silent_since: datetime) -> bool:
    return incident.opened_at > silent_since and incident.flapping_since is None


def _of_host(bads: Sequence[Bad], known: _Known, now: datetime) -> Incident | None:
    """Several shops of one host, if so."""
    scope = shared.host_scope(bads[0][1])
    what = Shared(scope, ConditionKind.ACCESS, "host_fails", {"shared": scope.removeprefix("host:")})
    return _of_shops(what, bads, known, now)


def _of_zone(bads: Sequence[Bad], known: _Known, now: datetime) -> Incident | None:
    """Several shops behind one zone, if so."""
    evidence = {"shared": str(bads[0][1].store.edge)}
    what = Shared(shared.zone_scope(bads[0][1]), ConditionKind.EDGE, "zone_fails", evidence)
    return _of_shops(what, bads, known, now)


def _of_shops(what: Shared, bads: Sequence[Bad], known: _Known, now: datetime) -> Incident | None:
    singles = [one for one in known.singles if one.incident.flapping_since is None]
    stores = {bad[1].store_id for bad in bads} | {member.integration.store_id for member in singles}
    if len(stores) < 2:
        return None
    first = bads[0][2].new
    evidence = {**first.evidence, **what.evidence, "affected": len(stores), "met": first.rule}
    return _made(what._replace(evidence=evidence), bads, singles, known.calm, now)


_FINDERS: Final = {"account": _of_account, "host": _of_host, "zone": _of_zone}
"""By what a scope begins with."""


def _made(
    what: Shared, bads: Sequence[Bad], singles: Sequence[Member], calm: Incident | None, now: datetime
) -> Incident:
    """The one that was calm, or the oldest of the single ones made into a shared incident, or a new one."""
    state = max((change.new.state for _, _, change in bads), key=lambda each: each is State.FAIL)
    incident = calm or (singles[0].incident if singles else Incident(opened_at=now, started_at=now))
    incident.scope, incident.cause, incident.rule = what.scope, what.cause.value, what.rule
    incident.state, incident.evidence = state.value, {**what.evidence, **flapping.kept(incident)}
    incident.started_at = min([incident.started_at, *(change.new.since for _, _, change in bads)])
    incident.peak_waiting = max(
        incident.peak_waiting, sum(change.waiting_count or 0 for _, _, change in bads)
    )
    if incident.pk is not None:
        incident.save()
        merged = [member for member in singles if member.incident_id != incident.pk]
        Member.objects.filter(pk__in=[member.pk for member in merged]).update(incident=incident)
        ended = [member.incident_id for member in merged]
        Incident.objects.filter(pk__in=ended).update(closed_at=now)
        _take_over(incident, ended)
    return incident


def _take_over(incident: Incident, ended: Sequence[int]) -> None:
    """Whoever was told of an incident that has become part of this one, and not of this one, is told of this
    one's end: the other's will never be told."""
    if not ended:
        return
    know = Notice.objects.filter(incident=incident, step=Step.OPENED).values("recipient")
    rows = Notice.objects.filter(incident__in=ended, step=Step.OPENED, failed_at=None)
    first: dict[str, Notice] = {}
    for row in rows.exclude(recipient__in=know).order_by("created_at", "pk"):
        first.setdefault(row.recipient, row)
    Notice.objects.filter(pk__in=[row.pk for row in first.values()]).update(incident=incident)


def adopt(reaction: Reaction) -> None:
    """What was told of the first to suffer, which had an older incident, becomes the telling of the shared
    incident that has just opened: whoever read it is not told of the same outage again.

    The older incident keeps its story and its end. Call it when the new incidents are stored.
    """
    for incident, older, since in reaction.foretold:
        first: dict[str, Notice] = {}
        rows = Notice.objects.filter(
            incident__in=older, step__in=[Step.OPENED, Step.WORSENED], created_at__gt=since, failed_at=None
        )
        for row in rows.order_by("created_at", "pk"):
            first.setdefault(row.recipient, row)
        for row in first.values():
            row.incident, row.step = incident, Step.OPENED
        Notice.objects.bulk_update(first.values(), ["incident", "step"])

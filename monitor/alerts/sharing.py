"""Putting what is about to open into shared incidents, where many suffer from one thing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.alerts import shared
from monitor.alerts.reaction import Reaction
from monitor.health.records import VerdictChange
from monitor.health.states import State
from monitor.models import Incident, Member

Bad = tuple[Incident, Integration, VerdictChange]


class Shared(NamedTuple):
    """What many suffer from."""

    scope: str
    cause: ConditionKind
    rule: str
    evidence: dict[str, Any]


def share(reaction: Reaction, now: datetime, peers_of: shared.Peers) -> None:
    """Moves what has a shared cause from ``reaction.opened`` to one incident for all.

    A few queries however many, and none when nothing that may be shared goes bad. An incident of a single
    integration that turns out to be the first sign of a shared one becomes it, so that nobody is told twice.
    One that was open already, about something milder of its own, stays; that it worsens by the shared
    cause is not told once more.
    """
    by_scope: dict[str, list[Bad]] = {}
    for bad in reaction.opened:
        scope = _scope(bad)
        if scope:
            by_scope.setdefault(scope, []).append(bad)
    worse = {scope for bad in reaction.worsened if (scope := _scope(bad))}
    if not (by_scope or worse):
        return
    shared.lock({*by_scope, *worse})
    open_ones = shared.open_incidents({*by_scope, *worse})
    accounts = {
        bad[1].account_id for bads in by_scope.values() for bad in bads if shared.is_of_account(bad[2].new)
    }
    peers = peers_of(accounts)
    singles = _singles(accounts, by_scope, now)
    for scope, bads in by_scope.items():
        incident = open_ones.get(scope)
        if incident is None and shared.is_of_account(bads[0][2].new):
            incident = _of_account(bads, peers[bads[0][1].account_id], singles.get(scope, []), now)
        elif incident is None:
            incident = _of_host(bads, singles.get(scope, []), now)
        if incident is not None:
            _put(reaction, bads, incident)
            open_ones[scope] = incident
    # Whoever was ailing before is told of the shared cause with all the others.
    reaction.worsened = [bad for bad in reaction.worsened if _scope(bad) not in open_ones]


def _scope(bad: Bad) -> str:
    _, integration, change = bad
    if shared.is_of_account(change.new) and shared.waiting_since(change.new) is not None:
        return shared.account_scope(integration)
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
    of_account = Q(
        incident__cause__in=[kind.value for kind in shared.OF_ACCOUNT], integration__account__in=accounts
    )
    members = Member.objects.filter(
        of_host | of_account,
        left_at=None,
        incident__closed_at=None,
        incident__scope__startswith="integration:",
    ).select_related("incident", "integration__store", "integration__account")
    found: dict[str, list[Member]] = {}
    for member in members:
        if member.incident.cause == ConditionKind.ACCESS:
            scope = shared.host_scope(member.integration) if member.incident.rule in shared.OF_HOST else ""
        elif member.incident.rule in shared.NOT_OF_ACCOUNT:
            scope = ""
        else:
            scope = shared.account_scope(member.integration)
        if scope in scopes:
            found.setdefault(scope, []).append(member)
    return found


def _of_account(
    bads: Sequence[Bad], peers: Mapping[int, shared.Peer], singles: Sequence[Member], now: datetime
) -> Incident | None:
    """The hub imports nothing of the whole account, if so.

    What counts is not when the first order began to wait, but that since the last arrival anywhere in the
    account several integrations should have been imported and none was.
    """
    silent_since = shared.silent_since(peers.values())
    if silent_since is None:
        return None
    overdue = sum(peer.is_overdue(silent_since, now) for peer in peers.values())
    # A stall that others' orders have overtaken is that integration's own.
    stuck = [member for member in singles if member.incident.opened_at > silent_since]
    if overdue < shared.ENOUGH_OVERDUE and not (overdue >= 2 and len(bads) + len(stuck) >= 2):
        return None
    account = bads[0][1].account
    evidence = {
        "hub": account.kind,
        "shared": str(account),
        "affected": max(overdue, len(bads) + len(stuck)),
        "newest_arrived_at": silent_since.isoformat(),
    }
    what = Shared(shared.account_scope(bads[0][1]), ConditionKind.IMPORTS, "account_stalled", evidence)
    return _made(what, bads, stuck, now)


def _of_host(bads: Sequence[Bad], singles: Sequence[Member], now: datetime) -> Incident | None:
    """Several shops of one host, if so."""
    stores = {bad[1].store_id for bad in bads} | {member.integration.store_id for member in singles}
    if len(bads) + len(singles) < 2:
        return None
    change = bads[0][2]
    scope = shared.host_scope(bads[0][1])
    evidence = {
        **change.new.evidence,
        "shared": scope.removeprefix("host:"),
        "affected": len(stores),
        "met": change.new.rule,
    }
    return _made(Shared(scope, ConditionKind.ACCESS, "host_fails", evidence), bads, singles, now)


def _made(what: Shared, bads: Sequence[Bad], singles: Sequence[Member], now: datetime) -> Incident:
    """A new shared incident, or the oldest of the single ones made into it."""
    state = max((change.new.state for _, _, change in bads), key=lambda each: each is State.FAIL)
    incident = singles[0].incident if singles else Incident(opened_at=now, started_at=now)
    incident.scope, incident.cause, incident.rule = what.scope, what.cause.value, what.rule
    incident.state, incident.evidence = state.value, what.evidence
    incident.started_at = min([incident.started_at, *(change.new.since for _, _, change in bads)])
    incident.peak_waiting = max(
        incident.peak_waiting, sum(change.waiting_count or 0 for _, _, change in bads)
    )
    if singles:
        incident.save()
        merged = [member for member in singles[1:] if member.incident_id != incident.pk]
        Member.objects.filter(pk__in=[member.pk for member in merged]).update(incident=incident)
        Incident.objects.filter(pk__in=[member.incident_id for member in merged]).update(closed_at=now)
    return incident

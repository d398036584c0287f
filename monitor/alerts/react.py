"""From judgements that changed to incidents and notices, in the transaction of the judgement."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from integrations.models import Integration
from monitor.alerts import maintenance, notices
from monitor.alerts.facts import NoticeFacts, RefreshFacts, Step
from monitor.alerts.quiet import hold
from monitor.alerts.reaction import Reaction
from monitor.alerts.shared import Peers, peers_of
from monitor.alerts.sharing import share
from monitor.health.records import Judgement, VerdictChange
from monitor.health.states import State
from monitor.models import Incident, Member, Notice, Refresh
from monitor.models.refreshes import RefreshOutcome


@transaction.atomic
def react(changes: Sequence[VerdictChange], *, now: datetime, peers: Peers = peers_of) -> None:
    """Opens, updates and closes incidents, and puts the notices about it into the outbox.

    Bad opens an incident, or joins one that is shared (see :mod:`monitor.alerts.shared`); another cause
    while it is open only updates it; from a warning to a failure it is told once more; ok closes it;
    unknown leaves it as it is. Paused integrations open and update nothing. Inside a maintenance window
    what is bad is stored but told to nobody. Calling it again with the same changes changes nothing.

    A few queries however many changes; locks the integrations in the order of their keys.
    """
    newest = {change.integration_id: change for change in changes}
    if not newest:
        return
    integrations = {
        row.pk: row
        for row in Integration.objects.filter(pk__in=newest)
        .select_related("store", "account")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    membership = {
        member.integration_id: member
        for member in Member.objects.filter(integration__in=newest, left_at__isnull=True).select_related(
            "incident"
        )
    }
    reaction = Reaction()
    for pk, integration in integrations.items():
        _weigh(reaction, integration, newest[pk], membership.get(pk), now)
    share(reaction, now, peers)
    quiet = maintenance.hush(reaction, now)
    _store_opened(reaction, now)
    if reaction.changed:
        fields = ["cause", "rule", "state", "evidence", "peak_waiting"]
        if quiet:
            fields += ["hushed_at", "hushed_by", "unhushed_at"]
        Incident.objects.bulk_update(reaction.changed, fields)
    maintenance.told_anyway(reaction, quiet, now)
    recovered = _close(reaction.left, now)
    _tell(reaction, recovered, quiet, now)


def _weigh(
    reaction: Reaction, integration: Integration, change: VerdictChange, member: Member | None, now: datetime
) -> None:
    new = change.new
    if member is not None and new.state is State.OK:
        reaction.left.append((member, integration))
    elif not new.state.is_bad or integration.is_paused:
        return
    elif member is None:
        reaction.opened.append((_incident(change, now), integration, change))
    elif not member.incident.is_shared:
        incident = member.incident
        if incident.state == State.WARN and new.state is State.FAIL:
            reaction.worsened.append((incident, integration, change))
        if _updated(incident, change):
            reaction.changed.append(incident)


def _incident(change: VerdictChange, now: datetime) -> Incident:
    incident = Incident(
        scope=f"integration:{change.integration_id}",
        opened_at=now,
        started_at=min(change.new.since, now),
        peak_waiting=change.waiting_count or 0,
    )
    _updated(incident, change)
    return incident


def _updated(incident: Incident, change: VerdictChange) -> bool:
    """Takes the judgement over; whether anything differs."""
    new = change.new
    values = {
        "cause": _cause(new),
        "rule": new.rule,
        "state": new.state.value,
        "evidence": dict(new.evidence),
        "peak_waiting": max(incident.peak_waiting, change.waiting_count or 0),
    }
    differs = any(getattr(incident, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(incident, name, value)
    return differs


def _cause(judgement: Judgement) -> str:
    assert judgement.cause is not None, "a bad judgement names its cause"
    return judgement.cause.value


def _store_opened(reaction: Reaction, now: datetime) -> None:
    Incident.objects.bulk_create([incident for incident, _, _ in reaction.opened])
    Member.objects.bulk_create(
        [
            Member(incident=incident, integration=integration, joined_at=now)
            for incident, integration, _ in [*reaction.opened, *reaction.joined]
        ]
    )


def _close(left: Sequence[tuple[Member, Integration]], now: datetime) -> list[tuple[Incident, Integration]]:
    """Ends memberships and the incidents nobody is in any more; returns the latter."""
    if not left:
        return []
    Member.objects.filter(pk__in=[member.pk for member, _ in left]).update(left_at=now)
    ids = {member.incident_id for member, _ in left}
    still_open = set(
        Member.objects.filter(incident__in=ids, left_at__isnull=True).values_list("incident_id", flat=True)
    )
    Incident.objects.filter(pk__in=ids - still_open, closed_at__isnull=True).update(closed_at=now)
    ended = {
        m.incident_id: (m.incident, integration) for m, integration in left if m.incident_id not in still_open
    }
    return list(ended.values())


def _tell(
    reaction: Reaction,
    recovered: Sequence[tuple[Incident, Integration]],
    quiet: Collection[int],
    now: datetime,
) -> None:
    bad = [row for row in [*reaction.opened, *reaction.joined, *reaction.worsened] if row[1].pk not in quiet]
    if not (bad or recovered):
        return
    rows: list[Notice] = []
    open_before = [incident.pk for incident, _, _ in [*reaction.joined, *reaction.worsened]]
    told = notices.told([*open_before, *(incident.pk for incident, _ in recovered)])
    subscriptions = notices.subscribed()
    joined = {change.integration_id for _, _, change in reaction.joined}
    for incident, integration, change in bad:
        facts = _facts(incident, integration, now, change)
        # Who was not told of the warning hears of the failure as something new.
        openings = {opening.recipient: opening for opening in told.get(incident.pk, ())}
        for subscription in subscriptions:
            opening = openings.get(subscription.recipient)
            # A second list is told later, if nobody acknowledges: see monitor.alerts.reminding.
            is_due = not subscription.escalates_after if opening is None else integration.pk not in joined
            if is_due and notices.wants(subscription, integration, change.new.state):
                step = Step.OPENED if opening is None else Step.WORSENED
                rows.append(notices.addressed(step, incident, facts, subscription, now=now, opening=opening))
    refreshes = _refreshes(recovered)
    by_email = {subscription.recipient: subscription for subscription in subscriptions}
    for incident, integration in recovered:
        facts = _facts(incident, integration, now, refresh=refreshes.get(integration.pk))
        for opening in told[incident.pk]:
            row = notices.notice(
                Step.RECOVERED,
                incident,
                facts,
                recipient=opening.recipient,
                language=opening.language,
                time_zone=opening.time_zone,
                now=now,
            )
            if opening.recipient in by_email:
                hold(row, by_email[opening.recipient], facts.state, now=now, opening=opening)
            rows.append(row)
    notices.put(rows, now)


def _facts(
    incident: Incident,
    integration: Integration,
    now: datetime,
    change: VerdictChange | None = None,
    refresh: RefreshFacts | None = None,
) -> NoticeFacts:
    return NoticeFacts.model_validate(
        {
            "title": incident.shared_title or str(integration),
            "state": incident.state,
            "cause": incident.cause,
            "rule": incident.rule,
            "evidence": incident.evidence,
            "started_at": incident.started_at,
            "at": now,
            "waiting": change.waiting_count if change else 0,
            "oldest_waiting_at": change.oldest_waiting_at if change else None,
            "peak_waiting": incident.peak_waiting,
            "refresh": refresh,
        }
    )


def _refreshes(recovered: Sequence[tuple[Incident, Integration]]) -> dict[int, RefreshFacts]:
    """The last refresh of each integration that was asked for in its incident and moved orders, or is
    still being watched while they move."""
    if not recovered:
        return {}
    since = {integration.pk: incident.started_at for incident, integration in recovered}
    asked = Refresh.objects.filter(
        Q(outcome=RefreshOutcome.MOVED) | Q(outcome=""),
        integration__in=since,
        asked_at__gte=min(since.values()),
    ).order_by("asked_at")
    return {
        row.integration_id: RefreshFacts(actor=row.actor, reason=row.reason, asked_at=row.asked_at)
        for row in asked
        if row.asked_at is not None and row.asked_at >= since[row.integration_id]
    }


_TOUCH = """
    UPDATE monitor_incident AS i SET peak_waiting = now.waiting
      FROM (SELECT m.incident_id, sum(v.waiting_count) AS waiting
              FROM monitor_member m JOIN monitor_verdict v USING (integration_id)
             WHERE m.left_at IS NULL
               AND m.incident_id IN (SELECT incident_id FROM monitor_member
                                      WHERE left_at IS NULL AND integration_id = ANY(%s))
             GROUP BY m.incident_id) AS now
     WHERE i.id = now.incident_id AND i.peak_waiting < now.waiting
"""


def touch(integration_ids: Sequence[int]) -> None:
    """Raises ``peak_waiting`` of the open incidents of these integrations to what their stored
    verdicts say now. One statement that writes only what grew; call it after the verdicts are stored."""
    if integration_ids:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, [list(integration_ids)])

"""From judgements that changed to incidents and notices, in the transaction of the judgement."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from integrations.models import Integration
from monitor.alerts import flapping, maintenance
from monitor.alerts.informing import tell
from monitor.alerts.reaction import Reaction
from monitor.alerts.reminding import look_again
from monitor.alerts.shared import Peers, peers_of
from monitor.alerts.sharing import adopt, share
from monitor.health.records import Judgement, VerdictChange
from monitor.health.states import State
from monitor.models import Incident, Member


@transaction.atomic
def react(changes: Sequence[VerdictChange], *, now: datetime, peers: Peers = peers_of) -> None:
    """Opens, updates and closes incidents, and puts the notices about it into the outbox.

    Bad opens an incident, or joins one that is shared (see :mod:`monitor.alerts.shared`); another cause
    while it is open only updates it; from a warning to a failure it is told once more; ok closes it, unless
    it comes and goes (see :mod:`monitor.alerts.flapping`): then it stays open until it has been calm for a
    while, and nothing more is told until then; unknown leaves it as it is. Paused integrations open and
    update nothing. Inside a maintenance window what is bad is stored but told to nobody. Calling it again
    with the same changes changes nothing.

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
    flapping.mark(reaction, now)
    quiet = maintenance.hush(reaction, now)
    _store_opened(reaction, now)
    adopt(reaction)
    if reaction.changed:
        fields = ["cause", "rule", "state", "evidence", "peak_waiting", "flapping_since", "calm_since"]
        if quiet:
            fields += ["hushed_at", "hushed_by", "unhushed_at"]
        Incident.objects.bulk_update(reaction.changed, fields)
    maintenance.told_anyway(reaction, quiet, now)
    again = {incident.pk for incident, _, _ in [*reaction.joined, *reaction.worsened]}
    if again:
        look_again(again)
    recovered = _close(reaction.left, now)
    tell(reaction, recovered, quiet, now)


def _weigh(
    reaction: Reaction, integration: Integration, change: VerdictChange, member: Member | None, now: datetime
) -> None:
    new = change.new
    own = member.incident if member is not None and not member.incident.is_shared else None
    if own is not None and own.flapping_since is not None and not new.state.is_bad:
        differs = flapping.rises(own, now) if new.state is State.OK else flapping.is_lost_sight_of(own)
        if differs:
            reaction.changed.append(own)
    elif member is not None and new.state is State.OK:
        reaction.left.append((member, integration))
    elif not new.state.is_bad or integration.is_paused:
        return
    elif member is None:
        reaction.opened.append((_incident(change, now), integration, change))
    elif own is not None:
        if own.state == State.WARN and new.state is State.FAIL:
            reaction.worsened.append((own, integration, change))
        is_back = flapping.falls(own, now)
        if _updated(own, change) or is_back:
            reaction.changed.append(own)


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
        "evidence": {**new.evidence, **flapping.kept(incident)},
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
    """Ends memberships and the incidents nobody is in any more; returns the latter. What many suffer from
    and comes and goes stays open without anybody in it until it has been calm for a while."""
    if not left:
        return []
    Member.objects.filter(pk__in=[member.pk for member, _ in left]).update(left_at=now)
    ids = {member.incident_id for member, _ in left}
    still_open = set(
        Member.objects.filter(incident__in=ids, left_at__isnull=True).values_list("incident_id", flat=True)
    )
    ended = {
        m.incident_id: (m.incident, integration) for m, integration in left if m.incident_id not in still_open
    }
    calm = [incident for incident, _ in ended.values() if flapping.rises(incident, now)]
    if calm:
        Incident.objects.bulk_update(calm, ["calm_since", "evidence"])
    over = {pk: row for pk, row in ended.items() if row[0] not in calm}
    Incident.objects.filter(pk__in=over, closed_at__isnull=True).update(closed_at=now)
    return list(over.values())


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

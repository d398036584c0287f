"""How open incidents stand now, for notices that no change of a verdict brings about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.models import Integration
from monitor.alerts import notices
from monitor.alerts.current import evidence_now
from monitor.alerts.facts import NoticeFacts
from monitor.alerts.recoveries import suggestions
from monitor.health.states import State
from monitor.models import Incident, Member, Recovery, Subscription


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident, who is in it, and what a notice about it says now."""

    incident: Incident
    integrations: Sequence[Integration]
    """Still in it, or all that were when it is over; the first to join it first."""
    facts: NoticeFacts

    @property
    def is_watched(self) -> bool:
        return any(is_watched(one) for one in self.integrations)

    def concerns(self, subscription: Subscription) -> bool:
        state = State(self.incident.state)
        return any(notices.wants(subscription, one, state) for one in self.integrations)


def is_watched(integration: Integration) -> bool:
    """Whether anybody looks at it: neither paused, nor its store or account switched off."""
    return not integration.is_paused and integration.store.is_active and integration.account.is_active


def standing(incidents: Iterable[Incident], now: datetime) -> list[Standing]:
    """Each of them as it stands. Two queries."""
    rows = list(incidents)
    members: dict[int, list[Member]] = {}
    found = Member.objects.filter(incident__in=rows).select_related(
        "integration__store", "integration__account", "integration__verdict"
    )
    for member in found.defer(
        "integration__store__credentials", "integration__account__credentials"
    ).order_by("joined_at", "pk"):
        members.setdefault(member.incident_id, []).append(member)
    suggested = suggestions({one.integration_id for inside in members.values() for one in inside})
    return [_standing(row, members[row.pk], suggested, now) for row in rows if row.pk in members]


def _standing(
    incident: Incident, members: Sequence[Member], suggested: Mapping[int, Recovery], now: datetime
) -> Standing:
    inside = [one for one in members if one.left_at is None] or list(members)
    verdicts = [
        verdict for one in inside if (verdict := getattr(one.integration, "verdict", None)) is not None
    ]
    waits = [verdict.oldest_waiting_at for verdict in verdicts if verdict.oldest_waiting_at is not None]
    let_in = [suggested[one.integration_id].recovered_at for one in inside if one.integration_id in suggested]
    facts = NoticeFacts.model_validate(
        {
            "title": incident.shared_title or str(inside[0].integration),
            "state": incident.state,
            "cause": incident.cause,
            "rule": incident.rule,
            "evidence": evidence_now(incident, [one.integration for one in inside]),
            "started_at": incident.started_at,
            "at": now,
            "waiting": sum(verdict.waiting_count for verdict in verdicts),
            "oldest_waiting_at": min(waits, default=None),
            "peak_waiting": incident.peak_waiting,
            "let_in_again_at": max(let_in) if len(let_in) == len(inside) else None,
        }
    )
    return Standing(incident, [one.integration for one in inside], facts)

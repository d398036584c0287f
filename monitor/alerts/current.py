"""What is said of an incident by now: its figures were written down when its state changed last."""

from collections.abc import Iterable
from typing import Any

from integrations.models import Integration
from monitor.alerts import flapping
from monitor.models import Incident

_OF_ITS_BEGINNING = frozenset(
    {
        "waiting_count",
        "late_count",
        "oldest_waiting_at",
        "late_tracking_count",
        "oldest_due_at",
        "last_fetched_at",
        "newest_arrived_at",
        "hub_failures",
        "hours",
    }
)
"""Figures that were not the last word: once it is over they would be told as if they still held."""


def evidence_now(incident: Incident, integrations: Iterable[Integration]) -> dict[str, Any]:
    """The figures of the sentences about an incident whose integrations' verdicts have been read.

    As long as the integration is ill for the reason that the incident tells, those of its last judgement: an
    hour on more orders wait than at the beginning. Else, and of what is shared or calm, those of the
    incident; of what is over only what stays true.
    """
    if incident.closed_at is not None:
        return {name: value for name, value in incident.evidence.items() if name not in _OF_ITS_BEGINNING}
    if incident.calm_since is not None or incident.is_shared:
        return dict(incident.evidence)
    for one in integrations:
        verdict = getattr(one, "verdict", None)
        if verdict is not None and (verdict.cause, verdict.rule, verdict.state) == (
            incident.cause,
            incident.rule,
            incident.state,
        ):
            return {**verdict.evidence, **flapping.kept(incident)}
    return dict(incident.evidence)

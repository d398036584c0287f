"""What is found of an open incident now: it was written down when its state changed last."""

from collections.abc import Iterable
from typing import Any

from integrations.models import Integration
from monitor.alerts import flapping
from monitor.models import Incident


def evidence_now(incident: Incident, integrations: Iterable[Integration]) -> dict[str, Any]:
    """The figures of the sentences about an incident whose integrations' verdicts have been read.

    As long as the integration is ill for the reason that the incident tells, those of its last judgement: an
    hour on more orders wait than at the beginning. Else, and of what is over, shared or calm, those of the
    incident.
    """
    if incident.closed_at is not None or incident.calm_since is not None or incident.is_shared:
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

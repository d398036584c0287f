"""Judging once more from what is stored, without storing anything: is the verdict what the facts say?"""

from dataclasses import dataclass
from datetime import datetime

from integrations.contracts import ConditionKind
from monitor.collect import facts as loading
from monitor.collect.judging import held_of, judgement_of
from monitor.health import verdict
from monitor.health.hysteresis import settle
from monitor.health.records import Facts, Finding, Held, Judgement
from monitor.health.states import State
from monitor.models import Condition, Verdict


@dataclass(frozen=True, slots=True)
class Again:
    """One integration judged again."""

    facts: Facts
    findings: dict[ConditionKind, Finding]
    """What this one look says; empty while the history is being read."""
    held: dict[ConditionKind, Held]
    """What would be held after it."""
    stored: Judgement
    judgement: Judgement

    @property
    def agrees(self) -> bool:
        """The same state for the same reason; why something is healthy changes by the minute."""
        one, other = self.stored, self.judgement
        return one.state is other.state and (
            one.state is State.OK or (one.cause, one.rule) == (other.cause, other.rule)
        )


def judge_again(integration_id: int, now: datetime) -> Again | None:
    """``None``: it was never judged, or is not watched."""
    row = Verdict.objects.filter(integration=integration_id).first()
    known = loading.load([integration_id], now).get(integration_id)
    if row is None or known is None:
        return None
    stored = judgement_of(row)
    held = {item.kind: item for item in map(held_of, Condition.objects.filter(integration=integration_id))}
    if known.is_reading_history:
        return Again(known, {}, held, stored, verdict.reading_history(stored, now))
    findings = {finding.kind: finding for finding in verdict.judge(known)}
    after = {
        kind: settle(item, findings[kind], now=now) if kind in findings else item
        for kind, item in held.items()
    }
    return Again(known, findings, after, stored, verdict.conclude(after.values(), stored, now))

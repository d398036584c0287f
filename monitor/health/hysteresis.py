"""Believing only what was seen twice: two observations to confirm a state and two to clear it."""

from dataclasses import replace
from datetime import datetime

from integrations.contracts import ConditionKind
from monitor.health.records import Finding, Held
from monitor.health.states import State

CONFIRMED_BY = 2


def nothing_known(kind: ConditionKind, now: datetime) -> Held:
    """The answer before the first observation."""
    return Held(kind, State.UNKNOWN, "not_read_yet", since=now)


def settle(held: Held, finding: Finding, *, now: datetime) -> Held:
    """The answer after one more observation; the same object when nothing was learned.

    - An observation that was judged already, or an older one, changes nothing.
    - The state held is refreshed: its evidence, its rule, and its beginning if the evidence
      now reaches farther back.
    - Another state is held once two observations in a row say so. Warn and fail confirm each
      other: both are bad. One is enough if it is conclusive, and for the very first answer
      unless that would be an alarm.
    """
    if finding.observed_at is None:
        return held
    # A hub's clock may be ahead of ours: a moment to come would hide the next observations.
    observed_at = min(finding.observed_at, now)
    if held.observed_at is not None and observed_at <= held.observed_at:
        return held
    began_at = min(finding.since or observed_at, observed_at)
    if finding.state is held.state:
        since = min(held.since, began_at) if finding.since else held.since
        return _confirmed(held, finding, since, observed_at)
    if held.candidate_state is not None and _agree(held.candidate_state, finding.state):
        count = held.candidate_count + 1
        began_at = min(held.candidate_since or began_at, began_at)
    else:
        count = 1
    is_first = held.observed_at is None and not finding.state.is_bad
    if finding.conclusive or is_first or count >= CONFIRMED_BY:
        return _confirmed(held, finding, began_at, observed_at)
    return replace(
        held,
        observed_at=observed_at,
        candidate_state=finding.state,
        candidate_since=began_at,
        candidate_count=count,
    )


def _agree(one: State, other: State) -> bool:
    return one is other or (one.is_bad and other.is_bad)


def _confirmed(held: Held, finding: Finding, since: datetime, observed_at: datetime) -> Held:
    return Held(held.kind, finding.state, finding.rule, since, finding.evidence, observed_at)

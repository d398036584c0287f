"""Does a hub lag behind since its store let it in again? From the history of what kept it out."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from integrations.contracts import ConditionKind
from monitor.health.records import VerdictChange
from monitor.health.states import State

KEEPS_OUT = (ConditionKind.EDGE, ConditionKind.ACCESS)
"""Conditions that say whether the hub gets in."""
SHUT_BY_WARNING = frozenset({"maintenance", "redirected", "hub_redirected", "hub_rate_limited"})
"""Rules that keep a hub from reading although they are only warnings. Others, such as a certificate that
ends soon or writes that are refused, let it in."""
STILL_FAILING = "hub_meets_maintenance"
"""The rule of ``access`` that says: we get in, and the hub last did not."""
LAGS = frozenset({"throttled", "stalled", "late", "hub_failing", STILL_FAILING})
"""Rules of a hub that a refresh may help to catch up."""
BY_ORDERS = frozenset({"stalled", "late"})
"""Those of them that may have other reasons: they count if orders have waited since before the recovery."""
WITHIN = timedelta(hours=6)
"""What begins later after a recovery has another reason."""


class Step(NamedTuple):
    """A confirmed change of one of :data:`KEEPS_OUT`."""

    kind: str
    at: datetime
    old_state: str
    old_rule: str
    new_state: str
    new_rule: str


def readmitted_at(steps: Iterable[Step]) -> datetime | None:
    """When the last of what had kept the hub out was well again; None if nothing had, or something does.

    :param steps: oldest first. Unknown in between is neither.
    """
    shut: dict[str, bool] = {}
    at = None
    for step in steps:
        was_shut = shut.get(step.kind, _shuts_out(step.old_state, step.old_rule))
        if step.new_state == State.UNKNOWN:
            shut[step.kind] = was_shut
            continue
        shut[step.kind] = _shuts_out(step.new_state, step.new_rule)
        if was_shut and not shut[step.kind]:
            at = step.at
    return None if any(shut.values()) else at


def _shuts_out(state: str, rule: str) -> bool:
    return state == State.FAIL or (state == State.WARN and rule in SHUT_BY_WARNING)


def lags(state: str, rule: str) -> bool:
    """Whether a verdict says of a hub that it should have caught up."""
    return State(state).is_bad and rule in LAGS


def is_left_behind(change: VerdictChange, readmitted: datetime, now: datetime) -> bool:
    """Whether the new verdict is what a hub suffers from that was let in again at ``readmitted``."""
    if not lags(change.new.state, change.new.rule) or now - readmitted > WITHIN:
        return False
    waits_since = change.oldest_waiting_at
    return change.new.rule not in BY_ORDERS or (waits_since is not None and waits_since <= readmitted)

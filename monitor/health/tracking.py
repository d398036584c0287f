"""Do tracking numbers reach the store's orders? The hub's parcels against the store's orders."""

from datetime import datetime
from typing import Any

from integrations.contracts import ConditionKind, HubFailure
from monitor.health.readings import asked_at, iso
from monitor.health.records import Facts, Finding, Reading, TrackingFigures
from monitor.health.states import State

NO_FEEDBACK = "none"
"""How a hub says that it was told to write no tracking numbers."""
MISSED = 3
"""After so many missed readings what is known is too old to judge by."""


def judge_tracking(facts: Facts) -> Finding:
    """Reaching, late, stopped, switched off, or why that cannot be told.

    A number is late when it is due for longer than the tolerance and the store's order, asked
    since, does not carry it. Ages end at the last look into the store.
    """
    figures = facts.tracking
    if figures is None:
        return _finding(facts, State.UNKNOWN, "not_watched", facts.now)
    if facts.feedback == NO_FEEDBACK:
        return _finding(facts, State.OK, "feedback_off", facts.hub_state.ok_at)
    for reading, unreadable in ((figures.parcels, "hub_unreadable"), (figures.store, "store_unreadable")):
        if not _is_fresh(facts, reading, figures):
            never = reading.tried_at is None or (not reading.caught_up and not reading.error)
            trouble = {"message": reading.message, "last_ok_at": iso(reading.ok_at)}
            if never:
                return _finding(facts, State.UNKNOWN, "not_read_yet", None)
            return _finding(facts, State.UNKNOWN, unreadable, asked_at(facts, reading), trouble)
    looked_at = figures.store.ok_at
    oldest = figures.oldest_due_at
    if not figures.late_count or oldest is None:
        if figures.missing_count:
            return _finding(facts, State.OK, "within_tolerance", looked_at)
        # Every number was seen in its order: no accident of one answer.
        return _finding(facts, State.OK, "reaches", looked_at, conclusive=True)
    if not facts.feedback and figures.newest_reached_due_at is None:
        # It may well be set to write none.
        return _finding(facts, State.UNKNOWN, "feedback_unknown", looked_at)
    tail = figures.tail_oldest_at
    state, rule, since = (State.WARN, "missing", oldest) if tail is None else (State.FAIL, "stopped", tail)
    return _finding(facts, state, rule, looked_at, _reason(facts, oldest), since=since, conclusive=True)


def explaining_failure(facts: Facts) -> HubFailure | None:
    """The newest failed call with which the hub tried to write to the store."""
    writes = (failure for failure in facts.feedback_failures if failure.is_write)
    return next(writes, None)


def _is_fresh(facts: Facts, reading: Reading, figures: TrackingFigures) -> bool:
    patience = max(figures.stale_after, MISSED * reading.every)
    return reading.ok_at is not None and facts.now - reading.ok_at <= patience


def _reason(facts: Facts, oldest: datetime) -> dict[str, Any]:
    """What the hub's log says of its failed writes since the trouble began, if anything."""
    failure = explaining_failure(facts)
    if failure is None or failure.at < oldest:
        return {}
    return {
        "method": failure.method,
        "status": failure.status,
        "by": failure.by,
        "detail": failure.detail,
        "last_failure_at": iso(failure.at),
    }


def _finding(
    facts: Facts,
    state: State,
    rule: str,
    observed_at: datetime | None,
    more: dict[str, Any] | None = None,
    *,
    since: datetime | None = None,
    conclusive: bool = False,
) -> Finding:
    figures: dict[str, Any] = {"hub": facts.hub_kind, "feedback": facts.feedback}
    tracking = facts.tracking
    if tracking is not None:
        figures |= {
            "missing_count": tracking.missing_count,
            "late_tracking_count": tracking.late_count,
            "oldest_due_at": iso(tracking.oldest_due_at),
            "tracking_tolerance_s": tracking.tolerance.total_seconds(),
            "missing_reason": tracking.main_reason,
        }
    return Finding(
        ConditionKind.TRACKING, state, rule, observed_at, figures | (more or {}), since, conclusive
    )

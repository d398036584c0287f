"""From facts to findings, and from confirmed answers to one verdict with its root cause."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from integrations.contracts import ConditionKind
from monitor.health.access import LONG_MAINTENANCE, judge_access
from monitor.health.credentials import judge_credentials
from monitor.health.imports import judge_imports, tail_oldest_at
from monitor.health.readings import fetch_limit
from monitor.health.records import Facts, Finding, Held, Judgement
from monitor.health.states import State
from monitor.health.throttle import judge_throttle

RULES_VERSION = 1
"""Raised when a rule changes, so that old transitions can be read with the rules of their time."""
JUDGED = (ConditionKind.ACCESS, ConditionKind.CREDENTIALS, ConditionKind.THROTTLE, ConditionKind.IMPORTS)
"""The conditions :func:`judge` answers."""
_CAUSE_ORDER = {kind: place for place, kind in enumerate(ConditionKind)}
_SEVERITY = {State.WARN: 1, State.FAIL: 2}
_SHARED_FIGURES = ("waiting_count", "late_count", "oldest_waiting_at", "newest_arrived_at", "tolerance_s")
_MOMENT = timedelta(seconds=1)


def judge(facts: Facts) -> tuple[Finding, ...]:
    """One finding for each kind in :data:`JUDGED`, from cause to consequence. Pure."""
    access = judge_access(facts)
    credentials = judge_credentials(facts)
    is_accessible = access.state is State.OK and not credentials.state.is_bad
    return access, credentials, judge_throttle(facts, is_accessible=is_accessible), judge_imports(facts)


def conclude(helds: Iterable[Held], previous: Judgement | None, now: datetime) -> Judgement:
    """The verdict: the first bad condition from cause to consequence explains those below it.

    The state is the worst of the bad ones: a warning whose consequence is a stall is no mere
    warning. Healthy is only what ``imports`` proves: if it is unknown and nothing is bad, the
    verdict is unknown for the first reason. ``evidence["explains"]`` names what stands below.
    """
    answers = sorted(helds, key=lambda held: _CAUSE_ORDER[held.kind])
    bad = [held for held in answers if held.state.is_bad]
    imports = next((held for held in answers if held.kind is ConditionKind.IMPORTS), None)
    if bad:
        cause = bad[0]
        state = max((held.state for held in bad), key=_SEVERITY.__getitem__)
        since = cause.since
        if previous is not None and previous.state.is_bad:
            since = min(since, previous.since)
        return Judgement(state, cause.kind, cause.rule, since, _evidence(cause, bad[1:], imports))
    if imports is None or imports.state is State.UNKNOWN:
        reason = next((held for held in answers if held.state is State.UNKNOWN), None)
        if reason is None:
            return Judgement(State.UNKNOWN, None, "not_read_yet", _kept(previous, State.UNKNOWN, now))
        since = _kept(previous, State.UNKNOWN, reason.since)
        return Judgement(State.UNKNOWN, reason.kind, reason.rule, since, _evidence(reason, [], imports))
    since = _kept(previous, State.OK, max(held.since for held in answers if held.state is State.OK))
    return Judgement(State.OK, None, imports.rule, since, dict(imports.evidence))


def reading_history(previous: Judgement, now: datetime) -> Judgement:
    """The verdict until both sides have been read once. Whoever is told earlier that something is
    wrong is not told how many orders wait."""
    kept = previous.state is State.UNKNOWN and previous.rule == "reading_history"
    return Judgement(State.UNKNOWN, ConditionKind.IMPORTS, "reading_history", previous.since if kept else now)


def next_check_at(facts: Facts) -> datetime | None:
    """The next moment at which asking again can change an answer although nothing happened.

    An order passes its tolerance, the hub exceeds its rhythm, a maintenance becomes a long one,
    or a reading becomes too old to speak of now.
    """
    moments: list[datetime] = []
    for waiting_at in (tail_oldest_at(facts), facts.oldest_waiting_at):
        if waiting_at is not None:
            moments.append(waiting_at + facts.tolerance)
    if facts.last_fetched_at is not None:
        overdue_from = max(facts.last_fetched_at, tail_oldest_at(facts) or facts.last_fetched_at)
        moments.append(overdue_from + fetch_limit(facts))
    for reading in (facts.store, facts.hub, facts.hub_state):
        if reading.ok_at is not None:
            moments.append(reading.ok_at + facts.stale_after)
    if facts.store.error == "InMaintenance" and facts.store.ok_at is not None:
        moments.append(facts.store.ok_at + LONG_MAINTENANCE)
    # A moment later: every limit is exceeded only after its last moment.
    return min((moment + _MOMENT for moment in moments if moment >= facts.now), default=None)


def _kept(previous: Judgement | None, state: State, begun_at: datetime) -> datetime:
    return previous.since if previous is not None and previous.state is state else begun_at


def _evidence(cause: Held, explained: list[Held], imports: Held | None) -> dict[str, Any]:
    evidence = dict(cause.evidence)
    if imports is not None:
        for name in _SHARED_FIGURES:
            if name in imports.evidence:
                evidence.setdefault(name, imports.evidence[name])
    if explained:
        evidence["explains"] = [
            {"kind": held.kind.value, "state": held.state.value, "rule": held.rule} for held in explained
        ]
    return evidence

"""From facts to findings, and from confirmed answers to one verdict with its root cause."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integrations.contracts import ConditionKind
from monitor.health.access import LONG_MAINTENANCE, judge_access
from monitor.health.blocks import READING_PASSES
from monitor.health.checked import judge_edge, judge_webhooks, or_check
from monitor.health.credentials import judge_credentials
from monitor.health.events import EventWindow, judge_events
from monitor.health.imports import judge_imports, tail_oldest_at
from monitor.health.readings import fetch_limit
from monitor.health.records import Facts, Finding, Held, Judgement
from monitor.health.states import State
from monitor.health.throttle import judge_throttle
from monitor.health.tracking import judge_tracking

RULES_VERSION = 4
"""Raised when a rule changes, so that old transitions can be read with the rules of their time."""
JUDGED = (
    ConditionKind.EDGE,
    ConditionKind.ACCESS,
    ConditionKind.CREDENTIALS,
    ConditionKind.WEBHOOKS,
    ConditionKind.THROTTLE,
    ConditionKind.IMPORTS,
    ConditionKind.TRACKING,
)
"""What is asked of an integration whose hub imports orders."""
JUDGED_BY_EVENTS = (ConditionKind.EDGE, ConditionKind.CREDENTIALS, ConditionKind.EVENTS)
"""What is asked of an integration whose hub counts events and fetches nothing."""
ADVISORY = frozenset({ConditionKind.EDGE, ConditionKind.WEBHOOKS})
"""A warning of these is a setting that may do harm one day. It is shown, but as long as nothing
suffers from it, it makes no verdict bad and alarms nobody. The same holds for a warning that only a check
gave, whatever it is about: an API version that ends in weeks is no reason to wake anybody."""
PROOFS = (ConditionKind.IMPORTS, ConditionKind.EVENTS)
"""What proves that an integration is healthy."""
NOT_WATCHED = frozenset({"not_connected", "not_watched", "no_webhooks"})
"""Unknown because nobody set out to know: no reason for a verdict."""
_CAUSE_ORDER = {kind: place for place, kind in enumerate(ConditionKind)}
_SEVERITY = {State.WARN: 1, State.FAIL: 2}
_SHARED_FIGURES = ("waiting_count", "late_count", "oldest_waiting_at", "newest_arrived_at", "tolerance_s")
_TRACKING_FIGURES = ("late_tracking_count", "oldest_due_at")
_MOMENT = timedelta(seconds=1)


def judge(facts: Facts) -> tuple[Finding, ...]:
    """One finding for each question that is asked, from cause to consequence. Pure."""
    access = judge_access(facts)
    credentials = judge_credentials(facts)
    is_open = access.state is State.OK or (access.state is State.WARN and access.rule in READING_PASSES)
    is_accessible = is_open and not credentials.state.is_bad
    ask: dict[ConditionKind, Callable[[], Finding]] = {
        ConditionKind.EDGE: lambda: judge_edge(facts),
        ConditionKind.ACCESS: lambda: or_check(access, facts),
        ConditionKind.CREDENTIALS: lambda: or_check(credentials, facts),
        ConditionKind.WEBHOOKS: lambda: judge_webhooks(facts),
        ConditionKind.THROTTLE: lambda: judge_throttle(facts, is_accessible=is_accessible),
        ConditionKind.IMPORTS: lambda: or_check(judge_imports(facts), facts),
        ConditionKind.TRACKING: lambda: or_check(judge_tracking(facts), facts),
        ConditionKind.EVENTS: lambda: _events(facts),
    }
    return tuple(ask[kind]() for kind in facts.questions or JUDGED)


def _events(facts: Facts) -> Finding:
    finding = judge_events(facts.events or EventWindow(facts.hub), facts.now)
    return replace(finding, evidence={"hub": facts.hub_kind, **finding.evidence})


def conclude(helds: Iterable[Held], previous: Judgement | None, now: datetime) -> Judgement:
    """The verdict: the first bad condition from cause to consequence explains those below it.

    The state is the worst of the bad ones: a warning whose consequence is a stall is no mere
    warning. Healthy is only what ``imports`` (or ``events``) proves: if it is unknown and nothing is
    bad, the verdict is unknown for the first reason. Advice (see :data:`ADVISORY`) is no
    reason for anything. ``evidence["explains"]`` names what stands below.
    """
    answers = sorted(helds, key=lambda held: _CAUSE_ORDER[held.kind])
    bad = [held for held in answers if held.state.is_bad and not _is_advice(held)]
    imports = next((held for held in answers if held.kind in PROOFS), None)
    if bad:
        cause = bad[0]
        state = max((held.state for held in bad), key=_SEVERITY.__getitem__)
        since = cause.since
        if previous is not None and previous.state.is_bad:
            since = min(since, previous.since)
        return Judgement(state, cause.kind, cause.rule, since, _evidence(cause, bad[1:], imports))
    if imports is None or imports.state is State.UNKNOWN:
        reason = next(
            (held for held in answers if held.state is State.UNKNOWN and held.rule not in NOT_WATCHED), None
        )
        if reason is None:
            return Judgement(State.UNKNOWN, None, "not_read_yet", _kept(previous, State.UNKNOWN, now))
        since = _kept(previous, State.UNKNOWN, reason.since)
        return Judgement(State.UNKNOWN, reason.kind, reason.rule, since, _evidence(reason, [], imports))
    since = _kept(previous, State.OK, max(held.since for held in answers if held.state is State.OK))
    return Judgement(State.OK, None, imports.rule, since, dict(imports.evidence))


def seen_well_at(judgement: Judgement, helds: Iterable[Held]) -> datetime | None:
    """When the cause of a bad verdict was seen to be well, once, which is not believed yet.

    No part of the judgement: what is told of it later would keep what is true for a moment only.
    """
    causes = (held for held in helds if judgement.state.is_bad and held.kind is judgement.cause)
    return next((held.observed_at for held in causes if held.candidate_state is State.OK), None)


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


def _is_advice(held: Held) -> bool:
    if held.state is not State.WARN:
        return False
    # What proves that all is well cannot be made of advice.
    return held.kind in ADVISORY or (held.rule == "check_warned" and held.kind not in PROOFS)


def _kept(previous: Judgement | None, state: State, begun_at: datetime) -> datetime:
    return previous.since if previous is not None and previous.state is state else begun_at


def _evidence(cause: Held, explained: list[Held], imports: Held | None) -> dict[str, Any]:
    evidence = dict(cause.evidence)
    if imports is not None:
        for name in _SHARED_FIGURES:
            if name in imports.evidence:
                evidence.setdefault(name, imports.evidence[name])
    for held in explained:
        if held.kind is ConditionKind.TRACKING:
            for name in _TRACKING_FIGURES:
                evidence.setdefault(name, held.evidence.get(name))
    if explained:
        evidence["explains"] = [
            {"kind": held.kind.value, "state": held.state.value, "rule": held.rule} for held in explained
        ]
    return evidence

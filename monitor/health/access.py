"""Does the store let the hub in? From our probes as the hub, our own reading, and the hub's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.contracts import CallRecord, ConditionKind, HubFailure, Outcome
from monitor.health.blocks import judge_blocks
from monitor.health.readings import (
    CREDENTIAL_ERRORS,
    asked_at,
    fetch_limit,
    first_failed_at,
    hub_gets_through,
    is_fresh,
    is_proven,
    iso,
    recent_failures,
)
from monitor.health.records import Evidence, Facts, Finding
from monitor.health.states import State

NEUTRAL_AGENT = "syncwatch"
"""How the User-Agent of a probe begins that does not pretend to be a hub (lower case)."""
LONG_MAINTENANCE = timedelta(hours=1)
ENOUGH_REFUSALS = 2
"""Refused writes that are no accident of one call."""
SHUT = frozenset({Outcome.BLOCKED, Outcome.CHALLENGED})
PASSING = frozenset({Outcome.PASSED, Outcome.REFUSED})
SILENT_FOR_ONE = SHUT | {Outcome.NO_ANSWER}
"""No answer for one User-Agent while another gets one is a block (nginx 444), not an outage."""

RULE_OF_ERROR: dict[str, tuple[State, str]] = {
    "Blocked": (State.FAIL, "blocked"),
    "InMaintenance": (State.WARN, "maintenance"),
    "ShopClosed": (State.FAIL, "shop_closed"),
    "RemoteFault": (State.FAIL, "server_fault"),
    "NoAnswer": (State.FAIL, "no_answer"),
    "NameNotFound": (State.FAIL, "name_not_found"),
    "ConnectionFailed": (State.FAIL, "connection_failed"),
    "TlsFailed": (State.FAIL, "tls_failed"),
    "TimedOut": (State.FAIL, "timed_out"),
    "UnexpectedAnswer": (State.UNKNOWN, "unexpected_answer"),
    "RateLimited": (State.UNKNOWN, "rate_limited"),
    "AddressRefused": (State.UNKNOWN, "address_refused"),
    "OurMistake": (State.UNKNOWN, "our_mistake"),
    "NotPossible": (State.UNKNOWN, "our_mistake"),
}
RULE_OF_PROBE: dict[Outcome, tuple[State, str]] = {
    Outcome.BLOCKED: (State.FAIL, "blocked"),
    Outcome.CHALLENGED: (State.FAIL, "blocked"),
    Outcome.MAINTENANCE: (State.WARN, "maintenance"),
    Outcome.FAULT: (State.FAIL, "server_fault"),
    Outcome.NO_ANSWER: (State.FAIL, "no_answer"),
    Outcome.REDIRECTED: (State.WARN, "redirected"),
    Outcome.RATE_LIMITED: (State.UNKNOWN, "rate_limited"),
    Outcome.UNEXPECTED: (State.UNKNOWN, "unexpected_answer"),
}
RULE_OF_LOG: dict[Outcome, tuple[State, str]] = {
    Outcome.BLOCKED: (State.FAIL, "hub_address_blocked"),
    Outcome.CHALLENGED: (State.FAIL, "hub_address_blocked"),
    Outcome.NO_ANSWER: (State.FAIL, "hub_gets_no_answer"),
    Outcome.FAULT: (State.FAIL, "hub_meets_fault"),
    Outcome.MAINTENANCE: (State.WARN, "hub_meets_maintenance"),
    Outcome.RATE_LIMITED: (State.WARN, "hub_rate_limited"),
    Outcome.REDIRECTED: (State.WARN, "hub_redirected"),
}
SILENCES = frozenset({"NameNotFound", "ConnectionFailed", "TimedOut", "NoAnswer"})
"""Errors that a broken network of our own looks like."""
CONCLUSIVE_ERRORS = frozenset({"ShopClosed", "TlsFailed"})
"""The remote said it in so many words. So it does in a maintenance, but an update of a plug-in
closes a shop for seconds: that is worth a second look before anybody is told."""


@dataclass(frozen=True, slots=True)
class _Probes:
    """The probes that still speak of now."""

    as_hub: tuple[CallRecord, ...]
    neutral: CallRecord | None

    def passing(self) -> list[CallRecord]:
        return [probe for probe in self.as_hub if probe.outcome in PASSING]


def judge_access(facts: Facts) -> Finding:
    """Passes, blocked (whom, by whom), no answer, in maintenance, or why that cannot be told."""
    probes = _fresh_probes(facts)
    return (
        _own_network(facts)
        or _one_agent_blocked(facts, probes)
        or _all_shut_out(facts, probes)
        or _our_reading_fails(facts, probes)
        or _hub_fails_where_we_pass(facts, probes)
        or _writes_refused(facts)
        or judge_blocks(facts)
        or _passes(facts, probes)
    )


def _own_network(facts: Facts) -> Finding | None:
    """Nobody answers us, this store neither: that says nothing about the store."""
    lost_since, tried_at = facts.network_lost_since, facts.store.tried_at
    if lost_since is None or tried_at is None or facts.store.error not in SILENCES or tried_at < lost_since:
        return None
    evidence = {"hub": facts.hub_kind, "lost_since": iso(lost_since), "last_ok_at": iso(facts.store.ok_at)}
    return _finding(State.UNKNOWN, "own_network", tried_at, evidence, since=lost_since, conclusive=True)


def _fresh_probes(facts: Facts) -> _Probes:
    fresh = [probe for probe in facts.probes if facts.now - probe.at <= facts.probe_stale_after]
    neutral = [probe for probe in fresh if probe.user_agent.lower().startswith(NEUTRAL_AGENT)]
    return _Probes(
        tuple(p for p in fresh if p not in neutral), max(neutral, key=lambda p: p.at, default=None)
    )


def _we_read_after(facts: Facts, moment: datetime) -> bool:
    """Whether our own reading went well after a probe that did not."""
    return not facts.store.error and facts.store.ok_at is not None and facts.store.ok_at > moment


def _one_agent_blocked(facts: Facts, probes: _Probes) -> Finding | None:
    neutral_passes = probes.neutral is not None and probes.neutral.outcome in PASSING
    suspects = SILENT_FOR_ONE if neutral_passes else SHUT
    blocked = [probe for probe in probes.as_hub if probe.outcome in suspects]
    if not blocked or not (neutral_passes or _we_read_after(facts, max(p.at for p in blocked))):
        return None
    passing = [probe.user_agent for probe in probes.passing()]
    failures = [failure for failure in recent_failures(facts) if failure.outcome in SILENT_FOR_ONE]
    hub_suffers = is_proven(facts, failures)
    evidence = {
        **_of_call(facts, blocked[0]),
        "user_agents": [probe.user_agent for probe in blocked],
        "passing_user_agents": passing,
        "hub_failures": len(failures),
    }
    if passing and not hub_suffers:
        state, rule = State.WARN, "some_user_agents_blocked"
    else:
        state, rule = State.FAIL, "blocked_user_agent"
    observed_at = max(probe.at for probe in blocked)
    return _shut_out(facts, state, rule, observed_at, evidence, failures=failures, conclusive=hub_suffers)


def _all_shut_out(facts: Facts, probes: _Probes) -> Finding | None:
    everyone = (*probes.as_hub, *([probes.neutral] if probes.neutral else []))
    if not everyone or any(probe.outcome in PASSING for probe in everyone):
        return None
    observed_at = max(probe.at for probe in everyone)
    if _we_read_after(facts, observed_at):
        return None
    call = probes.neutral or everyone[0]
    state, rule = RULE_OF_PROBE[call.outcome]
    if call.outcome is Outcome.NO_ANSWER and facts.store.error in RULE_OF_ERROR:
        state, rule = RULE_OF_ERROR[facts.store.error]
    return _shut_out(facts, state, rule, observed_at, _of_call(facts, call))


def _our_reading_fails(facts: Facts, probes: _Probes) -> Finding | None:
    error = facts.store.error
    if error not in RULE_OF_ERROR or (error == "RateLimited" and is_fresh(facts, facts.store)):
        return None
    state, rule = RULE_OF_ERROR[error]
    evidence = {"hub": facts.hub_kind, "error": error, "detail": facts.store.message}
    tried_at = facts.store.tried_at
    if error == "Blocked" and probes.passing():
        return _finding(State.UNKNOWN, "only_we_are_shut_out", tried_at, {**evidence, "met": rule})
    return _shut_out(facts, state, rule, tried_at, evidence, conclusive=error in CONCLUSIVE_ERRORS)


def _shut_out(
    facts: Facts,
    state: State,
    rule: str,
    observed_at: datetime | None,
    evidence: Evidence,
    *,
    failures: Sequence[HubFailure] | None = None,
    conclusive: bool = False,
) -> Finding:
    """We do not get in. If the hub does all the same, it is about us and not about the store."""
    evidence = {**evidence, "last_ok_at": iso(facts.store.ok_at)}
    if state.is_bad and hub_gets_through(facts):
        evidence["met"] = rule
        return _finding(State.UNKNOWN, "only_we_are_shut_out", observed_at, evidence)
    since = first_failed_at(facts, recent_failures(facts) if failures is None else failures)
    if rule == "maintenance":
        began_at = since or facts.store.ok_at
        if began_at is not None and observed_at is not None and observed_at - began_at > LONG_MAINTENANCE:
            state, rule = State.FAIL, "maintenance_long"
    return _finding(state, rule, observed_at, evidence, since=since, conclusive=conclusive)


def _hub_fails_where_we_pass(facts: Facts, probes: _Probes) -> Finding | None:
    """We get in and the hub, by its own log, does not: what differs is where it comes from."""
    failures = recent_failures(facts)
    if not failures or failures[0].outcome not in RULE_OF_LOG:
        return None
    alike = _leading(failures)
    we_pass = bool(probes.passing()) or is_fresh(facts, facts.store)
    if not we_pass or not is_proven(facts, alike):
        return None
    state, rule = RULE_OF_LOG[failures[0].outcome]
    if failures[0].outcome in SHUT:
        if all(failure.is_write for failure in alike):
            state, rule = (State.WARN if _still_fetches(facts) else State.FAIL), "method_blocked"
        elif not any(probe.at >= alike[-1].at for probe in probes.passing()):
            # Nobody has tried its User-Agent since it began: it may as well be that.
            rule = "blocked_for_hub"
    since = first_failed_at(facts, alike)
    return _finding(state, rule, facts.hub_state.ok_at, _of_log(facts, alike), since=since, conclusive=True)


def _writes_refused(facts: Facts) -> Finding | None:
    """The hub fetches, but is refused when it writes. A fetch that goes well does not end this: only
    tracking numbers that reach the store do."""
    writes = [failure for failure in facts.feedback_failures if failure.is_write]
    if not writes or writes[0].outcome not in SHUT or facts.tracking is None:
        return None
    alike = _leading(writes)
    if not facts.tracking.missing_count or len(alike) < ENOUGH_REFUSALS:
        return None
    state = State.WARN if _still_fetches(facts) else State.FAIL
    evidence = _of_log(facts, alike)
    return _finding(
        state, "method_blocked", facts.hub_state.ok_at, evidence, since=alike[-1].at, conclusive=True
    )


def _of_log(facts: Facts, alike: Sequence[HubFailure]) -> dict[str, Any]:
    newest = alike[0]
    return {
        "hub": facts.hub_kind,
        "method": newest.method,
        "status": newest.status,
        "by": newest.by,
        "detail": newest.detail,
        "hub_failures": len(alike),
        "last_failure_at": iso(newest.at),
        "is_inferred": True,
    }


def _still_fetches(facts: Facts) -> bool:
    fetched_at = facts.last_fetched_at
    return fetched_at is not None and facts.now - fetched_at <= fetch_limit(facts)


def _leading(failures: Sequence[HubFailure]) -> list[HubFailure]:
    """The newest failures up to the first of another kind."""
    alike = []
    for failure in failures:
        if failure.outcome is not failures[0].outcome:
            break
        alike.append(failure)
    return alike


def _passes(facts: Facts, probes: _Probes) -> Finding:
    store = facts.store
    evidence: dict[str, Any] = {"hub": facts.hub_kind, "last_ok_at": iso(store.ok_at)}
    passing = probes.passing()
    if passing:
        evidence["passing_user_agents"] = [probe.user_agent for probe in passing]
        # A fetch of the hub itself is the best probe there is.
        moments = [probe.at for probe in passing]
        if facts.last_fetched_at is not None and hub_gets_through(facts):
            moments.append(facts.last_fetched_at)
        return _finding(State.OK, "passes", max(moments), evidence)
    if is_fresh(facts, store):
        return _finding(State.OK, "passes", store.ok_at, evidence)
    if store.error in CREDENTIAL_ERRORS:
        return _finding(State.OK, "passes", store.tried_at, evidence)
    rule = "not_read_yet" if store.tried_at is None else "store_unreadable"
    return _finding(State.UNKNOWN, rule, asked_at(facts, store), evidence)


def _of_call(facts: Facts, call: CallRecord) -> dict[str, Any]:
    return {
        "hub": facts.hub_kind,
        "method": call.method,
        "status": call.status,
        "by": call.by,
        "detail": call.detail,
        "outcome": call.outcome.value,
    }


def _finding(
    state: State,
    rule: str,
    observed_at: datetime | None,
    evidence: Evidence,
    *,
    since: datetime | None = None,
    conclusive: bool = False,
) -> Finding:
    return Finding(ConditionKind.ACCESS, state, rule, observed_at, evidence, since, conclusive)

"""Do the store's orders arrive in the hub? Two-sided: the store's list against the hub's."""

from datetime import datetime
from typing import Any

from integrations.contracts import ConditionKind, Outcome
from monitor.health.readings import asked_at, fetch_limit, is_fresh, is_proven, iso, recent_failures
from monitor.health.records import Evidence, Facts, Finding, Reading
from monitor.health.silence import alarm_below, expected_orders, silence_probability
from monitor.health.states import State


def judge_imports(facts: Facts) -> Finding:
    """Stalled, late, gap, silent, failing at the hub, or fine.

    Ages end at the last reading of the hub and not now: an order that the hub was not asked
    about since may have arrived.
    """
    if facts.hub_state.ok_at is not None and not facts.is_listed:
        return _finding(State.FAIL, "not_listed", facts.hub_state.ok_at, _figures(facts))
    history = _reading_history(facts)
    if history is not None:
        return history
    if not facts.hub.caught_up or not is_fresh(facts, facts.hub):
        return _unreadable(facts, "hub_unreadable", facts.hub)
    if not facts.store.caught_up:
        # Half of a history shows waiting orders beside gaps of its own.
        return _one_sided(facts)
    return _backlog(facts) or (_quiet(facts) if is_fresh(facts, facts.store) else _one_sided(facts))


def _reading_history(facts: Facts) -> Finding | None:
    """That the past of one side is not known yet, if so."""
    hub = facts.hub
    if _is_first_reading(hub):
        observed_at = hub.ok_at or asked_at(facts, hub)
        return _finding(State.UNKNOWN, "reading_history", observed_at, {"source": "hub"})
    if is_fresh(facts, hub) and _is_first_reading(facts.store):
        return _finding(State.UNKNOWN, "reading_history", hub.ok_at, {"source": "store"})
    return None


def _is_first_reading(reading: Reading) -> bool:
    """Whether the history is being read for the first time, without trouble so far."""
    return not reading.caught_up and not reading.error and reading.tried_at is not None


def tail_oldest_at(facts: Facts) -> datetime | None:
    """The oldest waiting order that nothing newer has overtaken."""
    if facts.tail_oldest_at is not None:
        return facts.tail_oldest_at
    newest, oldest = facts.newest_arrived_eligible_at, facts.oldest_waiting_at
    return oldest if oldest is not None and (newest is None or oldest > newest) else None


def _backlog(facts: Facts) -> Finding | None:
    """What is wrong with the waiting orders; None when all are within the tolerance."""
    read_at = facts.hub.ok_at
    assert read_at is not None
    # A waiting order that was cancelled since would not be known: then one look is not enough.
    is_two_sided = is_fresh(facts, facts.store)
    tail = tail_oldest_at(facts)
    if tail is not None and read_at - tail > facts.tolerance:
        arrived = facts.newest_arrived_at
        # In order, but slowly: something arrived after this order was placed, and lately. The last
        # arrival before a stall may also come after it, but is old by the time this is asked.
        is_moving = arrived is not None and arrived > tail and read_at - arrived <= facts.tolerance / 2
        state, rule = (State.WARN, "late") if is_moving else (State.FAIL, "stalled")
        return _finding(state, rule, read_at, _figures(facts), since=tail, conclusive=is_two_sided)
    oldest = facts.oldest_waiting_at
    if oldest is not None and read_at - oldest > facts.tolerance:
        return _finding(State.WARN, "gap", read_at, _figures(facts), since=oldest)
    return None


def _quiet(facts: Facts) -> Finding:
    """Both sides were read and nothing waits too long: fine, unless the hub says otherwise."""
    failing_since = facts.failing_since
    if failing_since is not None and is_fresh(facts, facts.hub_state) and _cannot_fetch(facts):
        figures = _figures(facts)
        return _finding(State.WARN, "hub_failing", facts.hub_state.ok_at, figures, since=failing_since)
    rule = "within_tolerance" if facts.waiting_count else "nothing_waiting"
    return _finding(State.OK, rule, facts.hub.ok_at, _figures(facts))


def _cannot_fetch(facts: Facts) -> bool:
    """Whether "failing" means fetching orders; a hub says it too when only feedback fails."""
    fetched_at, failing_since = facts.last_fetched_at, facts.failing_since
    if fetched_at is not None and failing_since is not None and fetched_at > failing_since:
        return False
    failures = recent_failures(facts)
    if failures and failures[0].outcome is Outcome.REFUSED and not is_proven(facts, failures):
        # A key that is refused once is refused again at the next fetch, and is then the cause by its name.
        return False
    return not failures or any(not failure.is_write for failure in failures)


def _one_sided(facts: Facts) -> Finding:
    """The store cannot be read: all that is left is to ask whether the silence is usual."""
    start, end, profile = facts.newest_arrived_at, facts.hub.ok_at, facts.silence
    if profile is None or profile.weeks < 1 or start is None or end is None:
        return _unreadable(facts, "store_unreadable", facts.store)
    if end - start <= fetch_limit(facts):
        # Between two imports nothing arrives, however much is sold: the profile counts by the hour.
        return _unreadable(facts, "store_unreadable", facts.store)
    probability = silence_probability(profile, start, end)
    if probability >= alarm_below(profile):
        return _unreadable(facts, "store_unreadable", facts.store)
    guess = {
        "is_guess": True,
        "probability": probability,
        "usual_orders": round(expected_orders(profile, start, end), 1),
    }
    return _finding(State.WARN, "silent", end, {**_figures(facts), **guess}, since=start)


def _unreadable(facts: Facts, rule: str, reading: Reading) -> Finding:
    trouble = {"error": reading.error, "message": reading.message, "last_ok_at": iso(reading.ok_at)}
    never_asked = reading.tried_at is None
    return _finding(
        State.UNKNOWN,
        "not_read_yet" if never_asked else rule,
        asked_at(facts, reading),
        {**_figures(facts), **trouble},
    )


def _figures(facts: Facts) -> dict[str, Any]:
    return {
        "hub": facts.hub_kind,
        "waiting_count": facts.waiting_count,
        "late_count": facts.late_count,
        "tail_count": facts.tail_count,
        "oldest_waiting_at": iso(facts.oldest_waiting_at),
        "newest_arrived_at": iso(facts.newest_arrived_at),
        "newest_eligible_at": iso(facts.newest_eligible_at),
        "tolerance_s": facts.tolerance.total_seconds(),
        "tolerance_source": facts.tolerance_source,
        "failing_since": iso(facts.failing_since),
        "last_fetched_at": iso(facts.last_fetched_at),
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
    return Finding(ConditionKind.IMPORTS, state, rule, observed_at, evidence, since, conclusive)

"""Does the hub poll more rarely than it used to? Always a suspicion: no hub says so itself."""

from datetime import datetime
from typing import Any

from integrations.contracts import ConditionKind
from monitor.health.imports import tail_oldest_at
from monitor.health.readings import asked_at, fetch_limit, is_fresh, iso, recent_failures
from monitor.health.records import Facts, Finding
from monitor.health.states import State

PUSHED_SYSTEM = "api"
"""A hub integration whose orders are sent to it: there is nothing to fetch."""


def judge_throttle(facts: Facts, *, is_accessible: bool) -> Finding:
    """Throttled, in rhythm, or why that cannot be told.

    :param is_accessible: the store lets the hub in now, as far as ``access`` can tell.
    """
    read_at, fetched_at = facts.hub_state.ok_at, facts.last_fetched_at
    if facts.hub_system.lower() == PUSHED_SYSTEM:
        return _finding(facts, State.OK, "not_applicable", read_at, conclusive=True)
    if read_at is None or not is_fresh(facts, facts.hub_state):
        rule = "not_read_yet" if facts.hub_state.tried_at is None else "hub_unreadable"
        return _finding(facts, State.UNKNOWN, rule, asked_at(facts, facts.hub_state))
    if fetched_at is None or not facts.is_listed:
        rule = "no_fetch_time" if facts.is_listed else "not_listed"
        return _finding(facts, State.UNKNOWN, rule, read_at)
    if read_at - fetched_at > fetch_limit(facts):
        return _long_gap(facts, read_at, fetched_at, is_accessible=is_accessible)
    previous = facts.previous_fetched_at
    # Hubs tell their times in whole seconds.
    refreshed_at = facts.refreshed_at.replace(microsecond=0) if facts.refreshed_at else None
    # One fetch after a long gap is how a throttled hub lives: it neither raises nor clears. But the
    # fetch that a forced refresh brings is a new beginning.
    is_proof = (
        previous is None
        or fetched_at - previous <= fetch_limit(facts)
        or (refreshed_at is not None and fetched_at >= refreshed_at)
    )
    return _finding(facts, State.OK, "in_rhythm", read_at if is_proof else None)


def _long_gap(facts: Facts, read_at: datetime, fetched_at: datetime, *, is_accessible: bool) -> Finding:
    """The gap is unusual. Only with reason to fetch, and nothing in the way, is it a throttle."""
    for source, rule in ((facts.store, "store_unreadable"), (facts.hub, "hub_unreadable")):
        if not is_fresh(facts, source):
            return _finding(facts, State.UNKNOWN, rule, asked_at(facts, source))
    newest = facts.newest_eligible_at
    if newest is None or newest <= fetched_at:
        return _finding(facts, State.OK, "nothing_to_fetch", read_at)
    if _arrive_otherwise(facts, newest, fetched_at):
        return _finding(facts, State.OK, "orders_arrive_otherwise", read_at)
    is_failing = facts.failing_since is not None and (recent_failures(facts) or not facts.hub_failures)
    if is_failing or not is_accessible:
        rule = "hub_failing" if is_failing else "store_not_accessible"
        return _finding(facts, State.UNKNOWN, rule, read_at)
    tail = tail_oldest_at(facts)
    if tail is not None and read_at - max(tail, fetched_at) <= fetch_limit(facts):
        # Some hubs fetch only when a shop has something: the clock runs from then. Proves nothing.
        return _finding(facts, State.OK, "not_overdue", None)
    is_late = tail is not None and read_at - tail > facts.tolerance
    return _finding(facts, State.FAIL, "throttled", read_at, since=fetched_at, conclusive=is_late)


def _arrive_otherwise(facts: Facts, newest: datetime, fetched_at: datetime) -> bool:
    """Whether orders get in without a fetch: the store's webhooks bring them."""
    overtaken_until, arrived = facts.newest_arrived_eligible_at, facts.newest_arrived_at
    # Without a tail, whatever waits was passed over long ago, and the newest is not waited for any more.
    if tail_oldest_at(facts) is None or (overtaken_until is not None and newest <= overtaken_until):
        return True
    return arrived is not None and arrived - fetched_at > fetch_limit(facts)


def _finding(
    facts: Facts,
    state: State,
    rule: str,
    observed_at: datetime | None,
    *,
    since: datetime | None = None,
    conclusive: bool = False,
) -> Finding:
    figures: dict[str, Any] = {
        "hub": facts.hub_kind,
        "last_fetched_at": iso(facts.last_fetched_at),
        "rhythm_s": facts.rhythm.total_seconds(),
        "rhythm_source": facts.rhythm_source,
        "waiting_count": facts.waiting_count,
        "oldest_waiting_at": iso(facts.oldest_waiting_at),
        "newest_eligible_at": iso(facts.newest_eligible_at),
        "failing_since": iso(facts.failing_since),
    }
    return Finding(ConditionKind.THROTTLE, state, rule, observed_at, figures, since, conclusive)

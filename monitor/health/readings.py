"""What several conditions ask of the facts: how fresh they are, who failed, how rare is too rare."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from integrations.contracts import HubFailure
from monitor.health.records import Facts, Reading

CREDENTIAL_ERRORS = frozenset({"CredentialsRefused", "RightMissing"})
FEEDBACK_METHODS = frozenset({"PUT", "POST", "PATCH", "DELETE"})
"""Methods with which a hub writes to a store; orders are fetched by GET."""
SHORTEST_LIMIT = timedelta(minutes=15)
MOST_RHYTHMS = 3


def is_fresh(facts: Facts, reading: Reading) -> bool:
    """Whether the source was read to its end lately enough to speak of now."""
    return reading.ok_at is not None and facts.now - reading.ok_at <= facts.stale_after


def asked_at(facts: Facts, reading: Reading) -> datetime | None:
    """When the failure to read was observed: at the failed attempt, or now when nobody tried.

    None when the source has never been asked.
    """
    if reading.tried_at is None:
        return None
    return reading.tried_at if reading.error else facts.now


def fetch_limit(facts: Facts) -> timedelta:
    """The longest gap between two fetches of the hub that is still its usual rhythm."""
    return max(MOST_RHYTHMS * facts.rhythm, SHORTEST_LIMIT)


def failures_since_fetch(facts: Facts) -> tuple[HubFailure, ...]:
    """The hub's failed calls, newest first. Those before its last successful fetch are over."""
    fetched_at = facts.last_fetched_at
    if fetched_at is None or not facts.hub_failures:
        return facts.hub_failures
    return tuple(failure for failure in facts.hub_failures if failure.at > fetched_at)


def recent_failures(facts: Facts) -> tuple[HubFailure, ...]:
    """The hub's failed calls that still speak of now, newest first.

    A hub that has been quiet for longer than its rhythm may simply not have tried again.
    """
    failures, read_at = failures_since_fetch(facts), facts.hub_state.ok_at
    if not failures or read_at is None or read_at - failures[0].at > fetch_limit(facts):
        return ()
    return failures


def is_proven(facts: Facts, failures: Sequence[HubFailure]) -> bool:
    """Whether the hub's log is enough to judge by: two rows, or one and the hub has said for longer
    than a rhythm that it fails. A single failed call happens to every shop."""
    if len(failures) >= 2:
        return True
    read_at = facts.hub_state.ok_at
    if not failures or facts.failing_since is None or read_at is None:
        return False
    return read_at - facts.failing_since > facts.rhythm


def first_failed_at(facts: Facts, failures: Sequence[HubFailure]) -> datetime | None:
    """Since when the hub has failed, by its log and, as its log is cut off, by its own word."""
    moments = [failure.at for failure in failures]
    if moments and facts.failing_since is not None:
        moments.append(facts.failing_since)
    return min(moments, default=None)


def hub_gets_through(facts: Facts) -> bool:
    """Whether the hub itself fetched within its usual rhythm, whatever we meet ourselves."""
    return (
        is_fresh(facts, facts.hub_state)
        and facts.failing_since is None
        and facts.last_fetched_at is not None
        and facts.now - facts.last_fetched_at <= fetch_limit(facts)
        and not recent_failures(facts)
    )


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

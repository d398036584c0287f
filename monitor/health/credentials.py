"""Are the keys accepted: the hub's key at the store, and ours at the store and at the hub?"""

from datetime import datetime
from typing import Any

from integrations.contracts import ConditionKind, Outcome
from monitor.health.readings import (
    CREDENTIAL_ERRORS,
    asked_at,
    failures_since_fetch,
    first_failed_at,
    is_fresh,
    is_proven,
    iso,
)
from monitor.health.records import Evidence, Facts, Finding
from monitor.health.states import State

SURE_AFTER = 2
"""So many refusals in a row are not an accident of one answer."""


def judge_credentials(facts: Facts) -> Finding:
    """Refused by the store (to the hub or to us), by the hub (to us), or accepted.

    A key of ours that the hub refuses says nothing about the integration: unknown.
    """
    store = facts.store
    figures: dict[str, Any] = {"hub": facts.hub_kind, "last_ok_at": iso(store.ok_at)}
    we_are_refused = store.error in CREDENTIAL_ERRORS
    if we_are_refused:
        figures |= {"message": store.message, "failures": store.failures}
    by_log = _refused_to_hub(facts, figures, we_are_refused=we_are_refused)
    if by_log is not None:
        return by_log
    if we_are_refused:
        rule = "right_missing" if store.error == "RightMissing" else "store_key_refused"
        return _finding(State.FAIL, rule, store.tried_at, figures, conclusive=store.failures >= SURE_AFTER)
    for reading in (facts.hub_state, facts.hub):
        if reading.error in CREDENTIAL_ERRORS:
            figures |= {"message": reading.message, "last_ok_at": iso(reading.ok_at)}
            return _finding(State.UNKNOWN, "account_refused", reading.tried_at, figures)
    if is_fresh(facts, store):
        return _finding(State.OK, "accepted", store.ok_at, figures)
    figures |= {"error": store.error, "message": store.message}
    rule = "not_read_yet" if store.tried_at is None else "store_unreadable"
    return _finding(State.UNKNOWN, rule, asked_at(facts, store), figures)


def _refused_to_hub(facts: Facts, figures: Evidence, *, we_are_refused: bool) -> Finding | None:
    """What the hub's log says of its own key. A key does not heal by itself: however long ago the
    hub tried last, it counts until the hub fetches again."""
    failures = failures_since_fetch(facts)
    refusals = [failure for failure in failures if failure.outcome is Outcome.REFUSED]
    if not refusals or refusals[0] is not failures[0] or facts.hub_state.ok_at is None:
        return None
    if not (we_are_refused or is_proven(facts, refusals)):
        return None
    newest = refusals[0]
    by_hub = {
        "hub_failures": len(refusals),
        "last_failure_at": iso(newest.at),
        "status": newest.status,
        "method": newest.method,
        "by": newest.by,
        "detail": newest.detail,
    }
    since = first_failed_at(facts, refusals)
    return _finding(
        State.FAIL,
        "hub_key_refused",
        facts.hub_state.ok_at,
        {**figures, **by_hub},
        since=since,
        conclusive=True,
    )


def _finding(
    state: State,
    rule: str,
    observed_at: datetime | None,
    evidence: Evidence,
    *,
    since: datetime | None = None,
    conclusive: bool = False,
) -> Finding:
    return Finding(ConditionKind.CREDENTIALS, state, rule, observed_at, evidence, since, conclusive)

"""What follows by itself when a store can be reached again while its hub lags behind. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _noop

from integrations.models import AutoRefresh
from monitor.health.readmission import WITHIN, lags
from monitor.health.states import State
from monitor.models.refreshes import RecoveryDecision, RefreshStrategy

SETTLE = timedelta(minutes=2)
"""A hub that catches up by itself is not disturbed."""
AGAIN = timedelta(minutes=1)
WITHOUT_PERSON = (RefreshStrategy.HUB_API, RefreshStrategy.PUSH_ORDERS, RefreshStrategy.NUDGE_STORE)
"""Ways that make waiting orders arrive and need nobody."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when it is to be decided what follows a recovery."""

    policy: str
    """:class:`integrations.models.AutoRefresh`."""
    recovered_at: datetime
    state: str
    rule: str
    is_paused: bool = False
    is_asked: bool = False
    """Somebody has asked for a refresh since the recovery, or one is under way."""
    maintenance_until: datetime | None = None
    """When the window ends that it is in."""
    cools_down_until: datetime | None = None
    allowed: Collection[str] = ()
    """Ways that the integration's policy allows."""
    possible: Collection[str] = ()
    """Ways there are, in the order in which they are tried."""


class Why:
    """Why it was decided so: English templates."""

    PAUSED = _noop("The integration is paused.")
    OFF = _noop("Refreshing by itself is switched off for this integration.")
    CAUGHT_UP = _noop("The hub caught up by itself.")
    ASKED = _noop("A refresh had been asked for already.")
    TOO_LATE = _noop("There was no right moment within six hours.")
    SUGGESTED = _noop("A person decides: the integration's policy is to suggest.")
    NO_WAY = _noop("None of the ways that need no person is possible and allowed here.")
    REFRESHED = _noop("Refreshed by itself, as the integration's policy says.")


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows a recovery. Without ``what``: not yet, look again at ``look_at``."""

    what: RecoveryDecision | None
    why: str = ""
    way: RefreshStrategy | None = None
    look_at: datetime | None = None


def decide(known: Situation, now: datetime) -> Decision:
    """At most one refresh follows: whoever calls this stores what is decided and never asks again."""
    left = _reason_to_leave(known, now)
    if left:
        return Decision(RecoveryDecision.LEFT, left)
    if not lags(known.state, known.rule):
        # Not known at the moment, or shut out again: that has to settle first.
        return Decision(None, look_at=now + AGAIN)
    if known.policy == AutoRefresh.SUGGEST:
        return Decision(RecoveryDecision.SUGGESTED, Why.SUGGESTED)
    way = next((way for way in WITHOUT_PERSON if way in known.allowed and way in known.possible), None)
    if way is None:
        return Decision(RecoveryDecision.SUGGESTED, Why.NO_WAY)
    free_at = max(
        known.recovered_at + SETTLE,
        known.cools_down_until or known.recovered_at,
        known.maintenance_until or known.recovered_at,
    )
    if free_at > now:
        return Decision(None, look_at=free_at)
    return Decision(RecoveryDecision.REFRESHED, Why.REFRESHED, way)


def _reason_to_leave(known: Situation, now: datetime) -> str:
    if known.is_paused:
        return Why.PAUSED
    if known.policy == AutoRefresh.OFF:
        return Why.OFF
    if known.is_asked:
        return Why.ASKED
    if known.state == State.OK:
        return Why.CAUGHT_UP
    return Why.TOO_LATE if now - known.recovered_at > WITHIN else ""

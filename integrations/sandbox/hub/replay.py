"""What the hub would have done while nobody was watching: before the first start, or while it was off."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from integrations.sandbox.fleet import Fault
from integrations.sandbox.hub.rhythm import Pulse, Rhythm, after_failure, after_success

NEVER_IMPORTED = ("cancelled", "failed", "refunded", "trash", "checkout-draft")
_STOPPING = (
    "firewall",
    "maintenance",
    "credentials_revoked",
    "database_down",
    "server_error",
    "rewrite_gone",
    "hang",
    "early_close",
    "shop_frozen",
    "shop_locked",
    "security_rejection",
    "scope_lost",
)


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order with the stretch of time in which the hub could first take it."""

    id: str
    number: str
    created: int
    modified: int
    status: str
    completed: int | None
    gone_at: float
    """When it was cancelled; infinity when never."""


@dataclass(slots=True)
class Past:
    """The outcome of a replay."""

    pulse: Pulse
    arrivals: list[tuple[PastOrder, float]] = field(default_factory=list)
    failures: list[tuple[Fault, float]] = field(default_factory=list)


def replay(
    pulse: Pulse,
    rhythm: Rhythm,
    *,
    end: float,
    faults: Sequence[Fault],
    orders: Sequence[PastOrder],
    seed: str,
) -> Past:
    """Every fetch that was due until ``end``. ``orders`` (oldest first) are those not yet arrived."""
    draw = random.Random(seed)
    stopping = [fault for fault in faults if fault.name in _STOPPING]
    past = Past(pulse)
    waiting = 0
    while past.pulse.next_fetch_at <= end:
        at = past.pulse.next_fetch_at
        fault = next((fault for fault in stopping if fault.active(at)), None)
        if fault is not None:
            past.failures.append((fault, at))
            maintenance = fault.name == "maintenance"
            past.pulse = after_failure(past.pulse, at, rhythm, draw.random, maintenance=maintenance)
            continue
        while waiting < len(orders) and orders[waiting].created <= at:
            order = orders[waiting]
            waiting += 1
            if order.gone_at > at:
                past.arrivals.append((order, min(at + draw.uniform(0.3, 2.5), end)))
        past.pulse = after_success(past.pulse, at, rhythm, draw.random)
    return past


def choose_lost(arrivals: Sequence[tuple[PastOrder, float]], count: int, end: float) -> set[str]:
    """So many order ids, spread over the hours before ``end``, none so young that it may be just late."""
    recent = [order.id for order, at in arrivals if end - 5 * 3600 < at < end - 45 * 60]
    step = max(len(recent) // max(count, 1), 1)
    return set(recent[::step][:count])

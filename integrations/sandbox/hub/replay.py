"""What the hub would have done while nobody was watching: before the first start, or while it was off."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
    queue = deque(orders)
    while past.pulse.next_fetch_at <= end:
        at = past.pulse.next_fetch_at
        fault = next((fault for fault in stopping if fault.active(at)), None)
        if fault is not None:
            past.failures.append((fault, at))
            maintenance = fault.name == "maintenance"
            past.pulse = after_failure(past.pulse, at, rhythm, draw.random, maintenance=maintenance)
            continue
        _take(past, queue, at, min(at + draw.uniform(0.3, 2.5), end))
        past.pulse = after_success(past.pulse, at, rhythm, draw.random)
        if not past.pulse.throttled:
            calm_until = min((fault.since for fault in stopping if fault.since > at), default=end)
            _stay_well(past, queue, rhythm, draw, until=min(calm_until, end))
    return past


def _stay_well(
    past: Past, queue: deque[PastOrder], rhythm: Rhythm, draw: random.Random, *, until: float
) -> None:
    """Fetch after fetch succeeds before ``until``. As in ``replay``, but two weeks of it take no time."""
    last_at, next_at = past.pulse.last_fetched_at, past.pulse.next_fetch_at
    while next_at < until:
        if queue and queue[0].created <= next_at:
            _take(past, queue, next_at, min(next_at + draw.uniform(0.3, 2.5), until))
        last_at, next_at = next_at, next_at + rhythm.wait_s(draw.random)
    past.pulse = replace(past.pulse, last_fetched_at=last_at, next_fetch_at=next_at)


def _take(past: Past, queue: deque[PastOrder], at: float, arrived_at: float) -> None:
    """What a fetch at ``at`` finds arrives."""
    while queue and queue[0].created <= at:
        order = queue.popleft()
        if order.gone_at > at:
            past.arrivals.append((order, arrived_at))


def choose_lost(arrivals: Sequence[tuple[PastOrder, float]], count: int, end: float) -> set[str]:
    """So many ids of open orders of the day before ``end``, none so young that it may be just late."""
    window = (end - 24 * 3600, end - 45 * 60)
    open_orders = [
        (o.id, at) for o, at in arrivals if o.status == "processing" and window[0] < at < window[1]
    ]
    recent = [order_id for order_id, at in open_orders if at > end - 6 * 3600]
    if len(recent) < 3 * count:
        recent = [order_id for order_id, _ in open_orders]
    step = max(len(recent) // max(count, 1), 1)
    return set(recent[::step][:count])

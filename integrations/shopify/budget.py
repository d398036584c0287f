"""What queries may cost, and when the next one is affordable.

A query is charged its requested cost from a bucket that refills every second; every answer tells the
bucket's state, and its size depends on the shop's plan. One query may cost 1,000 points on any plan
(shopify.dev, API limits).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from integrations.documents import Record

COSTLY = 800
"""Of the 1,000 points one query may cost: above it, ask for less at once."""
RESERVE = 0.1
"""Of the bucket, which is left to other processes that ask the same shop."""
LONGEST_WAIT = timedelta(seconds=15)
"""Longer waits are left to the scheduler."""


Points = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class ThrottleStatus(Record):
    maximumAvailable: Points = 0  # Shopify's names
    currentlyAvailable: Points = 0
    restoreRate: Points = 0

    def seconds_for(self, points: float) -> float:
        """How long it takes to restore them, at most a day."""
        return min(max(points, 0) / self.restoreRate, 86_400) if self.restoreRate > 0 else 0


class Cost(Record):
    requestedQueryCost: Points = 0
    throttleStatus: ThrottleStatus | None = None


@dataclass(slots=True)
class Budget:
    """The bucket of one shop and app as the last answer told it."""

    _status: ThrottleStatus = field(default_factory=ThrottleStatus)
    _costs: dict[str, float] = field(default_factory=dict)

    def told(self, name: str, cost: Cost) -> None:
        """An answer to the saved query ``name`` told its cost and the bucket's state."""
        if cost.requestedQueryCost > 0:
            self._costs[name] = max(cost.requestedQueryCost, self._costs.get(name, 0))
        if cost.throttleStatus is not None:
            self._status = cost.throttleStatus

    def wait_before(self, name: str) -> timedelta:
        """How long to wait until the query can be charged without touching the reserve.

        A query is expected to cost what its most costly form did, and an unknown one to be costly. What was
        restored since the last answer is not counted, so that no clock is needed.
        """
        status = self._status
        wanted = self._costs.get(name, COSTLY) + RESERVE * status.maximumAvailable
        missing = min(wanted, status.maximumAvailable) - status.currentlyAvailable
        return min(timedelta(seconds=status.seconds_for(missing)), LONGEST_WAIT)


def fewer(size: int, cost: float) -> int:
    """How many rows to ask for next, when ``size`` of them cost that much."""
    return max(1, size // 2) if cost > COSTLY else size


def wait_when_throttled(cost: Cost) -> timedelta:
    """How long until the refused query can be charged."""
    status = cost.throttleStatus or ThrottleStatus()
    return timedelta(seconds=status.seconds_for(cost.requestedQueryCost - status.currentlyAvailable))

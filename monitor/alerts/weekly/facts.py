"""What a report says, as it was true when it was written; kept as JSON in ``Notice.context``."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from integrations.contracts import ConditionKind
from monitor.health.states import State


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class Trouble(_Kept):
    """An incident of the week."""

    pk: int
    title: str
    state: State
    cause: ConditionKind
    rule: str
    evidence: dict[str, Any]
    started_at: AwareDatetime
    lasted_s: int
    """Until its end, or until the report was written."""
    is_open: bool


class Quantile(_Kept):
    """A latency; while too many orders wait, what it is at least."""

    value_s: float
    is_lower_bound: bool = False


class Latency(_Kept):
    """How long orders took in one kind of shop."""

    hosting: str
    """``shopify`` or ``self-hosted``."""
    orders: int
    half: Quantile | None
    tail: Quantile | None
    """95 % arrived within this."""
    half_before: Quantile | None
    tail_before: Quantile | None


class Slow(_Kept):
    """An integration whose orders took long."""

    title: str
    name: str
    orders: int
    tail: Quantile


class Shares(_Kept):
    """Parts of one, over all of the subscription's integrations; None: nothing is known."""

    available: float | None
    unknown: float
    """Of the time, in which nothing could be said."""
    on_time: float | None
    orders: int
    incidents: int


class WeekFacts(_Kept):
    """One week of what a subscription is about."""

    start: AwareDatetime
    end: AwareDatetime
    at: AwareDatetime
    """When it was written."""
    integrations: int
    now: Shares
    before: Shares
    """Of the week before."""
    causes: list[tuple[ConditionKind, int]]
    """How many incidents each had, the most frequent first."""
    longest: list[Trouble]
    still_open: list[Trouble]
    """Open when the report was written, whenever they began; the oldest first."""
    still_open_count: int
    latencies: list[Latency]
    slowest: list[Slow]
    refreshes: int
    refreshes_moved: int
    """After which orders moved."""
    numbers_missing: int
    """Tracking numbers that were due in the week and are still missing in their stores."""

"""How an integration stands, before and after a refresh, and whether the refresh had an effect."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Min, Q
from pydantic import AwareDatetime, BaseModel, ConfigDict

from monitor.collect.shipments import missing
from monitor.collect.waiting import waiting
from monitor.models import HubState, Progress, Verdict


class Standing(BaseModel):
    """An integration at one moment, as it is kept in ``Refresh.before`` and ``Refresh.after``."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    state: str = ""
    rule: str = ""
    waiting: int = 0
    """Expected orders without arrival, within the judging window."""
    oldest_waiting_at: AwareDatetime | None = None
    last_fetched_at: AwareDatetime | None = None
    failing_since: AwareDatetime | None = None
    newest_arrived_at: AwareDatetime | None = None
    still_waiting: int = 0
    """Those of the waiting orders that were there already when the hub was asked."""
    missing_numbers: int = 0
    """Tracking numbers that are due in the store and were not found there."""
    moved_at: AwareDatetime | None = None
    """When the effect was first seen."""

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def standing(integration_id: int, now: datetime, *, asked_at: datetime | None = None) -> Standing:
    """How the integration stands at ``now`` as far as was read; five small queries."""
    verdict = Verdict.objects.filter(integration=integration_id).first()
    hub = HubState.objects.filter(integration=integration_id).order_by("-at", "-pk").first()
    progress = Progress.objects.filter(integration=integration_id).first()
    orders = waiting(integration_id, progress, now).aggregate(
        count=Count("pk"),
        oldest=Min("eligible_at"),
        still=Count("pk", filter=Q(eligible_at__lte=asked_at or now)),
    )
    return Standing(
        at=now,
        state=verdict.state if verdict else "",
        rule=verdict.rule if verdict else "",
        waiting=orders["count"],
        oldest_waiting_at=orders["oldest"],
        last_fetched_at=hub.last_fetched_at if hub else None,
        failing_since=hub.failing_since if hub else None,
        newest_arrived_at=progress.newest_arrived_at if progress else None,
        still_waiting=orders["still"],
        missing_numbers=missing(now).filter(integration=integration_id, due_at__lte=now).count(),
    )


class Effect(StrEnum):
    """A sign that the hub did something after it was asked."""

    ARRIVED = "arrived"
    FETCHED = "fetched"
    STOPPED_FAILING = "stopped_failing"


CLOCK_TOLERANCE = timedelta(seconds=2)
"""Hubs give whole seconds: a fetch in the second of the asking may read as if just before it."""


def effect(before: Standing, current: Standing, asked_at: datetime) -> Effect | None:
    """The strongest sign that things moved after ``asked_at``, if any.

    Movement that the hub dates before the asking is not credited, however late it was read.
    """
    earliest = asked_at - CLOCK_TOLERANCE
    arrived_at, fetched_at = current.newest_arrived_at, current.last_fetched_at
    if current.still_waiting < before.waiting and arrived_at is not None and arrived_at >= earliest:
        return Effect.ARRIVED
    if fetched_at is not None and fetched_at >= earliest and fetched_at != before.last_fetched_at:
        return Effect.FETCHED
    if before.failing_since is not None and current.failing_since is None:
        return Effect.STOPPED_FAILING
    return None

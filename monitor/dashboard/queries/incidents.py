"""What the incident pages ask the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import F, Prefetch, QuerySet

from monitor.dashboard.bands import changes_of_state
from monitor.models import Incident, Member, Notice, Refresh, Remark, Transition
from monitor.models.maintenance import RemarkKind
from monitor.scope import Scope

LEAD = timedelta(minutes=10)
"""The timeline begins a little before the incident: what came just before often explains it."""
EVENTS = 100

_MEMBERS = Member.objects.select_related("integration__store", "integration__account", "integration__verdict")


def newest(scope: Scope) -> QuerySet[Incident]:
    """Open ones first, then by age; with the members of those that are not named by what they share."""
    members = scope.limit(_MEMBERS).filter(incident__scope__startswith="integration:").order_by("joined_at")
    return (
        scope.limit(Incident.objects.select_related("acknowledged_by"))
        .prefetch_related(Prefetch("members", queryset=members))
        .order_by(F("closed_at").desc(nulls_first=True), "-opened_at")
    )


@dataclass(frozen=True)
class Event:
    """A line of an incident's timeline: exactly one of the rows is set, or a word says what it is."""

    at: datetime
    transition: Transition | None = None
    refresh: Refresh | None = None
    remark: Remark | None = None
    word: str = ""
    """``opened``, ``hushed``, ``acknowledged``, ``closed``."""


class IncidentPage:
    """Everything about one incident at one moment. Each property costs at most one query."""

    def __init__(self, incident: Incident, *, now: datetime, scope: Scope) -> None:
        self.incident = incident
        self.scope = scope
        self.now = now

    @property
    def duration(self) -> timedelta:
        return (self.incident.closed_at or self.now) - self.incident.started_at

    @cached_property
    def members(self) -> Sequence[Member]:
        """Those that the reader may see."""
        return list(self.scope.limit(_MEMBERS).filter(incident=self.incident).order_by("joined_at"))

    @cached_property
    def notices(self) -> Sequence[Notice]:
        return list(self.incident.notices.order_by("created_at", "recipient"))

    @cached_property
    def timeline(self) -> list[Event]:
        """Newest first."""
        incident = self.incident
        end = incident.closed_at or self.now
        span = (min(incident.started_at, incident.opened_at) - LEAD, end + LEAD)
        ids = [member.integration_id for member in self.members]
        changes = changes_of_state().filter(integration__in=ids, at__range=span)
        refreshes = Refresh.objects.filter(integration__in=ids, requested_at__range=span)
        events = [Event(one.at, transition=one) for one in changes.order_by("-at")[:EVENTS]]
        events += [
            Event(one.requested_at, refresh=one) for one in refreshes.order_by("-requested_at")[:EVENTS]
        ]
        remarks = incident.remarks.select_related("user").order_by("-at")[:EVENTS]
        events += [Event(one.at, remark=one) for one in remarks]
        is_hushed = incident.hushed_at is not None and incident.hushed_at == incident.opened_at
        events.append(Event(incident.opened_at, word="hushed" if is_hushed else "opened"))
        if incident.acknowledged_at and not any(one.kind == RemarkKind.ACKNOWLEDGED for one in remarks):
            events.append(Event(incident.acknowledged_at, word="acknowledged"))
        if incident.closed_at:
            events.append(Event(incident.closed_at, word="closed"))
        return sorted(events, key=lambda event: event.at, reverse=True)

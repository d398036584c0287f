"""What the page of an incident asks the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q

from integrations.adapters import ImportsOrders
from integrations.models import Integration
from integrations.registry import offers
from monitor.alerts.current import evidence_now
from monitor.alerts.windows import Span, occurrences
from monitor.dashboard.bands import changes_of_state
from monitor.dashboard.queries.story import Event, Material, told
from monitor.models import Incident, Maintenance, Member, Notice, Refresh
from monitor.scope import Scope

LEAD = timedelta(minutes=10)
"""The story begins a little before the incident: what came just before often explains it."""
AROUND = timedelta(hours=1)
"""What the chart shows before and after it."""
EVENTS = 200
MEMBERS = 500
CHARTS = 3

_MEMBERS = Member.objects.select_related(
    "integration__store", "integration__account", "integration__verdict"
).defer("integration__store__credentials", "integration__account__credentials")


class IncidentPage:
    """Everything about one incident at one moment, of stores in the scope. Each property costs at most one
    query; the story costs five."""

    def __init__(self, incident: Incident, *, now: datetime, scope: Scope) -> None:
        self.incident = incident
        self.now = now
        self.scope = scope

    @property
    def end_at(self) -> datetime:
        """When it ended, or now."""
        return self.incident.closed_at or self.now

    @property
    def duration(self) -> timedelta:
        return self.end_at - self.incident.started_at

    @property
    def around(self) -> tuple[datetime, datetime]:
        """The time that the chart shows."""
        return self.incident.started_at - AROUND, min(self.end_at + AROUND, self.now)

    @cached_property
    def members(self) -> Sequence[Member]:
        """Who was in it, the first to join first."""
        mine = self.scope.limit(_MEMBERS.filter(incident=self.incident))
        return list(mine.order_by("joined_at", "pk")[:MEMBERS])

    @cached_property
    def title(self) -> str:
        """What is shared, or who is in it."""
        names = [str(member.integration) for member in self.members[:3]]
        more = len(self.members) - len(names)
        return self.incident.shared_title or ", ".join([*names, *([f"+ {more}"] if more > 0 else [])])

    @property
    def evidence(self) -> dict[str, Any]:
        """The figures of its sentences, as they are now where it lasts."""
        return evidence_now(self.incident, [one.integration for one in self.members if one.left_at is None])

    @property
    def charted(self) -> Sequence[Member]:
        """Whose latency is drawn."""
        return self._importing[:CHARTS]

    @property
    def uncharted(self) -> int:
        return len(self._importing) - len(self.charted)

    @cached_property
    def _importing(self) -> Sequence[Member]:
        """Those that have a latency: hubs that count events have none."""
        return [one for one in self.members if offers(one.integration.account.kind, ImportsOrders)]

    @cached_property
    def notices(self) -> Sequence[Notice]:
        return list(self.incident.notices.order_by("created_at", "recipient"))

    @cached_property
    def story(self) -> list[Event]:
        """Everything that happened, oldest first."""
        incident = self.incident
        span = (min(incident.started_at, incident.opened_at) - LEAD, self.end_at + LEAD)
        integrations: list[Integration] = [member.integration for member in self.members]
        changes = changes_of_state().filter(integration__in=integrations, at__range=span)
        asked = Refresh.objects.select_related("requested_by")
        refreshes = asked.filter(integration__in=integrations, requested_at__range=span)
        material = Material(
            incident,
            self.members,
            self.now,
            transitions=list(changes.order_by("-at", "-pk")[:EVENTS]),
            refreshes=list(refreshes.order_by("-requested_at")[:EVENTS]),
            remarks=list(incident.remarks.select_related("user").order_by("-at")[:EVENTS]),
            notices=self.notices,
            windows=self._windows(integrations, *span),
            names={one.pk: str(one) for one in integrations} if len(integrations) > 1 else {},
        )
        return told(material)

    @property
    def timeline(self) -> list[Event]:
        """The story, newest first."""
        return self.story[::-1]

    @staticmethod
    def _windows(
        integrations: Sequence[Integration], start: datetime, end: datetime
    ) -> list[tuple[Maintenance, Span]]:
        rows = Maintenance.objects.filter(
            Q(closed_at=None) | Q(closed_at__gt=start),
            ~Q(recurrence="") | Q(ends_at__gt=start),
            starts_at__lt=end,
        )
        covering = [row for row in rows if any(row.covers(one) for one in integrations)]
        return [(row, span) for row in covering for span in occurrences(row, start, end)]

"""Everything that happened to one integration, and who did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from integrations.models import Integration
from monitor.dashboard.bands import changes_of_state
from monitor.models import Audit, Incident, Refresh, Remark

SPAN: Final = timedelta(days=30)
MOST: Final = 60
_ACTIONS: Final[Mapping[str, str | Promise]] = {
    "integration.create": gettext_lazy("began to watch this integration"),
    "integration.change": gettext_lazy("changed the settings of this integration"),
    "store.create": gettext_lazy("connected the store"),
    "store.change": gettext_lazy("changed the settings of the store"),
    "store.subscribe": gettext_lazy("switched on the store's webhooks"),
    "store.examine": gettext_lazy("had the store examined"),
    "account.create": gettext_lazy("connected the hub account"),
    "account.change": gettext_lazy("changed the settings of the hub account"),
    "check.tick": gettext_lazy("looked at what only a person can see"),
    "check.untick": gettext_lazy("took back what was ticked"),
    "fleet.apply": gettext_lazy("applied a fleet file"),
}
_CHANGES: Final[Mapping[tuple[str, bool], Promise]] = {
    ("is_paused", True): gettext_lazy("paused it"),
    ("is_paused", False): gettext_lazy("let it be watched again"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline, with the row that it is about."""

    at: datetime
    word: str
    """``transition``, ``refresh``, ``opened``, ``closed``, ``acknowledged``, ``remark`` or ``audit``."""
    row: Any
    who: str = ""
    did: str = ""
    fields: Sequence[str] = ()
    """What was changed, by the names of the settings; of what is new, none."""


def timeline(
    integration: Integration,
    *,
    refreshes: Sequence[Refresh],
    incidents: Sequence[Incident],
    now: datetime,
    names_people: bool,
) -> list[Event]:
    """The events of the last days, newest first. Three queries.

    ``refreshes`` and ``incidents`` are those of the integration. Without ``names_people`` the audit tells
    what was changed but not by whom.
    """
    start = now - SPAN
    events = [
        *_transitions(integration, start),
        *(Event(one.requested_at, "refresh", one) for one in refreshes),
        *_incidents(incidents),
        *_audits(integration, start, names_people=names_people),
    ]
    return sorted((one for one in events if one.at >= start), key=lambda event: event.at, reverse=True)[:MOST]


def _transitions(integration: Integration, start: datetime) -> list[Event]:
    rows = changes_of_state().filter(integration=integration, at__gte=start).order_by("-at")[:MOST]
    return [Event(one.at, "transition", one) for one in rows]


def _incidents(incidents: Sequence[Incident]) -> list[Event]:
    said = list(Remark.objects.filter(incident__in=incidents).select_related("user").order_by("-at")[:MOST])
    answered = {(one.incident_id, one.at) for one in said}
    events = [Event(one.at, "remark", one) for one in said]
    for one in incidents:
        events.append(Event(one.opened_at, "opened", one))
        if one.closed_at:
            events.append(Event(one.closed_at, "closed", one))
        # An answer of today is a remark as well; one from before there were remarks is not.
        if one.acknowledged_at and (one.pk, one.acknowledged_at) not in answered:
            events.append(Event(one.acknowledged_at, "acknowledged", one))
    return events


def _audits(integration: Integration, start: datetime, *, names_people: bool) -> list[Event]:
    targets = [
        f"integration {integration.name}",
        f"store {integration.store.name}",
        f"account {integration.account.name}",
    ]
    audits = Audit.objects.select_related("user").filter(
        target__in=targets, action__in=_ACTIONS, at__gte=start
    )
    rows = audits.order_by("-at")[:MOST]
    return [
        Event(
            one.at,
            "audit",
            one,
            one.who if names_people else "",
            _did(one),
            sorted(one.after) if one.before else (),
        )
        for one in rows
    ]


def _did(row: Audit) -> str:
    if row.action == "integration.change" and len(row.after) == 1:
        ((name, value),) = row.after.items()
        special = _CHANGES.get((name, value)) if isinstance(value, bool) else None
        if special is not None:
            return str(special)
    return str(_ACTIONS[row.action])

"""Maintenance windows: who is in one, and keeping quiet about what happens in it.

A window suppresses telling, never observing: incidents open, close and are timed as ever. What opened or
became worse in it is *hushed*; what is still bad when nothing covers it any more is told then, all that one
window hushed in one mail (see :mod:`monitor.alerts.unhushing`). Recoveries are told in a window too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from integrations.models import Integration
from monitor.alerts.reaction import Reaction
from monitor.alerts.windows import Span, running
from monitor.models import Incident, Maintenance

HUSHED = Q(hushed_at__isnull=False, unhushed_at__isnull=True)
"""Incidents about which nobody was told because of a window, which is still to be made up for."""


@dataclass(frozen=True, slots=True)
class Running:
    """A window, and the occurrence of it that runs now."""

    window: Maintenance
    span: Span


def running_now(now: datetime) -> list[Running]:
    """The windows that run, the one that lasts longest first. One query; windows are few."""
    begun = Maintenance.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=now), ~Q(recurrence="") | Q(ends_at__gt=now), starts_at__lte=now
    ).select_related("store", "account")
    return running_of(begun, now)


def running_of(windows: Iterable[Maintenance], now: datetime) -> list[Running]:
    """Those of the windows that run, the one that lasts longest first."""
    found = [Running(window, span) for window in windows if (span := running(window, now))]
    return sorted(found, key=lambda one: one.span.end, reverse=True)


def covering(windows: Iterable[Running], integration: Integration) -> Running | None:
    """The first of these windows that covers an integration."""
    return next((one for one in windows if one.window.covers(integration)), None)


def covered(windows: Sequence[Running]) -> Q:
    """Integrations that any of these windows covers."""
    found = Q(pk__in=())
    for one in windows:
        window = one.window
        if window.store_id is not None:
            found |= Q(store=window.store_id)
        elif window.account_id is not None:
            found |= Q(account=window.account_id)
        else:
            found |= Q(store__tags__contains=[window.tag]) if window.tag else Q(pk__isnull=False)
    return found


def hush(reaction: Reaction, now: datetime) -> Collection[int]:
    """Marks what is about to open or has become worse inside a window; call it before it is stored.

    Returns the integrations of which nothing bad is told now. A shared incident is told as soon as one of
    those that join it is not covered.
    """
    bad = [*reaction.opened, *reaction.joined, *reaction.worsened]
    windows = running_now(now) if bad else []
    if not windows:
        return ()
    quiet: set[int] = set()
    by_incident: dict[int, list[Running | None]] = {}
    for incident, integration, _change in bad:
        window = covering(windows, integration)
        by_incident.setdefault(id(incident), []).append(window)
        if window is not None:
            quiet.add(integration.pk)
    for incident, _integration, _change in [*reaction.opened, *reaction.worsened]:
        _mark(incident, by_incident[id(incident)], now)
    return quiet


def _mark(incident: Incident, windows: Sequence[Running | None], now: datetime) -> None:
    if None not in windows and windows[0] is not None:
        incident.hushed_at, incident.hushed_by, incident.unhushed_at = now, windows[0].window, None


def told_anyway(reaction: Reaction, quiet: Collection[int], now: datetime) -> None:
    """What was hushed is made up for when somebody whom no window covers joins it or makes it worse."""
    heard = [
        incident.pk
        for incident, integration, _ in [*reaction.joined, *reaction.worsened]
        if integration.pk not in quiet
    ]
    if heard:
        Incident.objects.filter(HUSHED, pk__in=heard).update(unhushed_at=now)

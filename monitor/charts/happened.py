"""What happened in a time, to be marked on the charts: incidents, refreshes, maintenance windows."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, F, Func, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Integration, Store
from monitor.alerts.windows import occurrences
from monitor.charts.chosen import Chosen
from monitor.charts.figure import INCIDENT, MAINTENANCE, REFRESH, Mark
from monitor.models import Incident, Maintenance, Member, Refresh

MOST = 300
"""Newest incidents and refreshes that are looked at; a chart with more marks than that shows nothing."""
TOGETHER = 48
"""What happens within this part of the shown time becomes one mark."""
OCCURRENCES = 40
NAMED = 3


def happened(chosen: Chosen, *, start: datetime, end: datetime) -> list[Mark]:
    """The marks of a part of the fleet, at most a few dozen. Three queries."""
    apart = (end - start) / TOGETHER
    return [
        *_together(_incidents(chosen, start, end), apart),
        *_together(_refreshes(chosen, start, end), apart),
        *_maintenances(chosen, start, end),
    ]


def _incidents(chosen: Chosen, start: datetime, end: datetime) -> list[Mark]:
    members = Member.objects.filter(incident=OuterRef("pk"))
    if not chosen.is_everything:
        members = members.filter(integration__in=chosen.integrations())
    first = members.order_by("pk")[:1]
    rows = Incident.objects.filter(Exists(members), opened_at__range=(start, end)).annotate(
        title=Subquery(first.values("integration__store__title")),
        name=Subquery(first.values("integration__store__name")),
    )
    return [
        Mark(
            one.opened_at,
            _("incident: %(who)s") % {"who": one.shared_title or one.title or one.name},
            INCIDENT,
            url=reverse("incident", args=[one.pk]),
        )
        for one in rows.order_by("-opened_at")[:MOST]
    ]


def _refreshes(chosen: Chosen, start: datetime, end: datetime) -> list[Mark]:
    rows = Refresh.objects.filter(requested_at__range=(start, end))
    if not chosen.is_everything:
        rows = rows.filter(integration__in=chosen.integrations())
    rows = rows.select_related("integration__store", "requested_by").defer("integration__store__credentials")
    return [
        Mark(
            one.requested_at,
            _("refresh by %(who)s") % {"who": one.who} + f" ({one.integration.store})",
            REFRESH,
            url=reverse("refresh", args=[one.pk]),
        )
        for one in rows.order_by("-requested_at")[:MOST]
    ]


def _together(marks: Iterable[Mark], apart: timedelta) -> list[Mark]:
    """Marks that would lie on each other become one that names some of them."""
    groups: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda mark: mark.at):
        if groups and mark.at - groups[-1][0].at < apart:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return [_one(group) for group in groups]


def _one(group: Sequence[Mark]) -> Mark:
    first = group[0]
    if len(group) == 1:
        return first
    texts = [mark.text for mark in group[:NAMED]]
    if len(group) > NAMED:
        more = len(group) - NAMED
        texts.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    url = reverse("incidents") if first.kind == INCIDENT else reverse("refreshes")
    return Mark(first.at, "; ".join(texts), first.kind, url=url)


def _maintenances(chosen: Chosen, start: datetime, end: datetime) -> list[Mark]:
    windows = Maintenance.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=start),
        ~Q(recurrence="") | Q(ends_at__gt=start),
        starts_at__lte=end,
    )
    if not chosen.is_everything:
        mine = chosen.integrations()
        tags = Store.objects.filter(integrations__in=mine).values(one=Func(F("tags"), function="unnest"))
        windows = windows.filter(
            Q(store__in=mine.values("store"))
            | Q(account__in=mine.values("account"))
            | Q(store=None, account=None, tag="")
            | Q(tag__in=tags)
        ).distinct()
    marks = []
    for window in windows.order_by("-starts_at")[:OCCURRENCES]:
        for span in occurrences(window, start, end)[:OCCURRENCES]:
            text = _("maintenance: %(title)s") % {"title": window.title}
            begin, until = max(span.start, start), min(span.end, end)
            marks.append(Mark(begin, text, MAINTENANCE, until=until, url=reverse("maintenance")))
    return marks


def of_integration(integration: Integration, *, start: datetime, end: datetime) -> list[Mark]:
    """The marks of one integration."""
    chosen = Chosen(store=integration.store.name, account=integration.account.name)
    return happened(chosen, start=start, end=end)

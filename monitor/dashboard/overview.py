"""The overview: the answer within five seconds."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from monitor.alerts.maintenance import covered, running_now
from monitor.dashboard import bands
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import fleet
from monitor.dashboard.queries.blocked import most_alike
from monitor.health.states import State
from monitor.scope import scope_of

TROUBLES = 25
"""Troubles spelled out on the overview; the rest is in the list."""
BANDS = 40
LOADED = 200
"""In a catastrophe not even a fleet of thousands makes the page heavy."""
SPAN = timedelta(days=1)


@page
def overview(request: HttpRequest) -> HttpResponse:
    now, scope = timezone.now(), scope_of(request.user)
    summary = fleet.summary(covered(running_now(now)), scope)
    unwell = fleet.lately_unwell(now - SPAN, LOADED, scope) if summary.total else []
    troubles = fleet.troubles(unwell, TROUBLES, scope)
    drawn = bands.fleet_bands(unwell, start=now - SPAN, end=now)
    context = {
        "now": now,
        "summary": summary,
        "is_late": summary.is_late(now),
        "unread_accounts": fleet.unread_accounts(scope),
        "alike": most_alike(scope),
        "troubles": troubles,
        "more_troubles": max(summary.bad - sum(line.members for line in troubles), 0),
        "bands": drawn[:BANDS],
        "more_bands": max(len(drawn) - BANDS, 0),
        "steady": summary.ok - sum(one.verdict.state == State.OK for one, _band in drawn),
        "band_start": now - SPAN,
        "band_middle": now - SPAN / 2,
    }
    return render(request, template_part(request, "overview", ("live",)), context)

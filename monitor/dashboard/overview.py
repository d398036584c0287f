"""The overview: the answer within five seconds."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.models import Integration
from monitor.dashboard import bands
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import fleet

TROUBLES = 25
"""Troubles spelled out on the overview; the rest is in the list."""
BANDS = 40
SPAN = timedelta(days=1)


@page
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    summary = fleet.summary()
    watched = list(fleet.worst_first(Integration.objects.filter(fleet.WATCHED))) if summary.total else []
    drawn = bands.fleet_bands(watched, start=now - SPAN, end=now)
    context = {
        "now": now,
        "summary": summary,
        "is_late": summary.is_late(now),
        "troubles": fleet.troubles(watched, TROUBLES),
        "more_troubles": max(summary.bad - TROUBLES, 0),
        "bands": drawn[:BANDS],
        "more_bands": max(len(drawn) - BANDS, 0),
        "steady": len(watched) - len(drawn),
        "band_start": now - SPAN,
        "band_middle": now - SPAN / 2,
    }
    return render(request, template_part(request, "overview", ("live",)), context)

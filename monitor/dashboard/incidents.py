"""Incidents: the list, and one of them. Answering one is in ``answering``."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from monitor.dashboard.answering import SNOOZES
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import incidents
from monitor.models import Incident
from monitor.scope import scope_of

PER_PAGE = 50


@page
def incident_list(request: HttpRequest) -> HttpResponse:
    shown = Paginator(incidents.newest(scope_of(request.user)), PER_PAGE).get_page(request.GET.get("page"))
    context = {"now": timezone.now(), "page": shown}
    return render(request, template_part(request, "incidents", ("rows",)), context)


@page
def incident_page(request: HttpRequest, pk: int) -> HttpResponse:
    scope = scope_of(request.user)
    incident = get_object_or_404(scope.limit(Incident.objects.select_related("acknowledged_by")), pk=pk)
    about = incidents.IncidentPage(incident, now=timezone.now(), scope=scope)
    return render(request, template_part(request, "incident", ("live",)), _context(about))


def _context(about: incidents.IncidentPage) -> dict[str, object]:
    snoozes = [(key, label) for key, (_length, label) in SNOOZES.items()]
    return {"now": about.now, "about": about, "snoozes": snoozes}

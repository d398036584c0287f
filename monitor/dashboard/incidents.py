"""Incidents: finding them, and the page of one. Answering one is in ``answering``."""

from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW_AUDIT, requires
from monitor.dashboard import incident_export
from monitor.dashboard.answering import SNOOZES
from monitor.dashboard.exports import csv_of
from monitor.dashboard.looking import address_of
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import incident_search, table
from monitor.dashboard.queries.incidents import IncidentPage
from monitor.models import Incident, User
from monitor.scope import scope_of

PER_PAGE = 50


@page
def incident_list(request: HttpRequest) -> HttpResponse:
    """The open ones first; what is asked for and where in the list one is stand in the address."""
    scope = scope_of(request.user)
    wanted = incident_search.Wanted.of(request.GET.dict())
    after = request.GET.get("after", "")
    context: dict[str, Any] = {
        "now": timezone.now(),
        "found": incident_search.found(wanted, scope, after=after, size=PER_PAGE),
        "wanted": wanted,
        "after": after,
        "states": incident_search.STATES.items(),
        "causes": table.CAUSES.items(),
    }
    if "part" not in request.GET:
        context["choices"] = table.choices(scope)
    return render(request, template_part(request, "incidents", ("rows",)), context)


@require_safe
@requires(VIEW_AUDIT)
def incidents_csv(request: HttpRequest) -> HttpResponse:
    """Every incident that the list would show, a row each, times in UTC as ISO 8601, in English."""
    scope = scope_of(cast(User, request.user), VIEW_AUDIT)
    wanted = incident_search.Wanted.of(request.GET.dict())
    return csv_of("incidents", incident_export.COLUMNS, incident_export.rows(wanted, scope))


@page
def incident_page(request: HttpRequest, pk: int) -> HttpResponse:
    about = _about(request, pk)
    snoozes = [(key, label) for key, (_length, label) in SNOOZES.items()]
    context = {
        "now": about.now,
        "about": about,
        "snoozes": snoozes,
        "link": incident_export.link(about.incident),
    }
    return render(request, template_part(request, "incident", ("live",)), context)


@page
def post_mortem(request: HttpRequest, pk: int) -> HttpResponse:
    """The incident to look back on: the story from its beginning, the chart around it, all as Markdown."""
    about = _about(request, pk)
    context = {
        "now": about.now,
        "about": about,
        "around": urlencode(address_of(*about.around)),
        "markdown": incident_export.markdown(about),
    }
    return render(request, "dashboard/post_mortem.html", context)


@page
def post_mortem_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    answer = HttpResponse(incident_export.markdown(_about(request, pk)), content_type="text/markdown")
    answer["Content-Disposition"] = f'attachment; filename="incident-{pk}.md"'
    return answer


def _about(request: HttpRequest, pk: int) -> IncidentPage:
    scope = scope_of(request.user)
    incident = get_object_or_404(scope.limit(Incident.objects.select_related("acknowledged_by")), pk=pk)
    return IncidentPage(incident, now=timezone.now(), scope=scope)

"""Incidents: the list, one of them, and taking one into one's hands."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitor import audit
from monitor.access_control import ACKNOWLEDGE, requires
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import incidents
from monitor.models import Incident, User

PER_PAGE = 50


@page
def incident_list(request: HttpRequest) -> HttpResponse:
    shown = Paginator(incidents.newest(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"now": timezone.now(), "page": shown}
    return render(request, template_part(request, "incidents", ("rows",)), context)


@page
def incident_page(request: HttpRequest, pk: int) -> HttpResponse:
    incident = get_object_or_404(Incident.objects.select_related("acknowledged_by"), pk=pk)
    about = incidents.IncidentPage(incident, now=timezone.now())
    return render(request, template_part(request, "incident", ("live",)), {"now": about.now, "about": about})


@require_POST
@requires(ACKNOWLEDGE)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an open incident into the person's hands until it recovers. The first one wins."""
    user, now = cast(User, request.user), timezone.now()
    with transaction.atomic():
        free = Incident.objects.filter(pk=pk, closed_at=None, acknowledged_at=None)
        taken = free.update(acknowledged_at=now, acknowledged_by=user)
        if taken:
            audit.record(
                user,
                "incident.acknowledge",
                f"incident {pk}",
                {"acknowledged_at": None},
                {"acknowledged_at": now},
            )
    if not taken:
        get_object_or_404(Incident, pk=pk)
        messages.info(request, _("It was acknowledged or over already."))
    return redirect(_back(request) or "incident", *([] if _back(request) else [pk]))


def _back(request: HttpRequest) -> str:
    """The page of this site on which the button was pressed."""
    referer = request.headers.get("Referer", "")
    own = url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure())
    return referer if own else ""

"""Asking for a refresh, and saying that one has pressed the hub's own button."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop as _noop
from django.views.decorators.http import require_POST

from integrations.errors import RemoteError
from integrations.models import Integration
from monitor import refresh as refreshes
from monitor.access_control import FORCE_REFRESH, requires
from monitor.models import Refresh, User
from monitor.models.refreshes import RefreshStrategy


@require_POST
@requires(FORCE_REFRESH)
def request_refresh(request: HttpRequest, name: str) -> HttpResponse:
    """Asks for a refresh and shows how it goes on the integration's page."""
    integration = get_object_or_404(Integration.objects.select_related("store", "account"), name=name)
    user = cast(User, request.user)
    given = request.POST.get("reason", "").replace("\0", "").strip()[:300]
    reason = given or _noop("No reason given")
    strategy = request.POST.get("strategy", "")
    try:
        refreshes.request(
            integration,
            user=user,
            actor=user.get_username(),
            reason=reason,
            strategy=strategy if strategy in RefreshStrategy.values else None,
            only=[key for key in request.POST.getlist("only") if key],
            now=timezone.now(),
        )
    except (refreshes.RefreshRefused, RemoteError) as refused:
        messages.warning(request, str(refused))
    return redirect(reverse("integration", args=[name]) + "#refresh")


@require_POST
@requires(FORCE_REFRESH)
def panel_opened(request: HttpRequest, name: str) -> HttpResponse:
    """The person opened the hub's page: from now on its effect is watched."""
    running = get_object_or_404(Refresh, integration__name=name, finished_at=None)
    refreshes.person_pressed(running, timezone.now(), cast(User, request.user))
    return redirect(reverse("integration", args=[name]) + "#refresh")

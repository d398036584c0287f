"""One refresh: asking for it, saying that one has pressed the hub's own button, cancelling, its record."""

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from django.views.decorators.http import require_POST

from integrations.errors import RemoteError
from integrations.models import Integration
from monitor import refresh as refreshes
from monitor.access_control import FORCE_REFRESH, requires
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import one
from monitor.models import Refresh, User
from monitor.models.refreshes import RefreshStrategy
from monitor.scope import scope_of


def given_reason(request: HttpRequest) -> str:
    """What the person wrote; empty if nothing."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:300]


@require_POST
@requires(FORCE_REFRESH)
def request_refresh(request: HttpRequest, name: str) -> HttpResponse:
    """Asks for a refresh and shows how it goes on the integration's page."""
    mine = scope_of(request.user, FORCE_REFRESH).limit(Integration.objects.select_related("store", "account"))
    integration = get_object_or_404(mine, name=name)
    user = cast(User, request.user)
    strategy = request.POST.get("strategy", "")
    try:
        refreshes.request(
            integration,
            user=user,
            actor=user.get_username(),
            reason=given_reason(request) or _noop("No reason given"),
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
    mine = scope_of(request.user, FORCE_REFRESH).limit(Refresh.objects.all())
    running = get_object_or_404(mine, integration__name=name, finished_at=None)
    refreshes.person_pressed(running, timezone.now(), cast(User, request.user))
    return redirect(reverse("integration", args=[name]) + "#refresh")


@require_POST
@requires(FORCE_REFRESH)
def cancel_refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a refresh that waits or is under way, and shows its record."""
    mine = scope_of(request.user, FORCE_REFRESH).limit(Refresh.objects.all())
    refresh = get_object_or_404(mine, pk=pk)
    user = cast(User, request.user)
    try:
        refreshes.cancel(refresh, user=user, actor=user.get_username(), now=timezone.now())
    except refreshes.RefreshRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("The refresh is cancelled."))
    return redirect("refresh", pk=pk)


@page
def refresh_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The record of one refresh, for whoever wants to know who did what and what it brought."""
    now = timezone.now()
    seen = scope_of(request.user).limit(Refresh.objects.select_related("bulk", "requested_by"))
    refresh = get_object_or_404(seen, pk=pk)
    integration = one.with_hub_state().get(pk=refresh.integration_id)
    about = one.IntegrationPage(integration, now=now, span=timedelta(days=1))
    context = {"now": now, "refresh": refresh, "integration": integration, "about": about}
    return render(request, template_part(request, "refresh", ("record",)), context)

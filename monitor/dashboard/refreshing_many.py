"""Refreshing several integrations: choosing, what it would do, asking for it, following and stopping it."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integrations.models import Integration
from monitor.access_control import FORCE_REFRESH, requires
from monitor.dashboard.choosing import chosen
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.refreshing import given_reason
from monitor.models import BulkRefresh, User
from monitor.refresh import bulk as many
from monitor.scope import scope_of


def _chosen(request: HttpRequest) -> Sequence[Integration]:
    """Those in which the person may force a refresh; see :func:`monitor.dashboard.choosing.chosen`."""
    return chosen(request, FORCE_REFRESH, many.MOST, with_keys=True)


@require_POST
@requires(FORCE_REFRESH)
def preview(request: HttpRequest) -> HttpResponse:
    """Shows what would happen, and asks why. Changes nothing."""
    rows = _chosen(request)
    if not rows:
        messages.warning(request, _("Tick the integrations that are to be refreshed first."))
        return redirect("integrations")
    if len(rows) > many.MOST:
        text = _("At most %(count)d integrations are refreshed at once. Narrow the list by a search.")
        messages.warning(request, text % {"count": many.MOST})
        return redirect("integrations")
    now = timezone.now()
    return render(request, "dashboard/refresh_preview.html", {"now": now, "plan": many.plan(rows, now)})


@require_POST
@requires(FORCE_REFRESH)
def start(request: HttpRequest) -> HttpResponse:
    """Asks for all that were chosen in the preview, and leads to the page that follows them."""
    rows, reason, now = _chosen(request), given_reason(request), timezone.now()
    if not rows or len(rows) > many.MOST:
        return preview(request)
    if not reason:
        context = {"now": now, "plan": many.plan(rows, now), "is_asked_again": True}
        return render(request, "dashboard/refresh_preview.html", context, status=422)
    user = cast(User, request.user)
    made = many.request_many(rows, user=user, actor=user.get_username(), reason=reason, now=now)
    return redirect("refresh-many", pk=made.pk)


@page
def bulk_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far several refreshes have come."""
    scope = scope_of(request.user)
    # Where all were refused no refresh leads to a store; who asked sees it all the same.
    mine = Q(pk__in=scope.limit(BulkRefresh.objects.all())) | Q(requested_by=request.user)
    bulk = get_object_or_404(BulkRefresh.objects.select_related("requested_by").filter(mine), pk=pk)
    if not scope.is_everything:
        seen = scope.limit(Integration.objects.filter(name__in=[one["integration"] for one in bulk.refused]))
        names = set(seen.values_list("name", flat=True))
        bulk.refused = [one for one in bulk.refused if one["integration"] in names]
    rows = list(
        scope.limit(bulk.refreshes.all())
        .select_related("integration__store", "integration__account", "integration__verdict")
        .defer("integration__store__credentials", "integration__account__credentials")
        .order_by("pk")
    )
    counts = Counter(row.outcome or row.stage for row in rows)
    words = {row.outcome or row.stage: row.get_outcome_display() or row.get_stage_display() for row in rows}
    context = {
        "now": timezone.now(),
        "bulk": bulk,
        "rows": rows,
        "counts": [(counts[key], word) for key, word in words.items()],
        "left": sum(row.finished_at is None for row in rows),
    }
    return render(request, template_part(request, "refresh_many", ("rows",)), context)


@require_POST
@requires(FORCE_REFRESH)
def cancel_rest(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancels all of them that have not ended."""
    user = cast(User, request.user)
    mine = scope_of(request.user, FORCE_REFRESH).limit_whole(BulkRefresh.objects.all())
    bulk = get_object_or_404(mine, pk=pk)
    ended = many.cancel_rest(bulk, user=user, actor=user.get_username(), now=timezone.now())
    text = ngettext("%(count)d refresh is cancelled.", "%(count)d refreshes are cancelled.", ended)
    messages.success(request, text % {"count": ended})
    return redirect("refresh-many", pk=pk)

"""All refreshes: the list, and as CSV for whoever audits them."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW_AUDIT, requires
from monitor.dashboard.exports import csv_of, iso
from monitor.dashboard.pages import page, template_part
from monitor.models import Refresh
from monitor.models.refreshes import RefreshOutcome
from monitor.scope import scope_of

PER_PAGE = 50
COLUMNS = (
    "id", "integration", "store", "account", "requested_by", "requested_by_account", "reason", "strategy",
    "requested_at_utc", "asked_at_utc", "finished_at_utc", "attempts", "outcome", "detail",
    "waiting_before", "waiting_after", "last_fetched_before_utc", "last_fetched_after_utc", "bulk",
)  # fmt: skip


def _found(request: HttpRequest) -> QuerySet[Refresh]:
    """By words in names, persons and reasons, and by outcome; newest first."""
    seen = scope_of(request.user).limit(Refresh.objects.all())
    rows = seen.select_related("integration__store", "integration__account", "requested_by").defer(
        "integration__store__credentials", "integration__account__credentials"
    )
    outcome = request.GET.get("outcome", "")
    if outcome in RefreshOutcome.values:
        rows = rows.filter(outcome=outcome)
    for word in request.GET.get("q", "").replace("\0", "").split()[:6]:
        rows = rows.filter(
            Q(integration__name__icontains=word)
            | Q(integration__store__title__icontains=word)
            | Q(integration__account__title__icontains=word)
            | Q(actor__icontains=word)
            | Q(requested_by__first_name__icontains=word)
            | Q(requested_by__last_name__icontains=word)
            | Q(reason__icontains=word)
        )
    return rows.order_by("-requested_at", "-pk")


@page
def refresh_list(request: HttpRequest) -> HttpResponse:
    kept = request.GET.copy()
    kept.pop("page", None)
    kept.pop("part", None)
    context = {
        "now": timezone.now(),
        "page": Paginator(_found(request), PER_PAGE).get_page(request.GET.get("page")),
        "text": request.GET.get("q", ""),
        "outcome": request.GET.get("outcome", ""),
        "outcomes": RefreshOutcome.choices,
        "query": kept.urlencode(),
    }
    return render(request, template_part(request, "refreshes", ("rows",)), context)


@require_safe
@requires(VIEW_AUDIT)
def refreshes_csv(request: HttpRequest) -> HttpResponse:
    """Every refresh that the list would show, a row each, times in UTC as ISO 8601, in English."""
    return csv_of("refreshes", COLUMNS, map(_values, _found(request).iterator(chunk_size=500)))


def _values(row: Refresh) -> list[Any]:
    integration = row.integration
    return [
        row.pk, integration.name, integration.store, integration.account, row.who, row.actor, row.reason,
        row.strategy, iso(row.requested_at), iso(row.asked_at), iso(row.finished_at), row.attempts,
        row.outcome or row.stage, row.detail, row.before.get("waiting"), row.after.get("waiting"),
        row.before.get("last_fetched_at"), row.after.get("last_fetched_at"), row.bulk_id,
    ]  # fmt: skip

"""The audit page: who changed what, newest first."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW_AUDIT, requires
from monitor.dashboard.audit_words import done, field_word, target_words, value_words
from monitor.models import Audit

ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A change as the page lists it."""

    audit: Audit
    done: str
    target: str
    before: dict[str, Any]
    """By what pages call the fields."""
    after: dict[str, Any]


def _row(row: Audit) -> Row:
    before, after = (
        {field_word(row.target, key): value_words(row.target, key, value) for key, value in values.items()}
        for values in (row.before, row.after)
    )
    return Row(row, done(row.action), target_words(row.target), before, after)


@require_safe
@requires(VIEW_AUDIT)
def audit_page(request: HttpRequest) -> HttpResponse:
    rows = Audit.objects.select_related("user").order_by("-at", "-pk")
    search = request.GET.get("q", "").replace("\0", "").strip()
    if search:
        found = Q(target__icontains=search) | Q(actor__icontains=search) | Q(action__icontains=search)
        named = Concat("user__first_name", Value(" "), "user__last_name")
        rows = rows.annotate(named=named).filter(found | Q(named__icontains=search))
    page: Page[Any] = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_row(row) for row in page.object_list]
    return render(request, "registration/audit.html", {"page": page, "search": search})

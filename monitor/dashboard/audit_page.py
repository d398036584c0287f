"""The audit page: who changed what, newest first."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW_AUDIT, requires
from monitor.models import Audit

ROWS_PER_PAGE = 50


@require_safe
@requires(VIEW_AUDIT)
def audit_page(request: HttpRequest) -> HttpResponse:
    rows = Audit.objects.order_by("-at", "-pk")
    search = request.GET.get("q", "").strip()
    if search:
        rows = rows.filter(target__icontains=search) | rows.filter(actor__icontains=search)
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "registration/audit.html", {"page": page, "search": search})

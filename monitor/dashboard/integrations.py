"""The list of integrations, and the page of one."""

from datetime import timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries import fleet, one
from monitor.dashboard.queries.access import Access

PER_PAGE = 100
FILTERS = {
    "": gettext_lazy("All"),
    "bad": gettext_lazy("Not well"),
    "unknown": gettext_lazy("Unknown"),
    "ok": gettext_lazy("Healthy"),
    "unwatched": gettext_lazy("Paused"),
}
PARTS = ("head", "access", "refresh", "tracking", "rest")
SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}


@page
def integration_list(request: HttpRequest) -> HttpResponse:
    text, state = request.GET.get("q", ""), request.GET.get("state", "")
    found = Paginator(fleet.search(text, state), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "now": timezone.now(),
        "page": found,
        "text": text,
        "state": state,
        "filters": [(key, label, urlencode({"state": key, "q": text})) for key, label in FILTERS.items()],
        "query": urlencode({"state": state, "q": text}),
    }
    return render(request, template_part(request, "integrations", ("rows",)), context)


@page
def integration_page(request: HttpRequest, name: str) -> HttpResponse:
    now = timezone.now()
    integration = get_object_or_404(one.with_hub_state(), name=name)
    span = request.GET.get("span", "24h")
    context = {
        "now": now,
        "integration": integration,
        "about": one.IntegrationPage(integration, now=now, span=SPANS.get(span, SPANS["24h"])),
        "access": Access(integration, now),
        "span": span if span in SPANS else "24h",
    }
    return render(request, template_part(request, "integration", PARTS), context)

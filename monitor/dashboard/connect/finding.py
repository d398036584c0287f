"""Connecting a store by its address alone: what is there is found out, then its key is asked for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from integrations.detection.records import Detected
from integrations.errors import RemoteError
from integrations.models import Store
from monitor.access_control import CONNECT, requires
from monitor.dashboard.connect import states, testing
from monitor.dashboard.connect.forms import StoreForm
from monitor.dashboard.connect.matching import store_for
from monitor.dashboard.connect.views import STORES_SIDE, form_page


@never_cache
@require_http_methods(["GET", "POST"])
@requires(CONNECT)
def find(request: HttpRequest) -> HttpResponse:
    """Asks for an address; posted, the form of the platform that was found there, filled in."""
    typed = (request.POST.get("url") or request.GET.get("url", "")).strip()[:500]
    if request.method != "POST":
        return _ask(request, typed)
    try:
        found = testing.find_store(typed, timezone.now())
    except RemoteError as error:
        return _ask(request, typed, problem=error)
    initial = _initial(found)
    # The hub that listed the shop may know its name where the shop's first page does not tell it.
    initial["title"] = initial["title"] or request.POST.get(f"title {typed}", "").strip()[:120]
    form = StoreForm(kind=found.platform, instance=Store(), initial=initial)
    return form_page(
        request,
        STORES_SIDE,
        found.platform,
        form,
        found=found,
        known_store=store_for(found.url, list(Store.objects.all())),
        action=reverse("connect-store-add", args=[found.platform]),
    )


def _ask(request: HttpRequest, typed: str, problem: RemoteError | None = None) -> HttpResponse:
    context = {"typed": typed, "problem": problem, "store_kinds": states.store_kinds()}
    return render(request, "connect/find.html", context, status=422 if problem else 200)


def _initial(found: Detected) -> dict[str, Any]:
    initial: dict[str, Any] = {"url": found.url, "title": found.title}
    if found.time_zone:
        initial["time_zone"] = found.time_zone
    return initial | {f"settings-{name}": value for name, value in found.settings.items()}

"""The overview: the answer within five seconds, and below it how it has been."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from monitor.alerts.maintenance import covered, running_now
from monitor.dashboard.looking import RANGE_WORDS, RANGES, WITHIN_MIN, Look
from monitor.dashboard.pages import page, shared, template_part
from monitor.dashboard.picture import MOST_ROWS, ROWS, picture
from monitor.dashboard.queries import fleet
from monitor.dashboard.queries.blocked import most_alike
from monitor.dashboard.queries.explore import Explore
from monitor.scope import Scope, scope_of

PARTS = ("live", "picture", "tools")
TROUBLES = 25
"""Troubles spelled out on the overview; the rest is in the list."""
LOADED = 200
"""In a catastrophe not even a fleet of thousands makes the page heavy."""
BY_WORDS = {
    "hosting": gettext_lazy("Shopify against self-hosted"),
    "platform": gettext_lazy("by platform"),
    "hub": gettext_lazy("by hub"),
    "tag": gettext_lazy("by tag"),
    "store": gettext_lazy("by store, the worst first"),
}
KEYS = (
    ("ok", gettext_lazy("healthy")),
    ("late", gettext_lazy("late")),
    ("fail", gettext_lazy("stalled or shut out")),
    ("throttled", gettext_lazy("throttled")),
    ("paused", gettext_lazy("maintenance")),
    ("unknown", gettext_lazy("unknown")),
)
"""What the shapes of the picture mean."""


@page
@shared(*PARTS)
def overview(request: HttpRequest) -> HttpResponse:
    """The page, or the part of it that is asked for again."""
    now, scope, part = timezone.now(), scope_of(request.user), request.GET.get("part", "")
    context: dict[str, Any] = {"now": now}
    if part in ("", "live"):
        context |= five_seconds(now, scope)
    if part != "live":
        look = Look.of(request.GET, now)
        explore = Explore(look, scope)
        if not part and explore.store is not None and explore.store.name != look.store:
            # Charts and what is shared by its address name a store as addresses do.
            return redirect(f"{reverse('overview')}?{look.but(store=explore.store.name)}#tools")
        context |= _tools(look, explore)
        if part == "picture" or "drawn" in request.GET:
            rows = MOST_ROWS if request.GET.get("rows") == "more" else ROWS
            drawn = picture(look.chosen(scope), start=look.start_at, end=look.end_at, rows=rows)
            context |= {"picture": drawn, "keys": KEYS}
    template = template_part(request, "overview", PARTS)
    return render(request, template, context)


def five_seconds(now: datetime, scope: Scope, *, troubles: int = TROUBLES) -> dict[str, Any]:
    """Is anything wrong, since when, how bad, why, and what to do."""
    summary = fleet.summary(covered(running_now(now)), scope)
    bad = fleet.bad_now(LOADED, scope) if summary.bad else []
    lines = fleet.troubles(bad, troubles, scope)
    return {
        "summary": summary,
        "is_late": summary.is_late(now),
        "unread_accounts": fleet.unread_accounts(scope),
        "alike": most_alike(scope),
        "troubles": lines,
        "more_troubles": max(summary.bad - sum(line.members for line in lines), 0),
    }


def _tools(look: Look, explore: Explore) -> dict[str, Any]:
    return {
        "look": look,
        "explore": explore,
        "ranges": [(key, RANGE_WORDS[key], look.but(range=key)) for key in RANGES],
        "bys": BY_WORDS.items(),
        "withins": WITHIN_MIN,
    }

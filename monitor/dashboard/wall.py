"""The wall: the five-second answer for a big screen that nobody touches."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from monitor.dashboard.overview import five_seconds
from monitor.dashboard.pages import page, shared, template_part
from monitor.scope import NOTHING, Scope, scope_of

TROUBLES = 6
"""As many as can be read from five metres."""


@page
@shared("live")
def wall(request: HttpRequest) -> HttpResponse:
    """Of all stores, or with ``?tag=`` of those that have the tag; ``?theme=light`` for a bright room."""
    now, tag = timezone.now(), request.GET.get("tag", "")[:40]
    scope = scope_of(request.user)
    if tag:
        may = scope.tags is None or tag in scope.tags
        scope = Scope(frozenset((tag,))) if may else NOTHING
    context = five_seconds(now, scope, troubles=TROUBLES)
    context |= {"now": now, "tag": tag, "theme": "light" if request.GET.get("theme") == "light" else "dark"}
    return render(request, template_part(request, "wall", ("live",)), context)

"""The figures of the charts: as JSON for Plotly, as a table for people, as CSV for spreadsheets."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from integrations.adapters import ReadsEvents
from integrations.models import Integration
from integrations.registry import offers
from monitor.charts import data
from monitor.charts.events import counted, events_figure
from monitor.charts.figure import Figure, Gap
from monitor.charts.happened import happened, of_integration
from monitor.charts.hours import HOUR, Hour
from monitor.charts.latency import latency_figure, quantile_words, seconds_words, share_words
from monitor.charts.orders import orders_between, with_orders
from monitor.charts.refusals import days_of, refusals_figure, refused
from monitor.charts.slowest import slowest
from monitor.dashboard.bands import band_of, changes_of_state
from monitor.dashboard.exports import csv_of
from monitor.dashboard.looking import Look, address_of
from monitor.dashboard.pages import page
from monitor.scope import scope_of

COLUMNS = (
    "hour_utc", "arrived", "waiting", "p50_s", "p50_at_least", "p95_s", "p95_at_least", "oldest_waiting_s",
    "on_time_share", "length_s",
)  # fmt: skip
DEFAULT_TOLERANCE_S = 1800
SLOWEST = 50
_MOST_CHANGES = 2000


@page
def fleet_latency(request: HttpRequest, form: str) -> HttpResponse:
    """Latency of a part of the fleet: what the look says, and of that what ``of`` names."""
    now, zone = timezone.now(), _zone()
    look, of = Look.of(request.GET, now), request.GET.get("of", "")
    try:
        chosen = look.chosen(scope_of(request.user), of=of)
    except KeyError as error:
        raise Http404 from error
    limit_s = look.within * 60
    hours = data.fleet_hours(chosen, start=look.start_at, end=look.end_at, now=now, on_time_s=limit_s)

    who = reverse("slowest")

    def link(hour: Hour) -> str:
        query = look.at(hour.start_at, min(hour.start_at + hour.length, now))
        return f"{who}?{query}" + (f"&{urlencode({'of': of})}" if of else "")

    def draw() -> Figure:
        marks = happened(chosen, start=hours[0].start_at, end=look.end_at)
        return latency_figure(hours, zone=zone, marks=marks, link=link, on_time_s=limit_s)

    return _answer(request, form, hours, f"latency-{slugify(of) or 'fleet'}", draw, link=link)


@page
def integration_latency(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """Latency of one integration, with its refreshes, incidents and unknown times marked."""
    now = timezone.now()
    rows = scope_of(request.user).limit(
        Integration.objects.select_related("verdict", "store", "account", "progress")
    )
    integration = get_object_or_404(rows, name=name)
    look = Look.of(request.GET, now)
    progress = getattr(integration, "progress", None)
    tolerance_s = integration.tolerance_s or (progress.learned_tolerance_s if progress else None)
    limit_s = tolerance_s or DEFAULT_TOLERANCE_S
    hours = data.integration_hours(
        integration,
        now=now,
        start=look.start_at,
        end=look.end_at,
        on_time_s=limit_s,
    )

    def draw() -> Figure:
        start = hours[0].start_at
        marks = of_integration(integration, start=start, end=look.end_at)
        gaps = _gaps(integration, start=start, end=look.end_at)
        points = orders_between(integration, start=start, end=look.end_at, now=now)
        figure = latency_figure(hours, zone=_zone(), marks=marks, gaps=gaps, on_time_s=limit_s)
        return with_orders(figure, points, _zone())

    return _answer(request, form, hours, f"latency-{name}", draw)


@page
def tracking_failures(request: HttpRequest, form: str) -> HttpResponse:
    """What hubs could not write to the stores, per day and by cause."""
    look, zone = Look.of(request.GET, timezone.now()), _zone()
    days = days_of(look.start_at, look.end_at, zone)
    rows = refused(look.chosen(scope_of(request.user)), days=days, zone=zone)
    if form == "json":
        return _json(refusals_figure(rows, days=days, zone=zone))
    if form == "csv":
        lines = [(f"{row.day:%Y-%m-%d}", row.outcome, row.count) for row in rows]
        return csv_of("tracking-failures", ("day", "cause", "failed_calls"), lines)
    return _table(request, form, "chart_refusals", {"rows": rows})


@page
def integration_events(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """Events that the hub of one integration has counted, beside the orders of its workspace.

    Not found for a hub that counts none.
    """
    rows = scope_of(request.user).limit(Integration.objects.select_related("store", "account"))
    integration = get_object_or_404(rows, name=name)
    if not offers(integration.account.kind, ReadsEvents):
        raise Http404
    look, zone = Look.of(request.GET, timezone.now()), _zone()
    hours = counted(integration.account, start=look.start_at, end=look.end_at)
    if form == "json":
        start = hours[0].start_at if hours else look.start_at
        marks = of_integration(integration, start=start, end=look.end_at)
        return _json(events_figure(hours, start=start, end=look.end_at, zone=zone, marks=marks))
    if form == "csv":
        lines = [(one.start_at.isoformat(), one.orders, one.events, one.is_settled) for one in hours]
        return csv_of(f"events-{name}", ("hour_utc", "orders", "events", "is_final"), lines)
    return _table(request, form, "chart_events", {"rows": hours})


@page
def slowest_page(request: HttpRequest) -> HttpResponse:
    """Whose orders were latest in a time: what a click on a point of a chart leads to."""
    now = timezone.now()
    look = Look.of(request.GET, now)
    try:
        chosen = look.chosen(scope_of(request.user), of=request.GET.get("of", ""))
    except KeyError as error:
        raise Http404 from error
    around = urlencode(address_of(look.start_at - 3 * HOUR, min(look.end_at + 3 * HOUR, now)))
    rows = slowest(chosen, start=look.start_at, end=look.end_at, now=now, limit=SLOWEST)
    lines = [(one, quantile_words(one.half), quantile_words(one.tail)) for one in rows]
    return render(
        request, "dashboard/slowest.html", {"now": now, "look": look, "rows": lines, "around": around}
    )


def _gaps(integration: Integration, *, start: datetime, end: datetime) -> list[Gap]:
    newest = changes_of_state().filter(integration=integration, at__range=(start, end)).order_by("-at")
    band = band_of(integration, list(reversed(newest[:_MOST_CHANGES])), start=start, end=end)
    known = band.segments
    gaps = [Gap(one.start_at, one.end_at) for one in known if one.face.shape == "unknown"]
    begins: datetime = known[0].start_at if known else end
    return [Gap(start, begins), *gaps] if begins > start else gaps


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _answer(
    request: HttpRequest,
    form: str,
    hours: Sequence[Hour],
    name: str,
    draw: Callable[[], Figure],
    *,
    link: Callable[[Hour], str] | None = None,
) -> HttpResponse:
    if form == "json":
        return _json(draw())
    if form == "csv":
        return csv_of(name, COLUMNS, map(_row, hours))
    rows = [
        (
            hour,
            quantile_words(hour.half),
            quantile_words(hour.tail),
            share_words(hour.on_time),
            seconds_words(hour.backlog_s),
            link(hour) if link and hour.arrived + hour.waiting else "",
        )
        for hour in reversed(hours)
    ]
    return _table(request, form, "chart_table", {"rows": rows})


def _json(figure: Figure) -> HttpResponse:
    return HttpResponse(orjson.dumps(figure), content_type="application/json")


def _table(request: HttpRequest, form: str, table: str, context: dict[str, Any]) -> HttpResponse:
    if form != "html":
        raise Http404
    shown = table if request.headers.get("HX-Request") else "chart_table_page"
    context |= {"now": timezone.now(), "table": f"dashboard/{table}.html"}
    return render(request, f"dashboard/{shown}.html", context)


def _row(hour: Hour) -> list[object]:
    return [
        hour.start_at.isoformat(),
        hour.arrived,
        hour.waiting,
        *([round(hour.half.value_s, 1), hour.half.is_lower_bound] if hour.half else ["", ""]),
        *([round(hour.tail.value_s, 1), hour.tail.is_lower_bound] if hour.tail else ["", ""]),
        "" if hour.backlog_s is None else round(hour.backlog_s, 1),
        "" if hour.on_time is None else round(hour.on_time, 4),
        int(hour.length.total_seconds()),
    ]

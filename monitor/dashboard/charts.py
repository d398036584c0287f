"""The figures of the charts: as JSON for Plotly, as a table for people, as CSV for spreadsheets."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.models import Integration
from monitor.charts import data
from monitor.charts.hours import Hour
from monitor.charts.latency import Gap, Mark, latency_figure, quantile_words, seconds_words
from monitor.dashboard.integrations import SPANS
from monitor.dashboard.pages import page
from monitor.dashboard.queries.one import IntegrationPage

COLUMNS = (
    "hour_utc", "arrived", "waiting", "p50_s", "p50_at_least", "p95_s", "p95_at_least", "oldest_waiting_s",
)  # fmt: skip


@page
def fleet_latency(request: HttpRequest, group: str, form: str) -> HttpResponse:
    """Latency of all integrations of a group: ``shopify`` or ``self-hosted``."""
    if group not in data.GROUPS:
        raise Http404
    hours = data.fleet_hours(group, span=_span(request), now=timezone.now())
    return _answer(request, form, hours, f"latency-{group}")


@page
def integration_latency(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """Latency of one integration, with its refreshes, incidents and unknown times marked."""
    now, span = timezone.now(), _span(request)
    integrations = Integration.objects.select_related("verdict", "store", "account")
    integration = get_object_or_404(integrations, name=name)
    hours = data.integration_hours(integration, span=span, now=now)
    about = IntegrationPage(integration, now=now, span=span)
    if form != "json":
        return _answer(request, form, hours, f"latency-{name}")
    return _answer(request, form, hours, f"latency-{name}", marks=_marks(about), gaps=_gaps(about))


def _span(request: HttpRequest) -> timedelta:
    return SPANS.get(request.GET.get("span", ""), SPANS["24h"])


def _marks(about: IntegrationPage) -> list[Mark]:
    marks = [Mark(one.requested_at, _("refresh by %(who)s") % {"who": one.actor}) for one in about.refreshes]
    marks += [Mark(one.opened_at, _("incident opened")) for one in about.incidents]
    marks += [Mark(one.closed_at, _("incident over")) for one in about.incidents if one.closed_at]
    return [mark for mark in marks if mark.at >= about.start_at]


def _gaps(about: IntegrationPage) -> list[Gap]:
    known = about.band.segments
    gaps = [Gap(one.start_at, one.end_at) for one in known if one.face.shape == "unknown"]
    begins: datetime = known[0].start_at if known else about.now
    return [Gap(about.start_at, begins), *gaps] if begins > about.start_at else gaps


def _answer(
    request: HttpRequest,
    form: str,
    hours: Sequence[Hour],
    name: str,
    *,
    marks: Sequence[Mark] = (),
    gaps: Sequence[Gap] = (),
) -> HttpResponse:
    zone = ZoneInfo(timezone.get_current_timezone_name())
    if form == "json":
        figure = latency_figure(hours, zone=zone, marks=marks, gaps=gaps)
        return HttpResponse(orjson.dumps(figure), content_type="application/json")
    if form == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        writer = csv.writer(response)
        writer.writerow(COLUMNS)
        writer.writerows(_row(hour) for hour in hours)
        return response
    if form == "html":
        rows = [
            (hour, quantile_words(hour.half), quantile_words(hour.tail), seconds_words(hour.backlog_s))
            for hour in reversed(hours)
        ]
        name = "chart_table" if request.headers.get("HX-Request") else "chart_table_page"
        return render(request, f"dashboard/{name}.html", {"rows": rows, "now": timezone.now()})
    raise Http404


def _row(hour: Hour) -> list[object]:
    return [
        hour.start_at.isoformat(),
        hour.arrived,
        hour.waiting,
        *([round(hour.half.value_s, 1), hour.half.is_lower_bound] if hour.half else ["", ""]),
        *([round(hour.tail.value_s, 1), hour.tail.is_lower_bound] if hour.tail else ["", ""]),
        "" if hour.backlog_s is None else round(hour.backlog_s, 1),
    ]

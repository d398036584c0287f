"""What a marketing hub has counted beside the orders of its shops, by the hour and for a whole workspace:
such a hub tells no single event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, Func, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Account, Integration
from monitor.charts.figure import (
    Figure,
    Mark,
    apart,
    label,
    layout,
    mark_traces,
    moment_words,
    plotted,
    time_axis,
    y_axis,
)
from monitor.charts.hours import HOUR, floor
from monitor.collect.event_facts import NOT_SOLD
from monitor.health.events import MAIN_MEANINGS
from monitor.models import EventHour, Order

LONGEST: Final = timedelta(days=8)
"""More hours than that are not drawn: the orders of each are counted."""
_LABEL_GAP: Final = 0.1
"""Of the axis: labels at the ends are at least so far apart, or they would overprint."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An hour that the hub has counted."""

    start_at: datetime
    orders: int
    """Placed in the shops of the workspace."""
    events: int
    is_settled: bool
    """The hub does not change this hour any more."""


def counted(account: Account, *, start: datetime, end: datetime) -> list[Counted]:
    """The hours from ``start``, at most :data:`LONGEST` before ``end``, oldest first. Two queries."""
    begin = floor(max(start, end - LONGEST))
    rows = EventHour.objects.filter(account=account, meaning__in=MAIN_MEANINGS, hour__range=(begin, end))
    by_meaning: dict[str, list[EventHour]] = {}
    for row in rows.order_by("hour"):
        by_meaning.setdefault(row.meaning, []).append(row)
    hours = next((by_meaning[meaning] for meaning in MAIN_MEANINGS if meaning in by_meaning), [])
    if not hours:
        return []
    orders = _orders(account, hours[0].hour, hours[-1].hour + HOUR)
    return [Counted(row.hour, orders.get(row.hour, 0), row.count, row.is_settled) for row in hours]


def _orders(account: Account, start: datetime, end: datetime) -> dict[datetime, int]:
    """By the hub's hours: where zones differ from UTC by half an hour, so do these."""
    stores = Integration.objects.filter(account=account, is_paused=False).values("store")
    hour = Func(Value(HOUR), "ordered_at", Value(start), function="date_bin", output_field=DateTimeField())
    placed = Order.objects.filter(store__in=stores, ordered_at__gte=start, ordered_at__lt=end)
    placed = placed.exclude(unexpected_reason=NOT_SOLD).order_by().annotate(bin=hour)
    return {row["bin"]: row["n"] for row in placed.values("bin").annotate(n=Count("pk"))}


def events_figure(
    hours: Sequence[Counted], *, start: datetime, end: datetime, zone: ZoneInfo, marks: Sequence[Mark] = ()
) -> Figure:
    """Orders as bars, events as a line; open points are hours that the hub may still add to."""
    most = max((max(hour.orders, hour.events) for hour in hours), default=0)
    top = max(most * 1.15, 4)
    x = [plotted(hour.start_at + HOUR / 2) for hour in hours]
    words = [_hover(hour, zone) for hour in hours]
    bars: Figure = {
        "type": "bar",
        "x": x,
        "y": [hour.orders for hour in hours],
        "width": HOUR.total_seconds() * 1000,
        "name": _("orders"),
        "marker": {"color": "var(--line)", "line": {"width": 0}},
        "hoverinfo": "skip",
    }
    line: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": [hour.events for hour in hours],
        "name": _("events"),
        "line": {"color": "var(--series-half)", "width": 2},
        "marker": {
            "size": 6,
            "color": "var(--series-half)",
            "symbol": ["circle" if hour.is_settled else "circle-open" for hour in hours],
        },
        "hoverinfo": "text",
        "hovertext": words,
        "showlegend": False,
    }
    drawn = layout(
        margin={"l": 56, "r": 72, "t": 8, "b": 44},
        annotations=_labels(hours, top),
        xaxis=time_axis(start, end, zone),
        yaxis=y_axis(range=[0, top], tickformat="d", nticks=5),
    )
    if not hours:
        drawn["meta"] = {"empty": _("The hub has counted nothing in this time yet.")}
    return {"data": [bars, line, *mark_traces(marks, zone, top * 0.97)], "layout": drawn}


def _labels(hours: Sequence[Counted], top: float) -> list[Figure]:
    if not hours:
        return []
    newest = hours[-1]
    ends = [(newest.events, _("events"), "var(--series-half)"), (newest.orders, _("orders"), "var(--ink-2)")]
    heights = apart([end for end, _words, _colour in ends], _LABEL_GAP * top, 0, top)
    return [
        label(words, colour, yref="y", y=height)
        for height, (_end, words, colour) in zip(heights, ends, strict=True)
    ]


def _hover(hour: Counted, zone: ZoneInfo) -> str:
    lines = [
        f"<b>{moment_words(hour.start_at, zone)}–{(hour.start_at + HOUR).astimezone(zone):%H:%M}</b>",
        ngettext("%(n)d order", "%(n)d orders", hour.orders) % {"n": hour.orders},
        ngettext("%(n)d event", "%(n)d events", hour.events) % {"n": hour.events},
    ]
    if not hour.is_settled:
        lines.append(_("the hub may still add to it"))
    return "<br>".join(lines)

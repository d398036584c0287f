"""Single orders as points on the latency figure: each where it was placed, as high as it was late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.html import escape
from django.utils.translation import gettext as _

from integrations.models import Integration
from monitor.charts.figure import Figure
from monitor.charts.latency import seconds_words
from monitor.models import Arrival, Order

MOST: Final = 2_000
"""More points than that are one grey cloud, and slow to draw."""
_LOWEST_S, _HIGHEST_S = 1.0, 100_000.0
"""The ends of the figure's axis."""


@dataclass(frozen=True, slots=True)
class Point:
    """An order in an integration."""

    number: str
    at: datetime
    """When a hub could first import it."""
    seconds: float
    """Until it arrived; while it waits, until now."""
    is_waiting: bool


def orders_between(integration: Integration, *, start: datetime, end: datetime, now: datetime) -> list[Point]:
    """The newest orders that were placed in that time. Two walks down an index, however many are stored."""
    placed = Order.objects.filter(store=integration.store_id, ordered_at__range=(start, end))
    keys = list(placed.order_by("-ordered_at").values_list("external_id", flat=True)[:MOST])
    rows = Arrival.objects.filter(
        Q(arrived_at__isnull=False) | Q(expected=True), integration=integration, order_key__in=keys
    ).values_list("order_number", "eligible_at", "arrived_at")
    return [
        Point(number, eligible, ((arrived or now) - eligible).total_seconds(), arrived is None)
        for number, eligible, arrived in rows
        if eligible is not None and eligible <= (arrived or now)
    ]


def with_orders(figure: Figure, points: Sequence[Point], zone: ZoneInfo) -> Figure:
    """The figure with the orders behind its lines; those that wait are open triangles that point upwards."""
    arrived = [point for point in points if not point.is_waiting]
    waiting = [point for point in points if point.is_waiting]
    traces = [
        _trace(arrived, zone, {"symbol": "circle", "size": 4, "color": "var(--series-half)", "opacity": 0.3}),
        _trace(waiting, zone, {"symbol": "triangle-up-open", "size": 8, "color": "var(--series-backlog)"}),
    ]
    # What one points at is told: an order is a place on both axes, and not the nearest in time alone.
    layout = figure["layout"] | {"hovermode": "closest"}
    lines = [_told(trace, figure["data"]) for trace in figure["data"]]
    return {"data": [trace for trace in traces if trace["x"]] + lines, "layout": layout}


def _trace(points: Sequence[Point], zone: ZoneInfo, marker: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.at.isoformat(timespec="seconds") for point in points],
        "y": [round(min(max(point.seconds, _LOWEST_S), _HIGHEST_S), 1) for point in points],
        "marker": marker,
        "hoverinfo": "text",
        "hovertext": [_words(point, zone) for point in points],
        "showlegend": False,
    }


def _words(point: Point, zone: ZoneInfo) -> str:
    words = _("waiting for %(duration)s") if point.is_waiting else _("arrived after %(duration)s")
    told = words % {"duration": seconds_words(point.seconds)}
    return f"<b>{escape(point.number)}</b><br>{point.at.astimezone(zone):%H:%M:%S}<br>{told}"


def _told(trace: Figure, traces: Sequence[Figure]) -> Figure:
    """A line that says on hover what the figure's unseen row of points says of the same moments."""
    if trace.get("mode") != "lines+markers":
        return trace
    texts = next(
        (one["hovertext"] for one in traces if len(one.get("hovertext", ())) == len(trace["y"])), None
    )
    return trace if texts is None else trace | {"hoverinfo": "text", "hovertext": texts}

"""The latency figure: a plain dict, because building one with ``plotly.graph_objects`` costs a hundred
times as much. The tests validate every figure with it.

Colours are names of the style sheet's properties (``var(--series-half)``); ``charts.js`` fills them in,
so that one figure serves both themes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from monitor.charts.hours import HOUR, Hour
from monitor.health.sketch import Quantile
from monitor.wording import duration

Figure = dict[str, Any]

TICKS_S = (1, 10, 60, 600, 3_600, 21_600, 86_400)
MINUTE_S = 60
LOWEST_S, HIGHEST_S = 1.0, 100_000.0
LABEL_GAP = 0.42
"""Labels at the lines' ends are at least so many decades apart, or they would overprint."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as a thin mark with a word on hover."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing is known."""

    start_at: datetime
    end_at: datetime


def latency_figure(
    hours: Sequence[Hour], *, zone: ZoneInfo, marks: Sequence[Mark] = (), gaps: Sequence[Gap] = ()
) -> Figure:
    """Half and 95 % of the orders, the backlog's age as an area, and the exact figures on hover."""
    x = {"x0": (hours[0].start_at + HOUR / 2).isoformat(), "dx": 3_600_000} if hours else {}
    half, tail = [hour.half for hour in hours], [hour.tail for hour in hours]
    traces: list[Figure] = [
        {
            # Bars as wide as their hours: an area would bridge the hours in which nothing waited.
            "type": "bar",
            **x,
            "y": [_on_axis(hour.backlog_s) for hour in hours],
            "name": _("oldest waiting"),
            "marker": {"color": "var(--fill-backlog)", "line": {"width": 0}},
            "hoverinfo": "skip",
        },
        _line(x, tail, _("95 %"), "--series-tail") | {"line": {"color": "var(--series-tail)", "width": 1.4}},
        _line(x, half, _("half"), "--series-half") | {"line": {"color": "var(--series-half)", "width": 2.2}},
        # An unseen row of points carries the hover, so that it also speaks where a line has a gap.
        _trace(x, [LOWEST_S] * len(hours), "", "--ink")
        | {
            "mode": "markers",
            "marker": {"opacity": 0},
            "hoverinfo": "text",
            "hovertext": [hover_text(hour, zone) for hour in hours],
        },
    ]
    if marks:
        traces.append(_marks(marks, zone))
    return {"data": traces, "layout": _layout(hours, zone, gaps, _labels(traces[:3]) or [_no_orders()])}


def hover_text(hour: Hour, zone: ZoneInfo) -> str:
    """The exact figures of one hour, as lines."""
    start = hour.start_at.astimezone(zone)
    lines = [f"<b>{start:%H:%M}–{start + HOUR:%H:%M}</b>"]
    if hour.half is None or hour.tail is None:
        lines.append(_("no orders"))
    else:
        placed = hour.arrived + hour.waiting
        lines.append(ngettext("%(n)d order", "%(n)d orders", placed) % {"n": placed})
        lines.append(_("half within %(duration)s") % {"duration": quantile_words(hour.half)})
        lines.append(_("95 %% within %(duration)s") % {"duration": quantile_words(hour.tail)})
    if hour.waiting:
        lines.append(
            ngettext("%(n)d still waiting", "%(n)d still waiting", hour.waiting) % {"n": hour.waiting}
        )
    if hour.backlog_s:
        lines.append(_("oldest waiting order: %(duration)s") % {"duration": seconds_words(hour.backlog_s)})
    return "<br>".join(lines)


def quantile_words(quantile: Quantile | None) -> str:
    """``4 min``, or ``more than 4 min`` while too many orders are still waiting."""
    if quantile is None:
        return "–"
    words = seconds_words(quantile.value_s)
    return _("more than %(duration)s") % {"duration": words} if quantile.is_lower_bound else words


def seconds_words(seconds: float | None) -> str:
    """Rounded to the nearest unit shown: a sketch's 1,792 s stands for half an hour within its 1 %."""
    if seconds is None:
        return "–"
    unit = 1 if seconds < MINUTE_S else MINUTE_S
    return duration(timedelta(seconds=round(seconds / unit) * unit))


def _trace(x: Figure, y: Sequence[float | None], name: str, colour: str) -> Figure:
    return {
        "type": "scatter",
        **x,
        "y": list(y),
        "name": name,
        "line": {"color": f"var({colour})"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _line(x: Figure, quantiles: Sequence[Quantile | None], name: str, colour: str) -> Figure:
    trace = _trace(x, [_on_axis(one.value_s) if one else None for one in quantiles], name, colour)
    at_least = [one is not None and one.is_lower_bound for one in quantiles]
    return trace | {
        "mode": "lines+markers",
        "connectgaps": False,
        "marker": {
            "color": f"var({colour})",
            "symbol": ["triangle-up" if bound else "circle" for bound in at_least],
            "size": [9 if bound else 4 for bound in at_least],
        },
    }


def _marks(marks: Sequence[Mark], zone: ZoneInfo) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [mark.at.isoformat() for mark in marks],
        "y": [HIGHEST_S * 0.8] * len(marks),
        "marker": {"symbol": "line-ns-open", "size": 12, "color": "var(--ink-2)", "line": {"width": 2}},
        "hoverinfo": "text",
        "hovertext": [f"{mark.at.astimezone(zone):%H:%M} {escape(mark.text)}" for mark in marks],
        "showlegend": False,
    }


def _on_axis(seconds: float | None) -> float | None:
    return None if seconds is None else round(min(max(seconds, LOWEST_S), HIGHEST_S), 1)


def _labels(traces: Sequence[Figure]) -> list[Figure]:
    """A word at the end of every line instead of a legend, pushed apart where they would touch."""
    ends = []
    for trace in traces:
        known = [value for value in trace["y"] if value is not None]
        if known:
            ends.append((math.log10(known[-1]), trace))
    labels, height = [], -math.inf
    for end, trace in sorted(ends, key=lambda end: end[0]):
        height = max(end, height + LABEL_GAP)
        labels.append(
            {
                "xref": "paper",
                "x": 1.0,
                "xanchor": "left",
                "xshift": 6,
                "yref": "y",
                "y": height,
                "text": trace["name"],
                "showarrow": False,
                "font": {"color": trace.get("line", {}).get("color", "var(--series-backlog)"), "size": 12},
            }
        )
    return labels


def _no_orders() -> Figure:
    return {
        "xref": "paper",
        "x": 0.5,
        "yref": "paper",
        "y": 0.5,
        "text": _("No orders in this time"),
        "showarrow": False,
    }


def _layout(hours: Sequence[Hour], zone: ZoneInfo, gaps: Sequence[Gap], labels: list[Figure]) -> Figure:
    ticks = _time_ticks(hours, zone)
    axis = {"gridcolor": "var(--line)", "linecolor": "var(--line)", "zeroline": False, "fixedrange": True}
    return {
        "margin": {"l": 56, "r": 96, "t": 8, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--ink-2)", "size": 12},
        "hovermode": "x",
        "hoverlabel": {"align": "left", "bgcolor": "var(--panel)", "bordercolor": "var(--line)"},
        "showlegend": False,
        "bargap": 0,
        "xaxis": axis
        | {
            "type": "date",
            "tickvals": [at.isoformat() for at, _text in ticks],
            "ticktext": [text for _at, text in ticks],
            "title": {"text": zone.key, "font": {"size": 11}},
            "showgrid": False,
            **(
                {"range": [hours[0].start_at.isoformat(), (hours[-1].start_at + HOUR).isoformat()]}
                if hours
                else {}
            ),
        },
        "yaxis": axis
        | {
            "type": "log",
            "range": [math.log10(LOWEST_S), math.log10(HIGHEST_S)],
            "tickvals": list(TICKS_S),
            "ticktext": [seconds_words(value) for value in TICKS_S],
        },
        "annotations": labels,
        "shapes": [
            {
                "type": "rect",
                "xref": "x",
                "x0": gap.start_at.isoformat(),
                "x1": gap.end_at.isoformat(),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": "var(--sunk)",
                "line": {"width": 0},
                "layer": "below",
            }
            for gap in gaps
        ],
    }


def _time_ticks(hours: Sequence[Hour], zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Round hours of the reader's clock: every sixth within two days, else midnights with their date."""
    local = [hour.start_at.astimezone(zone) for hour in hours]
    if len(hours) > 48:
        return [
            (at, formats.date_format(at, pgettext("date format", "D j M"))) for at in local if at.hour == 0
        ]
    return [(at, f"{at:%H:%M}") for at in local if at.hour % 6 == 0]

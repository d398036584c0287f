"""What all figures share: plain dicts for Plotly, because building one with ``plotly.graph_objects`` costs a
hundred times as much. The tests validate every figure with it.

Colours are names of the style sheet's properties (``var(--series-half)``); ``charts.js`` fills them in,
so that one figure serves both themes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.html import escape
from django.utils.translation import pgettext

from monitor.charts.hours import HOUR

Figure = dict[str, Any]

INCIDENT, REFRESH, MAINTENANCE = "incident", "refresh", "maintenance"
_MARKS: Final = {
    "": ("line-ns-open", "var(--ink-2)"),
    INCIDENT: ("square", "var(--fail)"),
    REFRESH: ("triangle-up", "var(--accent)"),
    MAINTENANCE: ("line-ew-open", "var(--paused)"),
}
"""Shape and colour of what happened: colour is never alone."""
_HOURS_APART = ((8, 1), (14, 2), (30, 4), (54, 8), (100, 12))
"""Up to so many hours on the axis, a tick every so many hours."""
FULL_DAY = 26
"""Hours up to which the hours of an axis need no date beside them."""
_DAYS_APART = ((9, 1), (20, 2), (45, 5), (120, 14))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as a small sign with words on hover."""

    at: datetime
    text: str
    kind: str = ""
    until: datetime | None = None
    """Of what lasted."""
    url: str = ""
    """Where a click leads."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing is known."""

    start_at: datetime
    end_at: datetime


def plotted(at: datetime) -> str:
    """A moment for Plotly, which reads no offset from UTC: all of a figure must have the same one."""
    return at.astimezone(UTC).isoformat()


def time_axis(start: datetime, end: datetime, zone: ZoneInfo, **more: Any) -> Figure:
    """The axis from ``start`` to ``end``, with round times of the reader's clock, named by its zone."""
    ticks = time_ticks(start, end, zone)
    return {
        "type": "date",
        "range": [plotted(start), plotted(end)],
        "tickvals": [plotted(at) for at, _text in ticks],
        "ticktext": [text for _at, text in ticks],
        "tickangle": 0,
        "title": {"text": zone.key, "font": {"size": 11}, "standoff": 6},
        "showgrid": False,
        "gridcolor": "var(--line)",
        "linecolor": "var(--line)",
        "zeroline": False,
        **more,
    }


def layout(
    *, margin: Figure, gaps: Sequence[Gap] = (), annotations: Sequence[Figure] = (), **axes: Any
) -> Figure:
    """Ground, fonts, hover and the shaded times of which nothing is known."""
    return {
        "margin": margin,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--ink-2)", "size": 12},
        "hovermode": "x",
        "hoverlabel": {"align": "left", "bgcolor": "var(--panel)", "bordercolor": "var(--line)"},
        "dragmode": "zoom",
        "showlegend": False,
        "bargap": 0,
        "annotations": list(annotations),
        "shapes": [
            {
                "type": "rect",
                "xref": "x",
                "x0": plotted(gap.start_at),
                "x1": plotted(gap.end_at),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": "var(--sunk)",
                "line": {"width": 0},
                "layer": "below",
            }
            for gap in gaps
        ],
        **axes,
    }


def y_axis(**more: Any) -> Figure:
    """An axis of figures. It is never zoomed: only time is."""
    return {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line)",
        "zeroline": False,
        "fixedrange": True,
        **more,
    }


def label(text: str, colour: str, **place: Any) -> Figure:
    """A word at the end of a line, instead of a legend."""
    return {
        "xref": "paper",
        "x": 1.0,
        "xanchor": "left",
        "xshift": 6,
        "text": text,
        "showarrow": False,
        "font": {"color": colour, "size": 12},
        **place,
    }


def apart(ends: Sequence[float], gap: float, lowest: float, highest: float) -> list[float]:
    """Heights of labels for lines that end at ``ends``, in their order: at least ``gap`` between any two,
    within the axis, and otherwise as near to their lines as can be."""
    groups: list[tuple[float, list[int]]] = []
    for k in sorted(range(len(ends)), key=lambda k: ends[k]):
        group = [k]
        while True:
            room = gap * (len(group) - 1) / 2
            middle = sum(ends[one] for one in group) / len(group)
            middle = max(min(middle, highest - room), lowest + room)
            if not groups or middle - room - groups[-1][0] >= gap * len(groups[-1][1]) / 2 + gap / 2:
                break
            group = groups.pop()[1] + group
        groups.append((middle, group))
    heights = [0.0] * len(ends)
    for middle, group in groups:
        for place, k in enumerate(group):
            heights[k] = middle + gap * (place - (len(group) - 1) / 2)
    return heights


def mark_traces(marks: Sequence[Mark], zone: ZoneInfo, y: float) -> list[Figure]:
    """A row of signs at the height ``y``, a kind each, and lines for what lasted."""
    traces: list[Figure] = []
    for kind in sorted({mark.kind for mark in marks}):
        symbol, colour = _MARKS[kind]
        mine = [mark for mark in marks if mark.kind == kind]
        lasting: list[Figure] = [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [plotted(mark.at), plotted(mark.until)],
                "y": [y, y],
                "line": {"color": colour, "width": 3},
                "hoverinfo": "skip",
                "showlegend": False,
            }
            for mark in mine
            if mark.until is not None
        ]
        traces += lasting
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [plotted(mark.at) for mark in mine],
                "y": [y] * len(mine),
                "marker": {
                    "symbol": symbol,
                    "size": 9 if kind else 12,
                    "color": colour,
                    "line": {"width": 1.5, "color": colour},
                },
                "hoverinfo": "text",
                "hovertext": [f"{moment_words(mark.at, zone)} {escape(mark.text)}" for mark in mine],
                "customdata": [mark.url for mark in mine],
                "showlegend": False,
            }
        )
    return traces


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """``22 Nov, 13:42``."""
    local = at.astimezone(zone)
    return f"{formats.date_format(local, pgettext('date format', 'j M'))}, {local:%H:%M}"


def time_ticks(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Round hours of the reader's clock within four days, else midnights with their date; with more than a
    day on the axis also the midnights among the hours are named by their date."""
    hours = (end - start) / HOUR
    form = pgettext("date format", "j M")
    if hours <= _HOURS_APART[-1][0]:
        every = next(every for limit, every in _HOURS_APART if hours <= limit)
        local = _full_hours(start, end, zone)
        dated = hours > FULL_DAY
        return [
            (at, formats.date_format(at, form) if dated and at.hour == 0 else f"{at:%H:%M}")
            for at in local
            if at.hour % every == 0
        ]
    days = hours / 24
    every = next((every for limit, every in _DAYS_APART if days <= limit), 61)
    midnights = [at for at in _full_hours(start, end, zone) if at.hour == 0]
    return [(at, formats.date_format(at, form)) for number, at in enumerate(midnights) if number % every == 0]


def _full_hours(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Those of the reader's clock, which in India are half past those of UTC."""
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    for k in range(int((end - first) / HOUR) + 2):
        at = first + k * HOUR
        at -= timedelta(minutes=at.astimezone(zone).minute)
        if start <= at <= end:
            found.append(at.astimezone(zone))
    return found

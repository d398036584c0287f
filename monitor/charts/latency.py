"""The latency figure: how late orders arrive, how old the backlog is beside it, and how many were on time."""

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.charts.figure import (
    Figure,
    Gap,
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
from monitor.charts.hours import HOUR, Hour
from monitor.health.sketch import Quantile
from monitor.wording import duration

TICKS_S = (1, 10, 60, 600, 3_600, 21_600, 86_400)
MINUTE_S = 60
LOWEST_S, HIGHEST_S = 1.0, 600_000.0
LABEL_GAP = 0.5
"""Labels at the lines' ends are at least so many decades apart, or they would overprint."""
LETTER_PX = 7
"""Room for a letter of them."""
MOST_DOTS = 30
"""Points closer together make a string of beads of a line."""


def latency_figure(
    hours: Sequence[Hour],
    *,
    zone: ZoneInfo,
    marks: Sequence[Mark] = (),
    gaps: Sequence[Gap] = (),
    link: Callable[[Hour], str] | None = None,
    on_time_s: float | None = None,
) -> Figure:
    """Half and 95 % of the orders, the backlog's age, the share that was on time below, and the exact figures
    on hover. ``link`` is where a click on an hour leads. The backlog is filled only where it is older than
    ``on_time_s`` seconds: a fleet that is well is quiet."""
    middle = hours[0].start_at + hours[0].length / 2 if hours else None
    x: Figure = {"x0": plotted(middle), "dx": hours[0].length / HOUR * 3_600_000} if middle else {}
    half, tail = [hour.half for hour in hours], [hour.tail for hour in hours]
    with_share = any(hour.on_time is not None for hour in hours)
    limit_s = on_time_s or LOWEST_S
    is_behind = any(hour.backlog_s is not None and hour.backlog_s > limit_s for hour in hours)
    traces: list[Figure] = [
        {
            # Bars as wide as their hours: an area would bridge the hours in which nothing waited.
            "type": "bar",
            **x,
            "base": limit_s,
            "y": [_above(_on_axis(hour.backlog_s), limit_s) for hour in hours],
            "marker": {"color": "var(--fill-backlog)", "line": {"width": 0}},
            "hoverinfo": "skip",
        },
        _steps(hours, "--series-backlog" if is_behind else "--ink-2"),
        _line(x, tail, _("95 %"), "--series-tail") | {"line": {"color": "var(--series-tail)", "width": 1.4}},
        _line(x, half, _("half"), "--series-half") | {"line": {"color": "var(--series-half)", "width": 2.2}},
        # An unseen row of points carries the hover, so that it also speaks where a line has a gap.
        _trace(x, [LOWEST_S] * len(hours), "", "--ink")
        | {
            "mode": "markers",
            "marker": {"opacity": 0, "size": 12},
            "hoverinfo": "text",
            "hovertext": [hover_text(hour, zone) for hour in hours],
            "customdata": [link(hour) for hour in hours] if link else [],
        },
    ]
    labels = _labels(traces[3:0:-1])
    is_empty = not labels
    if with_share:
        traces.append(
            _trace(x, [_percent(hour.on_time) for hour in hours], _("on time"), "--ok")
            | {
                "yaxis": "y2",
                "mode": "lines+markers",
                "line": {"color": "var(--ok)", "width": 1.4, "shape": "hvh"},
                "marker": {
                    "size": _dots([hour.on_time for hour in hours]),
                    "color": "var(--ok)",
                    "line": {"width": 0},
                    "opacity": 1,
                },
                "connectgaps": False,
            }
        )
        labels.append(label(_("on time"), "var(--ok)", yref="y2", y=50))
    traces += mark_traces(marks, zone, HIGHEST_S * 0.6)
    blank = _blank(gaps, hours)
    drawn = _layout(hours, zone, blank, labels, with_share=with_share)
    if is_empty:
        # A frame around nothing would be in the way: the page shows this sentence instead.
        nothing = _("No order is known for this time.") if blank else _("No order was placed in this time.")
        drawn["meta"] = {"empty": nothing}
    elif on_time_s is not None:
        drawn["shapes"].append(_limit(on_time_s))
        drawn["annotations"].append(_limit_words(on_time_s))
    return {"data": traces, "layout": drawn}


def hover_text(hour: Hour, zone: ZoneInfo) -> str:
    """The exact figures of one hour, as lines."""
    lines = [f"<b>{time_words(hour, zone)}</b>"]
    if hour.half is None or hour.tail is None:
        lines.append(_("no orders"))
    else:
        placed = hour.arrived + hour.waiting
        lines.append(ngettext("%(n)d order", "%(n)d orders", placed) % {"n": placed})
        lines.append(_("half within %(duration)s") % {"duration": quantile_words(hour.half)})
        lines.append(_("95 %% within %(duration)s") % {"duration": quantile_words(hour.tail)})
    if hour.on_time is not None:
        lines.append(_("%(percent)s on time") % {"percent": share_words(hour.on_time)})
    if hour.waiting:
        lines.append(
            ngettext("%(n)d still waiting", "%(n)d still waiting", hour.waiting) % {"n": hour.waiting}
        )
    if hour.backlog_s:
        lines.append(_("oldest waiting order: %(duration)s") % {"duration": seconds_words(hour.backlog_s)})
    return "<br>".join(lines)


def time_words(hour: Hour, zone: ZoneInfo) -> str:
    """``22 Nov, 13:00–14:00``; of a day, which is one of UTC, when it begins and ends for the reader."""
    end = hour.start_at + hour.length
    if hour.length == HOUR:
        return f"{moment_words(hour.start_at, zone)}–{end.astimezone(zone):%H:%M}"
    return f"{moment_words(hour.start_at, zone)} – {moment_words(end, zone)}"


def share_words(share: float | None) -> str:
    """``98.5 %``, never rounded up to all of them."""
    if share is None:
        return "–"
    percent = math.floor(share * 1000) / 10
    return f"{number_format(percent, 0 if percent == int(percent) else 1)} %"


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
            "size": [9 if bound else dot for bound, dot in zip(at_least, _dots(quantiles), strict=True)],
            # Points of several sizes get an edge and are half transparent if nothing else is said.
            "line": {"width": 0},
            "opacity": 1,
        },
    }


def _dots(values: Sequence[object]) -> list[int]:
    """Sizes of a line's points: where they stand close, only those that no line joins to another."""
    known = [False, *(value is not None for value in values), False]
    is_close = len(values) > MOST_DOTS
    return [0 if is_close and (known[k - 1] or known[k + 1]) else 4 for k in range(1, len(known) - 1)]


def _on_axis(seconds: float | None) -> float | None:
    return None if seconds is None else round(min(max(seconds, LOWEST_S), HIGHEST_S / 2), 1)


def _percent(share: float | None) -> float | None:
    return None if share is None else math.floor(share * 1000) / 10


def _labels(traces: Sequence[Figure]) -> list[Figure]:
    """A word at the end of every line instead of a legend, pushed apart where they would touch."""
    ends = []
    for trace in traces:
        known = [value for value in trace["y"] if value is not None]
        if known:
            ends.append((math.log10(known[-1]), trace))
    lowest, highest = math.log10(LOWEST_S), math.log10(HIGHEST_S)
    heights = apart([end for end, _trace in ends], LABEL_GAP, lowest, highest)
    return [
        label(trace["name"], trace["line"]["color"], yref="y", y=height)
        for height, (_end, trace) in zip(heights, ends, strict=True)
    ]


def _steps(hours: Sequence[Hour], colour: str) -> Figure:
    """The age of the oldest waiting order as level lines, each as wide as its hour."""
    x: list[str | None] = []
    y: list[float | None] = []
    for hour in hours:
        # What has waited for a moment only is no backlog, and would draw a cliff.
        age = _on_axis(hour.backlog_s) if (hour.backlog_s or 0) > LOWEST_S else None
        x += [plotted(hour.start_at), plotted(hour.start_at + hour.length)]
        y += [age, age]
    trace = _trace({}, y, _("oldest waiting"), colour)
    return trace | {
        "x": x,
        "mode": "lines",
        "connectgaps": False,
        "line": {"color": f"var({colour})", "width": 1},
    }


def _above(age: float | None, limit_s: float) -> float | None:
    return None if age is None or age <= limit_s else round(age - limit_s, 1)


def _blank(gaps: Sequence[Gap], hours: Sequence[Hour]) -> list[Gap]:
    """What is left of the gaps without the hours whose orders are known: often they were read later."""
    blank = []
    for gap in gaps:
        start = gap.start_at
        for hour in hours:
            end = hour.start_at + hour.length
            if hour.half is None or end <= start or hour.start_at >= gap.end_at:
                continue
            if hour.start_at > start:
                blank.append(Gap(start, hour.start_at))
            start = end
        if start < gap.end_at:
            blank.append(Gap(start, gap.end_at))
    return blank


def _limit(on_time_s: float) -> Figure:
    line = {"color": "var(--ink-2)", "width": 1, "dash": "dot"}
    ends = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": on_time_s, "y1": on_time_s}
    return {"type": "line", **ends, "line": line, "opacity": 0.6, "layer": "below"}


def _limit_words(on_time_s: float) -> Figure:
    return {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": "y",
        "y": math.log10(on_time_s),
        "yanchor": "bottom",
        "text": _("on time: within %(duration)s") % {"duration": seconds_words(on_time_s)},
        "showarrow": False,
        "font": {"color": "var(--ink-2)", "size": 11},
    }


def _layout(
    hours: Sequence[Hour], zone: ZoneInfo, gaps: Sequence[Gap], labels: list[Figure], *, with_share: bool
) -> Figure:
    axes: Figure = {
        "yaxis": y_axis(
            type="log",
            range=[math.log10(LOWEST_S), math.log10(HIGHEST_S)],
            tickvals=list(TICKS_S),
            ticktext=[seconds_words(value) for value in TICKS_S],
            domain=[0.25, 1] if with_share else [0, 1],
        )
    }
    if hours:
        end = hours[-1].start_at + hours[-1].length
        axes["xaxis"] = time_axis(hours[0].start_at, end, zone, anchor="y2" if with_share else "y")
    if with_share:
        axes["yaxis2"] = y_axis(
            range=[-4, 108],
            domain=[0, 0.19],
            tickvals=[0, 100],
            ticktext=[share_words(0.0), share_words(1.0)],
        )
    right = 16 + LETTER_PX * max((len(one["text"]) for one in labels), default=0)
    return layout(margin={"l": 56, "r": right, "t": 8, "b": 44}, gaps=gaps, annotations=labels, **axes)

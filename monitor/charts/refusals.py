"""Tracking numbers that a hub could not write to the stores: failed calls per day, by cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDay
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from integrations.contracts import Outcome
from monitor.charts.chosen import Chosen
from monitor.charts.figure import Figure, layout, plotted, time_axis, y_axis
from monitor.models import HubFailureLog

READING = ("GET", "HEAD", "OPTIONS")
FEWEST = timedelta(days=14)
"""Days are not compared over less than this."""
CAUSES: Final = {
    Outcome.BLOCKED: gettext_lazy("turned away in front of the shop"),
    Outcome.REFUSED: gettext_lazy("keys or rights refused"),
    Outcome.FAULT: gettext_lazy("an error of the shop"),
    Outcome.NO_ANSWER: gettext_lazy("no answer"),
    Outcome.RATE_LIMITED: gettext_lazy("too many requests"),
    Outcome.MAINTENANCE: gettext_lazy("the shop is in maintenance"),
    Outcome.CHALLENGED: gettext_lazy("asked to prove that it is no robot"),
    Outcome.REDIRECTED: gettext_lazy("led to another address"),
    Outcome.UNEXPECTED: gettext_lazy("an answer that is none"),
}
_OTHER = gettext_lazy("another answer")
_LOOKS = (
    ("var(--fail)", ""),
    ("var(--late)", "/"),
    ("var(--throttled)", "x"),
    ("var(--paused)", "-"),
    ("var(--unknown)", "."),
)
"""Colour and pattern of the causes by how often they are met: colour is never alone."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a hub could not write on one day of the reader's, for one cause."""

    day: datetime
    """Its midnight in the reader's zone."""
    outcome: str
    count: int

    @property
    def cause(self) -> str:
        return str(CAUSES.get(Outcome(self.outcome), _OTHER))


def days_of(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The midnights of the days that are shown, which are never less than :data:`FEWEST`."""
    first = min(start, end - FEWEST + timedelta(days=1)).astimezone(zone).date()
    last = end.astimezone(zone).date()
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    return [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]


def refused(chosen: Chosen, *, days: Sequence[datetime], zone: ZoneInfo) -> list[Refused]:
    """The failed writing calls in the hubs' logs. One query, over that time's failures only."""
    rows = HubFailureLog.objects.filter(at__gte=days[0], at__lt=days[-1] + timedelta(days=1))
    rows = rows.exclude(method__in=READING)
    if not chosen.is_everything:
        rows = rows.filter(integration__in=chosen.integrations())
    found = (
        rows.annotate(day=TruncDay("at", tzinfo=zone)).values("day", "outcome").annotate(count=Count("pk"))
    )
    return [Refused(**row) for row in found.order_by("day", "outcome")]


def refusals_figure(rows: Sequence[Refused], *, days: Sequence[datetime], zone: ZoneInfo) -> Figure:
    """A bar per day, divided by cause; the most frequent cause is at the bottom."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.outcome] = totals.get(row.outcome, 0) + row.count
    ranked = sorted(totals, key=lambda outcome: -totals[outcome])
    known = {(row.day, row.outcome): row for row in rows}
    traces = []
    for place, outcome in enumerate(ranked):
        colour, pattern = _LOOKS[min(place, len(_LOOKS) - 1)]
        mine = [known.get((day, outcome)) for day in days]
        traces.append(
            {
                "type": "bar",
                "x": [plotted(day + timedelta(hours=12)) for day in days],
                "y": [one.count if one else 0 for one in mine],
                "name": str(CAUSES.get(Outcome(outcome), _OTHER)),
                "marker": {
                    "color": colour,
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": "var(--panel)",
                        "fgopacity": 0.8,
                        "size": 7,
                        "solidity": 0.25,
                    },
                    "line": {"width": 0},
                },
                "hoverinfo": "text",
                "hovertext": [_hover(one) for one in mine],
            }
        )
    most = max((sum(row.count for row in rows if row.day == day) for day in days), default=0)
    axis = time_axis(days[0], days[-1] + timedelta(days=1), zone)
    figure = layout(
        margin={"l": 56, "r": 16, "t": 8, "b": 44},
        xaxis=axis,
        yaxis=y_axis(range=[0, max(most * 1.1, 4)], tickformat="d", nticks=5),
        barmode="stack",
    )
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
    figure |= {"showlegend": bool(traces), "legend": legend, "bargap": 0.25, "hovermode": "closest"}
    figure["margin"] = figure["margin"] | ({"t": 48} if traces else {})
    if not rows:
        figure["meta"] = {"empty": _("The hubs' logs tell of no failure in this time.")}
    return {"data": traces, "layout": figure}


def _hover(one: Refused | None) -> str:
    if one is None:
        return ""
    day = formats.date_format(one.day, pgettext("date format", "D j M"))
    count = ngettext("%(n)d time", "%(n)d times", one.count) % {"n": one.count}
    return f"<b>{day}</b><br>{one.cause}: {count}"

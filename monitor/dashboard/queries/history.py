"""How an integration was: its states as a band, every day as a bar, every month as a row."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from integrations.models import Integration
from monitor.dashboard.bands import BAND_UNITS, Band, drawn
from monitor.dashboard.faces import Face, face_of
from monitor.history import past
from monitor.history.availability import Figures, days_of, months
from monitor.history.figures import Kind
from monitor.history.pieces import DAY, NOBODY_LOOKED, Past, Piece, figures, midnight, pieces
from monitor.models import Maintenance
from monitor.wording import duration

RANGES: Final = {
    "24h": (timedelta(hours=24), gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("7 days")),
    "30d": (timedelta(days=30), gettext_lazy("30 days")),
    "90d": (timedelta(days=90), gettext_lazy("90 days")),
}
DAYS_SHOWN: Final = 90
MONTHS_SHOWN: Final = 12
SEGMENTS: Final = 480
"""Of a band; where more happened, each part of it shows the worst of its time."""
_SHAPES: Final = {
    Kind.FAIL: "fail",
    Kind.WARN: "late",
    Kind.UNKNOWN: "unknown",
    Kind.MAINTENANCE: "paused",
    Kind.PAUSED: "paused",
    Kind.OK: "ok",
}
"""From the bottom of a bar to its top, and the worst first."""
_WORST: Final = {kind: place for place, kind in enumerate(_SHAPES)}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a day's bar, in percent of its height."""

    shape: str
    y: float
    height: float


@dataclass(frozen=True)
class Row:
    """A day or a month, in figures and in words. Each is made once: a page tells some of them thrice."""

    day: date
    """A month's first."""
    figures: Figures

    @cached_property
    def called(self) -> str:
        return formats.date_format(self.day, pgettext("date format", "D j M Y"))

    @cached_property
    def available(self) -> str:
        return share_words(self.figures.availability)

    @property
    def unknown(self) -> str:
        return share_words(self.figures.unknown_share, up=True)

    @property
    def failing(self) -> str:
        return time_words(self.figures.fail_s)

    @property
    def excluded(self) -> str:
        return time_words(self.figures.maintenance_s + self.figures.paused_s)

    @property
    def on_time(self) -> str:
        return share_words(self.figures.on_time_share)

    @cached_property
    def words(self) -> str:
        """The whole day in a line, for whoever points at its bar."""
        one = self.figures
        said = [_("%(share)s available") % {"share": self.available}]
        if one.availability is None:
            said = [_("nothing known")]
        parts = ((one.fail_s, _("failing")), (one.warn_s, _("late")), (one.unknown_s, _("unknown")))
        away = ((one.maintenance_s, _("in maintenance")), (one.paused_s, _("paused")))
        said += [f"{word} {time_words(length)}" for length, word in (*parts, *away) if length]
        if one.orders:
            orders = ngettext(
                "%(on_time)d of %(n)d order on time", "%(on_time)d of %(n)d orders on time", one.orders
            )
            said.append(orders % {"on_time": one.on_time, "n": one.orders})
        return f"{self.called}: {', '.join(said)}"

    @property
    def parts(self) -> list[Part]:
        """The states of the day from the bottom up."""
        found, top = [], 100.0
        for kind, shape in _SHAPES.items():
            seconds = getattr(self.figures, f"{kind}_s")
            if seconds:
                # A minute's failure is still seen.
                height = max(100 * seconds / self.figures.total_s, 4.0 if kind is not Kind.OK else 0.0)
                height = min(height, top)
                top -= height
                found.append(Part(shape, round(top, 2), round(height, 2)))
        return found

    @property
    def late(self) -> float:
        """Percent of the orders that were late; those of a day with few late ones are still seen."""
        share = self.figures.on_time_share
        return 0.0 if share is None or share == 1 else round(max(100 * (1 - share), 4.0), 2)

    @property
    def on_time_y(self) -> float:
        """Where the late ones begin, from the top."""
        return round(100 - self.late, 2)


class History:
    """The history of one integration, whose store and progress are loaded. Three queries."""

    def __init__(self, integration: Integration, *, now: datetime, chosen: str = "") -> None:
        self.integration = integration
        self.now = now
        self.range = chosen if chosen in RANGES else "24h"
        self.span, self.label = RANGES[self.range]
        self.start_at = now - self.span
        self.middle_at = now - self.span / 2

    @property
    def ranges(self) -> list[tuple[str, str]]:
        return [(key, str(label)) for key, (_span, label) in RANGES.items()]

    @property
    def _past_from(self) -> datetime:
        # Yesterday may not be stored yet.
        return min(self.start_at, midnight(self.now.date() - DAY))

    @cached_property
    def windows(self) -> list[Maintenance]:
        """Of maintenance in that time, and those that run."""
        return past.windows_between(self._past_from, self.now)

    @cached_property
    def _past(self) -> Past:
        known = past.load_of([self.integration], self._past_from, self.now, windows=self.windows)
        return known[self.integration.pk]

    @cached_property
    def band(self) -> Band:
        known = _coarse(list(pieces(self._past, self.start_at, self.now)), self.span / SEGMENTS)
        return drawn([(piece.start, _face(piece)) for piece in known], start=self.start_at, end=self.now)

    @cached_property
    def figures(self) -> Figures:
        """Of the chosen time."""
        return figures(self._past, self.start_at, self.now)

    @cached_property
    def _days(self) -> dict[date, Figures]:
        month = self.now.date().replace(day=1)
        for _number in range(MONTHS_SHOWN - 1):
            month = (month - DAY).replace(day=1)
        first = max(month, self.integration.created_at.date())
        return days_of(self.integration, first, known=self._past, now=self.now)

    @cached_property
    def days(self) -> list[Row | None]:
        """The last :data:`DAYS_SHOWN` days, oldest first; None where it did not exist."""
        today = self.now.date()
        return [
            Row(day, found) if (found := self._days.get(day)) else None
            for day in (today - number * DAY for number in reversed(range(DAYS_SHOWN)))
        ]

    @property
    def bars(self) -> list[tuple[int, Row]]:
        """The days that are known, with their places along :data:`BAND_UNITS`."""
        step = BAND_UNITS // DAYS_SHOWN
        return [(place * step, row) for place, row in enumerate(self.days) if row is not None]

    @property
    def table(self) -> list[Row]:
        """The days that are known, newest first."""
        return [row for row in reversed(self.days) if row is not None]

    @property
    def months(self) -> list[Row]:
        """Newest first."""
        return [Row(month, found) for month, found in sorted(months(self._days).items(), reverse=True)]

    @property
    def first_day(self) -> date:
        return self.now.date() - (DAYS_SHOWN - 1) * DAY

    @property
    def has_orders(self) -> bool:
        return any(row.figures.orders for row in self.table)


def share_words(share: float | None, *, up: bool = False) -> str:
    """``99.98 %``, never rounded to what would flatter: 100 % is said of nothing less."""
    if share is None:
        return "–"
    hundredths = math.ceil(share * 10_000 - 1e-6) if up else math.floor(share * 10_000 + 1e-6)
    digits = 0 if hundredths % 100 == 0 else 2
    percent = formats.number_format(hundredths / 100, digits, force_grouping=False)
    return pgettext("percent", "%(number)s %%") % {"number": percent}


def time_words(seconds: int) -> str:
    return duration(timedelta(seconds=seconds)) if seconds else "–"


def _face(piece: Piece) -> Face:
    if piece.kind is Kind.PAUSED:
        return Face("paused", _("paused"))
    if piece.kind is Kind.MAINTENANCE:
        return Face("paused", _("in maintenance"))
    if piece.rule == NOBODY_LOOKED:
        return Face("unknown", _("not looked at"))
    return face_of(piece.kind, piece.rule)


def _coarse(found: list[Piece], least: timedelta) -> list[Piece]:
    """As it is, or as the worst of each stretch when it is too much to draw."""
    if len(found) <= SEGMENTS:
        return found
    kept: list[Piece] = []
    for piece in found:
        last = kept[-1] if kept else None
        if last is not None and piece.end - last.start <= least:
            worse = min(last, piece, key=lambda one: _WORST[one.kind])
            kept[-1] = Piece(last.start, piece.end, worse.kind, worse.rule)
        else:
            kept.append(piece)
    return kept

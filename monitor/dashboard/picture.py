"""The fleet as one picture: integrations from top to bottom, time from left to right, worst first.

Above the integrations stands how many were not well at a time, of all of them, so that a shared outage is
seen as a column however many integrations there are and however few of them are drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.dashboard.bands import Band, drawn
from monitor.dashboard.faces import Face, face_of
from monitor.dashboard.queries.courses import BAD, Course, courses
from monitor.dashboard.queries.fleet import WATCHED

COLUMNS = 96
COLUMN_UNITS = 15
HEIGHT_UNITS = 64
ROWS, MOST_ROWS = 40, 200
GRAVEST = (*BAD, "unknown", "paused")
CHANGES = 20_000
"""Newest changes that are looked at. What was before them is unknown, and shown so."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How many were in one state in one column."""

    shape: str
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A stretch of time of the whole fleet; each integration counts once, by its gravest state in it."""

    start_at: datetime
    end_at: datetime
    x: int
    bars: tuple[Bar, ...]

    @property
    def unwell(self) -> int:
        return sum(bar.count for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Row:
    integration: Integration
    """Its names alone are known."""
    face: Face
    """At the end of the shown time."""
    band: Band


@dataclass(frozen=True, slots=True)
class Picture:
    start_at: datetime
    end_at: datetime
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    watched: int
    unwell: int
    """Integrations that were not well at some time; at most :data:`MOST_ROWS` of them are in ``rows``."""
    known_from: datetime
    """Before it nothing is shown, because too much happened since."""

    @property
    def steady(self) -> int:
        return self.watched - self.unwell

    @property
    def more(self) -> int:
        """Those that were not well and are not drawn."""
        return self.unwell - len(self.rows)

    @property
    def most(self) -> int:
        """How many were not well at once, at the worst."""
        return max((column.unwell for column in self.columns), default=0)

    @property
    def worst(self) -> Column | None:
        return max(self.columns, key=lambda column: column.unwell) if self.most else None

    @property
    def middle_at(self) -> datetime:
        return self.start_at + (self.end_at - self.start_at) / 2

    @property
    def is_cut(self) -> bool:
        return self.known_from > self.start_at


def picture(chosen: Chosen, *, start: datetime, end: datetime, rows: int = ROWS) -> Picture:
    """The picture of the watched integrations of a part of the fleet. One query, however large it is."""
    width = (end - start) / COLUMNS
    found = courses(
        chosen.integrations().filter(WATCHED),
        columns=[start + number * width for number in range(COLUMNS)],
        end=end,
        rows=min(rows, MOST_ROWS),
        changes=CHANGES,
    )
    return Picture(
        start_at=start,
        end_at=end,
        columns=_columns(found.counts, start, width),
        rows=_rows(found.worst, start, end),
        watched=found.watched,
        unwell=found.unwell,
        known_from=found.known_from,
    )


def _columns(
    counts: Mapping[int, Mapping[str, int]], start: datetime, width: timedelta
) -> tuple[Column, ...]:
    # Whose state is unknown is hatched in its row; here a fleet just connected would dwarf all that follows.
    highest = max((sum(count.values()) for count in counts.values()), default=0)
    return tuple(
        Column(
            start + number * width,
            start + (number + 1) * width,
            number * COLUMN_UNITS,
            _bars(counts.get(number, {}), highest),
        )
        for number in range(COLUMNS)
    )


def _bars(counts: Mapping[str, int], highest: int) -> tuple[Bar, ...]:
    """The gravest at the bottom."""
    bars, y = [], float(HEIGHT_UNITS)
    for shape in BAD:
        if counts.get(shape):
            height = max(counts[shape] / highest * HEIGHT_UNITS, 1.0)
            y -= height
            bars.append(Bar(shape, counts[shape], round(max(y, 0.0), 1), round(height, 1)))
    return tuple(bars)


def _rows(worst: Sequence[Course], start: datetime, end: datetime) -> tuple[Row, ...]:
    faces = _Faces()
    rows = []
    for course in worst:
        past = [(step.at, faces[step.state, step.rule]) for step in course.steps]
        seen = _seen(past, (end - start) / 480)
        rows.append(Row(course.integration, past[-1][1], drawn(seen, start=start, end=end)))
    return tuple(rows)


class _Faces(dict[tuple[str, str], Face]):
    """The face of a state and a rule, made once a picture: its word is in the reader's language."""

    def __missing__(self, key: tuple[str, str]) -> Face:
        self[key] = face_of(*key)
        return self[key]


def _seen(faces: Sequence[tuple[datetime, Face]], least: timedelta) -> list[tuple[datetime, Face]]:
    """Without what lies too close to be told apart: of that, the gravest is kept."""
    kept: list[tuple[datetime, Face]] = []
    for at, face in faces:
        if kept and at - kept[-1][0] < least:
            if _grave(face) < _grave(kept[-1][1]):
                kept[-1] = (kept[-1][0], face)
            elif face.shape == "ok":
                kept.append((kept[-1][0] + least, face))
        elif not kept or kept[-1][1] != face:
            kept.append((at, face))
    return kept


def _grave(face: Face) -> int:
    return GRAVEST.index(face.shape) if face.shape in GRAVEST else len(GRAVEST)

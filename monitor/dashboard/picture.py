"""The fleet as one picture: integrations from top to bottom, time from left to right, worst first.

Above the integrations stands how many were not well at a time, of all of them, so that a shared outage is
seen as a column however many integrations there are and however few of them are drawn.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import FloatField
from django.db.models.functions import Cast, Extract

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.dashboard.bands import Band, changes_of_state, drawn
from monitor.dashboard.faces import Face, face_of
from monitor.dashboard.queries.fleet import WATCHED
from monitor.health.states import State

COLUMNS = 96
COLUMN_UNITS = 15
HEIGHT_UNITS = 64
ROWS, MOST_ROWS = 40, 200
CHANGES = 20_000
"""Newest changes that are looked at. What was before them is unknown, and shown so."""
GRAVEST = ("fail", "throttled", "late", "unknown", "paused")
_BAD = frozenset(GRAVEST[:3])


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
        return sum(bar.count for bar in self.bars if bar.shape in _BAD)


@dataclass(frozen=True, slots=True)
class Row:
    integration: Integration
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


@dataclass(frozen=True, slots=True)
class _Course:
    """How one integration fared: states from oldest to newest, each until the next."""

    pk: int
    faces: Sequence[tuple[float, Face]]
    """Seconds since 1970: thousands of changes are read and compared for each picture, and few are drawn."""
    bad_s: float

    @property
    def rank(self) -> tuple[int, float, int]:
        last = self.faces[-1][1].shape
        return (GRAVEST.index(last) if last in _BAD else len(GRAVEST), -self.bad_s, self.pk)


def picture(chosen: Chosen, *, start: datetime, end: datetime, rows: int = ROWS) -> Picture:
    """The picture of the watched integrations of a part of the fleet. Three queries, however large it is."""
    seen = chosen.integrations().filter(WATCHED)
    now = list(seen.values_list("pk", "created_at", "verdict__state", "verdict__rule"))
    changes = changes_of_state().filter(at__gte=start)
    if not chosen.is_everything:
        changes = changes.filter(integration__in=seen)
    # In UTC, or the database counts the seconds of the reader's clock.
    at_s = Cast(Extract("at", "epoch", tzinfo=UTC), FloatField())
    newest = list(
        changes.order_by("-at").values_list(
            "integration_id", at_s, "old_state", "old_rule", "new_state", "new_rule"
        )[:CHANGES]
    )
    known_from = _moment(newest[-1][1]) if len(newest) == CHANGES else start
    by_integration = defaultdict[int, list[tuple[float, Face]]](list)
    first = dict[int, Face]()
    faces = _Faces()
    for pk, at, old_state, old_rule, new_state, new_rule in reversed(newest):
        if pk not in first:
            first[pk] = faces[old_state, old_rule]
        by_integration[pk].append((at, faces[new_state, new_rule]))
    courses = []
    known_from_s, end_s = known_from.timestamp(), end.timestamp()
    for pk, created_at, state, rule in now:
        begins = max(created_at.timestamp(), known_from_s)
        # Before its first change it was what that one left; without any it is what it is now.
        course = _course(pk, by_integration[pk], first.get(pk) or faces[state, rule], begins, end_s)
        if course is not None:
            courses.append(course)
    unwell = sorted((one for one in courses if one.bad_s), key=lambda one: one.rank)
    shown = unwell[: min(rows, MOST_ROWS)]
    return Picture(
        start_at=start,
        end_at=end,
        columns=_columns(courses, start, end),
        rows=_rows(shown, start, end),
        watched=len(now),
        unwell=len(unwell),
        known_from=known_from,
    )


class _Faces(dict[tuple[str | None, str | None], Face]):
    """The face of a state and a rule, made once a picture: its word is in the reader's language."""

    def __missing__(self, key: tuple[str | None, str | None]) -> Face:
        self[key] = face_of(key[0] or State.UNKNOWN, key[1] or "")
        return self[key]


def _course(
    pk: int, changes: Sequence[tuple[float, Face]], first: Face, begins: float, end: float
) -> _Course | None:
    """None: it was healthy all the time, or not there yet."""
    if begins >= end:
        return None
    # Changes after the shown time have told in which state it was at the end of it.
    past = [change for change in changes if change[0] < end]
    if first.shape == "ok" and not past:
        return None
    faces = [(begins, first)]
    bad_s, since = 0.0, begins if first.shape in _BAD else None
    for changed_at, face in past:
        at = max(changed_at, begins)
        if since is not None:
            bad_s += at - since
        since = at if face.shape in _BAD else None
        faces.append((at, face))
    return _Course(pk, faces, bad_s if since is None else bad_s + end - since)


def _columns(courses: Iterable[_Course], start: datetime, end: datetime) -> tuple[Column, ...]:
    width = (end - start) / COLUMNS
    begins, width_s, ends = start.timestamp(), width.total_seconds(), end.timestamp()
    grades = {shape: grave for grave, shape in enumerate(GRAVEST)}
    counts: list[Counter[str]] = [Counter() for _ in range(COLUMNS)]
    for course in courses:
        gravest: dict[int, int] = {}
        until_s = ends
        for at_s, face in reversed(course.faces):
            grave = grades.get(face.shape)
            if grave is not None and until_s > begins:
                first = max(int((at_s - begins) / width_s), 0)
                last = min(int((until_s - begins) / width_s), COLUMNS - 1)
                for column in range(first, last + 1):
                    if gravest.get(column, grave) >= grave:
                        gravest[column] = grave
            until_s = at_s
        for column, grave in gravest.items():
            counts[column][GRAVEST[grave]] += 1
    highest = max((sum(count.values()) for count in counts), default=0)
    return tuple(
        Column(start + k * width, start + (k + 1) * width, k * COLUMN_UNITS, _bars(count, highest))
        for k, count in enumerate(counts)
    )


def _bars(counts: Mapping[str, int], highest: int) -> tuple[Bar, ...]:
    """The gravest at the bottom."""
    bars, y = [], float(HEIGHT_UNITS)
    for shape in GRAVEST:
        if counts.get(shape):
            height = max(counts[shape] / highest * HEIGHT_UNITS, 1.0)
            y -= height
            bars.append(Bar(shape, counts[shape], round(max(y, 0.0), 1), round(height, 1)))
    return tuple(bars)


def _rows(courses: Sequence[_Course], start: datetime, end: datetime) -> tuple[Row, ...]:
    names = Integration.objects.select_related("store", "account")
    known = names.defer("store__credentials", "account__credentials").in_bulk([one.pk for one in courses])
    least = (end - start).total_seconds() / 480
    rows = []
    for one in courses:
        if one.pk in known:
            seen = [(_moment(at), face) for at, face in _seen(one.faces, least)]
            rows.append(Row(known[one.pk], one.faces[-1][1], drawn(seen, start=start, end=end)))
    return tuple(rows)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seen(faces: Sequence[tuple[float, Face]], least: float) -> list[tuple[float, Face]]:
    """Without what lies too close to be told apart: of that, the gravest is kept."""
    kept: list[tuple[float, Face]] = []
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

"""The matrix of who lets a hub pass, as a person sees it: User-Agents by methods."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.access.records import Cell, Examination
from integrations.access.report.grid import Tone, face_of, word_of
from integrations.contracts import Outcome
from monitor.dashboard.faces import Face
from monitor.models import CellChange

_SHAPES = {
    Tone.OK: "ok",
    Tone.WARN: "late",
    Tone.FAIL: "fail",
    Tone.UNKNOWN: "unknown",
    Tone.RATE: "throttled",
    Tone.CLOSED: "paused",
    Tone.NONE: "unknown",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell of the grid."""

    key: str
    """Of its own within the page."""
    method: str
    who: str
    """The User-Agent, or words for any other visitor."""
    cell: Cell | None
    """None: it was not asked."""
    is_needed: bool
    """The hub cannot do its work without it."""
    change: CellChange | None = None
    """What it was before, if that was different a day ago."""

    @property
    def face(self) -> Face:
        """Its shape and its word."""
        tone, word = face_of(self.cell)
        return Face(_SHAPES[tone], word)

    @property
    def passed(self) -> bool:
        return face_of(self.cell).tone is Tone.OK

    @property
    def tone(self) -> str:
        """The colour of the shape: grey where nobody needs the cell."""
        return self.face.shape if self.is_needed or self.passed else "unknown"

    @property
    def status(self) -> int | None:
        return self.cell.call.status if self.cell else None

    @property
    def before(self) -> str:
        return word_of(Outcome(self.change.before)) if self.change else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One visitor."""

    name: str
    """``Sendcloud/``, or words for any other visitor."""
    version: str
    rest: str
    """What follows in brackets of a long User-Agent."""
    is_hub: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Methods with one purpose."""

    title: str
    methods: tuple[str, ...]
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Cells that changed together."""

    methods: tuple[str, ...]
    who: tuple[str, ...]
    """Empty: every visitor that was asked as."""
    now: str
    before: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Grid:
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    changes: tuple[Change, ...]
    """Newest first."""

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(method for group in self.groups for method in group.methods)

    @property
    def half(self) -> int:
        """Columns beyond this one have their explanations to the left."""
        return (len(self.methods) + 1) // 2

    @property
    def beginnings(self) -> tuple[str, ...]:
        """The first method of each group but the first."""
        return tuple(group.methods[0] for group in self.groups[1:])

    @property
    def knows_hub(self) -> bool:
        """It was asked as the hub, under one of its names of today."""
        return any(row.is_hub for row in self.rows)

    @property
    def lets_hub_pass(self) -> bool:
        """Everything that the hub needs reached the shop."""
        return all(mark.passed for row in self.rows for mark in row.marks if mark.is_needed)

    @property
    def asked(self) -> int:
        return sum(mark.cell is not None for row in self.rows for mark in row.marks)


def grid_of(examination: Examination, agents: Sequence[str], changes: Iterable[CellChange]) -> Grid:
    """The grid for one hub.

    ``agents``: the hub's own, of which those are shown that were asked as. ``changes``: of the store in
    the last day, newest first.
    """
    groups = _groups(examination)
    newest: dict[tuple[str, str], CellChange] = {}
    for change in changes:
        if word_of(Outcome(change.before)) != word_of(Outcome(change.after)):
            newest.setdefault((change.method, change.agent), change)
    shown = [agent for agent in examination.agents if agent in agents]
    rows = tuple(_rows(examination, groups, [*shown, examination.neutral], newest))
    return Grid(groups, rows, tuple(_told(rows)))


def _groups(examination: Examination) -> tuple[Group, ...]:
    writing = tuple(method for method in examination.methods if method in examination.write_methods)
    reading = tuple(method for method in examination.methods if method == "GET" and method not in writing)
    others = tuple(method for method in examination.methods if method not in (*reading, *writing))
    wanted = (
        Group(_("reads orders"), reading, True),
        Group(_("writes tracking") if reading else _("reads and writes"), writing, True),
        Group(_("others"), others, False),
    )
    return tuple(group for group in wanted if group.methods)


def _rows(
    examination: Examination,
    groups: Sequence[Group],
    agents: Sequence[str],
    changes: dict[tuple[str, str], CellChange],
) -> Iterator[Row]:
    for number, agent in enumerate(agents):
        is_hub = agent != examination.neutral
        title, bracket, rest = agent.partition(" (")
        name, slash, version = title.partition("/")
        who = agent if is_hub else _("any other visitor")
        marks = tuple(
            Mark(
                key=f"{number}-{method}",
                method=method,
                who=who,
                cell=examination.cell(method, agent),
                is_needed=is_hub and group.is_needed,
                change=changes.get((method, agent)),
            )
            for group in groups
            for method in group.methods
        )
        if is_hub:
            yield Row(name + slash, version, f"({rest}" if bracket else "", True, marks)
        else:
            yield Row(who, "", "", False, marks)


def _told(rows: Sequence[Row]) -> Iterator[Change]:
    """Changes as few sentences: methods together that changed alike."""
    alike: dict[tuple[datetime, str, str, str], list[str]] = {}
    for row in rows:
        for mark in row.marks:
            if mark.change is not None:
                now = word_of(Outcome(mark.change.after))
                alike.setdefault((mark.change.at, now, mark.before, mark.method), []).append(mark.who)
    together: dict[tuple[datetime, str, str, tuple[str, ...]], list[str]] = {}
    for (at, now, before, method), visitors in alike.items():
        together.setdefault((at, now, before, tuple(visitors)), []).append(method)
    for (at, now, before, who), methods in sorted(
        together.items(), key=lambda item: item[0][0], reverse=True
    ):
        yield Change(tuple(methods), () if len(who) == len(rows) else who, now, before, at)

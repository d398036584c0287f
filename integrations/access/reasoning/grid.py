"""The probe matrix as a grid, and which rows and columns of it explain the cells that did not pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from integrations.access.reasoning.kinds import Kind, kind_of
from integrations.access.records import Cause, Cell, Examination, Layer, Question

HARMLESS = frozenset({"options_by_server", "head_without_signature"})
"""Signs of answers that prove nothing and hinder nobody."""

_PROVE_LITTLE = frozenset({"HEAD", "OPTIONS"})
Spot = tuple[str, str]
"""Method and User-Agent: one cell's place."""


class Pattern(NamedTuple):
    """Cells that one thing explains: these methods for these User-Agents."""

    methods: tuple[str, ...]
    agents: tuple[str, ...]
    whole: bool = False
    """Everything that was asked."""


@dataclass(frozen=True)
class Grid:
    """What was asked by the matrix and what became of it; harmless answers left out."""

    examination: Examination

    @cached_property
    def cells(self) -> dict[Spot, Cell]:
        return {
            (cell.method, cell.agent): cell
            for cell in self.examination.answers(Question.MATRIX)
            if cell.sign not in HARMLESS
        }

    @cached_property
    def red(self) -> dict[Spot, Cell]:
        return {spot: cell for spot, cell in self.cells.items() if not cell.passed}

    @cached_property
    def methods(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(method for method, _agent in self.cells))

    @cached_property
    def agents(self) -> tuple[str, ...]:
        """Everybody who asked."""
        return tuple(dict.fromkeys(agent for _method, agent in self.cells))

    @cached_property
    def hub(self) -> tuple[str, ...]:
        """The hub's User-Agents; without any, our own stands for them."""
        asked = tuple(agent for agent in self.examination.agents if agent in self.agents)
        return asked or (() if self.examination.agents else self.agents)

    @property
    def main_method(self) -> str:
        """By which orders are read: GET, or the only one that a platform has."""
        methods = self.examination.methods
        return "GET" if "GET" in methods or not methods else methods[0]

    @cached_property
    def lost(self) -> frozenset[str]:
        """Methods that no User-Agent of the hub gets through, whoever refuses which."""
        lost = set()
        for method in self.methods:
            asked = [agent for agent in self.hub if (method, agent) in self.cells]
            asked = asked or [agent for agent in self.agents if (method, agent) in self.cells]
            if asked and all((method, agent) in self.red for agent in asked):
                lost.add(method)
        return frozenset(lost)

    def groups(self) -> list[tuple[Kind, dict[Spot, Cell]]]:
        """The red cells by kind, most first."""
        around = self.examination.surroundings
        kinds = {spot: kind_of(cell, around) for spot, cell in self.red.items() if not _is_bare(cell)}
        groups: dict[Kind, dict[Spot, Cell]] = {}
        for spot, kind in kinds.items():
            reading = kinds.get((self.main_method, spot[1]))
            file = reading if reading is not None and _serves_files(reading, kind) else kind
            groups.setdefault(file, {})[spot] = self.red[spot]
        for spot, cell in self.red.items():
            if _is_bare(cell):
                groups.setdefault(_like(cell, groups) or kind_of(cell, around), {})[spot] = cell
        return sorted(_merged(groups).items(), key=lambda item: -len(item[1]))

    def patterns(self, group: dict[Spot, Cell]) -> list[Pattern]:
        """What explains a group: everything, whole methods, whole User-Agents, and what is left.

        A cell that somebody else refused first may have been refused by this one too.
        """
        if not self.red.keys() - group.keys() and group.keys() == self.cells.keys():
            return [Pattern(self.methods, self.agents, whole=True)]
        if self._is_whole(group):
            methods = tuple(m for m in self.methods if any((m, a) in group for a in self.agents))
            return [Pattern(methods, self.agents, whole=True)]
        rows = [method for method in self.methods if self._is_row(method, group)]
        rest = {spot for spot in group if spot[0] not in rows}
        columns = [agent for agent in self.agents if self._is_column(agent, group, rows)]
        rest = {spot for spot in rest if spot[1] not in columns}
        found = [Pattern(tuple(rows), self.agents)] if rows else []
        if columns:
            methods = tuple(m for m in self.methods if any((m, a) in group for a in columns))
            found.append(Pattern(methods, tuple(columns)))
        return found + self._left(rest)

    def passes(self, spots: Iterable[Spot]) -> bool:
        """Whether any of these was asked and got through."""
        return any(spot in self.cells and spot not in self.red for spot in spots)

    @property
    def control(self) -> str:
        """Our own User-Agent; where it was not asked, whoever was first."""
        neutral = self.examination.neutral
        return neutral if neutral in self.agents or not self.agents else self.agents[0]

    def is_everything(self, methods: Iterable[str]) -> bool:
        """Whether these are all methods; answers to HEAD and OPTIONS prove little for others."""
        return set(methods) >= (set(self.methods) - _PROVE_LITTLE or set(self.methods))

    def _is_whole(self, group: dict[Spot, Cell]) -> bool:
        """Nothing gets through, and reading fails by this for everybody: the rest may be hidden by it."""
        reading = [
            (self.main_method, agent) for agent in self.agents if (self.main_method, agent) in self.cells
        ]
        proving = {spot for spot in self.cells if spot[0] not in _PROVE_LITTLE} or self.cells.keys()
        return bool(reading) and self.red.keys() >= proving and all(spot in group for spot in reading)

    def _is_row(self, method: str, group: dict[Spot, Cell]) -> bool:
        spots = [(method, agent) for agent in self.agents if (method, agent) in self.cells]
        control = (method, self.control)
        if control in self.cells and control not in group:
            return False
        return any(spot in group for spot in spots) and all(spot in self.red for spot in spots)

    def _is_column(self, agent: str, group: dict[Spot, Cell], rows: Sequence[str]) -> bool:
        spots = [(m, agent) for m in self.methods if m not in rows and (m, agent) in self.cells]
        return any(spot in group for spot in spots) and all(spot in self.red for spot in spots)

    def _left(self, rest: set[Spot]) -> list[Pattern]:
        """What no whole row or column explains: the same User-Agents' methods belong together."""
        by_agents: dict[tuple[str, ...], list[str]] = {}
        for method in self.methods:
            agents = tuple(agent for agent in self.agents if (method, agent) in rest)
            if agents:
                by_agents.setdefault(agents, []).append(method)
        return [Pattern(tuple(methods), agents) for agents, methods in by_agents.items()]


def _is_bare(cell: Cell) -> bool:
    """An answer to HEAD has no page to be known by."""
    return cell.method == "HEAD" and cell.call.status is not None


def _like(cell: Cell, groups: dict[Kind, dict[Spot, Cell]]) -> Kind | None:
    """The kind of the answer with the same status that the same User-Agent got by another method."""
    for kind, cells in groups.items():
        if any(each.call.status == cell.call.status and each.agent == cell.agent for each in cells.values()):
            return kind
    return None


def _serves_files(reading: Kind, kind: Kind) -> bool:
    """Where a web server gives a file in place of the shop, it lets only GET at it: its 405 is no rule."""
    return (
        kind.status == 405
        and kind.layer is Layer.SERVER
        and reading.layer in (Layer.SERVER, Layer.UNKNOWN)
        and (reading.cause is Cause.API_NOT_FOUND or (reading.status or 400) < 300)
    )


def _merged(groups: dict[Kind, dict[Spot, Cell]]) -> dict[Kind, dict[Spot, Cell]]:
    """Faults, closed doors and broken connections vary in detail: what has one cause and maker is one."""
    merged: dict[tuple[object, ...], tuple[Kind, dict[Spot, Cell]]] = {}
    for kind, cells in groups.items():
        is_rule = kind.cause is Cause.EVERYBODY_REFUSED
        key = tuple(kind) if is_rule else (kind.cause, kind.layer, kind.product)
        if key in merged:
            merged[key][1].update(cells)
        else:
            merged[key] = (kind, dict(cells))
    return dict(merged.values())

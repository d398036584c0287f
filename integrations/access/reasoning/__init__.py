"""From an examination to what is wrong: who refuses what, going by what, and how sure that is. Pure.

The cells of the matrix that did not pass are grouped by who answered how; of each group, whole methods and
whole User-Agents are told apart, so that two faults at once are two diagnoses. Further questions, the
surroundings, the hub's log and the server's log then refine what that says.
"""

from collections.abc import Sequence
from dataclasses import replace

from integrations.access.reasoning.beside import beside
from integrations.access.reasoning.grid import Grid
from integrations.access.reasoning.hub_log import inferred, weighed
from integrations.access.reasoning.network import network
from integrations.access.reasoning.refusals import refusals
from integrations.access.reasoning.severity import rank
from integrations.access.reasoning.steadiness import steadiness
from integrations.access.records import (
    Cause,
    Cell,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Question,
    Severity,
    Subject,
)
from integrations.access.server_log import ServerLog, in_the_light_of
from integrations.contracts import HubFailure

_NEAREST_FIRST = (
    Layer.OURSELVES,
    Layer.NETWORK,
    Layer.EDGE,
    Layer.FIREWALL,
    Layer.SERVER,
    Layer.UNKNOWN,
    Layer.PLUGIN,
    Layer.APPLICATION,
)


def diagnose(
    examination: Examination,
    failures: Sequence[HubFailure] = (),
    log: ServerLog | None = None,
    *,
    has_log: bool = False,
) -> tuple[Diagnosis, ...]:
    """What is wrong, root cause first; empty: the hub gets through.

    ``failures`` are the hub's failed calls of the time that counts, newest first. ``has_log``: the hub keeps
    such a log and it was read, so that an empty one means that the hub works. ``log``: what the shop's own
    server noted of refusals.
    """
    grid = Grid(examination)
    if _is_ourselves(grid):
        return (_OURSELVES,)
    doubts = steadiness(grid)
    sure = Grid(replace(examination, cells=_without(grid, doubts.doubtful))) if doubts.doubtful else grid
    seen = [*doubts.diagnoses, *refusals(sure), *beside(sure, is_steady=not doubts.diagnoses), *network(sure)]
    found = [weighed(grid, diagnosis, failures, has_log) for diagnosis in seen]
    found += inferred(grid, seen, failures)
    if log is not None:
        found = [in_the_light_of(log, diagnosis) for diagnosis in found]
    return tuple(sorted(found, key=lambda diagnosis: _order(grid, diagnosis)))


_OURSELVES = Diagnosis(Cause.OWN_NETWORK, Layer.OURSELVES, Subject.NOTHING, Confidence.LIKELY, Severity.INFO)


def _is_ourselves(grid: Grid) -> bool:
    """Nothing answers, and unrelated hosts do not either."""
    return grid.examination.surroundings.own_network_works is False and all(
        cell.call.status is None for cell in grid.examination.cells
    )


def _without(grid: Grid, doubtful: frozenset[tuple[str, str]]) -> tuple[Cell, ...]:
    return tuple(
        cell
        for cell in grid.examination.cells
        if cell.question is not Question.MATRIX or (cell.method, cell.agent) not in doubtful
    )


def _order(grid: Grid, diagnosis: Diagnosis) -> tuple[int, bool, bool, int, int]:
    """Worst first; of those, what hides others: nearer to us, and wider."""
    agents = len(diagnosis.agents) or len(grid.agents)
    return (
        rank(diagnosis.severity),
        diagnosis.cause in (Cause.SLOW, Cause.CERTIFICATE_EXPIRES),
        diagnosis.is_inferred,
        -len(diagnosis.methods) * agents,
        _NEAREST_FIRST.index(diagnosis.layer),
    )

"""Whether the same question got the same answer: else nothing may be concluded from it."""

from dataclasses import replace
from typing import NamedTuple

from integrations.access.reasoning.grid import HARMLESS, Grid, Spot
from integrations.access.reasoning.kinds import kind_of, wait_s, who
from integrations.access.records import Cause, Cell, Confidence, Diagnosis, Layer, Question, Severity, Subject
from integrations.contracts import Outcome

_OVERLOADED = frozenset({429, 503, 508, 509})


class Steadiness(NamedTuple):
    """What changed while it was being asked."""

    diagnoses: tuple[Diagnosis, ...] = ()
    doubtful: frozenset[Spot] = frozenset()
    """Cells from which nothing follows."""


def steadiness(grid: Grid) -> Steadiness:
    """Compares answers to the same question; a limit of requests shows itself by when it begins."""
    changed = _changed(grid)
    if not changed:
        return Steadiness()
    red = list(grid.red.values())
    limiting = [
        cell for cell in red if cell.call.status in _OVERLOADED and cell.outcome is not Outcome.MAINTENANCE
    ]
    first_red = _passed_until(grid)
    control = grid.examination.answers(Question.CONTROL)
    stayed_red = bool(control) and not control[-1].passed
    doubtful = frozenset(grid.red if stayed_red else changed & grid.red.keys())
    if stayed_red and kind_of(control[-1], grid.examination.surroundings).cause is Cause.MAINTENANCE:
        closed = _diagnosis(Cause.MAINTENANCE, Subject.NOTHING, Confidence.LIKELY, control[-1], first_red)
        found = replace(closed, severity=Severity.FAIL)
    elif limiting and doubtful & {(cell.method, cell.agent) for cell in limiting}:
        found = _diagnosis(Cause.RATE_LIMIT, Subject.RATE, Confidence.LIKELY, limiting[0], first_red)
    elif stayed_red and first_red:
        found = _diagnosis(Cause.RATE_LIMIT, Subject.RATE, Confidence.POSSIBLE, red[0], first_red)
    elif doubtful or stayed_red:
        example = grid.red[sorted(doubtful)[0]] if doubtful else control[-1]
        found = _diagnosis(Cause.UNSTEADY, Subject.NOTHING, Confidence.CERTAIN, example, 0)
    else:
        return Steadiness()
    return Steadiness((found,), doubtful)


def _changed(grid: Grid) -> set[Spot]:
    changed = set()
    examination = grid.examination
    for cell in (*examination.answers(Question.AGAIN), *examination.answers(Question.CONTROL)):
        before = grid.cells.get((cell.method, cell.agent))
        if before is not None and before.passed != cell.passed and cell.sign not in HARMLESS:
            changed.add((cell.method, cell.agent))
    return changed


def _passed_until(grid: Grid) -> int:
    """How many requests passed before the first that did not, if none did afterwards; else 0."""
    passed = [cell.passed for cell in grid.cells.values()]
    first_red = passed.index(False) if False in passed else 0
    return 0 if any(passed[first_red:]) else first_red


def _diagnosis(
    cause: Cause, subject: Subject, confidence: Confidence, cell: Cell, passed_first: int
) -> Diagnosis:
    values: dict[str, str | int | float | None] = {"passed_first": passed_first} if passed_first else {}
    if cause is Cause.RATE_LIMIT and wait_s(cell) is not None:
        values["wait_s"] = wait_s(cell)
    layer, product = (Layer.UNKNOWN, "") if cause is Cause.UNSTEADY else who(cell)
    return Diagnosis(
        cause,
        layer,
        subject,
        confidence,
        Severity.WARN,
        product=product,
        status=cell.call.status,
        values=values,
    )

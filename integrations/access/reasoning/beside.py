"""What is wrong beside refusals: the key's header, a route that is not there, slowness."""

from statistics import median

from integrations.access.reasoning.grid import Grid
from integrations.access.reasoning.kinds import kind_of, who
from integrations.access.reasoning.refusals import interface_path
from integrations.access.records import (
    Cause,
    Cell,
    Confidence,
    Diagnosis,
    Layer,
    Question,
    Severity,
    Subject,
)
from integrations.contracts import Outcome

SLOW_S = 5.0


def beside(grid: Grid, *, is_steady: bool) -> list[Diagnosis]:
    """What the further questions show, and how the shop itself answers.

    Where answers change from one time to the next, a refused key is no sign of anything.
    """
    found = [_key(grid, is_steady), _missing_route(grid), _slow(grid)]
    return [diagnosis for diagnosis in found if diagnosis is not None]


def _key(grid: Grid, is_steady: bool) -> Diagnosis | None:
    """Whether the header that carries credentials arrives, or is refused on the way."""
    cells = grid.examination.answers(Question.WRONG_KEY)
    if not cells:
        return None
    cell = cells[-1]
    if cell.sign == "webservice_off":
        return _about(cell, grid, Cause.API_OFF, Layer.APPLICATION, Confidence.CERTAIN)
    if cell.passed and cell.credentials_arrived is False:
        return _about(cell, grid, Cause.HEADER_LOST, Layer.SERVER, Confidence.LIKELY)
    if not is_steady or not grid.passes([("GET", cell.agent)]):
        return None
    layer, _product = who(cell)
    # A key that nobody has may be refused as an attempt to guess one.
    if cell.outcome in (Outcome.BLOCKED, Outcome.CHALLENGED):
        return _about(cell, grid, Cause.CONTENT_RULE, layer, Confidence.POSSIBLE)
    if cell.outcome is Outcome.FAULT:
        cause = kind_of(cell, grid.examination.surroundings).cause
        return _about(cell, grid, cause, layer, Confidence.POSSIBLE)
    return None


def _about(cell: Cell, grid: Grid, cause: Cause, layer: Layer, confidence: Confidence) -> Diagnosis:
    return Diagnosis(
        cause=cause,
        layer=layer,
        subject=Subject.EVERYTHING if cause is Cause.API_OFF else Subject.CREDENTIALS,
        confidence=confidence,
        severity=Severity.WARN if confidence is Confidence.POSSIBLE else Severity.FAIL,
        product="" if cause is Cause.HEADER_LOST else who(cell)[1],
        methods=(cell.method,),
        path=interface_path(grid.examination.path),
        status=cell.call.status,
        sign=cell.sign,
        values={"detail": cell.call.detail[:200]} if cell.call.detail else {},
    )


def _missing_route(grid: Grid) -> Diagnosis | None:
    """The shop software answers that it has no such route: its shop module is off, or the path is wrong.

    Platforms refuse a visitor before they look for the order, so an order that does not exist is no 404.
    """
    cells = [cell for (method, _agent), cell in grid.cells.items() if method == "GET"]
    if not cells or not all(cell.passed and cell.call.status == 404 for cell in cells):
        return None
    return Diagnosis(
        Cause.API_NOT_FOUND,
        Layer.APPLICATION,
        Subject.PATH,
        Confidence.LIKELY,
        Severity.FAIL,
        product=who(cells[0])[1],
        methods=("GET",),
        path=interface_path(grid.examination.path),
        status=404,
        sign="no_route",
    )


def _slow(grid: Grid) -> Diagnosis | None:
    waits = [cell.call.timings.wait / 1000 for cell in grid.cells.values() if cell.passed]
    if not waits or (wait := median(waits)) <= SLOW_S:
        return None
    return Diagnosis(
        Cause.SLOW,
        Layer.APPLICATION,
        Subject.NOTHING,
        Confidence.CERTAIN,
        Severity.WARN,
        values={"wait_s": round(wait, 1)},
    )

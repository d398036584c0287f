"""What is wrong beside refusals: the key's header, the certificate's last days, slowness."""

from datetime import timedelta
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

SOON = timedelta(days=14)
VERY_SOON = timedelta(days=3)
SLOW_S = 5.0


def beside(grid: Grid) -> list[Diagnosis]:
    """What the further questions and the surroundings show."""
    found = [_key(grid), _missing_route(grid), _certificate(grid), _slow(grid)]
    return [diagnosis for diagnosis in found if diagnosis is not None]


def _key(grid: Grid) -> Diagnosis | None:
    """Whether the header that carries credentials arrives, or is refused on the way."""
    cells = grid.examination.answers(Question.WRONG_KEY)
    if not cells:
        return None
    cell = cells[-1]
    if cell.sign == "webservice_off":
        return _about(cell, grid, Cause.API_OFF, Layer.APPLICATION, Confidence.CERTAIN)
    if cell.passed and cell.credentials_arrived is False:
        return _about(cell, grid, Cause.HEADER_LOST, Layer.SERVER, Confidence.LIKELY)
    if cell.outcome in (Outcome.BLOCKED, Outcome.CHALLENGED) and grid.passes([("GET", cell.agent)]):
        layer, _product = who(cell)
        # A key that nobody has may be refused as an attempt to guess one.
        return _about(cell, grid, Cause.CONTENT_RULE, layer, Confidence.POSSIBLE)
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


def _certificate(grid: Grid) -> Diagnosis | None:
    """A certificate that ends soon, or that a stricter client than ours does not accept."""
    examination = grid.examination
    facts = examination.surroundings.certificate
    ends = [cell.call.tls_expires_at for cell in examination.cells if cell.call.tls_expires_at]
    expires_at = facts.expires_at if facts else min(ends, default=None)
    named = ", ".join(facts.names[:10]) if facts else ""
    values: dict[str, str | int | float | None] = {"names": named} if named else {}
    if expires_at:
        values |= {"expires_at": expires_at.isoformat(), "days": (expires_at - examination.at).days}
    if facts and facts.problem:
        if any(kind_of(cell, examination.surroundings).cause is facts.problem for cell in grid.red.values()):
            return None
        return _of_certificate(
            facts.problem, Severity.FAIL, Confidence.LIKELY, values | {"detail": facts.detail}
        )
    if expires_at is None or not grid.cells or not timedelta(0) < expires_at - examination.at < SOON:
        return None
    severity = Severity.FAIL if expires_at - examination.at < VERY_SOON else Severity.WARN
    return _of_certificate(Cause.CERTIFICATE_EXPIRES, severity, Confidence.CERTAIN, values)


def _of_certificate(
    cause: Cause, severity: Severity, confidence: Confidence, values: dict[str, str | int | float | None]
) -> Diagnosis:
    return Diagnosis(cause, Layer.NETWORK, Subject.CERTIFICATE, confidence, severity, values=values)


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

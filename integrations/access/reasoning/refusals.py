"""From groups of cells that did not pass to diagnoses: what a refusal goes by."""

from collections.abc import Mapping
from dataclasses import replace

from integrations.access.reasoning.grid import Grid, Pattern, Spot
from integrations.access.reasoning.hidden import who_refused
from integrations.access.reasoning.kinds import Kind, wait_s
from integrations.access.reasoning.network import OF_CERTIFICATES, network_values
from integrations.access.reasoning.severity import rank, severity_of
from integrations.access.records import Cause, Cell, Confidence, Diagnosis, Layer, Question, Severity, Subject
from integrations.access.surroundings.redirects import difference

SUBJECTS = {
    Cause.REDIRECT: Subject.ADDRESS_WRITTEN,
    Cause.RATE_LIMIT: Subject.RATE,
    Cause.API_NOT_FOUND: Subject.PATH,
    Cause.NAME_NOT_FOUND: Subject.NAME,
    Cause.CONTENT_RULE: Subject.CONTENT,
    Cause.ADDRESS_RULE: Subject.ADDRESS,
    **dict.fromkeys(OF_CERTIFICATES, Subject.CERTIFICATE),
    **dict.fromkeys(
        (
            Cause.MAINTENANCE,
            Cause.APPLICATION_FAULT,
            Cause.ORIGIN_FAULT,
            Cause.SERVER_FAULT,
            Cause.NOT_UNDERSTOOD,
        ),
        Subject.NOTHING,
    ),
}
"""What a cause goes by where it hits everybody; others: everything."""
KEEPS_ITS_NAME = frozenset(
    {
        Cause.API_OFF,
        Cause.APPLICATION_FAULT,
        Cause.CHALLENGE,
        Cause.CONTENT_RULE,
        Cause.ORIGIN_FAULT,
        Cause.POLITE_BLOCK,
        Cause.RATE_LIMIT,
        Cause.SIGN_IN,
    }
)
"""Causes that stay what they are when only some methods or User-Agents meet them."""
DROPS = frozenset({Cause.TIMED_OUT, Cause.CLOSED_EARLY, Cause.CONNECTION_REFUSED})
CLOUDFLARE_ADDRESSES = frozenset(f"cloudflare_{code}" for code in (1005, 1006, 1007, 1008, 1009, 1012, 1106))
MOST_QUOTED = 200
_PASSING_ON = (("cf-ray", "Cloudflare"), ("x-sucuri-id", "Sucuri"))
"""Headers of services that stand in front, whoever it was that refused."""


def refusals(grid: Grid) -> list[Diagnosis]:
    """One diagnosis for each thing that explains some of the cells."""
    found = []
    for kind, group in grid.groups():
        for pattern in grid.patterns(group):
            found.append(_diagnosis(grid, kind, group, pattern))
    return found


def _diagnosis(grid: Grid, kind: Kind, group: Mapping[Spot, Cell], pattern: Pattern) -> Diagnosis:
    cell = _deciding(group, pattern)
    who = who_refused(kind, cell, pattern, grid)
    cause, subject = _cause(grid, kind, cell, pattern)
    confidence = who.confidence
    if cause is Cause.EVERYBODY_REFUSED and confidence is Confidence.CERTAIN:
        # Who refuses is sure; for whom else, only a look from elsewhere could tell.
        confidence = Confidence.LIKELY
    if pattern.whole and (kind.layer is Layer.NETWORK or cause is Cause.REDIRECT):
        confidence = Confidence.CERTAIN
    return Diagnosis(
        cause=cause,
        layer=who.layer,
        subject=subject,
        confidence=confidence,
        severity=_severity(grid, cell, cause, pattern),
        product=who.product,
        agents=_named_agents(grid, pattern) if subject is not Subject.RATE else (),
        methods=pattern.methods if subject is not Subject.RATE else (),
        path=_path(grid, cause, pattern),
        status=cell.call.status,
        rule_id=who.rule_id,
        sign=cell.sign,
        values={**_values(cell, cause, grid), **who.values},
    )


def _deciding(group: Mapping[Spot, Cell], pattern: Pattern) -> Cell:
    """The first cell of a pattern in which there is a page, reading first."""
    cells = [group[m, a] for m in pattern.methods for a in pattern.agents if (m, a) in group]
    return min(cells, key=lambda cell: (cell.method == "HEAD", cell.method == "OPTIONS"))


def _cause(grid: Grid, kind: Kind, cell: Cell, pattern: Pattern) -> tuple[Cause, Subject]:
    if cell.sign in CLOUDFLARE_ADDRESSES:
        return Cause.ADDRESS_RULE, Subject.ADDRESS
    if cell.sign == "cloudflare_1010":
        return Cause.USER_AGENT_RULE, Subject.USER_AGENT
    if kind.cause is Cause.RATE_LIMIT:
        return Cause.RATE_LIMIT, Subject.RATE
    if pattern.whole:
        if kind.cause is Cause.EVERYBODY_REFUSED and _passes_elsewhere(grid, pattern):
            return Cause.PATH_RULE, Subject.PATH
        return kind.cause, SUBJECTS.get(kind.cause, Subject.EVERYTHING)
    subject = Subject.METHOD if _goes_by_method(grid, pattern) else Subject.USER_AGENT
    if kind.cause in DROPS:
        return Cause.DROPPED, subject
    if kind.cause is Cause.NOT_UNDERSTOOD:
        if cell.call.status is None:
            return kind.cause, subject
        if cell.call.status < 300:
            return Cause.POLITE_BLOCK, subject
    if kind.cause is Cause.CONTENT_RULE or _is_about_content(grid, pattern):
        return Cause.CONTENT_RULE, Subject.CONTENT
    if kind.cause in KEEPS_ITS_NAME or (kind.cause is Cause.MAINTENANCE and kind.layer is Layer.APPLICATION):
        return kind.cause, subject
    return (Cause.METHOD_RULE if subject is Subject.METHOD else Cause.USER_AGENT_RULE), subject


def _goes_by_method(grid: Grid, pattern: Pattern) -> bool:
    """Nobody else's request by these methods got through, and other methods' did."""
    others = [agent for agent in grid.agents if agent not in pattern.agents]
    return not grid.passes((m, a) for m in pattern.methods for a in others)


def _is_about_content(grid: Grid, pattern: Pattern) -> bool:
    """The same method passes without a body."""
    return any(
        cell.passed and cell.method in pattern.methods and cell.agent in pattern.agents
        for cell in grid.examination.answers(Question.BARE)
    )


def _passes_elsewhere(grid: Grid, pattern: Pattern) -> bool:
    return any(
        cell.passed and cell.method in pattern.methods and cell.agent in pattern.agents
        for cell in grid.examination.answers(Question.ELSEWHERE)
    )


def _severity(grid: Grid, cell: Cell, cause: Cause, pattern: Pattern) -> Severity:
    severity = severity_of(grid, pattern.methods, pattern.agents)
    if cell.sign == "rest_closed" and cell.call.status == 401:
        # Such plug-ins let in whoever signs in, as a hub does with its key.
        return max(severity, Severity.WARN, key=rank)
    if cause in (Cause.RATE_LIMIT, Cause.NOT_UNDERSTOOD):
        # The one passes; of the other nobody knows what it is, and an unknown is no failure.
        return max(severity, Severity.WARN, key=rank)
    return severity


def _named_agents(grid: Grid, pattern: Pattern) -> tuple[str, ...]:
    """User-Agents of a pattern that goes by them; none where everybody's are refused."""
    if pattern.agents == grid.agents:
        return ()
    return tuple(agent for agent in pattern.agents if agent in grid.hub) or pattern.agents


def interface_path(path: str) -> str:
    """Of the interface, from the path that was asked in it: ``/wp-json/wc/v3`` of ``.../orders/0``."""
    return (path.removesuffix("/orders/0") if path.endswith("/orders/0") else path.rpartition("/")[0]) or "/"


def _path(grid: Grid, cause: Cause, pattern: Pattern) -> str:
    path = grid.examination.path
    if cause is Cause.PATH_RULE or _passes_elsewhere(grid, pattern):
        return path.rpartition("/")[0] or path
    return interface_path(path)


def _values(cell: Cell, cause: Cause, grid: Grid) -> dict[str, str | int | float | None]:
    values: dict[str, str | int | float | None] = {}
    if cell.call.status is None:
        values = network_values(grid.examination, cause)
    if cell.call.detail and "detail" not in values:
        values["detail"] = cell.call.detail[:MOST_QUOTED]
    if cell.title:
        values["title"] = cell.title
    if cell.location:
        values["location"] = cell.location
        values["reason"] = difference(cell.call.url, cell.location)
    if cell.sign == "plain_http":
        values |= {"location": f"https:{cell.call.url.partition(':')[2]}", "reason": "https"}
    if cause is Cause.RATE_LIMIT and wait_s(cell) is not None:
        values["wait_s"] = wait_s(cell)
    if cause is Cause.SIGN_IN and cell.headers.get("www-authenticate"):
        values["realm"] = cell.headers["www-authenticate"]
    behind = next((name for header, name in _PASSING_ON if header in cell.headers), "")
    if behind:
        values["behind"] = behind
    front = grid.examination.answers(Question.FRONT)
    if front and cause in (Cause.EVERYBODY_REFUSED, Cause.PATH_RULE):
        status = front[0].call.status
        values["front"] = "passed" if status is not None and status < 400 else "refused"
    return values


def less_sure(diagnosis: Diagnosis, **values: str | int | float | None) -> Diagnosis:
    """The same with one degree less of confidence, and why."""
    lower = {Confidence.CERTAIN: Confidence.LIKELY}.get(diagnosis.confidence, Confidence.POSSIBLE)
    return replace(diagnosis, confidence=lower, values={**diagnosis.values, **values})

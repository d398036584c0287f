"""Who hides behind a web server's own error page: the server itself, or a firewall inside it.

ModSecurity refuses with the very page of Apache's own rules (measured). What tells them apart: OWASP's rule
set as shipped allows GET, HEAD, POST and OPTIONS; it also refuses content types nobody knows, which web
servers do not look at; and 406 is a firewall's number. A log of the server knows for certain.
"""

from collections.abc import Mapping
from typing import NamedTuple

from integrations.access.reasoning.grid import Grid, Pattern
from integrations.access.reasoning.kinds import Kind, names_itself, server_named
from integrations.access.records import Cause, Cell, Confidence, Layer, Question

RULE_SET_REFUSES = frozenset({"PUT", "PATCH", "DELETE"})
RULE_SET_ALLOWS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

SAYS_IT_ITSELF = frozenset({Cause.SIGN_IN, Cause.SERVER_FAULT})
"""Causes whose status says what they are, where the server's own page comes with it."""
FIREWALLS_TOO = frozenset({429, 503})
"""Statuses that firewalls refuse with as well, with the server's own page."""


class Who(NamedTuple):
    layer: Layer
    product: str
    confidence: Confidence
    values: Mapping[str, str | int | float | None]
    """What speaks for it: ``odd_type``, ``pattern``."""
    rule_id: str = ""


def who_refused(kind: Kind, cell: Cell, pattern: Pattern, grid: Grid) -> Who:
    """Layer and product of a refusal, and how sure that is."""
    if kind.layer is Layer.NETWORK:
        return _who_hung_up(pattern, grid)
    if kind.layer in (Layer.EDGE, Layer.FIREWALL, Layer.PLUGIN, Layer.APPLICATION):
        sure = cell.is_strong or names_itself(cell)
        confidence = Confidence.CERTAIN if sure else Confidence.LIKELY
        return Who(kind.layer, kind.product, confidence, {}, kind.rule_id)
    values: dict[str, str | int | float | None] = {}
    odd = _odd_type(kind, grid)
    if odd:
        values["odd_type"] = odd
    if cell.sign in ("client_certificate", "plain_http"):
        return Who(kind.layer, kind.product, Confidence.CERTAIN, values)
    if kind.status == 405 and cell.sign in ("nginx_page", "apache_method"):
        # Firewalls leave this status to servers.
        return Who(kind.layer, kind.product, Confidence.CERTAIN, values)
    if kind.status not in (403, 406) or kind.layer not in (Layer.SERVER, Layer.UNKNOWN):
        confidence = Confidence.LIKELY if kind.layer is not Layer.UNKNOWN else Confidence.POSSIBLE
        says_it = kind.cause in SAYS_IT_ITSELF and kind.status not in FIREWALLS_TOO
        if says_it and pattern.whole and names_itself(cell):
            confidence = Confidence.CERTAIN
        return Who(kind.layer, kind.product, confidence, values)
    if kind.status == 406:
        values["pattern"] = "status_406"
        return Who(Layer.FIREWALL, "ModSecurity", Confidence.LIKELY, values)
    like_rule_set = _like_rule_set(pattern, grid)
    if like_rule_set:
        values["pattern"] = "rule_set_methods"
    if odd == "refused":
        likely = like_rule_set or (not pattern.whole and pattern.agents == grid.agents)
        return Who(
            Layer.FIREWALL, "ModSecurity", Confidence.LIKELY if likely else Confidence.POSSIBLE, values
        )
    if like_rule_set and odd != "passed" and kind.product == "Apache":
        return Who(Layer.FIREWALL, "ModSecurity", Confidence.LIKELY, values)
    if kind.product == "nginx" and names_itself(cell):
        return Who(kind.layer, kind.product, Confidence.CERTAIN if odd else Confidence.LIKELY, values)
    confidence = Confidence.LIKELY if odd == "passed" and kind.product else Confidence.POSSIBLE
    return Who(kind.layer, kind.product, confidence, values)


def _who_hung_up(pattern: Pattern, grid: Grid) -> Who:
    """Who answers others and hangs up on some; nginx has a status for it (444), others need a firewall."""
    if not pattern.whole:
        for cell in grid.cells.values():
            server = server_named(cell)
            if server:
                sure = Confidence.LIKELY if server == "nginx" else Confidence.POSSIBLE
                return Who(Layer.SERVER, server, sure, {})
    return Who(Layer.NETWORK, "", Confidence.LIKELY, {})


def _odd_type(kind: Kind, grid: Grid) -> str:
    """What became of the request with the odd content type; empty: not asked, or it told nothing."""
    for cell in grid.examination.answers(Question.CONTENT_TYPE):
        if cell.passed:
            return "passed"
        if cell.call.status in (kind.status, 403, 406, 415):
            return "refused"
    return ""


def _like_rule_set(pattern: Pattern, grid: Grid) -> bool:
    """Exactly what OWASP's rule set refuses as shipped, as far as it was asked."""
    asked = {cell.method for cell in grid.examination.answers(Question.MATRIX)}
    refused, passing = set(pattern.methods), asked - set(pattern.methods)
    return (
        pattern.agents == grid.agents
        and refused == asked & RULE_SET_REFUSES
        and len(refused) > 1
        and {"GET", "OPTIONS"} <= passing <= RULE_SET_ALLOWS
    )

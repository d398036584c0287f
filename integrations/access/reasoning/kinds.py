"""What one answer stands for, looked at alone: the cause it would have if everybody got the same."""

import re
from typing import NamedTuple

from integrations.access.records import Cause, Cell, Layer, Surroundings
from integrations.answer import LONGEST_PATIENCE
from integrations.contracts import Outcome
from integrations.numbers import number_of

WEB_SERVERS = {
    "apache": "Apache",
    "nginx": "nginx",
    "openresty": "nginx",
    "litespeed": "LiteSpeed",
    "microsoft-iis": "IIS",
    "caddy": "Caddy",
}
"""Names in the ``Server`` header that are web servers, and not services in front of one."""
APPLICATIONS = frozenset({"Magento", "PrestaShop", "Shopify", "WooCommerce", "WordPress"})
CHOSEN_REFUSALS = frozenset({402, 405, 406, 409, 410, 418, 423, 444, 451, 501})
"""Statuses that nobody answers a shop's interface with by accident; some hosts refuse with them."""
_CLOSED = re.compile(
    r"maintenance|wartung|onderhoud|mantenimiento|manutenzione|coming soon|under construction"
    r"|be (right )?back|temporarily closed|briefly unavailable",
    re.IGNORECASE,
)
_SIGN_IN = re.compile(
    r"cloudflareaccess\.com|/cdn-cgi/access/|/(log|sign)-?in\b|/auth/realms/|login\.microsoftonline"
    r"|accounts\.google",
    re.IGNORECASE,
)
_WEAK_OF_SERVERS = frozenset(
    {"apache_forbidden", "apache_method", "apache_page", "litespeed_page", "nginx_page"}
)


class Kind(NamedTuple):
    """Answers of one kind come from one place for one reason, as far as each shows by itself."""

    cause: Cause
    layer: Layer
    product: str = ""
    status: int | None = None
    rule_id: str = ""


def kind_of(cell: Cell, surroundings: Surroundings) -> Kind:
    """Of a cell that did not pass."""
    if cell.call.status is None:
        return Kind(_without_answer(cell, surroundings), Layer.NETWORK)
    cause = _cause(cell)
    layer, product = who(cell)
    if cause is Cause.APPLICATION_FAULT and layer is not Layer.APPLICATION:
        layer, product = Layer.APPLICATION, ""
    # A service in front fails with many numbers for one reason; a refusal's number tells rules apart.
    return Kind(cause, layer, product, cell.call.status, cell.rule_id)


def who(cell: Cell) -> tuple[Layer, str]:
    """Layer and product that answered; a server that is only named in a header may have passed it on."""
    by = cell.call.by
    if "cloudflareaccess.com" in cell.location:
        return Layer.EDGE, "Cloudflare"
    if by in APPLICATIONS:
        return Layer.APPLICATION, by
    if cell.layer not in (Layer.UNKNOWN, Layer.NETWORK):
        if cell.layer is Layer.SERVER and by not in WEB_SERVERS.values():
            return cell.layer, server_named(cell)
        return cell.layer, by if cell.sign != "rest_closed" else ""
    server = server_named(cell)
    return (Layer.SERVER, server) if server else (Layer.UNKNOWN, "")


def server_named(cell: Cell) -> str:
    """The web server that a header names; empty: none, or a service in front."""
    named = cell.headers.get("server", cell.call.by).partition("/")[0].partition(" ")[0].lower()
    return WEB_SERVERS.get(named, "")


def wait_s(cell: Cell) -> int | None:
    """For how many seconds patience was asked for, at most a day; None: not said, or as a date."""
    wait = number_of(cell.headers.get("retry-after", "").strip())
    return None if wait is None else min(wait, int(LONGEST_PATIENCE.total_seconds()))


def names_itself(cell: Cell) -> bool:
    """Whether a page or a header says who it was, and not only which server handed it on."""
    return cell.is_strong or cell.sign in _WEAK_OF_SERVERS or cell.call.by in APPLICATIONS


def says_closed(cell: Cell) -> bool:
    """A page that tells people of maintenance. Apache's own page of status 503 only supposes it."""
    if cell.sign in _WEAK_OF_SERVERS:
        return False
    return bool(_CLOSED.search(f"{cell.title}\n{cell.call.excerpt}"))


def _cause(cell: Cell) -> Cause:
    status = cell.call.status or 0
    match cell.outcome:
        case Outcome.CHALLENGED:
            return Cause.CHALLENGE
        case Outcome.RATE_LIMITED:
            return Cause.RATE_LIMIT
        case Outcome.MAINTENANCE:
            return Cause.MAINTENANCE
        case Outcome.REDIRECTED:
            return Cause.SIGN_IN if _SIGN_IN.search(cell.location) else Cause.REDIRECT
        case Outcome.BLOCKED:
            if cell.layer is Layer.PLUGIN and cell.sign == "rest_closed":
                return Cause.API_OFF
            return Cause.SIGN_IN if status == 401 and not cell.is_strong else Cause.EVERYBODY_REFUSED
        case Outcome.FAULT:
            return _fault(cell, status)
        case _:
            return _unexpected(cell, status)


def _fault(cell: Cell, status: int) -> Cause:
    if cell.sign == "webservice_off":
        return Cause.API_OFF
    if cell.layer is Layer.EDGE:
        return Cause.ORIGIN_FAULT
    if cell.layer is Layer.APPLICATION or cell.call.by in APPLICATIONS:
        return Cause.APPLICATION_FAULT
    if says_closed(cell):
        return Cause.MAINTENANCE
    if status == 501:
        return Cause.EVERYBODY_REFUSED
    if status == 500 and not cell.title and not cell.call.excerpt:
        # Web servers send a page of their own; a program that dies sends nothing.
        return Cause.APPLICATION_FAULT
    return Cause.SERVER_FAULT


def _unexpected(cell: Cell, status: int) -> Cause:
    if status in (413, 415):
        return Cause.CONTENT_RULE
    if cell.sign == "plain_http":
        return Cause.REDIRECT
    if cell.sign in ("parked", "suspended", "default_page"):
        return Cause.API_NOT_FOUND
    if says_closed(cell) and not 400 <= status < 500:
        return Cause.MAINTENANCE
    if status == 404:
        return Cause.API_NOT_FOUND
    if status in CHOSEN_REFUSALS:
        return Cause.EVERYBODY_REFUSED
    is_page = "html" in cell.headers.get("content-type", "") or bool(cell.title)
    return Cause.POLITE_BLOCK if status < 300 and is_page else Cause.NOT_UNDERSTOOD


def _without_answer(cell: Cell, surroundings: Surroundings) -> Cause:
    certificate = surroundings.certificate
    match cell.error:
        case "NameNotFound":
            return Cause.NAME_NOT_FOUND
        case "TlsFailed":
            if certificate is not None and certificate.problem is not None:
                return certificate.problem
            return tls_cause(cell.call.detail)
        case "TimedOut":
            return Cause.TIMED_OUT
        case "ConnectionFailed":
            return Cause.CLOSED_EARLY if cell.broke_off else Cause.CONNECTION_REFUSED
        case "UnexpectedAnswer":
            return Cause.NOT_UNDERSTOOD
        case _:
            return Cause.CLOSED_EARLY


def tls_cause(said: str) -> Cause:
    """From the TLS library's words (OpenSSL's, which are never translated) to what is wrong."""
    said = said.lower()
    for words, cause in _TLS_WORDS:
        if words in said:
            return cause
    return Cause.TLS_PROTOCOL


_TLS_WORDS = (
    ("certificate has expired", Cause.CERTIFICATE_EXPIRED),
    ("not yet valid", Cause.CERTIFICATE_NOT_YET),
    ("hostname mismatch", Cause.CERTIFICATE_NAME),
    ("ip address mismatch", Cause.CERTIFICATE_NAME),
    ("unable to get local issuer", Cause.CERTIFICATE_CHAIN),
    ("unable to verify the first certificate", Cause.CERTIFICATE_CHAIN),
    ("self-signed", Cause.CERTIFICATE_UNTRUSTED),
    ("self signed", Cause.CERTIFICATE_UNTRUSTED),
    ("certificate verify failed", Cause.CERTIFICATE_UNTRUSTED),
)

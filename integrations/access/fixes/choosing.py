"""Which fixes a diagnosis calls for, best first."""

from collections.abc import Callable
from dataclasses import replace

from integrations.access.fixes import (
    apache,
    cloudflare,
    host,
    modsecurity,
    network,
    nginx,
    shop,
    wordpress,
)
from integrations.access.fixes.records import Fix, Guest
from integrations.access.fixes.ticket import ticket
from integrations.access.reasoning.kinds import server_named
from integrations.access.records import Cause, Confidence, Diagnosis, Examination, Layer, Severity

Advisor = Callable[[Diagnosis, Guest], list[Fix]]

_NOTHING_TO_CHANGE = frozenset({Cause.OWN_NETWORK, Cause.UNSTEADY})
_NOT_THE_HOST = frozenset({Cause.MAINTENANCE, Cause.API_OFF, Cause.REDIRECT})
"""What whoever runs the shop does without its host."""
_OF_THE_ADDRESS = frozenset({Cause.REDIRECT, Cause.NAME_NOT_FOUND})
"""What is wrong with the address as it was entered, even where somebody else runs shop and server."""
_OF_THE_SHOP = frozenset({Cause.API_OFF, Cause.APPLICATION_FAULT})
_OF_THE_NETWORK = frozenset(
    {
        Cause.REDIRECT,
        Cause.NAME_NOT_FOUND,
        Cause.CERTIFICATE_EXPIRED,
        Cause.CERTIFICATE_NOT_YET,
        Cause.CERTIFICATE_EXPIRES,
        Cause.CERTIFICATE_NAME,
        Cause.CERTIFICATE_CHAIN,
        Cause.CERTIFICATE_UNTRUSTED,
        Cause.TLS_PROTOCOL,
        Cause.CONNECTION_REFUSED,
    }
)
_NO_ANSWER = frozenset({Cause.TIMED_OUT, Cause.CLOSED_EARLY, Cause.DROPPED})
"""A web server that hangs up, or a packet filter; the silence does not tell which."""


def fixes_for(diagnosis: Diagnosis, guest: Guest, examination: Examination | None = None) -> list[Fix]:
    """What lets the hub through, best first; the text of a ticket to the host comes last.

    Where it is not sure who refuses, the fixes of everybody who may be it, marked as guesses. Empty:
    there is nothing to change. ``examination`` gives the ticket time and request, and names the server
    that hands the shop's answers on.
    """
    is_only_worth_knowing = diagnosis.severity is Severity.INFO and diagnosis.cause is not Cause.REDIRECT
    if is_only_worth_knowing or diagnosis.cause in _NOTHING_TO_CHANGE:
        return []
    if guest.platform == "shopify" and diagnosis.cause not in _OF_THE_ADDRESS:
        return [ticket(diagnosis, guest, examination)]
    answers = [
        found for advisor in _advisors(diagnosis, guest, examination) if (found := advisor(diagnosis, guest))
    ]
    is_guess = diagnosis.confidence is Confidence.POSSIBLE or len(answers) > 1
    fixes = [replace(fix, is_guess=True) if is_guess else fix for found in answers for fix in found]
    if diagnosis.cause not in _NOT_THE_HOST:
        fixes.append(ticket(diagnosis, guest, examination))
    return fixes


def _advisors(diagnosis: Diagnosis, guest: Guest, examination: Examination | None) -> list[Advisor]:
    """Who may know what to do, the likeliest first."""
    software = wordpress.fixes if guest.platform == "woocommerce" else shop.fixes
    if diagnosis.cause in _OF_THE_NETWORK or diagnosis.sign == "client_certificate":
        return [network.fixes]
    if diagnosis.sign in host.NOT_THE_SHOP:
        return [host.fixes]
    if diagnosis.cause in _OF_THE_SHOP or diagnosis.layer is Layer.APPLICATION:
        return [software]
    if diagnosis.layer is Layer.PLUGIN:
        return [wordpress.fixes]
    if diagnosis.layer is Layer.EDGE:
        return [cloudflare.fixes if diagnosis.product == "Cloudflare" else host.fixes]
    server = _of_the_server(diagnosis, examination)
    if diagnosis.cause is Cause.MAINTENANCE and not diagnosis.product:
        return [software, *server]
    if diagnosis.cause in (Cause.HEADER_LOST, Cause.API_NOT_FOUND, Cause.MAINTENANCE):
        return [*server, software]
    if diagnosis.cause in _NO_ANSWER:
        return [*server, network.fixes] if diagnosis.cause is Cause.DROPPED else [network.fixes, *server]
    return server


def _of_the_server(diagnosis: Diagnosis, examination: Examination | None) -> list[Advisor]:
    is_sure = diagnosis.confidence is Confidence.CERTAIN
    match diagnosis.product:
        case "nginx":
            return [nginx.fixes]
        case "Apache":
            return [apache.fixes] if is_sure else [apache.fixes, modsecurity.fixes]
        case "ModSecurity":
            return [modsecurity.fixes] if is_sure else [modsecurity.fixes, apache.fixes]
        case "LiteSpeed":
            # It reads Apache's .htaccess and ModSecurity's rules.
            return [apache.fixes, modsecurity.fixes]
        case "" if _handing_on(examination) & {"Apache", "LiteSpeed"}:
            return [apache.fixes, modsecurity.fixes, host.fixes]
        case "":
            # Behind nginx there may be Apache.
            return [nginx.fixes, apache.fixes, modsecurity.fixes, host.fixes]
        case _:
            return [host.fixes]


def _handing_on(examination: Examination | None) -> set[str]:
    """The web servers that the shop's own answers came through, as far as they name themselves."""
    cells = () if examination is None else examination.cells
    return {server_named(cell) for cell in cells if cell.passed}

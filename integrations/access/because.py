"""Why a diagnosis is what it is: what was seen, and how sure it makes."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.fixes.records import Guest
from integrations.access.naming import listed, quoted, text_of, who
from integrations.access.records import (
    Cause,
    Cell,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Question,
    Subject,
)


def because(diagnosis: Diagnosis, guest: Guest, examination: Examination | None) -> tuple[str, ...]:
    """Sentences, the most telling first; the last one says how sure it is."""
    return (
        *_seen(diagnosis, guest),
        *(() if examination is None else _compared(diagnosis, guest, examination)),
        *_signs(diagnosis),
        _sure(diagnosis),
    )


def _seen(diagnosis: Diagnosis, guest: Guest) -> Iterator[str]:
    if diagnosis.is_inferred:
        yield _("Seen in %(hub)s's own log, not by us: it is refused where we pass.") % {"hub": guest.name}
    if diagnosis.status and diagnosis.methods:
        yield _("%(methods)s: answered with status %(status)d.") % {
            "methods": listed(diagnosis.methods),
            "status": diagnosis.status,
        }
    elif diagnosis.status:
        yield _("Answered with status %(status)d.") % {"status": diagnosis.status}
    elif diagnosis.methods and diagnosis.cause in (Cause.DROPPED, Cause.CLOSED_EARLY, Cause.TIMED_OUT):
        yield _("%(methods)s: no answer at all.") % {"methods": listed(diagnosis.methods)}
    if title := text_of(diagnosis, "title"):
        yield _('The page that came is titled "%(title)s".') % {"title": quoted(title)}
    if wait := text_of(diagnosis, "wait_s"):
        yield _("It asks for patience of %(seconds)s seconds.") % {"seconds": wait}
    if (detail := text_of(diagnosis, "detail")) and diagnosis.layer is Layer.NETWORK:
        yield _("What came of the connection: %(detail)s") % {"detail": quoted(detail)}


def _compared(diagnosis: Diagnosis, guest: Guest, examination: Examination) -> Iterator[str]:
    """What the other cells and questions say."""
    matrix = examination.answers(Question.MATRIX)
    if diagnosis.subject is Subject.USER_AGENT and diagnosis.agents:
        refused = set(diagnosis.agents)
        if any(cell.passed and cell.agent == examination.neutral for cell in matrix) and refused & set(
            guest.agents
        ):
            yield _("The same requests under another name pass, so it goes by the User-Agent.")
    elif diagnosis.subject is Subject.METHOD:
        passing = _methods_that_pass(matrix)
        if passing:
            yield ngettext(
                "%(methods)s passes, whoever asks.", "%(methods)s pass, whoever asks.", len(passing)
            ) % {"methods": listed(passing)}
    yield from _answers(examination, diagnosis)


def _answers(examination: Examination, diagnosis: Diagnosis) -> Iterator[str]:
    for cell in examination.answers(Question.ELSEWHERE)[:1]:
        if cell.passed and diagnosis.subject is Subject.PATH:
            yield _("A request for another address below the interface passes: it goes by the path.")
    for cell in examination.answers(Question.FRONT)[:1]:
        if diagnosis.subject is Subject.EVERYTHING and cell.call.status:
            if cell.call.status < 400:
                yield _("The shop's front page is shown: only its interface is closed.")
            else:
                yield _("The shop's front page is refused as well (status %(status)d).") % {
                    "status": cell.call.status
                }
    for cell in examination.answers(Question.CONTENT_TYPE)[:1]:
        if diagnosis.layer in (Layer.SERVER, Layer.FIREWALL) and cell.call.status is not None:
            if cell.passed:
                yield _("A body of a type that nobody uses passes: a firewall's rule set would refuse it.")
            else:
                yield _("A body of a type that nobody uses is refused too: rule sets of firewalls do that.")
    if diagnosis.cause is Cause.HEADER_LOST and any(
        cell.credentials_arrived is False for cell in examination.answers(Question.WRONG_KEY)
    ):
        yield _("Sent a key that nobody has, and the shop answered as if none had been sent.")


def _methods_that_pass(matrix: tuple[Cell, ...]) -> tuple[str, ...]:
    methods = dict.fromkeys(cell.method for cell in matrix)
    return tuple(m for m in methods if all(cell.passed for cell in matrix if cell.method == m))


def _signs(diagnosis: Diagnosis) -> Iterator[str]:
    """How the answer shows who gave it."""
    match diagnosis.sign:
        case "nginx_page":
            yield _("The page that came is the one nginx makes itself.")
        case "apache_forbidden":
            yield _("The page that came is Apache's; ModSecurity refuses with the very same page.")
        case "apache_method" | "apache_page":
            yield _("The page that came is the one Apache makes itself.")
        case "cloudflare_1010":
            yield _("Cloudflare names it error 1010: its Browser Integrity Check refused the User-Agent.")
        case sign if sign.startswith("cloudflare_") and sign[11:].isdecimal():
            yield _("Cloudflare names it error %(code)s.") % {"code": sign.removeprefix("cloudflare_")}
        case _ if diagnosis.product and diagnosis.confidence is Confidence.CERTAIN:
            if diagnosis.layer in (Layer.EDGE, Layer.FIREWALL, Layer.PLUGIN):
                yield _("The answer names %(who)s itself.") % {"who": who(diagnosis)}
        case _:
            pass
    if diagnosis.rule_id and diagnosis.product != "Cloudflare":
        yield _("The rule that refused has the number %(rule)s.") % {"rule": diagnosis.rule_id}


def _sure(diagnosis: Diagnosis) -> str:
    match diagnosis.confidence:
        case Confidence.CERTAIN:
            return _("This is certain: nothing else explains the answers.")
        case Confidence.LIKELY:
            return _("This is probable: the answers fit, and little else would explain them.")
        case Confidence.POSSIBLE:
            return _("This is possible: the answers fit, but do not prove it.")

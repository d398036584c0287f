"""Why a diagnosis is what it is: what was seen, and how sure it makes."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.comparing import compared
from integrations.access.fixes.records import Guest
from integrations.access.naming import day_of, listed, quoted, text_of, who
from integrations.access.records import Cause, Confidence, Diagnosis, Examination, Layer

_NO_ANSWER = frozenset({Cause.DROPPED, Cause.CLOSED_EARLY, Cause.TIMED_OUT})
_OF_ADDRESSES = _NO_ANSWER | {Cause.NAME_NOT_FOUND, Cause.CONNECTION_REFUSED}
_TOLD_BY_THE_ANSWER = frozenset({Cause.APPLICATION_FAULT, Cause.NOT_UNDERSTOOD})
"""Where what was understood of the answer says more than the cause does."""
_NAME_THEMSELVES = frozenset({Layer.EDGE, Layer.FIREWALL, Layer.PLUGIN})


def because(diagnosis: Diagnosis, guest: Guest, examination: Examination | None) -> tuple[str, ...]:
    """Sentences, the most telling first; the last one says how sure it is."""
    return (
        *_by_the_hub(diagnosis, guest),
        *_seen(diagnosis, examination),
        *compared(diagnosis, guest, examination),
        *_signs(diagnosis),
        *_rules(diagnosis),
        _sure(diagnosis),
    )


def _by_the_hub(diagnosis: Diagnosis, guest: Guest) -> Iterator[str]:
    """What its own log adds."""
    hub = {"hub": guest.name}
    if diagnosis.is_inferred:
        yield _("Seen in %(hub)s's own log, not by us: it is refused where we pass.") % hub
    if (met := _number(diagnosis, "failures") or _number(diagnosis, "seen_by_hub")) > 0:
        calls = ngettext("%(hub)s's log holds %(n)d such call.", "%(hub)s's log holds %(n)d such calls.", met)
        yield calls % {**hub, "n": met}
    if text_of(diagnosis, "hub") == "works":
        yield _("%(hub)s's own log knows of no refusal: our address alone may be meant.") % hub
    match text_of(diagnosis, "imitation"):
        case "likely":
            yield (
                _(
                    "%(hub)s's own log knows of no refusal: we may be refused because we use its name from "
                    "another address."
                )
                % hub
            )
        case "possible":
            yield (
                _(
                    "We ask under %(hub)s's name from another address: some protections refuse that, and let "
                    "it pass itself."
                )
                % hub
            )
        case _:
            pass


def _seen(diagnosis: Diagnosis, examination: Examination | None) -> Iterator[str]:
    yield from _answer(diagnosis, examination)
    if title := text_of(diagnosis, "title"):
        yield _('The page that came is titled "%(title)s".') % {"title": quoted(title)}
    if realm := text_of(diagnosis, "realm"):
        yield _("It asks for a sign-in: %(realm)s.") % {"realm": quoted(realm)}
    if wait := text_of(diagnosis, "wait_s"):
        if diagnosis.cause is Cause.SLOW:
            yield _("Half of the answers took longer than %(seconds)s seconds.") % {"seconds": wait}
        else:
            yield _("It asks for patience of %(seconds)s seconds.") % {"seconds": wait}
    if (passed := _number(diagnosis, "passed_first")) > 0:
        yield ngettext(
            "%(n)d request passed, and then none.", "%(n)d requests passed, and then none.", passed
        ) % {"n": passed}
    if day := day_of(diagnosis, "expires_at"):
        is_over = diagnosis.cause is Cause.CERTIFICATE_EXPIRED
        until = _("It was valid until %(day)s.") if is_over else _("It is valid until %(day)s.")
        yield until % {"day": day}
    if (addresses := text_of(diagnosis, "addresses")) and diagnosis.cause in _OF_ADDRESSES:
        yield _("Addresses that this concerns: %(addresses)s.") % {"addresses": quoted(addresses)}
    detail = text_of(diagnosis, "detail")
    if detail and diagnosis.layer is Layer.NETWORK:
        yield _("What came of the connection: %(detail)s") % {"detail": quoted(detail)}
    elif detail and diagnosis.cause in _TOLD_BY_THE_ANSWER:
        yield detail


def _answer(diagnosis: Diagnosis, examination: Examination | None) -> Iterator[str]:
    asked_all = examination is not None and set(diagnosis.methods) >= set(examination.methods)
    told = {
        "methods": listed(diagnosis.methods),
        "status": diagnosis.status or 0,
        "agents": listed([f'"{agent}"' for agent in diagnosis.agents]),
    }
    if diagnosis.status and asked_all and diagnosis.agents:
        yield _("Whatever was asked as %(agents)s, the answer was status %(status)d.") % told
    elif diagnosis.status and asked_all:
        yield _("Whatever was asked, the answer was status %(status)d.") % told
    elif diagnosis.status and diagnosis.methods:
        yield _("%(methods)s: answered with status %(status)d.") % told
    elif diagnosis.status:
        yield _("Answered with status %(status)d.") % told
    elif asked_all and diagnosis.cause in _NO_ANSWER:
        yield _("Whatever was asked, no answer came.")
    elif diagnosis.methods and diagnosis.cause in _NO_ANSWER:
        yield _("%(methods)s: no answer at all.") % told


def _signs(diagnosis: Diagnosis) -> Iterator[str]:
    """How the answer shows who gave it."""
    sign, code = diagnosis.sign, diagnosis.sign.removeprefix("cloudflare_")
    if sign == "cloudflare_1010":
        yield _("Cloudflare names it error 1010: its Browser Integrity Check refused the User-Agent.")
    elif sign != code and code.isdecimal():
        yield _("Cloudflare names it error %(code)s.") % {"code": code}
    elif sign in _pages():
        yield _pages()[sign]
    elif diagnosis.product and diagnosis.confidence is Confidence.CERTAIN:
        if diagnosis.layer in _NAME_THEMSELVES:
            yield _("The answer names %(who)s itself.") % {"who": who(diagnosis)}
        elif diagnosis.layer is Layer.APPLICATION:
            yield _("The answer has the form in which %(who)s itself answers.") % {"who": who(diagnosis)}


def _rules(diagnosis: Diagnosis) -> Iterator[str]:
    """What the refusing rule, or the server's log, says."""
    match text_of(diagnosis, "pattern"):
        case "rule_set_methods":
            yield _("Just these methods are refused by the OWASP rule set for ModSecurity as it comes.")
        case "status_406":
            yield _("Status 406 is what hosts have ModSecurity answer with; web servers do not.")
        case _:
            pass
    if text_of(diagnosis, "log"):
        yield _("The server's own log says who refused.")
    rules = diagnosis.rule_id.split() if diagnosis.product != "Cloudflare" else []
    if rules:
        yield ngettext(
            "The rule that refused has the number %(rules)s.",
            "The rules that refused have the numbers %(rules)s.",
            len(rules),
        ) % {"rules": listed(rules)}
    if message := text_of(diagnosis, "message"):
        yield _('It says of itself: "%(message)s".') % {"message": quoted(message)}
    behind = text_of(diagnosis, "behind")
    if behind and behind != diagnosis.product:
        yield _("%(service)s stands in front and handed this answer on.") % {"service": behind}


def _pages() -> dict[str, str]:
    apache = _("The page that came is the one Apache makes itself.")
    return {
        "nginx_page": _("The page that came is the one nginx makes itself."),
        "apache_forbidden": _("The page that came is Apache's; ModSecurity refuses with the very same page."),
        "apache_method": apache,
        "apache_page": apache,
    }


def _sure(diagnosis: Diagnosis) -> str:
    match diagnosis.confidence:
        case Confidence.CERTAIN:
            return _("This is certain: nothing else explains the answers.")
        case Confidence.LIKELY:
            return _("This is probable: the answers fit, and little else would explain them.")
        case Confidence.POSSIBLE:
            return _("This is possible: the answers fit, but do not prove it.")


def _number(diagnosis: Diagnosis, name: str) -> int:
    value = diagnosis.values.get(name)
    return value if isinstance(value, int) else 0

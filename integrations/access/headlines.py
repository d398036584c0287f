"""What is wrong, in one sentence, and in a few words for lists; one of each for every cause."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.fixes.records import Guest
from integrations.access.naming import day_of, days_of, listed, quoted, text_of, who
from integrations.access.records import Cause, Diagnosis, Layer, Subject

LONGEST_LABEL = 40


def headline(diagnosis: Diagnosis, guest: Guest) -> str:
    """One sentence that a person would say; how sure it is, is told elsewhere."""
    refused = [agent for agent in guest.agents if agent in diagnosis.agents]
    values = {
        "who": who(diagnosis, starts=True),
        "hub": guest.name,
        "host": text_of(diagnosis, "host") or guest.host,
        "path": diagnosis.path if diagnosis.cause is Cause.PATH_RULE else guest.path,
        "methods": listed(diagnosis.methods) or _("some methods"),
        "status": f" ({diagnosis.status})" if diagnosis.status else "",
        "location": quoted(text_of(diagnosis, "location")),
        "agent": quoted(refused[0]) if refused else "",
        "names": quoted(text_of(diagnosis, "names")),
        "days": days_of(diagnosis) or 0,
        "first_day": day_of(diagnosis, "starts_at"),
        "last_day": day_of(diagnosis, "expires_at"),
    }
    return _template(diagnosis, guest) % values


def label(diagnosis: Diagnosis) -> str:
    """At most 40 characters, the same for all stores that suffer from the same thing."""
    text = _label(diagnosis)
    if diagnosis.product and diagnosis.cause not in _SAYS_WHO:
        named = f"{diagnosis.product}: {text}"
        text = named if len(named) <= LONGEST_LABEL else text
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def reads(diagnosis: Diagnosis, guest: Guest) -> bool:
    """Whether the refused requests are those by which a hub fetches orders."""
    return not diagnosis.methods or "GET" in diagnosis.methods or guest.platform == "shopify"


def names_the_hub(diagnosis: Diagnosis, guest: Guest) -> bool:
    """Whether a User-Agent of the hub is among the refused; none named means whichever."""
    return not diagnosis.agents or bool(set(diagnosis.agents) & set(guest.agents))


def _template(diagnosis: Diagnosis, guest: Guest) -> str:
    writes_only = bool(diagnosis.methods) and not reads(diagnosis, guest)
    match diagnosis.cause:
        case Cause.USER_AGENT_RULE:
            return _by_user_agent(diagnosis, guest)
        case Cause.METHOD_RULE if writes_only:
            return _("%(who)s refuses %(hub)s's %(methods)s; reading passes.")
        case Cause.DROPPED if diagnosis.subject is Subject.METHOD and not writes_only:
            return _("%(who)s hangs up on %(hub)s's %(methods)s without a whole answer.")
        case Cause.DROPPED if writes_only:
            return _("%(who)s hangs up on %(hub)s's %(methods)s without an answer; reading passes.")
        case Cause.ADDRESS_RULE if diagnosis.is_inferred and writes_only:
            return _(
                "%(who)s refuses %(hub)s's %(methods)s and lets ours pass: it goes by the address that asks "
                "or by what is written."
            )
        case Cause.ADDRESS_RULE if diagnosis.is_inferred:
            return _("%(who)s refuses %(hub)s and lets us pass: it goes by the address that asks.")
        case Cause.CHALLENGE if _is_one_of_several(diagnosis, guest):
            return _('%(who)s asks for a browser\'s proof (challenge) when %(hub)s comes as "%(agent)s".')
        case Cause.REDIRECT:
            return _redirects(diagnosis)
        case Cause.CERTIFICATE_EXPIRED:
            return _expired(diagnosis)
        case Cause.CERTIFICATE_EXPIRES:
            return _expires(diagnosis)
        case cause:
            return _more_exactly(diagnosis) or _headlines()[cause]


def _is_one_of_several(diagnosis: Diagnosis, guest: Guest) -> bool:
    """Whether some of the hub's User-Agents are refused, and others pass."""
    refused = set(guest.agents) & set(diagnosis.agents)
    return bool(refused) and len(refused) < len(set(guest.agents))


def _more_exactly(diagnosis: Diagnosis) -> str:
    """A better sentence than the cause's own, where more is known; empty: it is not."""
    match diagnosis.cause:
        case Cause.API_OFF if diagnosis.layer is Layer.PLUGIN:
            return _("%(who)s closes the shop's interface to programs.")
        case Cause.API_NOT_FOUND if diagnosis.sign == "suspended":
            return _("The host has suspended the site at %(host)s.")
        case Cause.API_NOT_FOUND if diagnosis.sign == "parked":
            return _("The name %(host)s leads to a parking page, not to a shop.")
        case Cause.API_NOT_FOUND if diagnosis.sign == "default_page":
            return _("The server of %(host)s shows its own first page instead of the shop.")
        case Cause.ORIGIN_FAULT if diagnosis.status in (525, 526):
            return _("%(who)s does not accept the certificate of the shop's server%(status)s.")
        case Cause.CONNECTION_REFUSED if diagnosis.subject is Subject.NAME:
            return _("%(host)s has addresses at which nobody answers.")
        case Cause.EVERYBODY_REFUSED if diagnosis.sign == "client_certificate":
            return _("%(who)s asks visitors for a certificate of their own, and %(hub)s has none.")
        case Cause.CERTIFICATE_NOT_YET if day_of(diagnosis, "starts_at"):
            return _("The certificate of %(host)s is valid only from %(first_day)s on.")
        case Cause.CERTIFICATE_NAME if text_of(diagnosis, "names"):
            return _("The certificate of %(host)s is for other names (%(names)s).")
        case _:
            return ""


def _headlines() -> dict[Cause, str]:
    return {
        Cause.METHOD_RULE: _("%(who)s refuses %(hub)s's %(methods)s."),
        Cause.PATH_RULE: _("%(who)s refuses %(path)s; the rest of the shop's interface passes."),
        Cause.ADDRESS_RULE: _("%(who)s refuses by the address that asks."),
        Cause.EVERYBODY_REFUSED: _("%(who)s refuses everything that is asked from here."),
        Cause.SIGN_IN: _("A sign-in stands in front of the shop, and %(hub)s has no password for it."),
        Cause.CHALLENGE: _("%(who)s asks %(hub)s for a browser's proof (challenge)."),
        Cause.RATE_LIMIT: _("%(who)s limits how often the shop may be asked."),
        Cause.CONTENT_RULE: _("%(who)s refuses what %(hub)s's requests carry."),
        Cause.POLITE_BLOCK: _("%(who)s answers %(hub)s with a page where data was due."),
        Cause.DROPPED: _("%(who)s hangs up on %(hub)s without an answer, while others are answered."),
        Cause.HEADER_LOST: _(
            "The shop never sees %(hub)s's key: the Authorization header gets lost on the way."
        ),
        Cause.API_OFF: _("The shop's interface is switched off."),
        Cause.API_NOT_FOUND: _("At %(path)s there is no interface of the shop."),
        Cause.MAINTENANCE: _("The shop is closed for maintenance."),
        Cause.APPLICATION_FAULT: _("The shop software fails%(status)s."),
        Cause.ORIGIN_FAULT: _("%(who)s cannot reach the shop's server%(status)s."),
        Cause.SERVER_FAULT: _("The shop's web server fails%(status)s."),
        Cause.NAME_NOT_FOUND: _("The name %(host)s leads to no server."),
        Cause.CERTIFICATE_NOT_YET: _("The certificate of %(host)s is not valid yet."),
        Cause.CERTIFICATE_NAME: _("The certificate of %(host)s is for another name."),
        Cause.CERTIFICATE_CHAIN: _(
            "%(host)s sends its certificate without the intermediate one that belongs to it."
        ),
        Cause.CERTIFICATE_UNTRUSTED: _("Nobody whom programs trust has signed the certificate of %(host)s."),
        Cause.TLS_PROTOCOL: _("%(host)s and its visitors find no common encryption (TLS)."),
        Cause.CONNECTION_REFUSED: _("Nobody accepts connections at %(host)s."),
        Cause.TIMED_OUT: _("%(host)s does not answer in time."),
        Cause.CLOSED_EARLY: _("%(host)s ends connections without a whole answer."),
        Cause.SLOW: _("The shop answers, but slowly."),
        Cause.UNSTEADY: _("%(host)s answers the same question now so, now otherwise."),
        Cause.NOT_UNDERSTOOD: _("%(host)s answers in a way that no known shop or firewall does."),
        Cause.OWN_NETWORK: _("Our own network is down: nothing can be said of the shop."),
    }


def _by_user_agent(diagnosis: Diagnosis, guest: Guest) -> str:
    if not names_the_hub(diagnosis, guest):
        return _("%(who)s refuses other programs by their User-Agent; %(hub)s passes.")
    if _is_one_of_several(diagnosis, guest):
        return _('%(who)s refuses %(hub)s\'s User-Agent "%(agent)s"; its others pass.')
    if reads(diagnosis, guest):
        return _("%(who)s refuses %(hub)s by its User-Agent.")
    return _("%(who)s refuses %(hub)s by its User-Agent when it sends %(methods)s; reading passes.")


def _redirects(diagnosis: Diagnosis) -> str:
    match text_of(diagnosis, "reason"):
        case "https":
            return _("The address leads on to https (%(location)s) instead of answering.")
        case "www":
            return _('The address leads on to one with or without "www" (%(location)s) instead of answering.')
        case "slash":
            return _("The address leads on to one with or without a slash (%(location)s).")
        case "loop":
            return _("The address leads on to itself, without end.")
        case _ if text_of(diagnosis, "location"):
            return _("The address leads on to %(location)s instead of answering.")
        case _:
            return _("The address leads elsewhere instead of answering.")


def _expired(diagnosis: Diagnosis) -> str:
    days = days_of(diagnosis)
    if days:
        return ngettext(
            "The certificate of %(host)s expired %(days)d day ago.",
            "The certificate of %(host)s expired %(days)d days ago.",
            days,
        )
    if day_of(diagnosis, "expires_at"):
        return _("The certificate of %(host)s expired on %(last_day)s.")
    return _("The certificate of %(host)s has expired.")


def _expires(diagnosis: Diagnosis) -> str:
    days = days_of(diagnosis)
    if days:
        return ngettext(
            "The certificate of %(host)s expires in %(days)d day.",
            "The certificate of %(host)s expires in %(days)d days.",
            days,
        )
    if day_of(diagnosis, "expires_at"):
        return _("The certificate of %(host)s expires on %(last_day)s.")
    return _("The certificate of %(host)s expires soon.")


_SAYS_WHO = frozenset(
    {
        Cause.HEADER_LOST,
        Cause.REDIRECT,
        Cause.SIGN_IN,
        Cause.MAINTENANCE,
        Cause.APPLICATION_FAULT,
        Cause.SLOW,
        Cause.UNSTEADY,
        Cause.NOT_UNDERSTOOD,
        Cause.OWN_NETWORK,
        Cause.NAME_NOT_FOUND,
        Cause.CERTIFICATE_EXPIRED,
        Cause.CERTIFICATE_NOT_YET,
        Cause.CERTIFICATE_EXPIRES,
        Cause.CERTIFICATE_NAME,
        Cause.CERTIFICATE_CHAIN,
        Cause.CERTIFICATE_UNTRUSTED,
        Cause.TLS_PROTOCOL,
        Cause.CONNECTION_REFUSED,
        Cause.TIMED_OUT,
        Cause.CLOSED_EARLY,
    }
)
"""Causes for which it does not matter whose answer showed them."""


def _label(diagnosis: Diagnosis) -> str:
    match diagnosis.cause:
        case Cause.METHOD_RULE if diagnosis.methods:
            return _("%(methods)s refused") % {"methods": ", ".join(diagnosis.methods)}
        case Cause.DROPPED if diagnosis.methods and "GET" not in diagnosis.methods:
            return _("%(methods)s hung up on") % {"methods": ", ".join(diagnosis.methods)}
        case Cause.REDIRECT:
            return _redirect_label(diagnosis)
        case Cause.API_OFF if diagnosis.layer is Layer.PLUGIN:
            return _("interface closed by plug-in")
        case cause:
            return _labels()[cause]


def _redirect_label(diagnosis: Diagnosis) -> str:
    match text_of(diagnosis, "reason"):
        case "https":
            return _("redirects to https")
        case "www":
            return _("redirects to another www spelling")
        case "slash":
            return _("redirects over a slash")
        case "host":
            return _("redirects to another host")
        case "loop":
            return _("redirects to itself")
        case _:
            return _("redirects elsewhere")


def _labels() -> dict[Cause, str]:
    return {
        Cause.USER_AGENT_RULE: _("User-Agent refused"),
        Cause.METHOD_RULE: _("methods refused"),
        Cause.PATH_RULE: _("path refused"),
        Cause.ADDRESS_RULE: _("addresses refused"),
        Cause.EVERYBODY_REFUSED: _("everything refused"),
        Cause.SIGN_IN: _("sign-in in front"),
        Cause.CHALLENGE: _("challenge"),
        Cause.RATE_LIMIT: _("rate limit"),
        Cause.CONTENT_RULE: _("content refused"),
        Cause.POLITE_BLOCK: _("page instead of data"),
        Cause.DROPPED: _("hangs up"),
        Cause.HEADER_LOST: _("Authorization header lost"),
        Cause.API_OFF: _("interface switched off"),
        Cause.API_NOT_FOUND: _("interface not found"),
        Cause.MAINTENANCE: _("maintenance"),
        Cause.APPLICATION_FAULT: _("shop software fails"),
        Cause.ORIGIN_FAULT: _("server not reached"),
        Cause.SERVER_FAULT: _("web server fails"),
        Cause.NAME_NOT_FOUND: _("name not found"),
        Cause.CERTIFICATE_EXPIRED: _("certificate expired"),
        Cause.CERTIFICATE_NOT_YET: _("certificate not valid yet"),
        Cause.CERTIFICATE_EXPIRES: _("certificate expires soon"),
        Cause.CERTIFICATE_NAME: _("certificate for another name"),
        Cause.CERTIFICATE_CHAIN: _("certificate chain incomplete"),
        Cause.CERTIFICATE_UNTRUSTED: _("certificate not trusted"),
        Cause.TLS_PROTOCOL: _("no common encryption"),
        Cause.CONNECTION_REFUSED: _("connection refused"),
        Cause.TIMED_OUT: _("no answer in time"),
        Cause.CLOSED_EARLY: _("connections end without answer"),
        Cause.SLOW: _("slow answers"),
        Cause.UNSTEADY: _("unsteady answers"),
        Cause.NOT_UNDERSTOOD: _("answers not understood"),
        Cause.OWN_NETWORK: _("our own network"),
    }

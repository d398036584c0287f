"""What to ask of whom where the shop's owner cannot change the refusing thing alone: hosts' protections and
services in front."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.fixes.steps import addresses, networks, panel
from integrations.access.records import Cause, Diagnosis, Subject

NOT_THE_SHOP = frozenset({"suspended", "parked", "default_page"})
"""Signs of pages that hosts and servers show where there is no shop."""
ALL_METHODS = "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE"


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """By product; for an anonymous one, what to look for."""
    if diagnosis.sign in NOT_THE_SHOP:
        return [_not_the_shop(diagnosis, guest)]
    return _PRODUCTS.get(diagnosis.product, _anonymous)(diagnosis, guest)


def _not_the_shop(diagnosis: Diagnosis, guest: Guest) -> Fix:
    if diagnosis.sign == "suspended":
        return panel(
            _("Have the host open the site again"),
            _("In the host's customer area, or with its support."),
            _("Look for unpaid invoices and for notices about the site: hosts suspend for these."),
        )
    return panel(
        _("Lead the name to the shop"),
        _("Where the name was registered, and in the panel of the shop's host."),
        _("See that the address records of %(host)s are those of the server on which the shop is now.")
        % {"host": guest.host},
        _("On that server see that a site is set up for %(host)s, and that it is the shop's folder.")
        % {"host": guest.host},
    )


def _imunify(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """(docs.imunify360.com/command_line_interface)"""
    known = networks(guest)
    if not known:
        return [_asked_of_the_host("Imunify360", guest)]
    calls = "".join(f"imunify360-agent ip-list local add --purpose white {network}\n" for network in known)
    return [
        Fix(
            title=_("Put the addresses of %(hub)s on Imunify360's white list") % {"hub": guest.name},
            place=Place.SHELL,
            where=_("On the server, as root: whoever runs the server does that."),
            text=calls,
            language="shell",
            note=_("It opens all sites of the server to these addresses. At a host without such access send "
                   "the ticket below."),
        )
    ]  # fmt: skip


def _aws_waf(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """(docs.aws.amazon.com/waf: rules are judged by priority, lowest number first)"""
    return [
        panel(
            _("Let %(hub)s through AWS WAF to the shop's interface") % {"hub": guest.name},
            _("In the AWS console, under WAF, in the web ACL that protects the shop."),
            _("Look at the sampled requests which rule refused."),
            _("Make an IP set."),
            addresses(guest),
            _("Add a rule that matches both: the address is in that set, and the URI path begins with "
              "%(path)s. Its action is Allow.") % {"path": guest.path},
            _("Give it the first priority, before the rule that refuses."),
        )
    ]  # fmt: skip


def _cloudfront(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    methods = panel(
        _("Let CloudFront hand all methods on to the shop"),
        _("In the AWS console, under CloudFront, in the distribution, under Behaviors."),
        _("Make a behavior for the path %(path)s, or edit the one that answers for it.")
        % {"path": f"{guest.path}/*"},
        _("Choose the allowed HTTP methods %(methods)s.") % {"methods": ALL_METHODS},
        _("Switch caching off for it, and let it hand on all headers, Authorization among them."),
        note=_("As it comes, a distribution allows GET and HEAD only."),
    )
    if diagnosis.subject is Subject.METHOD or diagnosis.cause is Cause.HEADER_LOST:
        return [methods]
    country = panel(
        _("See whether CloudFront refuses by country"),
        _("In the AWS console, under CloudFront, in the distribution, under Security."),
        _("Look for geographic restrictions, and allow the country from which %(hub)s calls.")
        % {"hub": guest.name},
    )
    return [*_aws_waf(diagnosis, guest), country, methods]


def _sucuri(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """(docs.sucuri.net/website-firewall/whitelist-and-blacklist)"""
    return [
        panel(
            _("Allow the addresses of %(hub)s in Sucuri") % {"hub": guest.name},
            _("In Sucuri's dashboard, in the site's firewall."),
            _("Open the access control and its allowed IP addresses."),
            addresses(guest),
            note=_("Sucuri takes single addresses and networks of the sizes /24, /16 and /8."),
        )
    ]


def _akamai(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    return [
        panel(
            _("Have whoever runs the shop's Akamai look up the refusal"),
            _("With whoever looks after the shop's Akamai account; Akamai answers only its customers."),
            _("Send the reference number on the refusal's page: it names the rule."),
            _("Ask for an exception of requests to %(path)s from the addresses of %(hub)s.")
            % {"path": guest.path, "hub": guest.name},
            addresses(guest),
        )
    ]


def _imperva(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    return [
        panel(
            _("Have Imperva let %(hub)s through") % {"hub": guest.name},
            _("With whoever looks after the shop's Imperva account."),
            _("Look up the incident's number on the refusal's page among the security events."),
            _("Add an exception to that rule for these addresses and the path %(path)s.")
            % {"path": guest.path},
            addresses(guest),
        )
    ]


def _of_the_host(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    return [_asked_of_the_host(diagnosis.product, guest)]


def _asked_of_the_host(product: str, guest: Guest) -> Fix:
    return panel(
        _("Ask the host to let %(hub)s through %(product)s") % {"hub": guest.name, "product": product},
        _("With the host's support: it runs %(product)s for all its customers.") % {"product": product},
        _("Send the text below as a ticket."),
        addresses(guest),
        note=_("Such protections learn: an address that was let through once may be refused again until it "
               "is on the list of allowed ones."),
    )  # fmt: skip


def _anonymous(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    if diagnosis.cause not in _REFUSALS:
        return []
    return [
        panel(
            _("Find out what refuses %(hub)s") % {"hub": guest.name},
            _("In the panel of the shop's host, or with its support."),
            _("Look for protections that are switched on for the site: a web application firewall, bot "
              "protection, blocked countries or addresses."),
            _("Look into the error log of the web server at the time of the request: what refuses leaves a "
              "line there."),
            _("Exempt the path %(path)s from it for these addresses.") % {"path": guest.path},
            addresses(guest),
            note=_("If no line is there, something in front of the server refused."),
        )
    ]  # fmt: skip


_REFUSALS = frozenset(
    {
        Cause.USER_AGENT_RULE,
        Cause.METHOD_RULE,
        Cause.PATH_RULE,
        Cause.ADDRESS_RULE,
        Cause.EVERYBODY_REFUSED,
        Cause.CHALLENGE,
        Cause.RATE_LIMIT,
        Cause.CONTENT_RULE,
        Cause.POLITE_BLOCK,
        Cause.DROPPED,
        Cause.SIGN_IN,
        Cause.CLOSED_EARLY,
        Cause.TIMED_OUT,
    }
)
_PRODUCTS: dict[str, Callable[[Diagnosis, Guest], list[Fix]]] = {
    "Imunify360": _imunify,
    "AWS WAF": _aws_waf,
    "CloudFront": _cloudfront,
    "Sucuri": _sucuri,
    "Akamai": _akamai,
    "Imperva": _imperva,
    "SiteGround": _of_the_host,
    "BitNinja": _of_the_host,
    "NAXSI": _of_the_host,
}

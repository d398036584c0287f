"""What to change in Cloudflare so that a hub gets through.

What can exempt from what: developers.cloudflare.com/waf/feature-interoperability, /waf/custom-rules/skip,
/bots/get-started/bot-fight-mode.
"""

from django.utils.translation import gettext as _

from integrations.access.cloudflare import BLOCKED_BY_ADDRESS
from integrations.access.fixes import cloudflare_calls as calls
from integrations.access.fixes.cloudflare_calls import Skipped
from integrations.access.fixes.cloudflare_origin import of_the_origin
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.naming import listed
from integrations.access.records import Cause, Diagnosis, Subject

MANAGED, BOTS, RATES = "http_request_firewall_managed", "http_request_sbfm", "http_ratelimit"
_CHALLENGING = Skipped(True, (BOTS, MANAGED), ("securityLevel", "uaBlock"))
_BLOCKING = Skipped(True, (BOTS, MANAGED), ("uaBlock", "zoneLockdown"))


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """As a call of the API and as clicks; empty where Cloudflare is not what refuses."""
    if diagnosis.product != "Cloudflare":
        return []
    if diagnosis.cause is Cause.ORIGIN_FAULT:
        return of_the_origin(diagnosis, guest)
    if _code(diagnosis) in BLOCKED_BY_ADDRESS:
        return _by_address(guest)
    skipped = _skipped(diagnosis)
    found = [_skip_call(guest, skipped), _skip_clicks(guest, skipped)]
    if diagnosis.cause is Cause.CHALLENGE:
        found.append(_plain_bot_fight_mode(guest))
    return found


def _code(diagnosis: Diagnosis) -> int:
    number = diagnosis.sign.removeprefix("cloudflare_")
    number = number if number.isdecimal() else diagnosis.rule_id
    return int(number) if number.isdecimal() and len(number) <= 4 else 0


def _skipped(diagnosis: Diagnosis) -> Skipped:
    """The least that covers whatever Cloudflare shows this answer for."""
    if _code(diagnosis) == 1010:
        return Skipped(products=("bic",))
    match diagnosis.cause, diagnosis.subject:
        case Cause.RATE_LIMIT, _:
            return Skipped(phases=(RATES,))
        case Cause.CHALLENGE, _:
            return _CHALLENGING
        case _, Subject.USER_AGENT:
            return Skipped(True, (BOTS, MANAGED), ("uaBlock", "bic"))
        case _, Subject.METHOD | Subject.PATH | Subject.CONTENT:
            return Skipped(True, (MANAGED,))
        case _:
            return _BLOCKING


def _skip_call(guest: Guest, skipped: Skipped) -> Fix:
    return Fix(
        title=_title(guest),
        place=Place.SHELL,
        where=_(
            "In a shell, anywhere, with the zone's id in ZONE_ID and in CLOUDFLARE_API_TOKEN a token that "
            'has the permission "Zone WAF: Edit" for this zone.'
        ),
        text=calls.skipping(guest, skipped),
        language="shell",
        note=" ".join([_opens(guest), _if_refused(), _bot_fight_mode(skipped)]).strip(),
    )


def _skip_clicks(guest: Guest, skipped: Skipped) -> Fix:
    return Fix(
        title=_("The same by clicks in Cloudflare"),
        place=Place.PANEL,
        where=_("In Cloudflare's dashboard, in the shop's domain."),
        steps=(
            _("Open Security > Security rules (in the older dashboard Security > WAF > Custom rules) and "
              "create a custom rule."),
            _("Choose to edit the expression and paste: %(expression)s")
            % {"expression": calls.expression(guest)},
            _('Choose the action "Skip" and tick: %(parts)s.') % {"parts": listed(_parts(skipped))},
            _("Place the rule first, before all others, and deploy it."),
            _("To open less, look for the request among the security events (Security > Events or "
              "Analytics): each names the part that acted, and only that one needs to be ticked."),
        ),
        note=_opens(guest),
    )  # fmt: skip


def _title(guest: Guest) -> str:
    return _("Let %(hub)s through Cloudflare to the shop's interface") % {"hub": guest.name}


def _parts(skipped: Skipped) -> list[str]:
    """As Cloudflare's dashboard names them, which is English everywhere."""
    names = {
        RATES: "All rate limiting rules",
        BOTS: "All Super Bot Fight Mode rules",
        MANAGED: "All managed rules",
        "zoneLockdown": "Zone Lockdown",
        "uaBlock": "User Agent Blocking",
        "bic": "Browser Integrity Check",
        "securityLevel": "Security Level",
    }
    found = ["All remaining custom rules"] if skipped.rest else []
    return [f'"{name}"' for name in found + [names[key] for key in (*skipped.phases, *skipped.products)]]


def _opens(guest: Guest) -> str:
    if guest.addresses and guest.own_addresses:
        return _(
            "It opens only the shop's interface, and only to the addresses of %(hub)s and of Syncwatch; the "
            "interface still asks for its key."
        ) % {"hub": guest.name}
    if guest.addresses:
        return _(
            "It opens only the shop's interface, and only to the addresses of %(hub)s; the interface still "
            "asks for its key. Syncwatch asks from another address and may be refused as before: then the "
            "hub's own log tells that it passes."
        ) % {"hub": guest.name}
    return _(
        "The addresses of %(hub)s are not known here, so the rule goes by its User-Agent, which anyone can "
        "send; the interface still asks for its key. Ask %(hub)s for its addresses and put them into the "
        "rule (ip.src in {...})."
    ) % {"hub": guest.name}


def _if_refused() -> str:
    return _("If Cloudflare answers that the plan lacks one of the skipped parts, take that part out.")


def _bot_fight_mode(skipped: Skipped) -> str:
    if BOTS not in skipped.phases:
        return ""
    return _("Plain Bot Fight Mode is not reached by any such rule.")


def _plain_bot_fight_mode(guest: Guest) -> Fix:
    """The one thing that exempts from it is an IP Access rule."""
    title = _("If Bot Fight Mode is on: allow the addresses of %(hub)s") % {"hub": guest.name}
    call = calls.allowing(guest)
    if call:
        return _allow_call(title, call)
    return Fix(
        title=title,
        place=Place.PANEL,
        where=_("In Cloudflare's dashboard, in the shop's domain."),
        steps=(
            _("Look under Security whether Bot Fight Mode is on. If not, there is nothing to do here."),
            _("Ask %(hub)s for the addresses it calls from.") % {"hub": guest.name},
            _('Add an IP Access rule with the action "Allow" for each of them (older dashboard: Security > '
              "WAF > Tools)."),
        ),
        note=_("No other rule exempts from Bot Fight Mode. From the Pro plan on, Super Bot Fight Mode can "
               "take its place; the rule above reaches that one."),
        is_guess=True,
    )  # fmt: skip


def _allow_call(title: str, call: str) -> Fix:
    return Fix(
        title=title,
        place=Place.SHELL,
        where=_(
            "In a shell, anywhere, with the zone's id in ZONE_ID and in CLOUDFLARE_API_TOKEN a token that "
            'has the permission "Firewall Services: Edit" for this zone.'
        ),
        text=call,
        language="shell",
        note=_(
            "It opens the whole site to these addresses, not only the shop's interface: take it only where "
            "nothing narrower helps."
        ),
        is_guess=True,
    )


def _by_address(guest: Guest) -> list[Fix]:
    """Errors 1005 to 1009 and 1106: an IP Access rule names an address, its network or its country."""
    remove = Fix(
        title=_("Find the rule that bans the address, and take %(hub)s out of it") % {"hub": guest.name},
        place=Place.PANEL,
        where=_("In Cloudflare's dashboard, in the shop's domain."),
        steps=(
            _("Open the IP Access rules (older dashboard: Security > WAF > Tools; the account has its own "
              "list too)."),
            _('Look for rules with the action "Block" or a challenge that hold an address of %(hub)s, its '
              "network or its country: %(addresses)s.")
            % {"hub": guest.name, "addresses": listed(guest.addresses[:20]) or _("ask it for them")},
            _("Delete a rule for its own addresses. Leave a rule for a country or a network as it is, and "
              "allow the addresses beside it."),
        ),
        find='curl -sS -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" '
        f'"{calls.API}/zones/$ZONE_ID/firewall/access_rules/rules?per_page=1000"',
        note=_("What was refused here is the address that asked; whether %(hub)s is refused too, its own log "
               "tells.") % {"hub": guest.name},
    )  # fmt: skip
    call = calls.allowing(guest)
    title = _("Allow the addresses of %(hub)s in Cloudflare") % {"hub": guest.name}
    return [remove, _allow_call(title, call)] if call else [remove]

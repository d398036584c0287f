"""The text of a ticket to whoever runs the shop's server: what was asked, what came, what is wished."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.headlines import headline
from integrations.access.naming import listed, text_of, who
from integrations.access.records import Cause, Cell, Diagnosis, Examination, Question

MOST_ADDRESSES = 40
_REFERENCE = re.compile(r"(?:reference #|incident id:?\s*)([\w.-]{6,80})", re.IGNORECASE)
"""By which Akamai and Imperva find a refusal again."""


def ticket(diagnosis: Diagnosis, guest: Guest, examination: Examination | None = None) -> Fix:
    """Ready to send. With the examination it gives time and numbers by which the host finds the request."""
    lines = [
        _("Subject: %(hub)s cannot reach our shop %(host)s") % {"hub": guest.name, "host": guest.host},
        "",
        _("Hello,"),
        "",
        _("%(hub)s fetches the orders of our shop %(host)s through its interface (%(path)s*), and writes "
          "tracking numbers back. That fails:")
        % {"hub": guest.name, "host": guest.host, "path": f"{guest.path}/"},
        "",
        headline(diagnosis, guest),
        "",
        *_facts(diagnosis, guest, examination),
        "",
        _wish(diagnosis, guest),
        "",
        _("Please tell us when that is done; we will test it at once. Thank you."),
    ]  # fmt: skip
    title = _("Ask whoever runs the shop's server")
    where = _("A ticket or a mail to the host, or to the agency that looks after the shop's server.")
    if guest.platform == "shopify":
        title = _("Ask Shopify's support")
        where = _("Shopify runs shop and server, and what stands in front of them.")
    return Fix(
        title=title,
        place=Place.PANEL,
        where=where,
        text="\n".join(lines) + "\n",
        language="text",
    )


def _facts(diagnosis: Diagnosis, guest: Guest, examination: Examination | None) -> Iterator[str]:
    cell = _deciding(diagnosis, examination) if examination else None
    if cell is not None:
        moment = cell.call.at.strftime("%Y-%m-%d %H:%M:%S UTC")
        yield _("- Time: %(moment)s") % {"moment": moment}
        yield _("- Request: %(method)s %(url)s") % {"method": cell.method, "url": cell.call.url}
        yield f"- User-Agent: {cell.agent}"
    else:
        if last_at := text_of(diagnosis, "last_at"):
            yield _("- Time: %(moment)s") % {"moment": last_at}
        address = f"https://{guest.host}{guest.path}"
        yield _("- Request: %(method)s %(url)s") % {
            "method": " / ".join(diagnosis.methods) or "GET",
            "url": f"{examination.url}{examination.path}" if examination else address,
        }
        for agent in diagnosis.agents or guest.agents:
            yield f"- User-Agent: {agent}"
    if diagnosis.status:
        yield _("- Answer: status %(status)d, from %(who)s") % {
            "status": diagnosis.status,
            "who": who(diagnosis),
        }
    if diagnosis.rule_id and diagnosis.product != "Cloudflare":
        yield _("- Number of the rule that refused: %(rule)s") % {"rule": diagnosis.rule_id}
    if cell is not None and "cf-ray" in cell.headers:
        yield f"- CF-RAY: {cell.headers['cf-ray']}"
    reference = _REFERENCE.search(cell.call.excerpt) if cell is not None else None
    if reference:
        yield _("- Reference number on the page: %(reference)s") % {"reference": reference[1]}
    if detail := text_of(diagnosis, "detail"):
        yield f"- {detail}"
    if guest.addresses:
        yield _("- %(hub)s asks from: %(addresses)s") % {
            "hub": guest.name,
            "addresses": ", ".join(guest.addresses[:MOST_ADDRESSES]),
        }


def _deciding(diagnosis: Diagnosis, examination: Examination) -> Cell | None:
    """The cell that shows the fault best: refused, of these methods and User-Agents, with that status."""
    if diagnosis.is_inferred:
        return None
    if diagnosis.cause is Cause.HEADER_LOST:
        return next(iter(examination.answers(Question.WRONG_KEY)), None)
    matrix = examination.answers(Question.MATRIX)
    # The hub's own requests tell the host more than ours.
    for cell in sorted(matrix, key=lambda cell: cell.agent not in examination.agents):
        if (
            not cell.passed
            and cell.call.status == diagnosis.status
            and (not diagnosis.methods or cell.method in diagnosis.methods)
            and (not diagnosis.agents or cell.agent in diagnosis.agents)
        ):
            return cell
    return None


def _wish(diagnosis: Diagnosis, guest: Guest) -> str:
    values = {
        "hub": guest.name,
        "path": f"{guest.path}/",
        "methods": listed(diagnosis.methods) or "GET, POST, PUT, PATCH",
        "agents": listed([f'"{agent}"' for agent in diagnosis.agents or guest.agents]),
        "addresses": listed(guest.addresses[:MOST_ADDRESSES]),
        "host": guest.host,
    }
    return _wish_template(diagnosis, guest) % values


def _wish_template(diagnosis: Diagnosis, guest: Guest) -> str:
    if diagnosis.cause in (Cause.METHOD_RULE, Cause.DROPPED) and diagnosis.methods:
        return _(
            "Please let %(methods)s through to the shop for paths below %(path)s. All else may stay as it is."
        )
    wish = _wishes().get(diagnosis.cause)
    if wish:
        return wish
    if guest.addresses:
        return _(
            "Please exempt requests below %(path)s that come from %(addresses)s from whatever refuses them. "
            "All else may stay as it is."
        )
    return _(
        "Please look up in your logs which rule refuses this, and exempt the requests of %(hub)s below "
        "%(path)s from it. All else may stay as it is."
    )


def _wishes() -> dict[Cause, str]:
    renew = _("Please renew the certificate of %(host)s, and see that it renews itself.")
    install = _("Please install a certificate of a public authority for %(host)s.")
    look = _("Please look into the server's error log at that time and tell us what is wrong.")
    up = _(
        "Please see that the server of %(host)s is up and lets connections through, and that no firewall "
        "drops them before they reach it."
    )
    return {
        Cause.USER_AGENT_RULE: _(
            "Please exempt requests below %(path)s with these User-Agents from the rule that refuses them: "
            "%(agents)s. All else may stay as it is."
        ),
        Cause.HEADER_LOST: _(
            'Please hand the request header "Authorization" to PHP for paths below %(path)s.'
        ),
        Cause.API_NOT_FOUND: _(
            "Please see that requests below %(path)s reach the shop software (rewrite rules)."
        ),
        Cause.SIGN_IN: _(
            "Please exempt paths below %(path)s from the sign-in: the shop's interface has its own keys."
        ),
        Cause.CERTIFICATE_EXPIRED: renew,
        Cause.CERTIFICATE_EXPIRES: renew,
        Cause.CERTIFICATE_NOT_YET: renew,
        Cause.CERTIFICATE_NAME: install,
        Cause.CERTIFICATE_UNTRUSTED: install,
        Cause.CERTIFICATE_CHAIN: _(
            "Please send the intermediate certificate too (the full chain) for %(host)s."
        ),
        Cause.TLS_PROTOCOL: _("Please offer TLS 1.2 and 1.3 on %(host)s."),
        Cause.NAME_NOT_FOUND: _("Please see that the name %(host)s leads to the shop's server."),
        Cause.ORIGIN_FAULT: _(
            "Please see that the shop's server accepts connections from that service's addresses, and shows "
            "it a valid certificate."
        ),
        Cause.APPLICATION_FAULT: look,
        Cause.SERVER_FAULT: look,
        Cause.SLOW: look,
        Cause.CONNECTION_REFUSED: up,
        Cause.TIMED_OUT: up,
        Cause.CLOSED_EARLY: up,
    }

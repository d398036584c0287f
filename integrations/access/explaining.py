"""A diagnosis in words: what is wrong, why that is thought, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations import registry
from integrations.access.because import because
from integrations.access.fixes.records import Guest
from integrations.access.headlines import headline, label, names_the_hub, reads
from integrations.access.naming import listed
from integrations.access.records import Cause, Diagnosis, Examination, Severity, Subject

_BELOW_THE_ROOT = {"woocommerce": "/wc"}
"""What hubs ask a platform for lies below this part of its API's root; empty: anywhere there."""
_NOT_KNOWN = frozenset({Cause.UNSTEADY, Cause.NOT_UNDERSTOOD})
_FROM_HERE = frozenset(
    {Cause.EVERYBODY_REFUSED, Cause.CONNECTION_REFUSED, Cause.TIMED_OUT, Cause.CLOSED_EARLY}
)
"""What another address may be spared."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences in the reader's language, made when they are asked for."""

    headline: str
    """What is wrong, in one sentence; how sure that is, is not in it."""
    because: tuple[str, ...]
    """What was seen, what it shows, and how sure it is; a sentence each."""
    consequence: str
    """What the hub cannot do."""
    label: str
    """At most 40 characters, without hub, host or date: the same for whoever suffers from the same."""


def explain(diagnosis: Diagnosis, guest: Guest, examination: Examination | None = None) -> Explanation:
    """``examination``, where it is at hand, adds what passes and which answers decided."""
    return Explanation(
        headline=headline(diagnosis, guest),
        because=because(diagnosis, guest, examination),
        consequence=_consequence(diagnosis, guest),
        label=label(diagnosis),
    )


def guest_of(
    hub_name: str,
    agents: Sequence[str],
    addresses: Sequence[str],
    examination: Examination,
    *,
    own_addresses: Sequence[str] = (),
) -> Guest:
    """Whom fixes for an examined store let through, and to which paths.

    ``addresses`` and ``own_addresses``: networks that the hub, and this installation, ask from, where known.
    """
    address = urlsplit(examination.url)
    plan = registry.adapter_class(examination.platform).plan
    path = f"/{address.path}/{examination.path}".removesuffix(plan.target).rstrip("/")
    path = "/".join(["", *filter(None, path.split("/"))])
    return Guest(
        name=hub_name,
        agents=tuple(dict.fromkeys(agents)),
        addresses=tuple(dict.fromkeys(addresses)),
        host=address.hostname or "",
        path=path + _BELOW_THE_ROOT.get(examination.platform, ""),
        platform=examination.platform,
        own_addresses=tuple(dict.fromkeys(own_addresses)),
    )


def _consequence(diagnosis: Diagnosis, guest: Guest) -> str:
    values = {"hub": guest.name, "methods": listed(diagnosis.methods) or _("some methods")}
    return _consequence_template(diagnosis, guest) % values


def _consequence_template(diagnosis: Diagnosis, guest: Guest) -> str:
    if diagnosis.cause is Cause.OWN_NETWORK:
        return _("%(hub)s is not concerned: it asks from elsewhere.")
    if diagnosis.cause in _NOT_KNOWN:
        return _("Whether %(hub)s gets through cannot be told from these answers.")
    if diagnosis.severity is Severity.INFO:
        return _("Nothing suffers from it: %(hub)s gets its orders.")
    match diagnosis.cause:
        case Cause.MAINTENANCE:
            return _("Orders do not arrive at %(hub)s while it lasts, and do when the shop is open again.")
        case Cause.RATE_LIMIT:
            return _("Orders and tracking numbers come late, or not at all while it lasts.")
        case Cause.SLOW:
            return _("Orders come late, and a request that takes too long counts as failed.")
        case Cause.CERTIFICATE_EXPIRES:
            return _("Until then all is well; from then on %(hub)s does not get any order.")
        case Cause.REDIRECT:
            return _("%(hub)s does not follow with its key, or loses what it wants to write.")
        case Cause.HEADER_LOST:
            return _("%(hub)s is refused as if it had no key: orders do not arrive at it.")
        case _:
            return _of_refused_requests(diagnosis, guest)


def _of_refused_requests(diagnosis: Diagnosis, guest: Guest) -> str:
    is_failure = diagnosis.severity is Severity.FAIL
    if diagnosis.cause is Cause.CONNECTION_REFUSED and diagnosis.subject is Subject.NAME:
        return _("Where %(hub)s tries these addresses first, its requests fail or come late.")
    if diagnosis.cause in _FROM_HERE and not diagnosis.is_inferred:
        return _("If %(hub)s meets the same, it gets no order and cannot write tracking numbers.")
    if not reads(diagnosis, guest):
        if is_failure:
            return _("Orders arrive at %(hub)s; tracking numbers do not reach the store.")
        return _(
            "Orders arrive at %(hub)s. What it does with %(methods)s fails; tracking numbers are not known "
            "to need that."
        )
    if is_failure:
        return _("Orders do not arrive at %(hub)s, and tracking numbers do not reach the store.")
    if diagnosis.agents and names_the_hub(diagnosis, guest):
        return _("Whatever %(hub)s asks under that User-Agent fails; the rest passes.")
    return _("Some of what %(hub)s asks may fail.")

"""The live connection test of a token: each permission, met or not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare import reading, zones
from integrations.cloudflare.permissions import OPTIONAL, Permission
from integrations.cloudflare.reading import NotRead, Part, read_part
from integrations.contracts import ConnectionReport, Need
from integrations.errors import CredentialsRefused, RemoteError, RightMissing

if TYPE_CHECKING:
    from integrations.cloudflare.adapter import CloudflareEdge
    from integrations.cloudflare.records import Zone

PROOFS: tuple[Part[Any], ...] = (
    reading.SECURITY_LEVEL, reading.CAA, reading.CUSTOM, reading.USER_AGENT_RULES, reading.BOTS,
    reading.PAGE_RULES, reading.ROUTES, reading.LOAD_BALANCERS, reading.CACHE_RULES, reading.CONFIGURATIONS,
    reading.REDIRECTS, reading.ORIGINS, reading.TRANSFORMS, reading.ACCOUNT_ACCESS_RULES,
)  # fmt: skip
"""One question for each permission."""


async def test(edge: CloudflareEdge, *, now: datetime) -> ConnectionReport:
    """Asks about the token, for a zone, and once for each permission. Never needs more than reading."""
    facts = {"platform": edge.label}
    accepted, listed = _("The token is accepted"), _("Zones are listed")
    try:
        standing = await zones.verify(edge.api, now=now)
        zone = await zones.any_zone(edge.api, standing, now=now)
        if standing.token is None and zone is not None and zone.account.id:
            standing = await zones.verify_for_account(edge.api, zone.account.id, now=now)
    except RightMissing as error:
        good = Need(accepted, True, _("The token is active."))
        return ConnectionReport((good, Need(listed, False, str(error), error.remedy)), facts=facts)
    except CredentialsRefused as error:
        return ConnectionReport((Need(accepted, False, str(error), error.remedy),), facts=facts)
    except RemoteError as error:
        name = _("Cloudflare answers")
        return ConnectionReport((Need(name, False, str(error), error.remedy),), facts=facts)
    needs = [Need(accepted, True, _("The token is active."))]
    if standing.token is not None and standing.token.expires_on is not None:
        facts[_noop("token expires")] = standing.token.expires_on.date().isoformat()
    if zone is None:
        needs.append(
            Need(
                listed,
                False,
                _("The token sees no zone."),
                _("Under Zone Resources of the token include the zones of the shops."),
            )
        )
        return ConnectionReport(tuple(needs), facts=facts)
    facts[_noop("zone")] = zone.name
    needs.append(Need(listed, True, _("The token sees the zone %(zone)s.") % {"zone": zone.name}))
    needs += await _permissions(edge, zone, now)
    return ConnectionReport(tuple(needs), facts=facts)


async def _permissions(edge: CloudflareEdge, zone: Zone, now: datetime) -> list[Need]:
    needs = []
    places = {"zone": zone.id, "account": zone.account.id, "host": zone.name}
    for part in PROOFS:
        try:
            answer = await read_part(edge.api, part, places, now=now)
        except RemoteError as error:
            needs.append(Need(part.permission.value, None, str(error), error.remedy))
            return needs
        needs.append(_need(part.permission, answer))
    return needs


def _need(permission: Permission, answer: object) -> Need:
    if not isinstance(answer, NotRead):
        return Need(permission.value, True, _("Granted."))
    if answer.permission is None:
        return Need(permission.value, None, answer.reason)
    remedy = _("Edit the token in Cloudflare under My Profile > API Tokens and add the permission.")
    if answer.documentation_url:
        remedy += " " + answer.documentation_url
    if permission in OPTIONAL:
        return Need(permission.value, None, _("Not granted; a part of the audit stays unknown."), remedy)
    return Need(permission.value, False, _("Not granted."), remedy)

"""Is the token alive, and which zone is a host in?"""

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from integrations import errors
from integrations.cloudflare.api import CloudflareApi, Refused, new_token
from integrations.cloudflare.permissions import Permission
from integrations.cloudflare.records import TOKEN, ZONES, Token, Zone


class Standing(NamedTuple):
    """What is known of a token."""

    token: Token | None
    """``None``: it is not a person's token; accounts' tokens are asked about elsewhere."""


async def verify(api: CloudflareApi, *, now: datetime) -> Standing:
    """Asks about a person's token. Raises CredentialsRefused when it is expired or disabled."""
    try:
        token = await api.get("user/tokens/verify", TOKEN, now=now)
    except (Refused, errors.CredentialsRefused):
        return Standing(None)
    return Standing(alive(token))


async def verify_for_account(api: CloudflareApi, account: str, *, now: datetime) -> Standing:
    """Asks about a token that belongs to an account. Raises CredentialsRefused."""
    try:
        token = await api.get(f"accounts/{account}/tokens/verify", TOKEN, now=now)
    except (Refused, errors.CredentialsRefused):
        # It answered for a zone a moment ago, so it is alive, whatever it may not ask about itself.
        return Standing(None)
    return Standing(alive(token))


def alive(token: Token) -> Token:
    """Raises CredentialsRefused unless the token may be used."""
    if token.status == "active":
        return token
    if token.status == "expired":
        sentence = _("The token has expired.")
    elif token.status == "disabled":
        sentence = _("The token is disabled.")
    else:
        sentence = _("The token is not active (%(status)s).") % {"status": token.status[:40]}
    raise errors.CredentialsRefused(sentence, remedy=new_token())


async def zone_of(api: CloudflareApi, host: str, standing: Standing, *, now: datetime) -> Zone | None:
    """The zone a host is in, found by walking up its labels; ``None``: the token sees none.

    Raises CredentialsRefused; RightMissing when the token may not list zones.
    """
    labels = host.split(".")
    for start in range(len(labels) - 1):
        name = ".".join(labels[start:])
        for zone in await _named(api, name, standing, now=now):
            if zone.name.lower().rstrip(".") == name:
                if standing.token is None and zone.account.id:
                    await verify_for_account(api, zone.account.id, now=now)
                return zone
    return None


async def any_zone(api: CloudflareApi, standing: Standing, *, now: datetime) -> Zone | None:
    """One of the zones that the token sees."""
    found = await _named(api, "", standing, now=now)
    return found[0] if found else None


async def _named(api: CloudflareApi, name: str, standing: Standing, *, now: datetime) -> list[Zone]:
    params = {"name": name} if name else {"per_page": "5"}
    try:
        return await api.get("zones", ZONES, params, now=now)
    except Refused as error:
        if standing.token is None:
            # Neither question is answered: it is the token, not a permission.
            raise errors.CredentialsRefused(
                _("Cloudflare does not accept this token."), remedy=new_token()
            ) from error
        if error.refusal.status != 403:
            raise
        raise errors.RightMissing(
            _('The token lacks the permission "%(permission)s".') % {"permission": Permission.ZONE.value},
            remedy=_("Edit the token in Cloudflare under My Profile > API Tokens and add it."),
        ) from error

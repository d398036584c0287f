"""Other ways to write a shop's address, and where they lead. Redirects are never followed."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

import httpx

from integrations.access.records import Redirect
from integrations.errors import RemoteError
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from integrations.redaction import redact_url

_PATIENCE = Patience(connect=2.0, read=6.0, whole=8.0)
_STATUSES = frozenset({301, 302, 303, 307, 308})
_ENOUGH_OF_A_BODY = 256
LONGEST_ADDRESS = 300


def spellings(url: str) -> tuple[str, ...]:
    """The address itself, by the other scheme, with or without www, with or without a slash at its end.

    A port that was named stands for one scheme only, so that then there is no other.
    """
    asked = httpx.URL(url)
    found = [asked]
    if asked.port is None:
        found.append(asked.copy_with(scheme="http" if asked.scheme == "https" else "https"))
    if _may_have_a_twin(asked.host):
        found.append(asked.copy_with(host=_twin(asked.host)))
    path = asked.path
    if path != "/":
        found.append(asked.copy_with(path=path.rstrip("/") if path.endswith("/") else f"{path}/"))
    return tuple(str(one) for one in found)


def difference(asked: str, leads_to: str) -> str:
    """What a redirect changes, the weightiest first: ``loop`` (nothing), ``host``, ``www``, ``https``,
    ``http`` (back to plain http), ``slash``, ``path``; empty where that cannot be told.

    Two addresses that lead to each other are a loop too, which only :func:`led` sees.
    """
    before, after = httpx.URL(asked), _target(asked, leads_to)
    if after is None:
        return ""
    if before.host != after.host:
        return "www" if _twin(before.host) == after.host else "host"
    if before.scheme != after.scheme:
        return after.scheme
    if before.port != after.port:
        return "host"
    if before.path != after.path:
        return "slash" if before.path.rstrip("/") == after.path.rstrip("/") else "path"
    return "loop" if before.query == after.query else "path"


async def led(
    url: str, *, policy: GuardPolicy, now: datetime, tls: ssl.SSLContext | None = None
) -> tuple[Redirect, ...]:
    """Those of the address' spellings that redirect; each is asked once, at the same time, by GET.

    An address that does not answer, or may not be asked, leads nowhere. Never raises.
    """
    asked = await asyncio.gather(*(_ask(one, policy=policy, now=now, tls=tls) for one in spellings(url)))
    return _with_loops([one for one in asked if one is not None])


async def _ask(
    url: str, *, policy: GuardPolicy, now: datetime, tls: ssl.SSLContext | None
) -> Redirect | None:
    try:
        async with RemoteClient(url, policy=policy, patience=_PATIENCE, tls=tls) as http:
            answer = await http.request(
                "GET", url, now=now, retry=False, truncate_at=_ENOUGH_OF_A_BODY, keep=False
            )
    except RemoteError:
        return None
    location = answer.headers.get("location", "")
    if answer.status not in _STATUSES or not location:
        return None
    target = _target(url, location)
    if target is None:
        return None
    shown = redact_url(str(target.copy_with(query=None, fragment=None)))[:LONGEST_ADDRESS]
    return Redirect(url, answer.status, shown, difference(url, location))


def _target(asked: str, location: str) -> httpx.URL | None:
    """Where that header leads; ``None``: to no address of the web."""
    try:
        found = httpx.URL(asked).join(location)
    except (httpx.InvalidURL, ValueError):
        return None
    return found if found.scheme in ("http", "https") and found.host else None


def _with_loops(found: Sequence[Redirect]) -> tuple[Redirect, ...]:
    leads = {one.asked: one.leads_to for one in found}

    def goes_round(one: Redirect) -> bool:
        return leads.get(one.leads_to) == one.asked

    return tuple(
        Redirect(one.asked, one.status, one.leads_to, "loop" if goes_round(one) else one.reason)
        for one in found
    )


def _twin(host: str) -> str:
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def _may_have_a_twin(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return "." in host
    return False

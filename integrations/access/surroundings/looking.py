"""Looks at name, connection, certificate and spellings of an address, all at the same time."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import dns.asyncresolver

from integrations.access.records import CertificateFacts, NameFacts, Surroundings
from integrations.access.surroundings.certificates import facts_of
from integrations.access.surroundings.handshakes import shake_hands
from integrations.access.surroundings.names import look_up, system_dns
from integrations.access.surroundings.reaching import Witness, anyone_answers, reach
from integrations.access.surroundings.redirects import led
from integrations.errors import AddressRefused, NameNotFound, TimedOut
from integrations.guard import Address, GuardPolicy, check_url, is_public
from integrations.http import tls_context

WITNESSES: tuple[Witness, ...] = (("one.one.one.one", 443), ("dns.google", 443))
"""Public resolvers of two companies: who cannot connect to either has no way out."""
NAME_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class _Door:
    """What was found where the host listens."""

    addresses: tuple[Address, ...] = ()
    answers: bool = False
    """An address accepts connections or refuses them; silence may be our own network's."""
    certificate: CertificateFacts | None = None
    unreachable: tuple[str, ...] = ()


async def look_around(
    url: str,
    *,
    policy: GuardPolicy,
    now: datetime,
    tls: ssl.SSLContext | None = None,
    resolver: dns.asyncresolver.Resolver | None = None,
    witnesses: Sequence[Witness] = WITNESSES,
) -> Surroundings:
    """What lies around the interface at ``url``, best its full address: redirects may go by the path.

    Takes about as long as the slowest of: two answers of DNS, one connection with TLS, one GET; never
    more than some ten seconds. Changes nothing and sends no credentials. The ``witnesses`` are asked
    only if every address of the host stays silent, or those of one family do. ``tls``: whom to trust,
    as for :class:`~integrations.http.RemoteClient`. Raises AddressRefused only.
    """
    parsed = check_url(url)
    host = parsed.raw_host.decode("ascii")
    is_https = parsed.scheme == "https"
    port = parsed.port or (443 if is_https else 80)
    trusted = (tls or tls_context()) if is_https else None
    try:
        async with asyncio.TaskGroup() as group:
            named = group.create_task(look_up(host, resolver or system_dns()))
            redirects = group.create_task(led(url, policy=policy, now=now, tls=tls))
            door = await _at_the_door(host, port, policy=policy, now=now, tls=trusted, witnesses=witnesses)
    except* AddressRefused as refused:
        raise refused.exceptions[0] from None
    return Surroundings(
        name=_together(named.result(), door),
        certificate=door.certificate,
        redirects=redirects.result(),
        own_network_works=await anyone_answers(witnesses, policy) if witnesses and not door.answers else None,
    )


async def _at_the_door(
    host: str,
    port: int,
    *,
    policy: GuardPolicy,
    now: datetime,
    tls: ssl.SSLContext | None,
    witnesses: Sequence[Witness],
) -> _Door:
    try:
        addresses = tuple(await policy.addresses(host, port, NAME_TIMEOUT_S))
    except (NameNotFound, TimedOut):
        return _Door()
    reached = await reach(addresses, port)
    if reached.open is None or reached.address is None:
        # The world outside tells nothing about the way to a private address.
        return _Door(addresses, answers=bool(reached.refused) or not any(map(is_public, addresses)))
    certificate = None
    if tls is None:
        reached.open.close()
    else:
        certificate = facts_of(await shake_hands(reached.open, reached.address, port, host, tls), host, now)
    silent = reached.silent
    versions = {address.version for address in silent} - {reached.address.version}
    for version in versions:
        # Silence of a whole family may be our own network's, where the other one works.
        if not await anyone_answers(witnesses, policy, version=version):
            silent = tuple(address for address in silent if address.version != version)
    unreachable = tuple(map(str, (*reached.refused, *silent)))
    return _Door(addresses, answers=True, certificate=certificate, unreachable=unreachable)


def _together(name: NameFacts, door: _Door) -> NameFacts:
    """What the system found counts where DNS said nothing: it knows a file of hosts as well."""
    if name.error and door.addresses:
        four = tuple(str(address) for address in door.addresses if address.version == 4)
        six = tuple(str(address) for address in door.addresses if address.version == 6)
        name = replace(name, ipv4=four, ipv6=six, error="")
    return replace(name, unreachable=door.unreachable)

"""Whether Let's Encrypt, which Shopify uses, may issue a certificate for a host (CAA, RFC 8659)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.CAA import CAA as CaaRdata

from integrations.cloudflare.records import DnsRecord

AUTHORITY = "letsencrypt.org"
TIMEOUT_S = 3.0
WHOLE_S = 10.0
"""For a host and all its parents: a long name must not hold up other work."""


class Permit(NamedTuple):
    """One CAA record."""

    tag: str
    value: str


class Issue(Enum):
    FREE = "free"
    """No record forbids anybody."""
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


class NoName(Exception):
    """DNS gave no usable answer."""


Lookup = Callable[[str], Awaitable[Sequence[Permit]]]
"""From a name to the CAA records found under it, aliases followed; raises NoName."""


def judged(permits: Iterable[Permit]) -> Issue:
    """By RFC 8659, 4.2: without an ``issue`` record anybody may; ``issuewild`` speaks of wildcards only."""
    issuers = [
        value.partition(";")[0].strip().lower() for tag, value in permits if tag.strip().lower() == "issue"
    ]
    if not issuers:
        return Issue.FREE
    return Issue.ALLOWED if AUTHORITY in issuers else Issue.FORBIDDEN


def names_of(host: str) -> list[str]:
    """The host and its parents, in the order in which an authority looks (RFC 8659, 3)."""
    labels = host.rstrip(".").lower().split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def in_zone(records: Iterable[DnsRecord], host: str) -> tuple[str, Issue]:
    """The name whose records count, and what they say; by what the zone's operator entered."""
    by_name: dict[str, list[Permit]] = {}
    for record in records:
        if record.type == "CAA":
            permit = Permit(str(record.data.get("tag", "")), str(record.data.get("value", "")))
            by_name.setdefault(record.name.rstrip(".").lower(), []).append(permit)
    for name in names_of(host):
        if name in by_name:
            return name, judged(by_name[name])
    return "", Issue.FREE


async def by_dns(look_up: Lookup, host: str) -> tuple[str, Issue]:
    """The same as an authority sees it. Raises NoName when any name on the way cannot be looked up."""
    try:
        async with asyncio.timeout(WHOLE_S):
            for name in names_of(host):
                permits = await look_up(name)
                if permits:
                    return name, judged(permits)
    except TimeoutError as error:
        raise NoName(type(error).__name__) from error
    return "", Issue.FREE


def looking_up(resolver: dns.asyncresolver.Resolver) -> Lookup:
    """A lookup by that resolver, three seconds at most for each name."""

    async def look_up(name: str) -> Sequence[Permit]:
        try:
            answer = await resolver.resolve(
                dns.name.from_text(name),
                dns.rdatatype.CAA,
                raise_on_no_answer=False,
                lifetime=TIMEOUT_S,
                search=False,
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise NoName(type(error).__name__) from error
        rows = answer.rrset or ()
        return [
            Permit(row.tag.decode("ascii", "replace"), row.value.decode("utf-8", "replace"))
            for row in rows
            if isinstance(row, CaaRdata)
        ]

    return look_up


async def system_lookup(name: str) -> Sequence[Permit]:
    """By the resolvers this machine is set to use."""
    try:
        resolver = dns.asyncresolver.Resolver()
    except (dns.exception.DNSException, OSError) as error:
        raise NoName(type(error).__name__) from error
    return await looking_up(resolver)(name)

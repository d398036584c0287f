"""What DNS says of a host: its addresses, its aliases, and in which of three ways it says nothing."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from time import perf_counter

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

from integrations.access.records import NameFacts

TIMEOUT_S = 3.0
MOST_ADDRESSES = 8
NO_SUCH_NAME = "no_such_name"
NO_ADDRESS = "no_address"
NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class _Found:
    """The answer to one type of question."""

    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    error: str = ""


def system_dns() -> dns.asyncresolver.Resolver | None:
    """The resolvers that this machine is set to use; ``None``: none are."""
    try:
        return dns.asyncresolver.Resolver()
    except (dns.exception.DNSException, OSError):
        return None


async def look_up(host: str, resolver: dns.asyncresolver.Resolver | None) -> NameFacts:
    """Both kinds of addresses, asked at the same time; never raises.

    ``host`` is in ASCII. An IP address and the names of this machine itself are asked of nobody. The
    system's own file of hosts is not read here: whoever asks compares with what the system finds.
    """
    own = _without_dns(host)
    if own is not None:
        return own
    if resolver is None:
        return NameFacts(host, error=NO_ANSWER)
    started = perf_counter()
    four, six = await asyncio.gather(
        _ask(resolver, host, dns.rdatatype.A), _ask(resolver, host, dns.rdatatype.AAAA)
    )
    error = ""
    if not four.addresses and not six.addresses:
        error = NO_SUCH_NAME if NO_SUCH_NAME in (four.error, six.error) else four.error
    return NameFacts(
        host=host,
        ipv4=four.addresses,
        ipv6=six.addresses,
        aliases=four.aliases or six.aliases,
        error=error,
        took_ms=round((perf_counter() - started) * 1000, 1),
    )


def _without_dns(host: str) -> NameFacts | None:
    if host == "localhost" or host.endswith(".localhost"):
        return NameFacts(host, ipv4=("127.0.0.1",))
    try:
        literal = ip_address(host.strip("[]"))
    except ValueError:
        return None
    text = (str(literal),)
    return NameFacts(host, ipv4=text) if literal.version == 4 else NameFacts(host, ipv6=text)


async def _ask(resolver: dns.asyncresolver.Resolver, host: str, kind: dns.rdatatype.RdataType) -> _Found:
    try:
        name = dns.name.from_text(host)
        answer = await resolver.resolve(
            name, kind, raise_on_no_answer=False, lifetime=TIMEOUT_S, search=False
        )
    except dns.resolver.NXDOMAIN as error:
        return _Found(aliases=_aliases(error.kwargs["responses"].get(name)), error=NO_SUCH_NAME)
    except (dns.exception.DNSException, OSError, ValueError):
        return _Found(error=NO_ANSWER)
    addresses = tuple(str(row) for row in answer.rrset or ())[:MOST_ADDRESSES]
    return _Found(addresses, _aliases(answer.response), "" if addresses else NO_ADDRESS)


def _aliases(response: dns.message.Message | None) -> tuple[str, ...]:
    """The names an alias leads through, first to last, also where the last one does not exist."""
    if not isinstance(response, dns.message.QueryMessage):
        return ()
    try:
        chain = response.resolve_chaining().cnames
    except dns.exception.DNSException:
        return ()
    return tuple(str(row.target).rstrip(".") for rows in chain for row in rows)[:MOST_ADDRESSES]

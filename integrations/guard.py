"""The address guard: which addresses requests may go to.

A host name is resolved once per connection, every address is judged, and the connection goes to
exactly the address that was judged; so a name that answers differently the second time gains
nothing. Redirects make new connections or new requests and are judged the same way.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore
import httpx
from django.utils.translation import gettext as _

from integrations.errors import AddressRefused, NameNotFound, TimedOut
from integrations.sockets import Backend

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]

_NAT64 = ip_network("64:ff9b::/96")
_CLOSED: tuple[Network, ...] = (
    ip_network("64:ff9b:1::/48"),  # RFC 8215, translation inside one's own network
    ip_network("192.0.0.0/24"),  # RFC 6890; one cloud keeps its metadata service here
    ip_network("168.63.129.16/32"),  # a public address that is the platform service inside one cloud
)


def embedded_ipv4(address: Address) -> Address:
    """The IPv4 address an IPv6 address stands for (mapped, compatible, 6to4, Teredo, NAT64), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address is reachable by everybody and belongs to nobody's inside."""
    real = embedded_ipv4(address)
    return (
        real.is_global
        and not (real.is_multicast or real.is_reserved or real.is_link_local or real.is_unspecified)
        and not (isinstance(real, IPv6Address) and real.is_site_local)
        and not any(real.version == network.version and real in network for network in _CLOSED)
    )


async def system_resolver(host: str, port: int) -> Sequence[Address]:
    """What the operating system says, IPv4 first: hubs ask shops by IPv4."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = {ip_address(str(entry[4][0]).partition("%")[0]): None for entry in found}
    return sorted(addresses, key=lambda address: address.version)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """Public addresses, and the private networks the operator allows by name."""

    allowed_networks: Sequence[Network] = ()
    resolve: Resolver = system_resolver

    def allows(self, address: Address) -> bool:
        real = embedded_ipv4(address)
        return is_public(address) or any(
            real.version == network.version and real in network for network in self.allowed_networks
        )

    async def addresses(self, host: str, port: int, timeout_s: float | None) -> Sequence[Address]:
        """The addresses a connection to ``host`` may use, never empty.

        Raises NameNotFound, AddressRefused, TimedOut.
        """
        try:
            literal = ip_address(host.strip("[]"))
        except ValueError:
            found = await self._resolve(host, port, timeout_s)
        else:
            found = [literal]
        allowed = [address for address in found if self.allows(address)]
        if not allowed:
            raise AddressRefused(
                _("%(host)s is a private or reserved address (%(address)s); requests to it are not allowed.")
                % {"host": host, "address": ", ".join(map(str, found[:3]))},
                remedy=_(
                    "Correct the address. If this network is yours, set SYNCWATCH_ALLOWED_NETWORKS to it, "
                    "for example 10.1.0.0/16, and start Syncwatch again."
                ),
            )
        return allowed

    async def _resolve(self, host: str, port: int, timeout_s: float | None) -> Sequence[Address]:
        try:
            async with asyncio.timeout(timeout_s):
                found = await self.resolve(host, port)
        except TimeoutError as error:
            raise TimedOut(_("Looking up the name %(host)s took too long.") % {"host": host}) from error
        except (socket.gaierror, UnicodeError) as error:
            if getattr(error, "errno", None) == socket.EAI_AGAIN:
                message = _("The name %(host)s could not be looked up just now.") % {"host": host}
                raise NameNotFound(message) from error
            raise NameNotFound(
                _("There is no address for the name %(host)s.") % {"host": host},
                remedy=_("Check the spelling of the address, and whether the domain has expired."),
            ) from error
        if not found:
            raise NameNotFound(_("There is no address for the name %(host)s.") % {"host": host})
        return found


def check_url(url: str) -> httpx.URL:
    """The URL as it will be asked, unless no store or hub may have it. Raises AddressRefused.

    User and password in a URL would end up in logs, and hide the real host from a reader.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(_("The address is not a valid web address.")) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise AddressRefused(
            _("The address must begin with https:// or http:// and name a host."),
            remedy=_("Enter the address as a browser shows it, for example https://shop.example."),
        )
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise AddressRefused(_("The address names a port that does not exist."))
    if parsed.userinfo:
        raise AddressRefused(
            _("The address holds a user name or a password."),
            remedy=_("Enter them in the fields for credentials."),
        )
    return parsed


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses the policy has judged; names and certificates stay those of the host."""

    def __init__(self, policy: GuardPolicy, on_resolved: Callable[[], None]) -> None:
        self._policy = policy
        self._on_resolved = on_resolved
        self._network = Backend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._policy.addresses(host, port, timeout)
        self._on_resolved()
        failure: Exception | None = None
        for address in addresses[:3]:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

"""A real DNS server on this machine, whose zone is a dict."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str] | str]
"""From name and type to values; or to ``silent`` (no answer ever comes) or ``broken`` (SERVFAIL). A name
with no entry of any type does not exist."""


class _Server(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = str(query.question[0].name).rstrip(".")
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        while True:
            found = self.zone.get((name, kind))
            if found == "silent":
                return
            if found == "broken":
                reply.set_rcode(dns.rcode.SERVFAIL)
            elif found:
                reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *found))
            elif (name, "CNAME") in self.zone:
                (target,) = self.zone[name, "CNAME"]
                reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target}."))
                name = target
                continue
            elif not any(known == name for known, _kind in self.zone):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            break
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def serving_zone(zone: Zone) -> AsyncIterator[dns.asyncresolver.Resolver]:
    """A resolver that asks a server with that zone, and nobody else."""
    transport, _server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Server(zone), local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield resolver
    finally:
        transport.close()

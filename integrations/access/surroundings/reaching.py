"""Which of a host's addresses accept a connection; nothing is sent on it."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from integrations.errors import RemoteError
from integrations.guard import Address, GuardPolicy

TIMEOUT_S = 3.0
MOST_TRIED = 4
"""Connections at once to one host: more look like an attack."""

Witness = tuple[str, int]
"""Host and port of somebody who is nearly always there, and has nothing to do with any shop."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of the connections to a host's addresses."""

    open: socket.socket | None = None
    """Connected to the first address that accepts; whoever takes this closes it."""
    address: Address | None = None
    """That one."""
    refused: tuple[Address, ...] = ()
    silent: tuple[Address, ...] = ()
    """Did not answer in time."""


async def reach(addresses: Sequence[Address], port: int) -> Reached:
    """Connects to all of them at once; never raises."""
    tried = _some_of_each_kind(addresses)
    results = await asyncio.gather(*(_knock(address, port) for address in tried))
    reached = [
        (address, result)
        for address, result in zip(tried, results, strict=True)
        if isinstance(result, socket.socket)
    ]
    for _address, spare in reached[1:]:
        spare.close()
    return Reached(
        open=reached[0][1] if reached else None,
        address=reached[0][0] if reached else None,
        refused=tuple(a for a, result in zip(tried, results, strict=True) if result is _REFUSED),
        silent=tuple(a for a, result in zip(tried, results, strict=True) if result is _SILENT),
    )


async def connect(address: Address, port: int) -> socket.socket:
    """A connected socket. Raises OSError, TimeoutError."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    plug = socket.socket(family, socket.SOCK_STREAM)
    plug.setblocking(False)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.get_running_loop().sock_connect(plug, (str(address), port))
    except BaseException:
        plug.close()
        raise
    return plug


async def anyone_answers(
    witnesses: Sequence[Witness], policy: GuardPolicy, *, version: int | None = None
) -> bool:
    """Whether one of them accepts a connection, by that version of IP (``None``: by either)."""
    asked = [asyncio.ensure_future(_answers(witness, policy, version)) for witness in witnesses]
    try:
        for answered in asyncio.as_completed(asked):
            if await answered:
                return True
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return False


_REFUSED = "refused"
_SILENT = "silent"
_NO_WAY = "no way"


async def _knock(address: Address, port: int) -> socket.socket | str:
    try:
        return await connect(address, port)
    except ConnectionRefusedError:
        return _REFUSED
    except TimeoutError:
        return _SILENT
    except OSError:
        # "Network is unreachable" and the like: often our own machine that has no IPv6.
        return _NO_WAY


async def _answers(witness: Witness, policy: GuardPolicy, version: int | None) -> bool:
    host, port = witness
    try:
        addresses = await policy.addresses(host, port, TIMEOUT_S)
    except RemoteError:
        return False
    for address in [address for address in addresses if version in (None, address.version)][:1]:
        with contextlib.suppress(OSError, TimeoutError):
            (await connect(address, port)).close()
            return True
    return False


def _some_of_each_kind(addresses: Sequence[Address]) -> list[Address]:
    """At most four, in the order they are used, with one of IPv6 where there is one."""
    six = [address for address in addresses if address.version == 6]
    first = list(addresses[:MOST_TRIED])
    if six and not any(address.version == 6 for address in first):
        first[-1] = six[0]
    return first

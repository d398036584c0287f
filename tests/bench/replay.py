"""Requests of the collector, recorded and asked again by a loop that does nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvloop
from django.utils import timezone

from integrations.http import tls_context
from integrations.woocommerce.signing import signer

IN_FLIGHT = 20
LIMITS = httpx.Limits(max_connections=4, max_keepalive_connections=2)


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]
    content: bytes


@contextmanager
def recorded() -> Iterator[list[list[Request]]]:
    """What every client opened inside the block asks, one list per client."""
    clients: dict[httpx.AsyncClient, list[Request]] = {}
    found: list[list[Request]] = []
    send = httpx.AsyncClient.send

    async def note(self: httpx.AsyncClient, request: httpx.Request, **rest: Any) -> httpx.Response:
        if self not in clients:
            clients[self] = []
            found.append(clients[self])
        clients[self].append(
            Request(request.method, str(request.url), dict(request.headers), request.content)
        )
        return await send(self, request, **rest)

    httpx.AsyncClient.send = note
    try:
        yield found
    finally:
        httpx.AsyncClient.send = send


def replay(clients: list[list[Request]], keys: Callable[[str], tuple[str, str] | None]) -> int:
    """Asks everything again, as cheaply as httpx can: one small client per store and job, one TLS
    context, uvloop. ``keys`` gives the key pair that signs requests to an address. Returns the bytes read.
    """
    return uvloop.run(_replay(clients, keys))


async def _replay(clients: list[list[Request]], keys: Callable[[str], tuple[str, str] | None]) -> int:
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(requests: list[Request]) -> int:
        async with slots, httpx.AsyncClient(verify=tls_context(), trust_env=False, limits=LIMITS) as client:
            return sum([size async for size in _ask(client, requests, keys)])

    return sum(await asyncio.gather(*(one(requests) for requests in clients)))


async def _ask(
    client: httpx.AsyncClient, requests: list[Request], keys: Callable[[str], tuple[str, str] | None]
) -> AsyncIterator[int]:
    for request in requests:
        headers = request.headers
        pair = keys(request.url)
        if pair is not None:  # a signature is good for one request only
            headers = {**headers, **signer(*pair, now=timezone.now())(request.method, request.url)}
        answer = await client.request(request.method, request.url, headers=headers, content=request.content)
        yield len(answer.raise_for_status().content)

"""Opens a store or a hub account: the client with its guard, and the adapter on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

from integrations.adapters import EdgeAdapter, HubAdapter, Pacer, StoreAdapter
from integrations.contracts import Target
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.registry import adapter_class


@asynccontextmanager
async def open_store(
    target: Target, platform: str, *, policy: GuardPolicy, pacer: Pacer | None = None
) -> AsyncIterator[StoreAdapter]:
    """The adapter of a store, usable inside the block.

    Raises KeyError for an unknown platform; AddressRefused or CredentialsRefused when what is stored
    of the store cannot be used.
    """
    async with _client(target, policy, pacer) as http:
        yield cast(StoreAdapter, adapter_class(platform)(target, http))


@asynccontextmanager
async def open_hub(
    target: Target, kind: str, *, policy: GuardPolicy, pacer: Pacer | None = None
) -> AsyncIterator[HubAdapter]:
    """The adapter of a hub account; see :func:`open_store`."""
    async with _client(target, policy, pacer) as http:
        yield cast(HubAdapter, adapter_class(kind)(target, http))


@asynccontextmanager
async def open_edge(
    target: Target, kind: str, *, policy: GuardPolicy, pacer: Pacer | None = None
) -> AsyncIterator[EdgeAdapter]:
    """The adapter of an account that reads zones; see :func:`open_store`."""
    async with _client(target, policy, pacer) as http:
        yield cast(EdgeAdapter, adapter_class(kind)(target, http))


def _client(target: Target, policy: GuardPolicy, pacer: Pacer | None) -> RemoteClient:
    return RemoteClient(target.url, policy=policy, pacer=pacer, secrets=tuple(_texts(target.credentials)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)

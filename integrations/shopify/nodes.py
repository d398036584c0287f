"""Orders by their ids, as many per query as its cost allows."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from integrations.errors import OurMistake
from integrations.shopify.budget import fewer
from integrations.shopify.graphql import TooCostly

RowT = TypeVar("RowT")


def order_gid(order_id: str) -> str:
    """Shopify's global id of an order; empty: no order can have that id."""
    return f"gid://shopify/Order/{order_id}" if order_id.isascii() and order_id.isdigit() else ""


class NodeReading(Generic[RowT]):
    """Asks ``fetch`` for ``size`` orders at once, and for fewer as soon as that proves costly."""

    def __init__(
        self, fetch: Callable[[Sequence[str]], Awaitable[tuple[list[RowT], float]]], size: int
    ) -> None:
        self._fetch = fetch
        self._size = size

    async def read(self, order_ids: Sequence[str]) -> list[RowT]:
        """What ``fetch`` finds, in the order of the ids. Raises RemoteError."""
        gids = [gid for gid in map(order_gid, dict.fromkeys(order_ids)) if gid]
        found: list[RowT] = []
        while gids:
            try:
                rows, cost = await self._fetch(gids[: self._size])
            except TooCostly as error:
                if self._size <= 1:
                    raise OurMistake(str(error), call=error.call) from error
                self._size //= 2
                continue
            found += rows
            gids = gids[self._size :]
            self._size = fewer(self._size, cost)
        return found

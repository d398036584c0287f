"""Reads changed orders of a Shopify shop.

Asked by ``updated_at`` ascending with a look-back. Shopify's cursors hold the last value and id, so paging
by cursor neither skips nor repeats while orders change; deep paging ends at 25,000 objects, so the reading
starts again from the last time well before that.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from integrations.contracts import OrderRecord, Page, Watermark
from integrations.documents import Id, Record, Rows, UtcTime
from integrations.errors import OurMistake, UnexpectedAnswer
from integrations.shopify.budget import fewer
from integrations.shopify.graphql import TooCostly

OLDEST = timedelta(days=59)
"""``read_orders`` shows 60 days; older orders are simply absent, without an error."""
DEEPEST = 10_000
NOTHING_TO_SHIP = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED", "RESTOCKED"})


class Node(Record):
    """An order as the saved query asks for it. No personal field is asked for."""

    legacyResourceId: Id  # Shopify's names
    name: str
    createdAt: UtcTime
    updatedAt: UtcTime
    cancelledAt: UtcTime | None = None
    test: bool = False
    displayFulfillmentStatus: str | None = None


class PageInfo(Record):
    hasNextPage: bool
    endCursor: str | None = None


class Orders(Record):
    nodes: Rows[Node]
    pageInfo: PageInfo


Fetch = Callable[[Mapping[str, Any]], Awaitable[tuple[Orders, float]]]
"""From query variables to a page of orders and the cost of the query."""


def record_of(node: Node) -> OrderRecord:
    status = "cancelled" if node.cancelledAt else (node.displayFulfillmentStatus or "unknown").lower()
    reason = ""
    if node.test:
        reason = "test order"
    elif node.cancelledAt or node.displayFulfillmentStatus in NOTHING_TO_SHIP:
        reason = f"status {status}"
    return OrderRecord(
        external_id=node.legacyResourceId,
        number=node.name.removeprefix("#")[:80],
        ordered_at=node.createdAt,
        eligible_at=node.createdAt,
        changed_at=node.updatedAt,
        status=status[:40],
        expected=not reason,
        unexpected_reason=reason[:80],
    )


class OrderReading:
    """One reading from a watermark to the present."""

    def __init__(self, fetch: Fetch, look_back: timedelta, page_size: int) -> None:
        self._fetch = fetch
        self._look_back = look_back
        self._page_size = page_size
        self._seen: set[tuple[object, ...]] = set()

    async def pages(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        """Pages of orders, oldest change first; at least one, possibly empty."""
        mark = since
        bound = max(since.at - self._look_back, now - OLDEST)
        cursor: str | None = None
        depth = 0
        more = True
        while more:
            orders = await self._page(bound, cursor)
            depth += len(orders.nodes)
            if orders.nodes:
                last = orders.nodes[-1]
                # A time ahead of ours must not hide what comes after it.
                reached = min(last.updatedAt, max(now, since.at))
                if reached >= mark.at:
                    mark = Watermark(reached, last.legacyResourceId, "")
            more = orders.pageInfo.hasNextPage and bool(orders.nodes)
            before, cursor = cursor, orders.pageInfo.endCursor
            stuck = more and cursor in (None, before)
            if more and depth >= DEEPEST and orders.nodes[-1].updatedAt > bound:
                bound, cursor, depth = orders.nodes[-1].updatedAt, None, 0
            yield Page(self._new(orders.nodes), mark)
            if stuck:
                raise UnexpectedAnswer(_("Shopify tells of more orders, but not where they begin."))

    async def _page(self, bound: datetime, cursor: str | None) -> Orders:
        while True:
            variables = {
                "first": self._page_size,
                "after": cursor,
                "query": f"updated_at:>='{bound.strftime('%Y-%m-%dT%H:%M:%SZ')}'",
            }
            try:
                orders, cost = await self._fetch(variables)
            except TooCostly as error:
                if self._page_size <= 1:
                    raise OurMistake(str(error), call=error.call) from error
                self._page_size //= 2
                continue
            self._page_size = fewer(self._page_size, cost)
            return orders

    def _new(self, nodes: Sequence[Node]) -> Sequence[OrderRecord]:
        records = []
        for node in nodes:
            record = record_of(node)
            if record.version not in self._seen:
                self._seen.add(record.version)
                records.append(record)
        return records

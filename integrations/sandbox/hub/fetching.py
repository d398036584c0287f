"""How the hub reads the orders of a shop that changed since a moment."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from integrations.sandbox.clock import iso, parse_iso
from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.hub.calling import ShopCaller
from integrations.sandbox.hub.store import ShopOrder
from integrations.sandbox.shops.prestashop_rows import STATES

_ORDERS_PER_PAGE = 100
_SHOPIFY_QUERY = """
query HubOrders($query: String!, $after: String) {
  orders(first: 100, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id legacyResourceId name createdAt updatedAt cancelledAt closedAt test
            displayFinancialStatus displayFulfillmentStatus }
    pageInfo { hasNextPage endCursor }
  }
}"""
_MAGENTO_STATES = {"canceled": "cancelled", "closed": "refunded", "complete": "completed"}


class ShopReader:
    """Reads the shops of a fleet, each as its platform wants it."""

    def __init__(self, caller: ShopCaller) -> None:
        self.caller = caller

    def read(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        """Pages of orders changed after ``since``, oldest change first. Raises CallFailed."""
        readers = {
            "woocommerce": self._woocommerce,
            "shopify": self._shopify,
            "magento": self._magento,
            "prestashop": self._prestashop,
        }
        return readers[shop.platform](shop, since, at)

    async def _woocommerce(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        after = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        page = 1
        while True:
            query = (
                f"modified_after={after}&dates_are_gmt=true&orderby=modified&order=asc"
                f"&per_page={_ORDERS_PER_PAGE}&page={page}"
            )
            entries = await self.caller.call(shop, "GET", f"/wp-json/wc/v3/orders?{query}", at=at)
            yield [_from_woocommerce(entry) for entry in entries]
            if len(entries) < _ORDERS_PER_PAGE:
                return
            page += 1

    async def _shopify(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        after = None
        while True:
            variables = {"query": f"updated_at:>'{iso(since)}'", "after": after}
            orders = (await self.caller.graphql(shop, _SHOPIFY_QUERY, variables, at=at))["orders"]
            yield [_from_shopify(node) for node in orders["nodes"] if not node["test"]]
            if not orders["pageInfo"]["hasNextPage"]:
                return
            after = orders["pageInfo"]["endCursor"]

    async def _magento(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        after = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S")
        filtered = "searchCriteria[filter_groups][0][filters][0]"
        page = 1
        while True:
            query = {
                f"{filtered}[field]": "updated_at",
                f"{filtered}[condition_type]": "gteq",
                f"{filtered}[value]": after,
                "searchCriteria[sortOrders][0][field]": "updated_at",
                "searchCriteria[sortOrders][0][direction]": "ASC",
                "searchCriteria[pageSize]": str(_ORDERS_PER_PAGE),
                "searchCriteria[currentPage]": str(page),
                "fields": "items[entity_id,increment_id,created_at,updated_at,state],total_count",
            }
            found = await self.caller.call(shop, "GET", f"/rest/V1/orders?{urlencode(query)}", at=at)
            # With chosen fields Magento writes null for an empty list.
            yield [_from_magento(item) for item in found["items"] or ()]
            # Past the end the last page is repeated.
            if page * _ORDERS_PER_PAGE >= found["total_count"]:
                return
            page += 1

    async def _prestashop(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        zone = ZoneInfo(shop.time_zone)
        after, until = (
            datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M:%S")
            for moment in (since - _SUMMER_TIME_S, at + _SUMMER_TIME_S)
        )
        offset = 0
        while True:
            query = {
                "display": "[id,reference,current_state,date_add,date_upd]",
                "filter[date_upd]": f"[{after},{until}]",
                "date": "1",
                "sort": "[date_upd_ASC,id_ASC]",
                "limit": f"{offset},{_ORDERS_PER_PAGE}",
                "output_format": "JSON",
            }
            found = await self.caller.call(shop, "GET", f"/api/orders?{urlencode(query)}", at=at)
            rows = found["orders"] if isinstance(found, dict) else []
            yield [_from_prestashop(row, zone) for row in rows]
            if len(rows) < _ORDERS_PER_PAGE:
                return
            offset += _ORDERS_PER_PAGE


_SUMMER_TIME_S = 3600
"""A wall clock may stand an hour earlier or later than it seems."""


def _from_woocommerce(entry: dict[str, Any]) -> ShopOrder:
    completed = entry["date_completed_gmt"]
    return ShopOrder(
        id=str(entry["id"]),
        number=entry["number"],
        created=int(parse_iso(entry["date_created_gmt"])),
        modified=int(parse_iso(entry["date_modified_gmt"])),
        status=entry["status"],
        completed=int(parse_iso(completed)) if completed else None,
    )


def _from_shopify(node: dict[str, Any]) -> ShopOrder:
    if node["cancelledAt"]:
        status = "cancelled"
    elif node["displayFulfillmentStatus"] == "FULFILLED":
        status = "fulfilled"
    else:
        status = node["displayFinancialStatus"].lower()
    closed = node["closedAt"]
    return ShopOrder(
        id=node["legacyResourceId"],
        number=node["name"],
        created=int(parse_iso(node["createdAt"])),
        modified=int(parse_iso(node["updatedAt"])),
        status=status,
        completed=int(parse_iso(closed)) if closed else None,
    )


def _from_magento(item: dict[str, Any]) -> ShopOrder:
    modified = int(parse_iso(item["updated_at"]))
    state = item["state"]
    return ShopOrder(
        id=str(item["entity_id"]),
        number=item["increment_id"],
        created=int(parse_iso(item["created_at"])),
        modified=modified,
        status=_MAGENTO_STATES.get(state, state),
        completed=modified if state == "complete" else None,
    )


def _from_prestashop(row: dict[str, Any], zone: ZoneInfo) -> ShopOrder:
    created, modified = (
        int(datetime.fromisoformat(row[name]).replace(tzinfo=zone).timestamp())
        for name in ("date_add", "date_upd")
    )
    status = STATES[int(row["current_state"])][0]
    return ShopOrder(
        id=str(row["id"]),
        number=row["reference"],
        created=created,
        modified=modified,
        status=status,
        completed=modified if status == "completed" else None,
    )

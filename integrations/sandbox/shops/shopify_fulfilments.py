"""Fulfilments of a Shopify shop: those that came with the order's own story, and those that apps made."""

import json
from typing import Any

from integrations.sandbox.clock import iso
from integrations.sandbox.shops.store import Order, ShopStore

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_fulfilment (
    shop TEXT NOT NULL, id INTEGER NOT NULL, order_id INTEGER NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, tracking TEXT NOT NULL,
    PRIMARY KEY (shop, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS shopify_fulfilment_order ON shopify_fulfilment (shop, order_id);
"""
_FULFILMENT, _FULFILMENT_ORDER = 7, 3
"""What is added to an order's id; ids of orders leave room for it."""
_LOCATION = {
    "name": "Main warehouse",
    "location": {"id": "gid://shopify/Location/71", "name": "Main warehouse"},
}


class UserError(Exception):
    """What an app asked for cannot be done; told as ``userErrors``."""

    def __init__(self, field: list[str], message: str) -> None:
        super().__init__(message)
        self.document = {"field": field, "message": message}


class Fulfilments:
    def __init__(self, store: ShopStore) -> None:
        self.store = store
        store.database.executescript(_SCHEMA)

    # Reading

    def of(self, order: Order) -> list[dict[str, Any]]:
        """What was sent of an order, oldest first."""
        rows = self.store.database.execute(
            "SELECT id, created, updated, tracking FROM shopify_fulfilment WHERE shop = ? AND order_id = ?"
            " ORDER BY id",
            (order.shop, order.id),
        ).fetchall()
        if rows or not order.completed:
            return [_document(order, row[:3], json.loads(row[3])) for row in rows]
        lost = self.store.fault(order.shop, "tracking_lost", order.completed)
        tracking = [] if lost or not order.tracking else [_info(order.tracking, "PostNL", "")]
        return [_document(order, (order.id + _FULFILMENT, order.completed, order.completed), tracking)]

    def orders_of(self, order: Order) -> list[dict[str, Any]]:
        """The fulfilment orders: one, for all lines, at the only location."""
        status = {"completed": "CLOSED", "refunded": "CLOSED", "on-hold": "ON_HOLD"}.get(order.status, "OPEN")
        if order.status in ("cancelled", "failed"):
            status = "CANCELLED"
        actions = {"OPEN": ("CREATE_FULFILLMENT", "HOLD", "MOVE"), "ON_HOLD": ("RELEASE_HOLD",)}.get(
            status, ()
        )
        return [
            {
                "__typename": "FulfillmentOrder",
                "id": f"gid://shopify/FulfillmentOrder/{order.id + _FULFILMENT_ORDER}",
                "status": status,
                "requestStatus": "UNSUBMITTED",
                "createdAt": iso(order.created),
                "updatedAt": iso(order.modified),
                "assignedLocation": _LOCATION,
                "supportedActions": [{"action": action, "externalUrl": None} for action in actions],
            }
        ]

    # Writing

    def create(self, shop: str, asked: dict[str, Any], at: int) -> tuple[Order, dict[str, Any]]:
        """Marks orders as sent. Raises UserError."""
        wanted = [_number(part["fulfillmentOrderId"]) for part in asked["lineItemsByFulfillmentOrder"]]
        orders = [self.store.get(shop, number - _FULFILMENT_ORDER) for number in wanted]
        order = orders[0] if orders else None
        if order is None or len(orders) > 1:
            raise UserError(["fulfillment"], "Fulfillment order does not exist.")
        status = self.orders_of(order)[0]["status"]
        if status != "OPEN":
            message = f"Fulfillment order {wanted[0]} has an unfulfillable status= {status.lower()}."
            raise UserError(["fulfillment"], message)
        tracking = _tracking(asked.get("trackingInfo") or {})
        self._write(order, order.id + _FULFILMENT, at, at, tracking)
        self.store.change_status(shop, order.id, "completed", at)
        return order, self.of(order)[0]

    def update(self, shop: str, gid: str, asked: dict[str, Any], at: int) -> tuple[Order, dict[str, Any]]:
        """Replaces all tracking of a fulfilment. Raises UserError."""
        row_id = _number(gid)
        order = self.store.get(shop, row_id - _FULFILMENT)
        found = next((entry for entry in self.of(order) if entry["id"] == gid), None) if order else None
        if order is None or found is None:
            raise UserError(["fulfillmentId"], "Fulfillment does not exist.")
        self._write(order, row_id, order.completed or at, at, _tracking(asked))
        self.store.database.execute(
            "UPDATE orders SET modified = max(modified, ?) WHERE shop = ? AND id = ?", (at, shop, order.id)
        )
        return order, self.of(order)[0]

    def _write(
        self, order: Order, row_id: int, created: int, updated: int, tracking: list[dict[str, Any]]
    ) -> None:
        self.store.database.execute(
            "INSERT INTO shopify_fulfilment VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (shop, id) DO UPDATE SET updated = excluded.updated, tracking = excluded.tracking",
            (order.shop, row_id, order.id, created, updated, json.dumps(tracking)),
        )


def _document(order: Order, row: tuple[int, int, int], tracking: list[dict[str, Any]]) -> dict[str, Any]:
    row_id, created, updated = row
    return {
        "__typename": "Fulfillment",
        "id": f"gid://shopify/Fulfillment/{row_id}",
        "legacyResourceId": str(row_id),
        "name": f"{order.number}-F1",
        "createdAt": iso(created),
        "updatedAt": iso(updated),
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "deliveredAt": None,
        "inTransitAt": None,
        "estimatedDeliveryAt": None,
        "trackingInfo": lambda _info, first=None: tracking[:first],
        "events": {
            "nodes": [],
            "pageInfo": {
                "hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None
            },
        },
    }  # fmt: skip


def _tracking(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The stored form of a FulfillmentTrackingInput: one company for all, URLs by position."""
    numbers = asked.get("numbers") or ([asked["number"]] if asked.get("number") else [])
    urls = asked.get("urls") or ([asked["url"]] if asked.get("url") else [])
    company = asked.get("company")
    return [
        _info(number, company, urls[place] if place < len(urls) else "")
        for place, number in enumerate(numbers)
    ]


def _info(number: str, company: str | None, url: str) -> dict[str, Any]:
    made = f"https://tracking.example/{number}" if company else None
    return {"company": company, "number": number, "url": url or made}


def _number(gid: str) -> int:
    last = gid.rpartition("/")[2]
    return int(last) if last.isdigit() else 0

"""Shopify's documents: orders, the shop, the app installation."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.clock import iso
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore

VERSIONS = {
    "2026-01": True,
    "2026-04": True,
    "2026-07": True,
    "2026-10": True,
    "2027-01": False,  # release candidate: served, but not yet supported
    "unstable": False,
}
SCOPES = (
    "read_fulfillments",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "write_merchant_managed_fulfillment_orders",
)
ADDRESS = {
    "name": "Jane PRIVATE",
    "firstName": "Jane",
    "lastName": "PRIVATE",
    "company": None,
    "address1": "1 PRIVATE Lane",
    "address2": None,
    "zip": "1012 AB",
    "city": "Amsterdam",
    "province": None,
    "provinceCode": None,
    "country": "Netherlands",
    "countryCodeV2": "NL",
    "phone": "+31600000000",
}
_PLANS = {"standard": "Basic", "advanced": "Advanced", "plus": "Shopify Plus"}
_FINANCIAL = {
    "pending": "PENDING",
    "refunded": "REFUNDED",
    "cancelled": "VOIDED",
    "failed": "VOIDED",
}
_FULFILLMENT = {"completed": "FULFILLED", "on-hold": "ON_HOLD"}


def order_json(order: Order) -> dict[str, Any]:
    created = iso(order.created)
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{order.id}",
        "legacyResourceId": str(order.id),
        "name": order.number,
        "number": int(order.number.lstrip("#") or 0),
        "createdAt": created,
        "processedAt": created,
        "updatedAt": iso(order.modified),
        "cancelledAt": iso(order.cancelled or order.modified)
        if order.status in ("cancelled", "failed")
        else None,
        "closedAt": iso(order.completed) if order.completed else None,
        "test": bool(order.test),
        "tags": [],
        "sourceName": "web",
        "email": "jane.private@example.com",
        "phone": "+31600000000",
        "displayFinancialStatus": _FINANCIAL.get(order.status, "PAID"),
        "displayFulfillmentStatus": _FULFILLMENT.get(order.status, "UNFULFILLED"),
        "currentTotalPriceSet": _money(order.total),
        "shippingLine": {"code": "standard", "title": "Standard"},
        "lineItems": lambda _info, **args: _lines(order, args),
    }


def _money(cents: int) -> dict[str, Any]:
    amount = {"amount": f"{cents / 100:.2f}", "currencyCode": "EUR"}
    return {"shopMoney": amount, "presentmentMoney": amount}


def _lines(order: Order, args: dict[str, Any]) -> dict[str, Any]:
    """One line that is the whole order."""
    line = {
        "id": f"gid://shopify/LineItem/{order.id + 5}",
        "name": "Mug - blue",
        "title": "Mug",
        "sku": "MUG-BLUE",
        "quantity": 2,
        "currentQuantity": 2,
        "requiresShipping": True,
        "weight": {"value": 0.35, "unit": "KILOGRAMS"},
        "discountedUnitPriceAfterAllDiscountsSet": _money(order.total // 2),
    }
    return {"nodes": [] if args.get("after") else [line], "pageInfo": page_info(end="1")}


def webhook_json(order: Order) -> dict[str, Any]:
    """The body of a delivery about an order: the REST form, buyer's data included."""
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": order.number,
        "order_number": int(order.number.lstrip("#") or 0),
        "created_at": iso(order.created),
        "updated_at": iso(order.modified),
        "cancelled_at": iso(order.cancelled) if order.cancelled else None,
        "financial_status": _FINANCIAL.get(order.status, "PAID").lower(),
        "fulfillment_status": "fulfilled" if order.completed else None,
        "test": bool(order.test),
        "total_price": f"{order.total / 100:.2f}",
        "currency": "EUR",
        "email": "jane.private@example.com",
        "shipping_address": {"name": ADDRESS["name"], "address1": ADDRESS["address1"]},
    }


def page_info(
    *, more: bool = False, before: bool = False, start: str | None = None, end: str | None = None
) -> dict[str, Any]:
    return {"hasNextPage": more, "hasPreviousPage": before, "startCursor": start, "endCursor": end}


def cursor(order: Order, column: str) -> str:
    value = {"last_id": order.id, "last_value": getattr(order, column)}
    return base64.b64encode(json.dumps(value).encode()).decode()


def read_cursor(text: str) -> tuple[int, int]:
    """(value of the sort column, id). Raises ValueError."""
    value = json.loads(base64.b64decode(text, validate=True))
    return int(value["last_value"]), int(value["last_id"])


def api_version(handle: str) -> dict[str, Any]:
    return {"handle": handle, "supported": VERSIONS.get(handle, False), "displayName": handle}


def shop_json(request: ShopRequest) -> dict[str, Any]:
    shop = request.shop
    offset = datetime.fromtimestamp(request.at, ZoneInfo(shop.time_zone)).utcoffset()
    host = f"{shop.name}.myshopify.com"
    return {
        "id": f"gid://shopify/Shop/{sum(shop.name.encode()) * 1_000_003}",
        "name": shop.title,
        "email": "owner.private@example.com",
        "myshopifyDomain": host,
        "url": request.base_url,
        "ianaTimezone": shop.time_zone,
        "timezoneOffsetMinutes": int(offset.total_seconds() // 60) if offset else 0,
        "currencyCode": "EUR",
        "plan": {
            "displayName": _PLANS[shop.plan],
            "publicDisplayName": _PLANS[shop.plan],
            "partnerDevelopment": False,
            "shopifyPlus": shop.plan == "plus",
        },
        "primaryDomain": {"host": host, "url": request.base_url, "sslEnabled": True},
        "setupRequired": False,
        "checkoutApiSupported": True,
        "createdAt": iso(request.at - 400 * 86_400),
        "updatedAt": iso(request.at - 3 * 86_400),
    }


def installation_json(scopes: tuple[str, ...]) -> dict[str, Any]:
    def listed(handles: tuple[str, ...]) -> list[dict[str, str]]:
        return [{"handle": handle, "description": handle.replace("_", " ")} for handle in handles]

    return {
        "id": "gid://shopify/AppInstallation/501",
        "app": {
            "id": "gid://shopify/App/77",
            "handle": "order-watch",
            "title": "Order watch",
            "requestedAccessScopes": listed(SCOPES),
        },
        "accessScopes": listed(scopes),
    }


def read_orders(
    store: ShopStore,
    shop: str,
    where: str,
    values: tuple[Any, ...],
    *,
    column: str,
    args: dict[str, Any],
    document: Callable[[Order], dict[str, Any]],
) -> dict[str, Any]:
    """The ``orders`` connection, each as ``document``. Raises ValueError for arguments Shopify refuses."""
    first, last = args.get("first"), args.get("last")
    size = first if first is not None else last
    if size is None:
        raise ValueError("you must provide one of first or last")
    if size > 250:
        raise ValueError("first cannot exceed 250")
    backwards = first is None
    descending = bool(args.get("reverse")) != backwards
    bound = args.get("after") if not backwards else args.get("before")
    if bound:
        try:
            value, order_id = read_cursor(bound)
        except (ValueError, KeyError, TypeError):
            raise ValueError("invalid cursor") from None
        where += f" AND ({column}, id) {'<' if descending else '>'} (?, ?)"
        values = (*values, value, order_id)
    direction = "DESC" if descending else "ASC"
    rows = store.select(shop, where, values, f"{column} {direction}, id {direction}", size + 1)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    documents = [document(row) for row in rows]
    cursors = (cursor(rows[0], column), cursor(rows[-1], column)) if rows else (None, None)
    return {
        "nodes": documents,
        "edges": [
            {"cursor": cursor(row, column), "node": node} for row, node in zip(rows, documents, strict=True)
        ],
        "pageInfo": page_info(
            more=more if not backwards else bool(bound),
            before=bool(bound) if not backwards else more,
            start=cursors[0],
            end=cursors[1],
        ),
    }

"""WooCommerce's and WordPress's other documents: index, status, notes, webhooks, route descriptions."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order
from integrations.sandbox.shops.woo_orders import View, gmt
from integrations.sandbox.shops.woo_query import statuses_of

_PLUGIN_NAMESPACES = {"shipment-tracking": "wc-shipment-tracking/v3", "ast": "wc-ast/v3"}
_NAMESPACES = [
    "oembed/1.0",
    "wc/v3",
    "wc/v1",
    "wc-admin",
    "wc-analytics",
    "wc/store",
    "wc/store/v1",
    "wc/private",
    "wc/v2",
    "wc-telemetry",
    "wp/v2",
    "wp-site-health/v1",
    "wp-block-editor/v1",
]


def index(request: ShopRequest) -> dict[str, Any]:
    offset = datetime.fromtimestamp(request.at, ZoneInfo(request.shop.time_zone)).utcoffset()
    hours = offset.total_seconds() / 3600 if offset else 0
    return {
        "name": request.shop.title,
        "description": "",
        "url": request.base_url,
        "home": request.base_url,
        "gmt_offset": int(hours) if hours == int(hours) else hours,
        "timezone_string": request.shop.time_zone,
        "page_for_posts": 0,
        "page_on_front": 0,
        "show_on_front": "posts",
        "namespaces": _NAMESPACES
        + [name for plugin, name in _PLUGIN_NAMESPACES.items() if plugin in request.shop.plugins],
        "authentication": {},
        "routes": {
            "/wc/v3/orders": {"namespace": "wc/v3", "methods": ["GET", "POST"]},
            "/wc/v3/orders/(?P<id>[\\d]+)": {
                "namespace": "wc/v3",
                "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
            },
        },
    }


def system_status(request: ShopRequest, *, wp_cron: bool) -> dict[str, Any]:
    return {
        "environment": {
            "home_url": request.base_url,
            "site_url": request.base_url,
            "version": "11.0.1",
            "wp_version": "7.1",
            "wp_multisite": False,
            "wp_cron": wp_cron,
            "server_info": "Apache/2.4.71 (Debian)",
            "php_version": "8.2.36",
            "default_timezone": "UTC",
        },
        "settings": {
            "api_enabled": False,
            "force_ssl": False,
            "currency": "EUR",
            "currency_symbol": "&euro;",
            "HPOS_enabled": not request.shop.posts_storage,
        },
    }


def notes(
    order: Order, stored: list[tuple[int, int, str, str, bool]], view: View, order_url: str
) -> list[dict[str, Any]]:
    """Stored notes and those the shop writes itself, newest first."""
    own = []
    if order.completed and order.tracking:
        text = f"Your order was sent with PostNL. Tracking number: {order.tracking}"
        own.append((order.id * 10 + 2, order.completed, "WooCommerce", text, False))
    if order.paid:
        text = "Order status changed from Pending payment to Processing."
        own.append((order.id * 10 + 1, order.paid, "WooCommerce", text, False))
    return [
        {
            "id": number,
            "author": author,
            "date_created": view.local(at),
            "date_created_gmt": gmt(at),
            "note": text,
            "customer_note": to_customer,
            "_links": {
                "self": [
                    {
                        "href": f"{order_url}/notes/{number}",
                        "targetHints": {"allow": ["GET", "DELETE"]},
                    }
                ],
                "collection": [{"href": f"{order_url}/notes"}],
                "up": [{"href": order_url}],
            },
        }
        for number, at, author, text, to_customer in [*stored, *own]
    ]


def _date(what: str) -> dict[str, Any]:
    description = f"Limit response to resources {what} a given ISO8601 compliant date."
    return {"description": description, "type": "string", "format": "date-time", "required": False}


def describe_orders(shop: ShopSpec) -> dict[str, Any]:
    """What OPTIONS tells of ``/orders``, without a key."""
    args: dict[str, Any] = {
        "page": {"type": "integer", "default": 1, "minimum": 1, "required": False},
        "per_page": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100, "required": False},
        "after": _date("published after"),
        "before": _date("published before"),
        "modified_after": _date("modified after"),
        "modified_before": _date("modified before"),
        "dates_are_gmt": {"type": "boolean", "default": False, "required": False},
        "order": {"type": "string", "default": "desc", "enum": ["asc", "desc"], "required": False},
        "orderby": {"type": "string", "default": "date", "required": False},
        "status": {
            "type": "array",
            "default": "any",
            "required": False,
            "items": {"type": "string", "enum": ["any", "trash", *statuses_of(shop)]},
        },
    }
    endpoints = [{"methods": ["GET"], "args": args}, {"methods": ["POST"], "args": {}}]
    return {"namespace": "wc/v3", "methods": ["GET", "POST"], "endpoints": endpoints}


def describe_order() -> dict[str, Any]:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    number = {"description": "Unique identifier for the resource.", "type": "integer", "required": False}
    endpoints = [
        {"methods": ["GET"], "args": {"id": number}},
        {"methods": ["POST", "PUT", "PATCH"], "args": {"id": number}},
        {"methods": ["DELETE"], "args": {"id": number}},
    ]
    return {"namespace": "wc/v3", "methods": methods, "endpoints": endpoints}


def prune(document: Any, fields: str) -> Any:
    """Only the fields that ``_fields`` names; a dot names a field of a field."""
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    if not wanted:
        return document
    if isinstance(document, list):
        return [prune(entry, fields) for entry in document]
    if not isinstance(document, dict):
        return document
    kept: dict[str, Any] = {}
    for name in wanted:
        head, _, rest = name.partition(".")
        if head not in document:
            continue
        if not rest:
            kept[head] = document[head]
        elif isinstance(document[head], dict):
            kept.setdefault(head, {}).update(prune(document[head], rest))
    return kept

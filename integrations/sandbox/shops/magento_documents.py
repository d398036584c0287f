"""What Magento sends: orders, shipments and settings as JSON; the pages of a shop that is not well."""

from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order

HEADERS = {"Server": "Apache", "X-UA-Compatible": "IE=edge", "X-Frame-Options": "SAMEORIGIN"}
HTML = "text/html; charset=UTF-8"
STATES = {
    "pending": ("new", "pending"),
    "processing": ("processing", "processing"),
    "on-hold": ("holded", "holded"),
    "completed": ("complete", "complete"),
    "cancelled": ("canceled", "canceled"),
    "refunded": ("closed", "closed"),
    "failed": ("canceled", "canceled"),
}
"""From the sandbox's status to Magento's (state, status)."""


def stamp(at: int) -> str:
    """UTC without a mark of the zone."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _address(order: Order, kind: str, number: int) -> dict[str, Any]:
    return {
        "address_type": kind,
        "city": "PRIVATE City",
        "country_id": "IE",
        "email": "private@customer.example",
        "entity_id": number,
        "firstname": "PRIVATE",
        "lastname": "Person",
        "parent_id": order.id,
        "postcode": "PRIVATE-1",
        "street": ["PRIVATE Street 1"],
        "telephone": "+353 1 5550100",
    }


def _item(order: Order) -> dict[str, Any]:
    price = round((order.total - 500) / 100, 2)
    shipped = 1 if order.completed else 0
    zeros = dict.fromkeys(("amount_refunded", "base_amount_refunded", "base_cost", "base_discount_amount"), 0)
    return {
        **zeros,
        "base_discount_invoiced": 0,
        "base_original_price": price,
        "base_price": price,
        "base_price_incl_tax": price,
        "base_row_invoiced": price,
        "base_row_total": price,
        "base_row_total_incl_tax": price,
        "base_tax_amount": 0,
        "base_tax_invoiced": 0,
        "created_at": stamp(order.created),
        "discount_amount": 0,
        "discount_invoiced": 0,
        "discount_percent": 0,
        "free_shipping": 0,
        "is_qty_decimal": 0,
        "is_virtual": 0,
        "item_id": order.id,
        "name": "Linen apron",
        "no_discount": 0,
        "order_id": order.id,
        "original_price": price,
        "price": price,
        "price_incl_tax": price,
        "product_id": 1,
        "product_type": "simple",
        "qty_backordered": 0,
        "qty_canceled": 1 if order.cancelled else 0,
        "qty_invoiced": 1 if order.paid else 0,
        "qty_ordered": 1,
        "qty_refunded": 0,
        "qty_shipped": shipped,
        "row_invoiced": price,
        "row_total": price,
        "row_total_incl_tax": price,
        "row_weight": 0.5,
        "sku": "DEMO-1",
        "store_id": 1,
        "tax_amount": 0,
        "tax_invoiced": 0,
        "tax_percent": 0,
        "updated_at": stamp(order.modified),
        "weight": 0.5,
        "extension_attributes": {"itemized_taxes": []},
    }


def _money(order: Order) -> dict[str, Any]:
    total = order.total / 100
    shipping = {
        "base_shipping_amount": 5,
        "base_shipping_discount_amount": 0,
        "base_shipping_incl_tax": 5,
        "base_shipping_invoiced": 5,
        "base_shipping_tax_amount": 0,
        "shipping_amount": 5,
        "shipping_discount_amount": 0,
        "shipping_incl_tax": 5,
        "shipping_invoiced": 5,
        "shipping_tax_amount": 0,
    }
    goods = round(total - 5, 2)
    paid = total if order.paid else 0
    sums = {"discount_amount": 0, "grand_total": total, "subtotal": goods, "subtotal_incl_tax": goods}
    sums |= {"subtotal_invoiced": goods, "tax_amount": 0, "total_due": round(total - paid, 2)}
    sums |= {"total_invoiced": paid, "total_paid": paid}
    return {**sums, **{f"base_{name}": value for name, value in sums.items()}, **shipping}


def order_json(order: Order) -> dict[str, Any]:
    """A whole order of a guest."""
    state, status = STATES.get(order.status, ("new", order.status))
    money = _money(order)
    shipping_total = {name: value for name, value in money.items() if "shipping" in name}
    document = {
        **money,
        "base_currency_code": "EUR",
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "billing_address_id": order.id * 2 - 1,
        "created_at": stamp(order.created),
        "customer_email": "private@customer.example",
        "customer_firstname": "PRIVATE",
        "customer_group_id": 0,
        "customer_is_guest": 1,
        "customer_lastname": "Person",
        "customer_note_notify": 1,
        "email_sent": 1,
        "entity_id": order.id,
        "global_currency_code": "EUR",
        "increment_id": order.number,
        "is_virtual": 0,
        "order_currency_code": "EUR",
        "protect_code": "0f5b363759c6715fdd32fac2ac992bd4",
        "remote_ip": "192.0.2.10",
        "shipping_description": "Flat Rate - Fixed",
        "state": state,
        "status": status,
        "store_currency_code": "EUR",
        "store_id": 1,
        "store_name": "Main Website\nMain Website Store\nDefault Store View",
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
        "total_item_count": 1,
        "total_qty_ordered": 1,
        "updated_at": stamp(order.modified),
        "weight": 0.5,
    }
    return document | {
        "items": [_item(order)],
        "billing_address": _address(order, "billing", order.id * 2 - 1),
        "payment": {
            "account_status": None,
            "additional_information": ["Check / Money order"],
            "amount_ordered": money["grand_total"],
            "amount_paid": money["total_paid"],
            "base_amount_ordered": money["grand_total"],
            "base_amount_paid": money["total_paid"],
            "base_shipping_amount": 5,
            "cc_last4": None,
            "entity_id": order.id,
            "method": "checkmo",
            "parent_id": order.id,
            "shipping_amount": 5,
        },
        "status_histories": [history_json(order)],
        "extension_attributes": {
            "shipping_assignments": [
                {
                    "shipping": {
                        "address": _address(order, "shipping", order.id * 2),
                        "method": "flatrate_flatrate",
                        "total": shipping_total,
                    },
                    "items": [_item(order)],
                }
            ],
            "payment_additional_info": [{"key": "method_title", "value": "Check / Money order"}],
            "applied_taxes": [],
            "item_applied_taxes": [],
            "converting_from_quote": False,
            "taxes": [],
            "additional_itemized_taxes": [],
        },
    }


def history_json(order: Order) -> dict[str, Any]:
    """The entry of an order's history that its last state left."""
    return {
        "comment": None,
        "created_at": stamp(order.completed or order.paid or order.created),
        "entity_id": order.id,
        "entity_name": "order",
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        "parent_id": order.id,
        "status": STATES.get(order.status, ("", order.status))[1],
    }


def track_json(row: tuple[int, int, int, int, str, str, str]) -> dict[str, Any]:
    """Of (id, shipment, order, at, number, title, carrier)."""
    track_id, shipment, order, at, number, title, carrier = row
    return {
        "order_id": order,
        "created_at": stamp(at),
        "entity_id": track_id,
        "parent_id": shipment,
        "updated_at": stamp(at),
        "weight": None,
        "qty": None,
        "description": None,
        "track_number": number,
        "title": title,
        "carrier_code": carrier,
    }


def shipment_json(
    shipment: int, order: int, at: int, tracks: list[dict[str, Any]], *, is_mailed: bool
) -> dict[str, Any]:
    """``is_mailed``: made in the admin, where the buyer is mailed; others are made through the API."""
    item = {"entity_id": shipment, "name": "Linen apron", "parent_id": shipment, "price": 24.9}
    item |= {"product_id": 1, "sku": "DEMO-1", "weight": 0.5, "order_item_id": order, "qty": 1}
    return {
        "billing_address_id": order * 2 - 1,
        "created_at": stamp(at),
        **({"email_sent": 1} if is_mailed else {}),
        "entity_id": shipment,
        "increment_id": f"{shipment:09d}",
        "order_id": order,
        "packages": [],
        "shipping_address_id": order * 2,
        "store_id": 1,
        "total_qty": 1,
        "updated_at": stamp(at),
        "items": [item],
        "tracks": tracks,
        "comments": [],
        **({} if is_mailed else {"extension_attributes": {"source_code": "default"}}),
    }


def store_config(shop: ShopSpec, base_url: str) -> dict[str, Any]:
    urls = {
        f"{prefix}base_{kind}url": f"{base_url}/{path}"
        for prefix in ("", "secure_")
        for kind, path in (("", ""), ("link_", ""), ("static_", "static/"), ("media_", "media/"))
    }
    return {
        "id": 1,
        "code": "default",
        "website_id": 1,
        "locale": "en_US",
        "base_currency_code": "EUR",
        "default_display_currency_code": "EUR",
        "timezone": shop.time_zone,
        "weight_unit": "lbs",
        **urls,
    }


_ERROR = "There has been an error processing your request"


def _report(title: str, body: str) -> bytes:
    return (
        "<!doctype html>\n<html>\n<head>\n"
        f"    <title>{title}</title>\n</head>\n<body>{body}</body>\n</html>\n"
    ).encode()


def maintenance(request: ShopRequest) -> Page | None:
    """Every path and verb, whatever is accepted; the health check alone goes on."""
    if request.path == "/health_check.php":
        return None
    body = _report("Error 503: Service Unavailable", "<h1>Service Temporarily Unavailable</h1>")
    headers = {**HEADERS, "X-Content-Type-Options": "nosniff", "Content-Type": HTML}
    return Page(503, b"" if request.method == "HEAD" else body, headers)


def database_down(request: ShopRequest) -> Page:
    if request.path == "/health_check.php":
        return Page(500, b"", {**HEADERS, "Content-Type": HTML})
    body = (
        f"<!doctype html>\n<html>\n<head>\n    <title>{_ERROR}</title>\n"
        '    <base href="An error has happened during application run. See exception log for details.\n'
    )
    return Page(500, body.encode(), {**HEADERS, "Content-Type": "text/plain;charset=UTF-8"})


def broken(_request: ShopRequest) -> Page:
    """Also for who accepts nothing that Magento's API can write."""
    body = _report(_ERROR, "<h1>There has been an error</h1>")
    return Page(500, body, {**HEADERS, "Content-Type": HTML})


def not_found() -> Page:
    return Page(
        404, _report("404 Not Found", "<h1>Whoops, our bad...</h1>"), {**HEADERS, "Content-Type": HTML}
    )

"""A WooCommerce 11.0.1 order in JSON: its fields, in the order the real one sends them.

Personal fields hold marked fake data, so that a test can prove it is kept nowhere.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.shops.store import Order

_ADDRESS = {
    "first_name": "Jane",
    "last_name": "PRIVATE",
    "company": "",
    "address_1": "1 PRIVATE Street",
    "address_2": "",
    "city": "PRIVATEVILLE",
    "state": "",
    "postcode": "00000",
    "country": "NL",
}
_BILLING = {**_ADDRESS, "email": "jane.private@example.com", "phone": "+31600000000"}
_SHIPPING = {**_ADDRESS, "phone": ""}
_ALLOW = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}


Meta = Callable[[str, int], list[dict[str, Any]]]
"""From shop and order to the order's meta fields."""


class View:
    """What the fields of an order need to know besides the order."""

    __slots__ = ("base_url", "meta", "zone")

    def __init__(self, base_url: str, time_zone: str, meta: Meta) -> None:
        self.base_url = base_url
        self.meta = meta
        self.zone = ZoneInfo(time_zone)

    def local(self, at: int | None) -> str | None:
        return None if at is None else datetime.fromtimestamp(at, self.zone).isoformat()[:19]


def gmt(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()[:19]


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _line_items(order: Order, _view: View) -> list[dict[str, Any]]:
    price = _money(max(order.total - 495, 0))
    return [
        {
            "id": order.id * 3 + 1,
            "name": "Mug",
            "product_id": 11,
            "variation_id": 0,
            "quantity": 1,
            "tax_class": "",
            "subtotal": price,
            "subtotal_tax": "0.00",
            "total": price,
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": [],
            "sku": "MUG",
            "global_unique_id": "",
            "price": max(order.total - 495, 0) / 100,
            "image": {"id": "", "src": ""},
            "parent_name": None,
        }
    ]


def _shipping_lines(order: Order, _view: View) -> list[dict[str, Any]]:
    return [
        {
            "id": order.id * 3 + 2,
            "method_title": "PostNL",
            "method_id": "flat_rate",
            "instance_id": "1",
            "total": "4.95",
            "total_tax": "0.00",
            "taxes": [],
            "tax_status": "taxable",
            "meta_data": [],
        }
    ]


def _links(order: Order, view: View) -> dict[str, Any]:
    orders = f"{view.base_url}/wp-json/wc/v3/orders"
    return {
        "self": [{"href": f"{orders}/{order.id}", "targetHints": _ALLOW}],
        "collection": [{"href": orders}],
        "email_templates": [{"embeddable": True, "href": f"{orders}/{order.id}/actions/email_templates"}],
    }


def _payment_url(order: Order, view: View) -> str:
    return f"{view.base_url}/checkout/order-pay/{order.id}/?pay_for_order=true&key={_order_key(order)}"


def _order_key(order: Order) -> str:
    return f"wc_order_SECRET{order.id}"


def _fixed(value: Any) -> Callable[[Order, View], Any]:
    return lambda _order, _view: value


FIELDS: dict[str, Callable[[Order, View], Any]] = {
    "id": lambda o, _: o.id,
    "parent_id": _fixed(0),
    "status": lambda o, _: o.status,
    "currency": _fixed("EUR"),
    "version": _fixed("11.0.1"),
    "prices_include_tax": _fixed(False),
    "date_created": lambda o, v: v.local(o.created),
    "date_modified": lambda o, v: v.local(o.modified),
    "discount_total": _fixed("0.00"),
    "discount_tax": _fixed("0.00"),
    "shipping_total": _fixed("4.95"),
    "shipping_tax": _fixed("0.00"),
    "cart_tax": _fixed("0.00"),
    "total": lambda o, _: _money(o.total),
    "total_tax": _fixed("0.00"),
    "customer_id": _fixed(0),
    "order_key": lambda o, _: _order_key(o),
    "billing": _fixed(_BILLING),
    "shipping": _fixed(_SHIPPING),
    "payment_method": _fixed("bacs"),
    "payment_method_title": _fixed("Direct bank transfer"),
    "transaction_id": lambda o, _: f"tr_{o.id:x}",
    "customer_ip_address": _fixed("192.0.2.1"),
    "customer_user_agent": _fixed(""),
    "created_via": _fixed("checkout"),
    "customer_note": _fixed(""),
    "date_completed": lambda o, v: v.local(o.completed),
    "date_paid": lambda o, v: v.local(o.paid),
    "cart_hash": _fixed(""),
    "number": lambda o, _: o.number,
    "meta_data": lambda o, v: v.meta(o.shop, o.id),
    "line_items": _line_items,
    "tax_lines": _fixed([]),
    "shipping_lines": _shipping_lines,
    "fee_lines": _fixed([]),
    "coupon_lines": _fixed([]),
    "refunds": _fixed([]),
    "payment_url": _payment_url,
    "is_editable": lambda o, _: o.status in ("pending", "on-hold"),
    "needs_payment": lambda o, _: o.status in ("pending", "failed"),
    "needs_processing": _fixed(True),
    "date_created_gmt": lambda o, _: gmt(o.created),
    "date_modified_gmt": lambda o, _: gmt(o.modified),
    "date_completed_gmt": lambda o, _: gmt(o.completed),
    "date_paid_gmt": lambda o, _: gmt(o.paid),
    "currency_symbol": _fixed("€"),
    "_links": _links,
}


def order_json(order: Order, view: View, wanted: frozenset[str] | None = None) -> dict[str, Any]:
    """The order, or the wanted top-level fields of it."""
    return {name: make(order, view) for name, make in _makers(wanted)}


@lru_cache(maxsize=64)
def _makers(wanted: frozenset[str] | None) -> list[tuple[str, Callable[[Order, View], Any]]]:
    return [(name, make) for name, make in FIELDS.items() if wanted is None or name in wanted]


def wanted_fields(query: dict[str, str]) -> frozenset[str] | None:
    """What ``_fields`` asks for; None: everything. A nested name asks for its parent here."""
    text = query.get("_fields", "")
    return frozenset(name.strip().split(".")[0] for name in text.split(",") if name.strip()) or None

"""Sendcloud's documents. Personal fields hold marked fake data."""

from typing import Any

from integrations.sandbox.clock import iso, iso_ms
from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.hub.store import HubOrder, IntegrationState

Integration = dict[str, Any]

SYSTEMS = {"woocommerce": "woocommerce_v2", "shopify": "shopify_v2"}
SORTABLE = ("type", "created_at", "updated_at", "last_fetched_at", "started_failing_at")
SHIPMENT_TIMES = {
    "updated_before": ("updated", "<"),
    "updated_after": ("updated", ">"),
    "announced_before": ("announced", "<"),
    "announced_after": ("announced", ">"),
}
_ADDRESS = {
    "name": "Jane PRIVATE",
    "address_line_1": "PRIVATE Street",
    "house_number": "1",
    "postal_code": "0000AA",
    "city": "PRIVATEVILLE",
    "country_code": "NL",
    "phone_number": "+31600000000",
}
_MONEY = {"value": 42, "currency": "EUR"}


def integration(state: IntegrationState, shop: ShopSpec, shops_url: str) -> Integration:
    pulse = state.pulse
    return {
        "id": state.id,
        "shop_name": shop.title,
        "shop_url": f"{shops_url}/{shop.name}",
        "type": SYSTEMS[shop.platform],
        "started_failing_at": iso(pulse.failing_since) if pulse.failing_since is not None else None,
        "last_fetched_at": iso(pulse.last_fetched_at) if pulse.last_fetched_at is not None else None,
        "created_at": iso(state.created),
        "updated_at": iso(state.updated),
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": False,
        "webhook_url": None,
        "feedback_type": "eager",
    }


def integration_v2(document: Integration) -> Integration:
    return {
        "id": document["id"],
        "shop_name": document["shop_name"],
        "shop_url": document["shop_url"],
        "system": document["type"],
        "failing_since": document["started_failing_at"],
        "last_fetch": document["last_fetched_at"],
        "last_updated_at": document["updated_at"],
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": False,
        "webhook_url": None,
    }


def order(row: HubOrder) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "order_id": row.order_id,
        "order_number": row.number,
        "created_at": iso_ms(row.arrived),
        "modified_at": iso_ms(row.modified),
        "order_details": {
            "integration": {"id": row.integration},
            "status": {"code": row.status, "message": row.status.capitalize()},
            "order_created_at": iso_ms(row.shop_created),
            "order_updated_at": iso_ms(row.shop_modified),
            "order_items": [
                {
                    "name": "Mug",
                    "measurement": {"weight": {"value": 1, "unit": "kg"}},
                    "quantity": 1,
                    "unit_price": _MONEY,
                    "total_price": _MONEY,
                    "delivery_dates": None,
                }
            ],
        },
        "payment_details": {
            "is_cash_on_delivery": False,
            "total_price": _MONEY,
            "status": {"code": "paid", "message": "Order has been paid"},
        },
        "customs_details": None,
        "shipping_address": _ADDRESS,
        "shipping_details": {"is_local_pickup": False, "ship_with": None},
        "billing_address": _ADDRESS,
        "customer_details": {"name": "Jane PRIVATE", "email": "jane.private@example.com"},
    }


def log_row(row: dict[str, Any]) -> dict[str, Any]:
    document = {name: value for name, value in row.items() if name != "at"}
    return {**document, "created_at": iso(row["at"]).replace("Z", "+00:00")}


def shipment(row: tuple[int, int, str, str, float, float]) -> dict[str, Any]:
    number, _integration, order_number, tracking, announced, updated = row
    return {
        "id": f"shp-{number}",
        "order_number": order_number,
        "total_order_price": {"currency": "EUR", "value": "42.00"},
        "carrier": {"code": "postnl", "name": "PostNL"},
        "errors": [],
        "to_address": _ADDRESS,
        "parcels": [
            {
                "id": 380_000_000 + number,
                "status": {"code": "READY_TO_SEND", "message": "Ready to send"},
                "tracking_number": tracking,
                "tracking_url": f"https://tracking.example/{tracking}",
                "created_at": iso_ms(announced),
                "updated_at": iso_ms(updated),
                "announced_at": iso_ms(announced),
            }
        ],
    }

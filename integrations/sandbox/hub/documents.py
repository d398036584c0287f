"""Sendcloud's documents. Personal fields hold marked fake data."""

from typing import Any

from integrations.sandbox.clock import iso, iso_ms
from integrations.sandbox.fleet import IntegrationSpec, ShopSpec
from integrations.sandbox.hub.store import HubOrder, IntegrationState

Integration = dict[str, Any]

SYSTEMS = {
    "woocommerce": "woocommerce_v2",
    "shopify": "shopify_v2",
    "magento": "magento_v2",
    "prestashop": "prestashop_v2",
}
SORTABLE = ("type", "created_at", "updated_at", "last_fetched_at", "started_failing_at")
ADDRESS = {
    "name": "Jane PRIVATE",
    "address_line_1": "PRIVATE Street",
    "house_number": "1",
    "postal_code": "0000AA",
    "city": "PRIVATEVILLE",
    "country_code": "NL",
    "phone_number": "+31600000000",
}
_MONEY = {"value": 42, "currency": "EUR"}


def integration(
    state: IntegrationState,
    spec: IntegrationSpec,
    shop: ShopSpec,
    shops_url: str,
    *,
    silent_since: float | None,
    webhook_url: str,
) -> Integration:
    """``silent_since``: since when the shop cannot be told of parcels. Sendcloud mixes that with failing
    to fetch."""
    pulse = state.pulse
    failing = [at for at in (pulse.failing_since, silent_since) if at is not None]
    return {
        "id": state.id,
        "shop_name": shop.title,
        "shop_url": f"{shops_url}/{shop.name}",
        "type": spec.system or SYSTEMS[shop.platform],
        "started_failing_at": iso(min(failing)) if failing else None,
        "last_fetched_at": iso(pulse.last_fetched_at) if pulse.last_fetched_at is not None else None,
        "created_at": iso(state.created),
        "updated_at": iso(state.updated),
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": bool(webhook_url),
        "webhook_url": webhook_url or None,
        "feedback_type": spec.feedback,
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
        "webhook_active": document["webhook_active"],
        "webhook_url": document["webhook_url"],
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
        "shipping_address": ADDRESS,
        "shipping_details": {"is_local_pickup": False, "ship_with": None},
        "billing_address": ADDRESS,
        "customer_details": {"name": "Jane PRIVATE", "email": "jane.private@example.com"},
    }


def log_row(row: dict[str, Any]) -> dict[str, Any]:
    document = {name: value for name, value in row.items() if name != "at"}
    return {**document, "created_at": iso(row["at"]).replace("Z", "+00:00")}

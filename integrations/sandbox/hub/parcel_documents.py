"""Sendcloud's documents about parcels. Personal fields hold marked fake data."""

from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.clock import iso, iso_ms
from integrations.sandbox.hub.documents import ADDRESS
from integrations.sandbox.hub.feedback import tracking_url
from integrations.sandbox.hub.parcels import STAGES, HubParcel
from integrations.sandbox.hub.store import HubOrder

SHIPMENT_TIMES = {
    "updated_before": ("updated", "<"),
    "updated_after": ("updated", ">"),
    "announced_before": ("announced", "<"),
    "announced_after": ("announced", ">"),
}
FIRST_ID = 380_000_000
_CARRIER = {"code": "postnl", "name": "PostNL"}
_PRESTASHOP_STATUSES = (
    ("3", "Processing in progress"),
    ("4", "Shipped"),
    ("5", "Delivered"),
    ("6", "Canceled"),
)


def statuses() -> list[dict[str, Any]]:
    announcing = [("ANNOUNCED", 1, "Announced"), ("ANNOUNCING", 1001, "Being announced")]
    return [{"code": code, "message": words} for code, _id, words in [*announcing, *STAGES.values()]]


def _url(parcel: HubParcel) -> str | None:
    return f"{tracking_url(parcel.tracking)}?lang=en-us&verification=0000AA" if parcel.tracking else None


def shipment(parcel: HubParcel) -> dict[str, Any]:
    code, _id, words = STAGES[parcel.stage]
    errors = [{"status": "400", "code": "parcel_announcement_error", "detail": parcel.problem}]
    return {
        "id": f"shp-{parcel.id}",
        "order_number": parcel.number,
        "total_order_price": {"currency": "EUR", "value": "42.00"},
        "carrier": _CARRIER,
        "errors": errors if parcel.problem else [],
        "from_address": ADDRESS,
        "to_address": ADDRESS,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "postnl:standard", "contract_id": 517},
        },
        "customs_information": None,
        "parcels": [
            {
                "id": FIRST_ID + parcel.id,
                "status": {"code": code, "message": words},
                "documents": [],
                "tracking_number": parcel.tracking,
                "tracking_url": _url(parcel),
                "created_at": iso_ms(parcel.created),
                "updated_at": iso_ms(parcel.updated),
                "announced_at": None if parcel.announced is None else iso_ms(parcel.announced),
                "parcel_items": [],
            }
        ],
    }


def tracking(parcel: HubParcel) -> dict[str, Any]:
    events = []
    if parcel.announced is not None:
        events.append(_event(parcel.announced, "internal", "announced"))
    if parcel.scanned is not None:
        events.append(_event(parcel.scanned, "carrier", "accepted"))
    return {
        "announced_at": iso(parcel.announced or parcel.created),
        "created_at": iso(parcel.created),
        "details": {
            "brand_id": 1,
            "expected_delivery_date": None,
            "integration_id": parcel.integration,
            "is_mail_box": False,
            "is_return": False,
            "is_to_service_point": False,
        },
        "events": events,
        "from_address": ADDRESS,
        "parcel_items": [],
        "ship_with": {"type": "shipping_option_code", "properties": {"contract_id": 517}},
        "source_id": str(parcel.id),
        "to_address": ADDRESS,
        "tracking_numbers": [
            {
                "carrier_code": _CARRIER["code"],
                "tracking_number": parcel.tracking,
                "tracking_url": _url(parcel),
            }
        ],
        "updated_at": iso(parcel.announced or parcel.created),
    }


def _event(at: float, kind: str, code: str) -> dict[str, Any]:
    return {
        "event_at": iso(at),
        "event_type": kind,
        "status_code": code,
        "status_description": code.capitalize(),
        "status_type": "success",
        "sub_status_code": "none",
    }


def parcel_v2(parcel: HubParcel) -> dict[str, Any]:
    _code, number, words = STAGES[parcel.stage]
    document = {
        "id": FIRST_ID + parcel.id,
        "name": "Jane PRIVATE",
        "address": "PRIVATE Street 1",
        "city": "PRIVATEVILLE",
        "postal_code": "0000AA",
        "email": "jane.private@example.com",
        "date_created": _day_first(parcel.created),
        "date_updated": _day_first(parcel.updated),
        "date_announced": None if parcel.announced is None else _day_first(parcel.announced),
        "tracking_number": parcel.tracking,
        "tracking_url": _url(parcel),
        "status": {"id": number, "message": words},
        "carrier": {"code": "postnl"},
        "order_number": parcel.number,
        "shipment_uuid": f"shp-{parcel.order_id}",
        "is_return": False,
    }
    if parcel.problem:
        document["errors"] = {"non_field_errors": [parcel.problem]}
    return document


def _day_first(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d-%m-%Y %H:%M:%S")


def order_v2(row: HubOrder) -> dict[str, Any]:
    """What version 2 calls a shipment: an imported order."""
    return {
        "shipment_uuid": f"shp-{row.order_id}",
        "external_order_id": row.order_id,
        "external_shipment_id": row.order_id,
        "order_number": row.number,
        "integration": row.integration,
        "order_status": {"id": row.status, "message": row.status.capitalize()},
        "payment_status": {"id": "paid", "message": "Paid"},
        "created_at": iso_ms(row.arrived),
        "updated_at": iso_ms(row.modified),
        "shipment_created_at": iso_ms(row.shop_created),
        "shipment_updated_at": iso_ms(row.shop_modified),
        "name": "Jane PRIVATE",
        "address": "PRIVATE Street",
        "parcel_items": [],
    }


def shop_statuses(deleted: frozenset[str], now: float) -> list[dict[str, Any]]:
    return [
        {
            "external_id": number,
            "status": name,
            "deleted_at": iso(now) if number in deleted else None,
            "translations": [{"status": name, "language": "en-gb"}],
        }
        for number, name in _PRESTASHOP_STATUSES
    ]


def status_mapping(integration: int, deleted: frozenset[str]) -> dict[str, Any]:
    wanted = {"READY_TO_SEND": "3", "IN_TRANSIT": "4", "DELIVERED": None, "CANCEL": "6"}
    rows = [
        {"status_category": category, "external_id": number, "is_valid": number not in deleted}
        for category, number in wanted.items()
    ]
    return {"integration_id": integration, "mapping": rows}

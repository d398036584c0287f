"""Writes a tracking number to one place of a WooCommerce order: a plug-in, a fulfilment, or a note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.access.classify import json_document
from integrations.contracts import Parcel
from integrations.documents import Record, Rows
from integrations.parsing import parse

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

Place = Literal["note", "shipment_tracking", "ast", "fulfillment"]
PLUG_INS: tuple[Place, ...] = ("shipment_tracking", "ast")
ROUTES: dict[Place, str] = {"shipment_tracking": "wc-shipment-tracking/v3", "ast": "wc-ast/v3"}
"""REST namespaces of plug-ins, listed in WordPress' description of its API."""


class Line(Record):
    """How much of an order's line there is to be shipped."""

    id: int
    quantity: float = 0


class _Index(Record):
    namespaces: Rows[str] = []


_INDEX = TypeAdapter(_Index)


async def place_of(store: WooCommerceStore, order_id: int, *, uses_fulfilments: bool, now: datetime) -> Place:
    """The place this shop uses: what was chosen, else the first mechanism it has."""
    chosen = store.settings.tracking_place
    if chosen != "auto":
        return chosen
    params = {"_fields": "namespaces"}
    answer = await store.http.request("GET", f"{store.root}/", now=now, params=params, keep=False)
    if answer.status == 200 and isinstance(json_document(answer), dict):
        namespaces = parse(store.http, answer, _INDEX).namespaces
        plugins = [place for place in PLUG_INS if ROUTES[place] in namespaces]
    else:
        # Some shops close the description to visitors: then the plug-ins' routes tell by themselves.
        plugins = [place for place in PLUG_INS if await _answers(store, place, order_id, now)]
    if plugins:
        return plugins[0]
    return "fulfillment" if uses_fulfilments else "note"


async def put(
    store: WooCommerceStore,
    place: Place,
    order_id: int,
    parcel: Parcel,
    lines: Sequence[Line],
    *,
    notify: bool,
    now: datetime,
) -> None:
    """Writes one number. Raises RemoteError."""
    document: dict[str, Any]
    if place == "note":
        path = f"wc/v3/orders/{order_id}/notes"
        document = {"note": _note(parcel), "customer_note": notify}
    elif place == "fulfillment":
        path = f"wc/v3/orders/{order_id}/fulfillments"
        document = _fulfilment(order_id, parcel, lines, notify=notify)
    else:
        path = _route(place, order_id)
        document = {"tracking_number": parcel.number, "date_shipped": f"{now:%Y-%m-%d}"}
        if place == "ast":
            document |= {"tracking_provider": parcel.carrier, "replace_tracking": 0, "status_shipped": 0}
        else:
            # The plug-in refuses names of carriers that are not on its own list.
            document |= {"custom_tracking_provider": parcel.carrier, "custom_tracking_link": parcel.url}
    await store.send("POST", path, document, now=now)


def _route(place: Place, order_id: int) -> str:
    return f"{ROUTES[place]}/orders/{order_id}/shipment-trackings"


async def _answers(store: WooCommerceStore, place: Place, order_id: int, now: datetime) -> bool:
    answer = await store.ask("GET", _route(place, order_id), now=now, keep=False)
    return answer.status == 200 and isinstance(json_document(answer), list)


def _note(parcel: Parcel) -> str:
    sentence = _("Sent with %(carrier)s. Tracking number: %(number)s") % {
        "carrier": parcel.carrier or _("a carrier"),
        "number": parcel.number,
    }
    return f"{sentence} {parcel.url}".strip()


def _fulfilment(order_id: int, parcel: Parcel, lines: Sequence[Line], *, notify: bool) -> dict[str, Any]:
    values = {
        "_tracking_number": parcel.number,
        "_shipment_provider": parcel.carrier,
        "_tracking_url": parcel.url,
        "_items": [{"item_id": line.id, "qty": _whole(line.quantity)} for line in lines if line.quantity > 0],
    }
    return {
        "entity_type": "WC_Order",
        "entity_id": str(order_id),
        "status": "fulfilled",
        "is_fulfilled": True,
        "notify_customer": notify,
        "meta_data": [{"id": 0, "key": key, "value": value} for key, value in values.items()],
    }


def _whole(quantity: float) -> float | int:
    return int(quantity) if quantity == int(quantity) else quantity

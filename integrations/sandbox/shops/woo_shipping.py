"""Where a WooCommerce order may hold its tracking number: notes, fulfilments, plug-ins' routes."""

import hashlib
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.shops import woo_answers as answers
from integrations.sandbox.shops import woo_documents
from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore
from integrations.sandbox.shops.woo_auth import SignedIn
from integrations.sandbox.shops.woo_orders import View, gmt
from integrations.sandbox.shops.woo_query import InvalidParam
from integrations.sandbox.shops.woo_store import WooData

PLUGINS = {"wc-shipment-tracking": "shipment-tracking", "wc-ast": "ast"}
"""By REST namespace."""
ITEMS = "_wc_shipment_tracking_items"


class WooShipping:
    """Answers below ``/orders/{id}/…``."""

    def __init__(self, store: ShopStore, data: WooData) -> None:
        self.store = store
        self.data = data

    def notes(self, request: ShopRequest, signed_in: SignedIn, order_id: int, view: View) -> Page:
        found = self._order(request, signed_in, order_id)
        if isinstance(found, Page):
            return found
        status = 200
        if request.method == "POST":
            body = answers.body_of(request) or {}
            if not body.get("note"):
                raise InvalidParam("note", "note is a required property.", "rest_missing_callback_param")
            self._note(found, int(request.at), str(body["note"]), to_customer=bool(body.get("customer_note")))
            status = 201
        collection = f"{request.base_url}{answers.API}/orders/{found.id}"
        notes = woo_documents.notes(found, self.store.notes(found.shop, found.id), view, collection)
        return answers.json_page(request, notes[0] if status == 201 else notes, status=status)

    def fulfilments(self, request: ShopRequest, signed_in: SignedIn, order_id: int) -> Page:
        if "fulfillments" not in request.shop.plugins:
            return answers.no_route(request)
        found = self._order(request, signed_in, order_id)
        if isinstance(found, Page):
            return found
        if request.method != "POST":
            return answers.json_page(request, self.data.fulfilments(found.shop, found.id))
        return answers.json_page(request, self._fulfil(request, found), status=201)

    def _fulfil(self, request: ShopRequest, order: Order) -> dict[str, Any]:
        body = answers.body_of(request) or {}
        sent = [entry for entry in body.get("meta_data", []) if isinstance(entry, dict)]
        meta = {str(entry.get("key")): entry.get("value") for entry in sent}
        if not meta.get("_items"):
            raise InvalidParam("meta_data", "The fulfillment must contain at least one item.")
        at = f"{gmt(int(request.at))}Z"
        meta["_date_fulfilled"] = at
        document = {
            "entity_type": "WC_Order",
            "entity_id": str(order.id),
            "status": str(body.get("status", "unfulfilled")),
            "is_fulfilled": bool(body.get("is_fulfilled", False)),
            "date_updated": at,
            "date_deleted": None,
            "meta_data": [
                {"key": key, "value": value, "id": number}
                for number, (key, value) in enumerate(meta.items(), 1)
            ],
        }
        number = self.data.add_fulfilment(order.shop, order.id, document)
        text = (
            f"Fulfillment #{number} created (status: Fulfilled). Items: Mug x1. "
            f"Tracking: {meta.get('_tracking_number')}, Provider: {meta.get('_shipment_provider')}, "
            f"URL: {meta.get('_tracking_url')}."
        )
        self._note(order, int(request.at), text)
        self.data.edit(order.shop, order.id, order.status, int(request.at), moves=True)
        return {"id": number, **document}

    def trackings(self, request: ShopRequest, signed_in: SignedIn, namespace: str, order_id: int) -> Page:
        """The route that the shipment tracking plug-ins add."""
        if PLUGINS.get(namespace) not in request.shop.plugins:
            return answers.no_route(request)
        found = self._order(request, signed_in, order_id)
        if isinstance(found, Page):
            return found
        items = self.data.meta_value(found.shop, found.id, ITEMS) or []
        if request.method != "POST":
            return answers.json_page(request, items)
        body = answers.body_of(request) or {}
        if not body.get("tracking_number"):
            raise InvalidParam("tracking_number", "tracking_number is a required property.")
        item = _item(body)
        self.data.set_meta(found.shop, found.id, [{"key": ITEMS, "value": [*items, item]}])
        return answers.json_page(request, item, status=201)

    def _order(self, request: ShopRequest, signed_in: SignedIn, order_id: int) -> Order | Page:
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.no_route(request)
        refusal = answers.refused(request, signed_in, "list" if request.method != "POST" else "create")
        if refusal:
            return refusal
        order = self.store.get(request.shop.name, order_id)
        invalid = answers.error(request, 404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
        return order or invalid

    def _note(self, order: Order, at: int, text: str, *, to_customer: bool = False) -> None:
        self.store.add_note(order.shop, order.id, at, "system", text, to_customer=to_customer)


def _item(body: Mapping[str, Any]) -> dict[str, Any]:
    number = str(body["tracking_number"])
    return {
        "tracking_provider": str(body.get("tracking_provider", "")),
        "custom_tracking_provider": str(body.get("custom_tracking_provider", "")),
        "custom_tracking_link": str(body.get("custom_tracking_link", "")),
        "tracking_number": number,
        "date_shipped": str(body.get("date_shipped", "")),
        "tracking_id": hashlib.md5(number.encode(), usedforsecurity=False).hexdigest(),
    }

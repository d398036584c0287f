"""How the hub tells a shop that an order was sent: status and tracking number, as each platform wants it."""

from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.hub.calling import Method, ShopCaller
from integrations.sandbox.hub.parcels import HubParcel

CARRIER = "PostNL"
_SHIPPED_STATE = 4
"""PrestaShop's state "Shipped" of a fresh installation."""
_FULFILMENT_ORDERS = """
query HubFulfillmentOrders($id: ID!) {
  order(id: $id) { fulfillmentOrders(first: 10) { nodes { id status } } }
}"""
_FULFIL = """
mutation HubFulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}"""


def tracking_url(number: str) -> str:
    return f"https://tracking.example/{number}"


class ShopWriter:
    """Writes to the shops of a fleet."""

    def __init__(self, caller: ShopCaller) -> None:
        self.caller = caller

    async def tell(
        self, shop: ShopSpec, parcel: HubParcel, at: float, *, may_write: bool, loses_number: bool
    ) -> None:
        """One order was sent. Raises CallFailed.

        ``loses_number``: the shop hears that it was sent, and not under which number.
        """
        number = "" if loses_number else parcel.tracking
        writers = {
            "woocommerce": self._woocommerce,
            "shopify": self._shopify,
            "magento": self._magento,
            "prestashop": self._prestashop,
        }
        await writers[shop.platform](shop, parcel.order_id, number, at, may_write)

    async def _woocommerce(self, shop: ShopSpec, order: str, number: str, at: float, may_write: bool) -> None:
        path = f"/wp-json/wc/v3/orders/{order}"
        status = {"status": "completed"}
        await self.caller.call(shop, "PUT", path, at=at, document=status, may_write=may_write)
        if number:
            text = f"Your order was sent with {CARRIER}. Tracking number: {number} {tracking_url(number)}"
            note = {"note": text, "customer_note": True}
            await self.caller.call(shop, "POST", f"{path}/notes", at=at, document=note, may_write=may_write)

    async def _shopify(self, shop: ShopSpec, order: str, number: str, at: float, may_write: bool) -> None:
        asked = {"id": f"gid://shopify/Order/{order}"}
        found = await self.caller.graphql(shop, _FULFILMENT_ORDERS, asked, at=at)
        nodes = found["order"]["fulfillmentOrders"]["nodes"]
        parts = [{"fulfillmentOrderId": node["id"]} for node in nodes if node["status"] == "OPEN"]
        if not parts:
            return
        fulfillment: dict[str, Any] = {"lineItemsByFulfillmentOrder": parts, "notifyCustomer": False}
        if number:
            fulfillment["trackingInfo"] = {"number": number, "company": CARRIER, "url": tracking_url(number)}
        variables = {"fulfillment": fulfillment}
        await self.caller.graphql(shop, _FULFIL, variables, at=at, may_write=may_write)

    async def _magento(self, shop: ShopSpec, order: str, number: str, at: float, may_write: bool) -> None:
        track = {"track_number": number, "title": CARRIER, "carrier_code": "custom"}
        document = {"notify": False, "tracks": [track] if number else []}
        path = f"/rest/V1/order/{order}/ship"
        await self.caller.call(shop, "POST", path, at=at, document=document, may_write=may_write)

    async def _prestashop(self, shop: ShopSpec, order: str, number: str, at: float, may_write: bool) -> None:
        query = {"filter[id_order]": f"[{order}]", "display": "full", "output_format": "JSON"}
        found = await self.caller.call(shop, "GET", f"/api/order_carriers?{urlencode(query)}", at=at)
        rows = found["order_carriers"] if isinstance(found, dict) else []
        if rows:
            # Version 1.7 knows no PATCH, and a PUT empties what it is not sent.
            is_old = shop.version.startswith("1.")
            row = {**(rows[0] if is_old else {"id": rows[0]["id"]}), "tracking_number": number}
            path = f"/api/order_carriers/{rows[0]['id']}"
            method: Method = "PUT" if is_old else "PATCH"
            xml = _xml("order_carrier", row)
            await self.caller.call(shop, method, path, at=at, xml=xml, may_write=may_write)
        xml = _xml("order_history", {"id_order": order, "id_order_state": _SHIPPED_STATE})
        await self.caller.call(shop, "POST", "/api/order_histories", at=at, xml=xml, may_write=may_write)


def _xml(name: str, fields: dict[str, Any]) -> str:
    inner = "".join(f"<{field}>{escape(str(value))}</{field}>" for field, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><prestashop><{name}>{inner}</{name}></prestashop>'

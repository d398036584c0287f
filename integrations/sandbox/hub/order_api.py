"""Sendcloud's ``POST /orders``: at most 100, all or none, saved a moment after the answer."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from integrations.sandbox.clock import Clock, parse_iso
from integrations.sandbox.fleet import FleetSpec, IntegrationSpec
from integrations.sandbox.hub.answers import Refused, json_answer
from integrations.sandbox.hub.gate import Listed
from integrations.sandbox.hub.shipping import Shipping
from integrations.sandbox.hub.store import HubStore, ShopOrder

MOST = 100
SAVED_AFTER_S = 2.0
_REQUIRED: tuple[tuple[str, ...], ...] = (
    ("order_id",),
    ("order_number",),
    ("order_details", "integration", "id"),
    ("order_details", "status", "code"),
    ("order_details", "order_created_at"),
    ("order_details", "order_items"),
    ("payment_details", "total_price", "value"),
    ("payment_details", "total_price", "currency"),
    ("payment_details", "status", "code"),
)
_OF_ADDRESS = ("name", "address_line_1", "postal_code", "city", "country_code")


@dataclass(frozen=True, slots=True)
class Pending:
    """An order that was accepted and is not saved yet."""

    spec: IntegrationSpec
    order: ShopOrder
    due: float


class OrderApi:
    def __init__(self, fleet: FleetSpec, store: HubStore, clock: Clock, shipping: Shipping) -> None:
        self.store = store
        self.clock = clock
        self.shipping = shipping
        self.specs = {spec.id: spec for spec in fleet.integrations}
        self._pending: dict[tuple[int, str], Pending] = {}

    def listed(self) -> Listed:
        return [("POST", "/api/v3/orders", self.post)]

    async def post(self, request: Request) -> Response:
        self.save_due()
        try:
            sent = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            sent = None
        if not isinstance(sent, list) or not all(isinstance(entry, dict) for entry in sent):
            raise Refused(400, "non_field_errors", "Wrong request format, expected list of objects")
        if len(sent) > MOST:
            detail = f"Orders list should have at most {MOST} items, not {len(sent)}"
            raise Refused(400, "invalid", detail, pointer="/data/attributes/")
        orders = [self._read(request, place, entry) for place, entry in enumerate(sent)]
        if any((each.spec.id, each.order.id) in self._pending for each in orders):
            detail = "We are still processing a previous request. Please try again in a moment."
            raise Refused(400, "invalid", detail, pointer="/data")
        self._pending.update({(each.spec.id, each.order.id): each for each in orders})
        rows = [
            {"id": self._number(each), "order_id": each.order.id, "order_number": each.order.number}
            for each in orders
        ]
        return json_answer({"data": rows}, 201)

    def _read(self, request: Request, place: int, entry: dict[str, Any]) -> Pending:
        """The order. Raises Refused with its place in the batch."""
        pointer = f"/data/attributes/[{place}]"
        for path in _REQUIRED:
            if _at(entry, path) in (None, ""):
                raise Refused(400, "invalid", "Field required", pointer=f"{pointer}/{'/'.join(path)}")
        address = entry.get("shipping_address")
        for name in _OF_ADDRESS:
            if isinstance(address, dict) and not address.get(name):
                raise Refused(400, "invalid", "Field required", pointer=f"{pointer}/shipping_address/{name}")
        currency = _at(entry, ("payment_details", "total_price", "currency"))
        if currency not in ("EUR", "GBP", "USD"):
            where = f"{pointer}/payment_details/total_price/currency"
            raise Refused(400, "invalid", "Input should be 'EUR', 'GBP' or 'USD'", pointer=where)
        details = entry["order_details"]
        for number, item in enumerate(details["order_items"]):
            if int(item.get("quantity", 0)) <= 0:
                where = f"{pointer}/order_details/order_items/{number}/quantity"
                raise Refused(400, "invalid", "Input should be greater than 0", pointer=where)
        spec = self.specs.get(details["integration"]["id"])
        if spec is None or spec.account != request.state.account.name:
            detail = f"Integration with id {details['integration']['id']} does not exist"
            raise Refused(400, "invalid", detail, pointer=f"{pointer}/order_details/integration/id")
        created = int(parse_iso(details["order_created_at"]))
        modified = int(parse_iso(details.get("order_updated_at") or details["order_created_at"]))
        status = str(details["status"]["code"])
        order = ShopOrder(str(entry["order_id"]), str(entry["order_number"]), created, modified, status)
        return Pending(spec, order, self.clock.now() + SAVED_AFTER_S)

    def _number(self, each: Pending) -> int:
        where = "integration = ? AND order_id = ?"
        rows = self.store.select_orders(where, (each.spec.id, each.order.id), "pk", 1)
        return rows[0].pk if rows else 0

    def save_due(self) -> None:
        """Saves what was accepted some moments ago."""
        now = self.clock.now()
        for key in [key for key, each in self._pending.items() if each.due <= now]:
            each = self._pending.pop(key)
            if self.store.known(each.spec.id, [each.order.id]):
                self.store.find_again(each.spec.id, each.order.id)
                self.store.update_order(each.spec.id, each.order, now)
            self.store.add_orders([(each.spec.account, each.spec.id, each.order, each.due)])
            self.shipping.expect(each.spec, [each.order], now)


def _at(entry: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry

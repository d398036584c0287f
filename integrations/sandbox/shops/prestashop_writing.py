"""Writes by the webservice: what each method changes, and what a careless PUT loses."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.sandbox.shops import prestashop_documents as documents
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.prestashop_query import Refused
from integrations.sandbox.shops.prestashop_rows import STATES, CarrierRow, Fields, Rows, local, moments
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore

_NUMBER = re.compile(r"^[~:#,%&_=()\[\].? +\-@/a-zA-Z0-9]*$")
_LONGEST_NUMBER_IN_9 = 64
_PARSER = "[PHP Warning #2] SimpleXMLElement::__construct(): Entity: line 1: parser error"
_FILE = "(/var/www/shop/classes/webservice/WebserviceRequest.php, line 1544)"


class Writing:
    def __init__(self, store: ShopStore, rows: Rows, life: ShopLife) -> None:
        self.store = store
        self.rows = rows
        self.life = life

    def write(self, request: ShopRequest, method: str, resource: str, number: str, version: str) -> Page:
        """Raises Refused."""
        if method == "DELETE":
            return self._delete(request, resource, number, version)
        sent = documents.read_body(request.body, resource)
        if sent is None:
            return _no_xml(request, version)
        if method == "POST":
            if sent.get("id"):
                raise Refused(400, 91, "id is forbidden when adding a new resource")
            made = self._add(request, resource, sent)
            body = documents.single(request, resource, made, drops_empty=False)
            return documents.answer(request, 201, body, version)
        row_id = sent.get("id") or number
        is_patch = method == "PATCH"
        if resource == "order_carriers":
            changed = self._change_carrier(request, row_id, sent, version, is_patch=is_patch)
        elif resource == "orders":
            changed = self._change_order(request, row_id, sent, version, is_patch=is_patch)
        else:
            raise Refused(404, 92, "Invalid ID")
        body = documents.single(request, resource, changed, drops_empty=False)
        return documents.answer(request, 200, body, version)

    def _change_carrier(
        self, request: ShopRequest, row_id: str, sent: Fields, version: str, *, is_patch: bool
    ) -> Fields:
        found = self.rows.carrier_row(request.shop.name, int(row_id)) if row_id.isdigit() else None
        if found is None:
            raise Refused(404, 92, "Invalid ID")
        row, order = found
        _check_number(sent.get("tracking_number", ""), version)
        if is_patch:
            before = self.rows.carrier(request.shop, order, row)
            sent = {**before, **sent}
        for name in ("id_order", "id_carrier"):
            if not sent.get(name):
                raise Refused(400, 41, f'parameter "{name}" required')
        row = replace(
            row,
            carrier=sent["id_carrier"],
            invoice=sent.get("id_order_invoice") or "0",
            weight=sent.get("weight") or "0.000000",
            cost=sent.get("shipping_cost_tax_excl") or "0.000000",
            cost_incl=sent.get("shipping_cost_tax_incl") or "0.000000",
            number=sent.get("tracking_number", ""),
            added=row.added if sent.get("date_add") else int(request.at),
        )
        self.rows.keep_carrier(row)
        return self.rows.carrier(request.shop, order, row)

    def _change_order(
        self, request: ShopRequest, row_id: str, sent: Fields, version: str, *, is_patch: bool
    ) -> Fields:
        order = self.store.get(request.shop.name, int(row_id)) if row_id.isdigit() else None
        if order is None:
            raise Refused(404, 92, "Invalid ID")
        if not is_patch and not sent.get("id_address_delivery"):
            raise Refused(400, 41, 'parameter "id_address_delivery" required')
        if "shipping_number" in sent:
            _check_number(sent["shipping_number"], version)
            first = self.rows.carrier_rows(order.shop, order)[0]
            self.rows.keep_carrier(replace(first, number=sent["shipping_number"]))
        self._set_state(order, sent.get("current_state", ""), int(request.at))
        self.rows.touch(self._again(order), int(request.at))
        return self.rows.order(request.shop, self._again(order))

    def _set_state(self, order: Order, state: str, at: int) -> None:
        if state.isdigit() and int(state) in STATES:
            self.store.change_status(order.shop, order.id, STATES[int(state)][0], at)

    def _again(self, order: Order) -> Order:
        return self.store.get(order.shop, order.id) or order

    def _add(self, request: ShopRequest, resource: str, sent: Fields) -> Fields:
        number = sent.get("id_order", "")
        order = self.store.get(request.shop.name, int(number)) if number.isdigit() else None
        if order is None:
            raise Refused(400, 41, 'parameter "id_order" required')
        zone = ZoneInfo(request.shop.time_zone)
        if resource == "order_histories":
            if not sent.get("id_order_state"):
                raise Refused(400, 41, 'parameter "id_order_state" required')
            self._set_state(order, sent["id_order_state"], int(request.at))
            return {
                "id": str(order.id * 10 + 9),
                "id_employee": "",
                "id_order_state": sent["id_order_state"],
                "id_order": str(order.id),
                "date_add": local(request.at, zone),
            }
        if resource == "order_carriers":
            row = CarrierRow(
                order.shop,
                self.rows.next_row_id(order.shop),
                order.id,
                sent.get("id_carrier", "2"),
                sent.get("id_order_invoice") or "0",
                sent.get("weight") or "0.000000",
                sent.get("shipping_cost_tax_excl") or "0.000000",
                sent.get("shipping_cost_tax_incl") or "0.000000",
                sent.get("tracking_number", ""),
                int(moments(sent["date_add"], zone)[0]) if sent.get("date_add") else int(request.at),
            )
            self.rows.keep_carrier(row)
            return self.rows.carrier(request.shop, order, row)
        raise Refused(400, 41, 'parameter "id_address_delivery" required')

    def _delete(self, request: ShopRequest, resource: str, number: str, version: str) -> Page:
        order = self.store.get(request.shop.name, int(number)) if number.isdigit() else None
        if resource != "orders" or order is None:
            raise Refused(404, 87, f"Id(s) not exists: {number}")
        self.store.database.execute("DELETE FROM orders WHERE shop = ? AND id = ?", (order.shop, order.id))
        return documents.answer(request, 200, b"", version)


def _check_number(number: str, version: str) -> None:
    too_long = version.startswith("9") and len(number) > _LONGEST_NUMBER_IN_9
    if too_long or not _NUMBER.match(number):
        message = 'Validation error: "Property OrderCarrier-&gt;tracking_number is not valid"'
        raise Refused(400, 85, message)


def _no_xml(request: ShopRequest, version: str) -> Page:
    """JSON is no XML either. The message gives back what was sent."""
    text = request.body.decode("utf-8", "replace")
    said = [
        (
            127,
            f"XML error : String could not be parsed as XML\nXML length : {len(text)}\nOriginal XML : {text}",
        )
    ]
    if text:
        said = [
            (3, f"{_PARSER} : Start tag expected, '<' not found {_FILE}"),
            (3, f"[PHP Warning #2] SimpleXMLElement::__construct(): {text} {_FILE}"),
            *said,
        ]
    return documents.errors(request, 500, said, version)

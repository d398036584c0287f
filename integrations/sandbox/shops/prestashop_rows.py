"""What a PrestaShop keeps, as its webservice names it: rows of fields, every value a text."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.fleet import ShopSpec
from integrations.sandbox.shops.store import Order, ShopStore

SCHEMA = """
CREATE TABLE IF NOT EXISTS presta_carrier (
    shop TEXT NOT NULL, id INTEGER NOT NULL, order_id INTEGER NOT NULL, carrier TEXT NOT NULL,
    invoice TEXT NOT NULL, weight TEXT NOT NULL, cost TEXT NOT NULL, cost_incl TEXT NOT NULL,
    number TEXT, added INTEGER NOT NULL,
    PRIMARY KEY (shop, id)
) WITHOUT ROWID;
"""
FIRST_EXTRA_ROW = 1_000_000_000
"""The first row of an order has the order's id; further ones come from here on."""
NEVER = "0000-00-00 00:00:00"
Fields = dict[str, Any]
"""Every value is a text, but the associations of an order."""

STATES: dict[int, tuple[str, str, str, str]] = {
    # id: (status of the sandbox, name, mail template, flags: delivery, logable, shipped, paid, invoice)
    1: ("on-hold", "Awaiting check payment", "cheque", "00000"),
    2: ("processing", "Payment accepted", "payment", "01011"),
    3: ("preparation", "Processing in progress", "preparation", "11011"),
    4: ("completed", "Shipped", "shipped", "11111"),
    5: ("delivered", "Delivered", "", "11111"),
    6: ("cancelled", "Canceled", "order_canceled", "00000"),
    7: ("refunded", "Refunded", "refund", "00001"),
    8: ("failed", "Payment error", "payment_error", "00000"),
    9: ("backorder-paid", "On backorder (paid)", "outofstock", "01011"),
    10: ("pending", "Awaiting bank wire payment", "bankwire", "00000"),
    11: ("remote-paid", "Remote payment accepted", "payment", "01011"),
    12: ("backorder", "On backorder (not paid)", "outofstock", "00000"),
    13: ("cod", "Awaiting Cash On Delivery validation", "cashondelivery", "00000"),
}
"""A fresh installation's."""
STATE_OF_STATUS = {status: number for number, (status, *_rest) in STATES.items()}
_FLAGS = ("delivery", "logable", "shipped", "paid", "invoice")
CARRIERS = {1: "Click and collect", 2: "PostNL", 3: "DHL Parcel"}


def reference(shop: str, order_id: int) -> str:
    """Nine letters, as people see them."""
    digest = hashlib.sha256(f"{shop}/{order_id}".encode()).digest()
    return "".join(chr(65 + byte % 26) for byte in digest[:9])


@dataclass(frozen=True, slots=True)
class CarrierRow:
    """A row of order_carriers. ``number`` None: nobody wrote it by the webservice."""

    shop: str
    id: int
    order_id: int
    carrier: str
    invoice: str
    weight: str
    cost: str
    cost_incl: str
    number: str | None
    added: int


class Rows:
    """The rows of one shop's resources."""

    def __init__(self, store: ShopStore) -> None:
        self.store = store
        store.database.executescript(SCHEMA)

    # Orders

    def order(self, shop: ShopSpec, order: Order) -> Fields:
        zone = ZoneInfo(shop.time_zone)
        total = f"{order.total / 100:.6f}"
        valid = STATES[STATE_OF_STATUS.get(order.status, 8)][3][1]
        first = self.carrier_rows(shop.name, order)[0]
        return {
            "id": str(order.id),
            "id_address_delivery": str(order.id),
            "id_address_invoice": str(order.id),
            "id_cart": str(order.id + 5),
            "id_currency": "1",
            "id_lang": "1",
            "id_customer": str(order.id),
            "id_carrier": "2",
            "current_state": str(STATE_OF_STATUS.get(order.status, 8)),
            "module": "ps_checkpayment",
            "invoice_number": "0",
            "invoice_date": NEVER,
            "delivery_number": "0",
            "delivery_date": NEVER,
            "valid": valid,
            "date_add": local(order.created, zone),
            "date_upd": local(order.modified, zone),
            "shipping_number": self.number(order, first),
            "note": "",
            "id_shop_group": "1",
            "id_shop": "1",
            "secure_key": hashlib.sha256(f"SECRET/{order.shop}/{order.id}".encode()).hexdigest()[:32],
            "payment": "Payment by check",
            "recyclable": "0",
            "gift": "0",
            "gift_message": "",
            "mobile_theme": "0",
            "total_discounts": "0.000000",
            "total_discounts_tax_incl": "0.000000",
            "total_discounts_tax_excl": "0.000000",
            "total_paid": total,
            "total_paid_tax_incl": total,
            "total_paid_tax_excl": total,
            "total_paid_real": total,
            "total_products": f"{order.total / 100 - 7:.6f}",
            "total_products_wt": f"{order.total / 100 - 7:.6f}",
            "total_shipping": "7.000000",
            "total_shipping_tax_incl": "7.000000",
            "total_shipping_tax_excl": "7.000000",
            "carrier_tax_rate": "0.000",
            "total_wrapping": "0.000000",
            "total_wrapping_tax_incl": "0.000000",
            "total_wrapping_tax_excl": "0.000000",
            "round_mode": "2",
            "round_type": "1",
            "conversion_rate": "1.000000",
            "reference": order.number,
        }

    def touch(self, order: Order, at: int) -> None:
        """The time of change moves, as with every write to an order."""
        self.store.change_status(order.shop, order.id, order.status, at)

    # Shipping rows

    def carrier_rows(self, shop: str, order: Order) -> list[CarrierRow]:
        """The order's rows, the first of which always exists."""
        found = self.store.database.execute(
            "SELECT * FROM presta_carrier WHERE shop = ? AND order_id = ? ORDER BY id", (shop, order.id)
        )
        rows = [CarrierRow(*row) for row in found]
        if not rows or rows[0].id != order.id:
            first = CarrierRow(
                shop, order.id, order.id, "2", "0", "0.300000", "7.000000", "7.000000", None, order.created
            )
            rows.insert(0, first)
        return rows

    def carrier_row(self, shop: str, row_id: int) -> tuple[CarrierRow, Order] | None:
        found = self.store.database.execute(
            "SELECT order_id FROM presta_carrier WHERE shop = ? AND id = ?", (shop, row_id)
        ).fetchone()
        order = self.store.get(shop, found[0] if found else row_id)
        if order is None:
            return None
        rows = self.carrier_rows(shop, order)
        return next(((row, order) for row in rows if row.id == row_id), None)

    def keep_carrier(self, row: CarrierRow) -> None:
        values = (
            row.shop, row.id, row.order_id, row.carrier, row.invoice, row.weight, row.cost, row.cost_incl,
            row.number, row.added,
        )  # fmt: skip
        marks = ", ".join("?" * len(values))
        self.store.database.execute(f"INSERT OR REPLACE INTO presta_carrier VALUES ({marks})", values)  # noqa: S608

    def next_row_id(self, shop: str) -> int:
        (highest,) = self.store.database.execute(
            "SELECT max(id) FROM presta_carrier WHERE shop = ?", (shop,)
        ).fetchone()
        return max(highest or 0, FIRST_EXTRA_ROW - 1) + 1

    def number(self, order: Order, row: CarrierRow) -> str:
        """The tracking number shown: written by the webservice, else what the shop's people entered."""
        if row.number is not None:
            return row.number
        lost = self.store.fault(order.shop, "tracking_lost", order.completed or 0)
        return order.tracking or "" if row.id == order.id and not lost else ""

    def carrier(self, shop: ShopSpec, order: Order, row: CarrierRow) -> Fields:
        return {
            "id": str(row.id),
            "id_order": str(row.order_id),
            "id_carrier": row.carrier,
            "id_order_invoice": row.invoice,
            "weight": row.weight,
            "shipping_cost_tax_excl": row.cost,
            "shipping_cost_tax_incl": row.cost_incl,
            "tracking_number": self.number(order, row),
            "date_add": local(row.added, ZoneInfo(shop.time_zone)),
        }


def local(at: float, zone: ZoneInfo) -> str:
    """The wall clock of the shop."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None).isoformat(" ", "seconds")


def moments(text: str, zone: ZoneInfo) -> tuple[float, float]:
    """The earliest and the latest moment at which the shop's clock shows that. Raises ValueError."""
    wall = datetime.fromisoformat(text).replace(tzinfo=zone)
    both = sorted(wall.replace(fold=fold).astimezone(UTC).timestamp() for fold in (0, 1))
    return both[0], both[1]


def state(number: int) -> Fields:
    _status, name, template, flags = STATES[number]
    said = dict(zip(_FLAGS, flags, strict=True))
    return {
        "id": str(number),
        "unremovable": "1",
        "delivery": said["delivery"],
        "hidden": "0",
        "send_email": "1" if template else "0",
        "module_name": "",
        "invoice": said["invoice"],
        "color": "#3498D8",
        "logable": said["logable"],
        "shipped": said["shipped"],
        "paid": said["paid"],
        "pdf_delivery": "0",
        "pdf_invoice": "0",
        "deleted": "0",
        "name": name,
        "template": template,
    }


def fixed_rows(shop: ShopSpec) -> Mapping[str, list[Fields]]:
    """Resources that stay as they are."""
    names = {"PS_TIMEZONE": shop.time_zone, "PS_SHOP_NAME": shop.title}
    return {
        "order_states": [state(number) for number in STATES],
        "configurations": [
            {"id": str(number), "value": value, "name": name}
            for number, (name, value) in enumerate(names.items(), start=1)
        ],
        "countries": [{"id": "13", "iso_code": "NL", "name": "Netherlands"}],
        "states": [],
        "currencies": [{"id": "1", "name": "Euro", "iso_code": "EUR"}],
        "carriers": [
            {"id": str(number), "deleted": "0", "active": "1", "name": name}
            for number, name in CARRIERS.items()
        ],
        "products": [],
    }


def address(order_id: int) -> Fields:
    """Marked fake data, so that a test can prove it is kept nowhere."""
    return {
        "id": str(order_id),
        "id_customer": str(order_id),
        "id_country": "13",
        "id_state": "0",
        "alias": "Home",
        "company": "",
        "lastname": "PRIVATE",
        "firstname": "Jane",
        "address1": "1 PRIVATE Street",
        "address2": "",
        "postcode": "1011AB",
        "city": "PRIVATEVILLE",
        "phone": "+31600000000",
        "phone_mobile": "",
    }


def customer(order_id: int) -> Fields:
    return {
        "id": str(order_id),
        "lastname": "PRIVATE",
        "firstname": "Jane",
        "email": "jane.private@example.com",
    }

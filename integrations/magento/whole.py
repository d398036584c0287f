"""Whole orders with their customers' data, on their way to a hub: read, passed on, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from integrations.documents import Record
from integrations.full_orders import FullOrder, OrderLine
from integrations.magento import about, orders, search
from integrations.magento.orders import Expectation, record_of
from integrations.magento.search import Listing, Many, Text, Whole
from integrations.numbers import number_of

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore

PAGE = 25
"""Whole orders are heavy."""
_GRAMS = {"kgs": Decimal(1000), "lbs": Decimal("453.59237")}
_Number = Annotated[Decimal, Field(allow_inf_nan=False)]


class Item(Record):
    """One row of an order. A configurable product stands twice: the child names its parent."""

    name: Text = None
    sku: Text = None
    parent_item_id: Whole = None
    qty_ordered: _Number = Decimal(0)
    qty_canceled: _Number = Decimal(0)
    qty_refunded: _Number = Decimal(0)
    price: _Number = Decimal(0)
    price_incl_tax: _Number | None = None
    weight: _Number | None = None

    @property
    def quantity(self) -> int:
        """What is still to be sent; a part of a unit is one."""
        left = self.qty_ordered - self.qty_canceled - self.qty_refunded
        return int(left.to_integral_value(ROUND_CEILING))


class Address(Record):
    """Where an order goes."""

    firstname: Text = None
    lastname: Text = None
    company: Text = None
    street: Many[str] = []
    postcode: Text = None
    city: Text = None
    region: Text = None
    region_code: Text = None
    country_id: Text = None
    email: Text = None
    telephone: Text = None


class Shipping(Record):
    """How and where an order is shipped."""

    address: Address | None = None
    method: Text = None


class Assignment(Record):
    """What Magento wraps the shipping in."""

    shipping: Shipping | None = None


class Extension(Record):
    """Where Magento keeps the shipping address."""

    shipping_assignments: Many[Assignment] = []


class WholeOrder(orders.Order):
    """An order with everything a hub needs."""

    order_currency_code: str = ""
    grand_total: _Number = Decimal(0)
    total_due: _Number | None = None
    shipping_description: Text = None
    customer_email: Text = None
    items: Many[Item] = []
    billing_address: Address | None = None
    extension_attributes: Extension | None = None

    @property
    def shipping(self) -> Shipping:
        assigned = self.extension_attributes.shipping_assignments if self.extension_attributes else []
        return next((each.shipping for each in assigned if each.shipping), Shipping())


_ORDERS = TypeAdapter(Listing[WholeOrder])
_ADDRESS = "firstname,lastname,company,street,postcode,city,region,region_code,country_id,email,telephone"
_FIELDS = (
    "items[entity_id,increment_id,status,created_at,updated_at,store_id,is_virtual,"
    "order_currency_code,grand_total,total_due,shipping_description,customer_email,"
    "items[name,sku,parent_item_id,qty_ordered,qty_canceled,qty_refunded,price,price_incl_tax,weight],"
    f"billing_address[{_ADDRESS}],"
    f"extension_attributes[shipping_assignments[shipping[address[{_ADDRESS}],method]]]],total_count"
)


async def read(store: MagentoStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
    """The orders the shop has, of those that were asked for."""
    known = [str(number) for number in map(number_of, order_ids) if number]
    if not known:
        return []
    config = await about.config(store, now=now)
    grams = _GRAMS.get((config and config.weight_unit) or "")
    expectation = Expectation(store.settings.expected_statuses, store.settings.store_ids)
    filters = [("entity_id", "in", ",".join(known))]
    fetch = store.lists("orders", _ORDERS, now=now)
    listed = await search.rows_of(fetch, filters, size=PAGE, fields=_FIELDS)
    asked = [order for order in listed if str(order.entity_id) in known]
    return [full for order in asked if (full := _full(order, expectation, grams)) is not None]


def _full(order: WholeOrder, expectation: Expectation, grams: Decimal | None) -> FullOrder | None:
    record = record_of(order, expectation)
    if record is None:
        return None
    shipping = order.shipping
    address = shipping.address or order.billing_address or Address()
    street = address.street
    return FullOrder(
        record=record,
        currency=order.order_currency_code,
        total=order.grand_total,
        payment_status="pending" if order.total_due is None or order.total_due > 0 else "paid",
        shipping_method=order.shipping_description or shipping.method or "",
        lines=tuple(
            _line(item, grams) for item in order.items if item.parent_item_id is None and item.quantity > 0
        ),
        name=" ".join(part for part in (address.firstname, address.lastname) if part),
        company=address.company or "",
        address_1=street[0] if street else "",
        address_2=", ".join(street[1:]),
        house_number="",
        postal_code=address.postcode or "",
        city=address.city or "",
        state=address.region_code or address.region or "",
        country_code=address.country_id or "",
        email=address.email or order.customer_email or "",
        phone=address.telephone or "",
    )


def _line(item: Item, grams: Decimal | None) -> OrderLine:
    return OrderLine(
        name=item.name or item.sku or "",
        quantity=item.quantity,
        unit_price=item.price if item.price_incl_tax is None else item.price_incl_tax,
        sku=item.sku or "",
        weight_g=round(item.weight * grams) if item.weight and grams else None,
    )

"""Reads whole orders, with what a hub needs to send them. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from integrations.documents import Record, Rows
from integrations.full_orders import FullOrder, OrderLine
from integrations.woocommerce.batches import Numbered, orders_by_id
from integrations.woocommerce.orders import FIELDS, Row, record_of

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

WHOLE = f"{FIELDS},currency,total,billing,shipping,line_items,shipping_lines"


def _money(value: object) -> object:
    """Money comes as text; plug-ins leave it empty."""
    return value or "0"


_Money = Annotated[Decimal, BeforeValidator(_money)]


class _Address(Record):
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address_1: str = ""
    address_2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class _Line(Record):
    name: str = ""
    quantity: _Money = Decimal(0)
    price: _Money = Decimal(0)
    sku: str | None = ""


class _ShippingLine(Record):
    method_title: str = ""


class _Whole(Row, Numbered):
    currency: str = ""
    total: _Money = Decimal(0)
    billing: _Address = Field(default=_Address(), repr=False)
    shipping: _Address = Field(default=_Address(), repr=False)
    line_items: Rows[_Line] = []
    shipping_lines: Rows[_ShippingLine] = []


async def read(store: WooCommerceStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
    """Whole orders; unknown ids, and drafts that were never placed, are left out."""
    orders = await orders_by_id(store, _Whole, order_ids, WHOLE, now=now)
    whole = (_full(order, store.settings.expected_statuses) for order in orders)
    return [order for order in whole if order is not None]


def _full(order: _Whole, expected_statuses: Sequence[str]) -> FullOrder | None:
    record = record_of(order, expected_statuses)
    if record is None:
        return None
    # Shops without a separate address for delivery leave it empty.
    to = order.shipping if order.shipping.address_1 else order.billing
    return FullOrder(
        record=record,
        currency=order.currency,
        total=order.total,
        payment_status="paid" if order.date_paid_gmt else "unpaid",
        shipping_method=order.shipping_lines[0].method_title if order.shipping_lines else "",
        lines=tuple(
            OrderLine(line.name, int(line.quantity), line.price, line.sku or "")
            for line in order.line_items
            if line.quantity >= 1
        ),
        name=to.name or order.billing.name,
        company=to.company,
        address_1=to.address_1,
        address_2=to.address_2,
        house_number="",
        postal_code=to.postcode,
        city=to.city,
        state=to.state,
        country_code=to.country,
        email=order.billing.email,
        phone=to.phone or order.billing.phone,
    )

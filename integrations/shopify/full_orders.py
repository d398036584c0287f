"""Whole orders with their buyers' data, to be passed on to a hub. Nothing of it is kept.

Buyers' names and addresses are protected customer data of level 2: Shopify refuses them, with HTTP 200, to an
app that is not approved (shopify.dev, protected customer data).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from integrations.documents import Record, Rows
from integrations.full_orders import FullOrder, OrderLine
from integrations.parsing import checked
from integrations.shopify.graphql import AdminApi
from integrations.shopify.nodes import NodeReading, order_gid
from integrations.shopify.orders import Node, PageInfo, record_of

_LINES = 20
_MORE_LINES = 150
_MOST_PAGES = 10
_GRAMS = {"GRAMS": Decimal(1), "KILOGRAMS": Decimal(1000), "OUNCES": Decimal("28.349523125"),
          "POUNDS": Decimal("453.59237")}  # fmt: skip


_Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12)]


class _Money(Record):
    amount: _Amount
    currencyCode: str = ""  # Shopify's names


class _Bag(Record):
    shopMoney: _Money


class _Weight(Record):
    value: _Amount
    unit: str


class _Line(Record):
    name: str
    sku: str | None = None
    currentQuantity: int = Field(ge=0, le=10**6)
    weight: _Weight | None = None
    discountedUnitPriceAfterAllDiscountsSet: _Bag


class _Lines(Record):
    nodes: Rows[_Line]
    pageInfo: PageInfo


class _Address(Record):
    name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    provinceCode: str | None = None
    countryCodeV2: str | None = None
    phone: str | None = None


class _ShippingLine(Record):
    title: str = ""


class _Order(Node):
    displayFinancialStatus: str | None = None
    email: str | None = None
    phone: str | None = None
    currentTotalPriceSet: _Bag
    shippingLine: _ShippingLine | None = None
    shippingAddress: _Address | None = None
    lineItems: _Lines


_ORDERS = TypeAdapter(list[_Order])


async def read_full_orders(api: AdminApi, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
    """See :class:`integrations.adapters.ReadsFullOrders`. Orders without an address to ship to are left out.

    Raises RightMissing when the app may not see buyers' data.
    """

    async def fetch(ids: Sequence[str]) -> tuple[list[_Order], float]:
        return await _fetch(api, {"ids": list(ids), "lines": _LINES, "after": None}, now=now)

    found = []
    for order in await NodeReading(fetch, 8).read(order_ids):
        if order.shippingAddress is not None:
            lines = [*order.lineItems.nodes, *await _other_lines(api, order, now=now)]
            found.append(_full_order(order, order.shippingAddress, lines))
    return found


async def _fetch(api: AdminApi, variables: Mapping[str, Any], *, now: datetime) -> tuple[list[_Order], float]:
    reply, answer = await api.query("full_orders", variables, now=now)
    nodes = reply.part("nodes")
    # An unknown id answers as null, what is no order as an empty object.
    rows = [node for node in nodes if node] if isinstance(nodes, list) else nodes
    return checked(api.http, answer, _ORDERS, rows), reply.cost


async def _other_lines(api: AdminApi, order: _Order, *, now: datetime) -> list[_Line]:
    lines: list[_Line] = []
    info = order.lineItems.pageInfo
    for _number in range(_MOST_PAGES):
        if not info.hasNextPage or info.endCursor is None:
            break
        ids = [order_gid(order.legacyResourceId)]
        variables = {"ids": ids, "lines": _MORE_LINES, "after": info.endCursor}
        rows, _cost = await _fetch(api, variables, now=now)
        if not rows:
            break
        lines += rows[0].lineItems.nodes
        info = rows[0].lineItems.pageInfo
    return lines


def _full_order(order: _Order, address: _Address, lines: Sequence[_Line]) -> FullOrder:
    total = order.currentTotalPriceSet.shopMoney
    return FullOrder(
        record=record_of(order),
        currency=total.currencyCode,
        total=total.amount,
        payment_status=(order.displayFinancialStatus or "").lower(),
        shipping_method=order.shippingLine.title if order.shippingLine else "",
        lines=tuple(_order_line(line) for line in lines if line.currentQuantity > 0),
        name=address.name or "",
        company=address.company or "",
        address_1=address.address1 or "",
        address_2=address.address2 or "",
        house_number="",
        postal_code=address.zip or "",
        city=address.city or "",
        state=address.provinceCode or "",
        country_code=address.countryCodeV2 or "",
        email=order.email or "",
        phone=address.phone or order.phone or "",
    )


def _order_line(line: _Line) -> OrderLine:
    weight = line.weight
    grams = weight.value * _GRAMS[weight.unit] if weight and weight.unit in _GRAMS else None
    return OrderLine(
        name=line.name,
        quantity=line.currentQuantity,
        unit_price=line.discountedUnitPriceAfterAllDiscountsSet.shopMoney.amount,
        sku=line.sku or "",
        weight_g=None if grams is None else round(grams),
    )

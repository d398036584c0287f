"""Whole orders with their customer's data, on their way to a hub. Kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BeforeValidator, TypeAdapter

from integrations import errors
from integrations.documents import Record, Rows
from integrations.full_orders import FullOrder, OrderLine
from integrations.prestashop.orders import Number, Row, Text
from integrations.prestashop.recognition import shop_time
from integrations.prestashop.states import OneLanguage
from integrations.prestashop.tracking import one_of

if TYPE_CHECKING:
    from integrations.prestashop.adapter import PrestaShopStore


def _money(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("no amount of money") from None
    if not amount.is_finite():
        raise ValueError("no amount of money")
    return amount.quantize(Decimal("0.01"))


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else []


Money = Annotated[Decimal, BeforeValidator(_money)]


class _Line(Record):
    product_name: Text = ""
    product_reference: Text = ""
    product_quantity: Number = 0
    unit_price_tax_incl: Money


class _Associations(Record):
    order_rows: Annotated[list[_Line], BeforeValidator(_list)] = []


class _Order(Row):
    id_address_delivery: Number = 0
    id_customer: Number = 0
    id_currency: Number = 0
    id_carrier: Number = 0
    total_paid: Money
    associations: _Associations = _Associations()


class _Address(Record):
    id: int
    id_country: Number = 0
    id_state: Number = 0
    company: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    address1: Text = ""
    address2: Text = ""
    postcode: Text = ""
    city: Text = ""
    phone: Text = ""
    phone_mobile: Text = ""


class _Named(Record):
    """A customer, country, state, currency or carrier: what is needed of it."""

    id: int
    email: Text = ""
    iso_code: Text = ""
    name: OneLanguage = ""


_ORDERS = TypeAdapter(Rows[_Order])
_ADDRESSES = TypeAdapter(Rows[_Address])
_NAMED = TypeAdapter(Rows[_Named])
_ADDRESS_FIELDS = (
    "[id,id_country,id_state,company,firstname,lastname,address1,address2,postcode,city,phone,phone_mobile]"
)


async def read(store: PrestaShopStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
    """See ReadsFullOrders. Orders whose address was deleted are left out.

    Raises RightMissing naming the resource: besides orders the key needs GET on addresses, customers,
    countries and currencies.
    """
    wanted = one_of(order_ids)
    if not wanted:
        return []
    known = await store.knowledge(now=now)
    params = {"filter[id]": wanted, "display": "full"}
    orders, _count, answer = await store.api.rows("orders", params, _ORDERS, now=now)
    if not orders:
        return []
    address_ids = one_of([str(number) for number in {order.id_address_delivery for order in orders}])
    params = {"filter[id]": address_ids, "display": _ADDRESS_FIELDS}
    listed, _count, _answer = await store.api.rows("addresses", params, _ADDRESSES, now=now)
    addresses = {address.id: address for address in listed}
    emails = await _named(store, "customers", "email", (order.id_customer for order in orders), now)
    countries = await _named(store, "countries", "iso_code", (row.id_country for row in listed), now)
    currencies = await _named(store, "currencies", "iso_code", (order.id_currency for order in orders), now)
    regions = await _named(store, "states", "iso_code", (row.id_state for row in listed), now, needed=False)
    carriers = await _named(
        store, "carriers", "name", (order.id_carrier for order in orders), now, needed=False
    )
    rules = store.rules(known.zone, known.states)
    found = []
    for order in orders:
        address = addresses.get(order.id_address_delivery)
        record = rules.record(order, shop_now=shop_time(answer) or now, is_new=True)
        if address is None or record is None:
            continue
        country = countries.get(address.id_country)
        currency = currencies.get(order.id_currency)
        if country is None or currency is None:
            raise errors.UnexpectedAnswer(
                _("The shop does not show the country or the currency of the order %(order)s.")
                % {"order": order.id},
                remedy=_("See whether it was deleted or switched off under International in PrestaShop."),
            )
        state, customer = known.states.get(order.current_state), emails.get(order.id_customer)
        region, carrier = regions.get(address.id_state), carriers.get(order.id_carrier)
        found.append(
            FullOrder(
                record=record,
                currency=currency.iso_code,
                total=order.total_paid,
                payment_status="paid" if state and state.paid else "pending",
                shipping_method=carrier.name if carrier else "",
                lines=tuple(
                    OrderLine(
                        line.product_name,
                        line.product_quantity,
                        line.unit_price_tax_incl,
                        line.product_reference,
                    )
                    for line in order.associations.order_rows
                ),
                name=f"{address.firstname} {address.lastname}".strip(),
                company=address.company,
                address_1=address.address1,
                address_2=address.address2,
                house_number="",
                postal_code=address.postcode,
                city=address.city,
                state=region.iso_code if region else "",
                country_code=country.iso_code,
                email=customer.email if customer else "",
                phone=address.phone_mobile or address.phone,
            )
        )
    return found


async def _named(
    store: PrestaShopStore,
    resource: str,
    field: str,
    ids: Iterable[int],
    now: datetime,
    *,
    needed: bool = True,
) -> Mapping[int, _Named]:
    """Entries of a resource by id. Raises RightMissing where they are ``needed`` and may not be read."""
    wanted = one_of([str(number) for number in sorted(set(ids)) if number])
    if not wanted:
        return {}
    params = {"filter[id]": wanted, "display": f"[id,{field}]"}
    try:
        found, _count, _answer = await store.api.rows(resource, params, _NAMED, now=now)
    except errors.RightMissing:
        if needed:
            raise
        return {}
    return {entry.id: entry for entry in found}

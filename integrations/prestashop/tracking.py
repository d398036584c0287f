"""Tracking numbers: read in batches, written to the row of the carrier that ships, read back.

A PrestaShop order has one or more rows of ``order_carriers``, each with room for one number. Changing a row
does not move the order's time of change. From version 8 on PATCH changes the number alone; before, only PUT
of the whole row is safe: what is missing in a PUT is set to zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations import errors
from integrations.contracts import Parcel, StoreTracking, TrackingWrite
from integrations.documents import Record, Rows
from integrations.prestashop.markup import write_xml
from integrations.prestashop.orders import Number, Text
from integrations.prestashop.recognition import major_version
from integrations.prestashop.states import OneLanguage

if TYPE_CHECKING:
    from integrations.prestashop.adapter import PrestaShopStore

WHERE = "order_carriers"
FIRST_WITH_PATCH = 8
_ZEROED = ("id_order", "id_carrier", "id_order_invoice", "weight", "shipping_cost_tax_excl", "date_add")
"""What a PUT without them would lose: a row that does not show them all is not written."""


class CarrierRow(Record):
    """A row of order_carriers."""

    id: int
    id_order: Number
    id_carrier: Number = 0
    tracking_number: Text = ""

    @property
    def number(self) -> str:
        return self.tracking_number.strip()


class OrderState(Record):
    """What an order says of its shipping."""

    id: int
    id_carrier: Number = 0
    current_state: Number = 0
    shipping_number: Text = ""


class _Carrier(Record):
    id: int
    name: OneLanguage = ""


_ROWS = TypeAdapter(Rows[CarrierRow])
_ORDERS = TypeAdapter(Rows[OrderState])
_CARRIERS = TypeAdapter(Rows[_Carrier])


async def read(store: PrestaShopStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
    """See ReadsTracking. A key that may not read order_carriers sees the first row's number only."""
    wanted = one_of(order_ids)
    if not wanted:
        return []
    known = await store.knowledge(now=now)
    orders = await _orders(store, wanted, now)
    numbers: dict[int, list[str]] = defaultdict(list)
    for order in orders:
        numbers[order.id].append(order.shipping_number.strip())
    try:
        for row in await _carrier_rows(store, wanted, now):
            numbers[row.id_order].append(row.number)
    except errors.RightMissing:
        pass  # shipping_number of the order is what such a key has
    found = []
    for order in orders:
        state = known.states.get(order.current_state)
        found.append(
            StoreTracking(
                order_id=str(order.id),
                numbers=tuple(dict.fromkeys(number for number in numbers[order.id] if number)),
                is_shipped=state.shipped if state else None,
                is_closed=state.is_closed if state else False,
            )
        )
    return found


async def write(
    store: PrestaShopStore, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool
) -> TrackingWrite:
    """See WritesTracking."""
    wanted = one_of([order_id])
    orders = await _orders(store, wanted, now) if wanted else []
    if not orders:
        raise errors.NotPossible(
            _("The shop does not have the order %(order)s.") % {"order": order_id},
            remedy=_("Look the order up in the shop; it may have been deleted."),
        )
    rows = await _carrier_rows(store, wanted, now)
    before = {row.number for row in rows}
    asked = {parcel.number.strip(): parcel for parcel in parcels if parcel.number.strip()}
    missing = {number: parcel for number, parcel in asked.items() if number not in before}
    present = tuple(number for number in asked if number in before)
    chosen = await _choose(store, rows, missing, orders[0].id_carrier, now)
    if missing and not chosen:
        raise errors.NotPossible(
            _("The order has no shipping row without a number."),
            remedy=_("Enter the number in PrestaShop by hand, or take the old one out there."),
        )
    for number, row in chosen.items():
        await _put_number(store, row.id, number, now=now, notify=notify)
    if not chosen:
        return TrackingWrite((), present, WHERE)
    after = {row.number for row in await _carrier_rows(store, wanted, now)}
    lost = [number for number in chosen if number not in after]
    if lost:
        raise errors.UnexpectedAnswer(
            _("The shop took the tracking number %(number)s, but does not show it.") % {"number": lost[0]},
            remedy=_("Look the order up in the shop; a module may have changed it."),
        )
    return TrackingWrite(tuple(chosen), present, WHERE)


def one_of(ids: Sequence[str]) -> str:
    """A filter for any of the ids; empty when none of them is one of PrestaShop's."""
    numbers = [number for number in ids if number.isascii() and number.isdecimal()]
    return f"[{'|'.join(numbers)}]" if numbers else ""


async def _orders(store: PrestaShopStore, wanted: str, now: datetime) -> Sequence[OrderState]:
    params = {"filter[id]": wanted, "display": "[id,id_carrier,current_state,shipping_number]"}
    found, _count, _answer = await store.api.rows("orders", params, _ORDERS, now=now, strict=True)
    return found


async def _carrier_rows(store: PrestaShopStore, wanted: str, now: datetime) -> Sequence[CarrierRow]:
    params = {"filter[id_order]": wanted, "display": "[id,id_order,id_carrier,tracking_number,date_add]"}
    # A row that was left out would look like a number that is missing.
    found, _count, _answer = await store.api.rows("order_carriers", params, _ROWS, now=now, strict=True)
    return sorted(found, key=lambda row: row.id)


async def _choose(
    store: PrestaShopStore,
    rows: Sequence[CarrierRow],
    parcels: Mapping[str, Parcel],
    order_carrier: int,
    now: datetime,
) -> dict[str, CarrierRow]:
    """Which number goes into which empty row: that of the carrier which ships, else of the order's."""
    free = [row for row in rows if not row.number]
    names = await _carrier_names(store, free, now) if len(free) > 1 and parcels else {}
    chosen: dict[str, CarrierRow] = {}
    for number, parcel in parcels.items():
        if free:
            word = _plain(parcel.carrier)
            row = max(
                free,
                key=lambda row: (
                    bool(word) and word in names.get(row.id_carrier, ""),
                    row.id_carrier == order_carrier,
                    -row.id,
                ),
            )
            free.remove(row)
            chosen[number] = row
    return chosen


async def _carrier_names(
    store: PrestaShopStore, rows: Sequence[CarrierRow], now: datetime
) -> Mapping[int, str]:
    wanted = one_of([str(row.id_carrier) for row in rows])
    params = {"filter[id]": wanted, "display": "[id,name]"}
    try:
        found, _count, _answer = await store.api.rows("carriers", params, _CARRIERS, now=now)
    except errors.RightMissing:
        return {}  # then the order's own carrier decides
    return {carrier.id: _plain(carrier.name) for carrier in found}


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


async def _put_number(
    store: PrestaShopStore, row_id: int, number: str, *, now: datetime, notify: bool
) -> None:
    path = f"order_carriers/{row_id}"
    row, answer = await store.api.element("GET", path, now=now)
    whole = {field.name: field.text.strip() for field in row.children}
    if whole.get("tracking_number", "") not in ("", number):
        raise errors.NotPossible(
            _("The shipping row has just got another number."), remedy=_("Look the order up in the shop.")
        )

    async def send(method: str, fields: Mapping[str, str]) -> None:
        content = write_xml("order_carrier", fields)
        params = {"sendemail": "1"} if notify else None
        await store.api.ask(method, path, now=now, params=params, content=content)

    refused: errors.RightMissing | None = None
    if major_version(answer) >= FIRST_WITH_PATCH:
        try:
            await send("PATCH", {"id": str(row_id), "tracking_number": number})
        except errors.RightMissing as error:
            refused = error
    if refused or major_version(answer) < FIRST_WITH_PATCH:
        try:
            await send("PUT", _whole(whole, number))
        except errors.RightMissing as error:
            raise refused or error from None
    after, _answer = await store.api.element("GET", path, now=now)
    changed = {field.name: field.text.strip() for field in after.children}
    if {**changed, "tracking_number": ""} != {**whole, "tracking_number": ""}:
        raise errors.UnexpectedAnswer(
            _("More than the tracking number changed in the shipping row %(row)d.") % {"row": row_id},
            remedy=_("Look at the weight and the shipping costs of the order in PrestaShop."),
        )


def _whole(row: Mapping[str, str], number: str) -> Mapping[str, str]:
    """The row as it was read, with the number. Raises NotPossible when it was not shown whole."""
    if not all(row.get(name) for name in _ZEROED):
        raise errors.NotPossible(
            _("The shop does not show the whole shipping row, so writing it could lose its costs."),
            remedy=_("Give the key PATCH for order_carriers (PrestaShop 8 and later)."),
        )
    return {**row, "tracking_number": number}

"""Reads and writes the tracking numbers of orders.

A number counts as there wherever it stands: in the meta fields of plug-ins, in a fulfilment, or in a note.
Which REST call a hub itself uses is not published, so every place is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.contracts import Parcel, StoreTracking, TrackingWrite
from integrations.documents import Record, Rows
from integrations.errors import NotPossible, RemoteFault
from integrations.parsing import parse, parse_most
from integrations.woocommerce.batches import Numbered, is_unknown, orders_by_id
from integrations.woocommerce.tracking_numbers import (
    FULFILMENT_KEY,
    distinct,
    in_meta,
    in_note,
    lacking,
    plain,
)
from integrations.woocommerce.tracking_places import Line, Place, place_of, put

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

FIELDS = "id,status,meta_data"
FIELDS_TO_WRITE = f"{FIELDS},line_items"
CLOSED = frozenset({"cancelled", "refunded", "failed", "trash"})
NEVER_SENT = CLOSED | {"checkout-draft", "auto-draft"}
WAITING = frozenset({"pending", "processing", "on-hold", "checkout-draft"})
_PLACES: dict[Place, str] = {
    "note": _noop("order notes"),
    "shipment_tracking": _noop("Shipment Tracking plug-in"),
    "ast": _noop("Advanced Shipment Tracking plug-in"),
    "fulfillment": _noop("fulfilments"),
}


class _Meta(Record):
    key: str = ""
    value: Any = None


class _Order(Numbered):
    status: str
    meta_data: Rows[_Meta] = []
    line_items: Rows[Line] = []


class _Note(Record):
    note: str = ""


class _Fulfilment(Record):
    is_fulfilled: bool = False
    date_deleted: str | None = None
    meta_data: Rows[_Meta] = []


_ORDER = TypeAdapter(_Order)
_NOTES = TypeAdapter(Rows[_Note])
_FULFILMENTS = TypeAdapter(Rows[_Fulfilment])


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything an order says of its shipping."""

    order: _Order
    notes: tuple[str, ...]
    fulfilments: tuple[_Fulfilment, ...] | None
    """``None``: the shop does not use them."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Numbers that stand in fields of their own."""
        in_fulfilments = (
            str(meta.value)
            for fulfilment in self.fulfilments or ()
            for meta in fulfilment.meta_data
            if meta.key == FULFILMENT_KEY and meta.value
        )
        meta = {meta.key: meta.value for meta in self.order.meta_data}
        return distinct([*in_meta(meta), *in_fulfilments])

    @property
    def is_shipped(self) -> bool | None:
        if self.order.status == "completed" or any(one.is_fulfilled for one in self.fulfilments or ()):
            return True
        return False if self.order.status in WAITING else None


class _Reader:
    """Reads notes and fulfilments; asks only once whether the shop uses fulfilments."""

    def __init__(self, store: WooCommerceStore, now: datetime) -> None:
        self._store = store
        self._now = now
        self._uses_fulfilments = True

    async def found(self, order: _Order) -> _Found:
        path = f"wc/v3/orders/{order.id}"
        store = self._store
        answer = await store.get(f"{path}/notes", {"_fields": "note"}, now=self._now)
        notes = tuple(row.note for row in parse_most(store.http, answer, _NOTES) if row.note)
        fulfilments = None
        if self._uses_fulfilments:
            # The feature is off in most shops, and then its route does not exist.
            answer = await store.ask("GET", f"{path}/fulfillments", now=self._now, keep=False)
            if answer.status == 404 and b"rest_no_route" in answer.body[:200]:
                self._uses_fulfilments = False
            elif answer.status == 200:
                rows = parse_most(store.http, answer, _FULFILMENTS)
                fulfilments = tuple(row for row in rows if not row.date_deleted)
        return _Found(order, notes, fulfilments)


async def read(
    store: WooCommerceStore, order_ids: Sequence[str], *, now: datetime
) -> Sequence[StoreTracking]:
    """The orders' numbers; besides those in fields, everything in notes that looks like one."""
    reader = _Reader(store, now)
    tracked = []
    for order in await orders_by_id(store, _Order, order_ids, FIELDS, now=now):
        found = await reader.found(order)
        in_notes = (number for note in found.notes for number in in_note(note))
        tracked.append(
            StoreTracking(
                order_id=str(order.id),
                numbers=distinct([*found.numbers, *in_notes]),
                is_shipped=found.is_shipped,
                is_closed=order.status in CLOSED,
            )
        )
    return tracked


async def write(
    store: WooCommerceStore, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool
) -> TrackingWrite:
    """Writes the numbers that stand nowhere yet, then reads again. See ``WritesTracking``."""
    before = await _read_one(store, order_id, now)
    wanted = {plain(parcel.number): parcel for parcel in parcels if plain(parcel.number)}
    numbers = [parcel.number for parcel in wanted.values()]
    missing = lacking(numbers, before.numbers, before.notes)
    present = tuple(number for number in distinct(numbers) if number not in missing)
    if not missing:
        return TrackingWrite((), present)
    if before.order.status in NEVER_SENT:
        raise NotPossible(
            _("Order %(order)s is %(status)s: it takes no tracking number.")
            % {"order": order_id, "status": before.order.status[:40]}
        )
    place = await place_of(store, before.order.id, uses_fulfilments=before.fulfilments is not None, now=now)
    if place == "fulfillment" and (before.fulfilments or len(missing) > 1):
        # One fulfilment holds all items; a second one would have none left.
        place = "note"
    for number in missing:
        parcel = wanted[plain(number)]
        await put(store, place, before.order.id, parcel, before.order.line_items, notify=notify, now=now)
    if notify and store.settings.complete_orders and before.order.status == "processing":
        await store.send("PUT", f"wc/v3/orders/{before.order.id}", {"status": "completed"}, now=now)
    after = await _read_one(store, order_id, now)
    lost = lacking(missing, after.numbers, after.notes)
    if lost:
        raise RemoteFault(
            _("The shop accepted the tracking number of order %(order)s, but does not show it.")
            % {"order": order_id},
            remedy=_("See whether a plug-in of the shop moves or deletes order notes and shipment tracking."),
        )
    return TrackingWrite(missing, present, _(_PLACES[place]))


async def _read_one(store: WooCommerceStore, order_id: str, now: datetime) -> _Found:
    """Raises NotPossible when the shop has no such order."""
    if order_id.isdecimal():
        params = {"_fields": FIELDS_TO_WRITE}
        answer = await store.ask("GET", f"wc/v3/orders/{order_id}", now=now, params=params)
        if not is_unknown(answer):
            order = parse(store.http, store.agreed(answer), _ORDER)
            return await _Reader(store, now).found(order)
    raise NotPossible(_("The shop has no order %(order)s any more.") % {"order": order_id[:40]})

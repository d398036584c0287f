"""Reads and writes tracking numbers: in Magento they are tracks of an order's shipments.

An order holds no tracks itself, and neither shipment nor track need move its ``updated_at``. Writing is
not idempotent (the same call twice makes two tracks), and a call to ship without a body ships everything
without a number. So all is read first, only what is missing is written, never without a body, and the
result is read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.access.classify import Classification
from integrations.contracts import Outcome, Parcel, StoreTracking, TrackingWrite
from integrations.documents import Record
from integrations.errors import NoAnswer, NotPossible, RemoteFault
from integrations.magento import search
from integrations.magento.refusals import message_of
from integrations.magento.search import Listing, Many, Text, Whole
from integrations.numbers import number_of
from integrations.parsing import parse

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore

CLOSED = frozenset({"canceled", "closed"})
_ORDER_FIELDS = "entity_id,state,is_virtual"
_SHIPMENT_FIELDS = "items[entity_id,order_id,tracks[track_number]],total_count"
PAGE = 100


class Order(search.Row):
    """What of an order says whether it takes a number. ``state`` is Magento's own word, not the shop's."""

    state: Text = None
    is_virtual: Whole = None


class Track(Record):
    """A tracking number of a shipment."""

    track_number: Text = None


class Shipment(search.Row):
    """A shipment of an order."""

    order_id: int
    tracks: Many[Track] = []

    @property
    def numbers(self) -> Sequence[str]:
        return [track.track_number.strip() for track in self.tracks if track.track_number]


_ORDER = TypeAdapter(Order)
_ORDERS = TypeAdapter(Listing[Order])
SHIPMENTS = TypeAdapter(Listing[Shipment])


async def read(store: MagentoStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
    """The tracking of the orders the shop has."""
    known = [str(number) for number in map(number_of, order_ids) if number]
    if not known:
        return []
    filters = [("entity_id", "in", ",".join(known))]
    fields = f"items[{_ORDER_FIELDS}],total_count"
    fetch = store.lists("orders", _ORDERS, now=now)
    listed = await search.rows_of(fetch, filters, size=PAGE, fields=fields)
    orders = [order for order in listed if str(order.entity_id) in known]
    shipments = await _shipments(store, [str(order.entity_id) for order in orders], now=now)
    return [_tracking(order, shipments) for order in orders]


def _tracking(order: Order, shipments: Sequence[Shipment]) -> StoreTracking:
    mine = [shipment for shipment in shipments if shipment.order_id == order.entity_id]
    numbers = dict.fromkeys(number for shipment in mine for number in shipment.numbers)
    return StoreTracking(
        order_id=str(order.entity_id),
        numbers=tuple(numbers),
        is_shipped=bool(mine) or order.state == "complete",
        is_closed=order.state in CLOSED,
    )


async def _shipments(store: MagentoStore, order_ids: Sequence[str], *, now: datetime) -> Sequence[Shipment]:
    if not order_ids:
        return []
    filters = [("order_id", "in", ",".join(order_ids))]
    fetch = store.lists("shipments", SHIPMENTS, now=now)
    found = await search.rows_of(fetch, filters, size=PAGE, fields=_SHIPMENT_FIELDS)
    # What is another order's must not pass for this one's, should the shop overlook the filter.
    return [shipment for shipment in found if str(shipment.order_id) in order_ids]


async def write(
    store: MagentoStore, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool
) -> TrackingWrite:
    """Writes the numbers the order lacks: by shipping it, or onto the shipment it has."""
    number = number_of(order_id)
    if not number:
        raise NotPossible(_("The shop has no order %(order)s.") % {"order": order_id[:40]})
    wanted = {parcel.number.strip(): parcel for parcel in parcels if parcel.number.strip()}
    order_id = str(number)
    shipments = await _shipments(store, [order_id], now=now)
    before = _numbers(shipments)
    missing = _missing(wanted, before)
    present = tuple(each for each in wanted if each not in missing)
    if not missing:
        return TrackingWrite((), present)
    await _check_order(store, number, now=now)
    try:
        where = await _write(store, number, shipments, list(missing.values()), notify=notify, now=now)
    except NoAnswer:
        # It may have been written all the same: the shop itself tells.
        where = _("shipment")
        if _missing(missing, _numbers(await _shipments(store, [order_id], now=now))):
            raise
    except NotPossible:
        # Somebody else may have shipped it in between.
        shipments = await _shipments(store, [order_id], now=now)
        missing = _missing(missing, _numbers(shipments))
        if not shipments:
            raise
        where = await _write(store, number, shipments, list(missing.values()), notify=notify, now=now)
    after = _numbers(await _shipments(store, [order_id], now=now))
    if _missing(missing, after):
        raise RemoteFault(
            _("The shop accepted the tracking number of order %(order)s, but did not keep it.")
            % {"order": order_id},
            remedy=_(
                "Add the number in the Magento admin: Sales > Shipments, and see which module drops it."
            ),
        )
    return TrackingWrite(tuple(missing), tuple(each for each in wanted if each not in missing), where)


def _numbers(shipments: Sequence[Shipment]) -> set[str]:
    return {number.casefold() for shipment in shipments for number in shipment.numbers}


def _missing(wanted: dict[str, Parcel], present: set[str]) -> dict[str, Parcel]:
    return {number: parcel for number, parcel in wanted.items() if number.casefold() not in present}


async def _check_order(store: MagentoStore, number: int, *, now: datetime) -> None:
    answer = await store.ask("GET", f"orders/{number}", {"fields": _ORDER_FIELDS}, now=now)
    if answer.status == 404 and message_of(answer):
        raise NotPossible(_("The shop has no order %(order)s.") % {"order": number})
    if answer.status != 200 or not answer.looks_like_json:
        raise await store.refusal(answer, now=now)
    order = parse(store.http, answer, _ORDER)
    if order.state in CLOSED:
        raise NotPossible(_("The order is cancelled or refunded in the shop: it takes no tracking number."))
    if order.is_virtual:
        raise NotPossible(_("The order holds nothing that is shipped: it takes no tracking number."))


async def _write(
    store: MagentoStore,
    order: int,
    shipments: Sequence[Shipment],
    parcels: Sequence[Parcel],
    *,
    notify: bool,
    now: datetime,
) -> str:
    """Where it was written. Raises NotPossible when the order cannot be shipped."""
    if not shipments:
        document: dict[str, Any] = {"notify": notify, "tracks": [_track(parcel) for parcel in parcels]}
        await _post(store, f"order/{order}/ship", document, now=now)
        return _("new shipment")
    # A shipment without a number is the one that waits for it.
    shipment = next((each for each in shipments if not each.numbers), shipments[-1])
    for parcel in parcels:
        entity = {**_track(parcel), "order_id": order, "parent_id": shipment.entity_id}
        await _post(store, "shipment/track", {"entity": entity}, now=now)
    if notify and parcels:
        # Unlike shipping, adding a track mails nobody.
        await _post(store, f"shipment/{shipment.entity_id}/emails", {}, now=now)
    return _("shipment %(number)d") % {"number": shipment.entity_id}


def _track(parcel: Parcel) -> dict[str, str]:
    # Magento keeps no address of a custom carrier's tracking page.
    return {
        "track_number": parcel.number.strip(),
        "title": parcel.carrier or "Parcel",
        "carrier_code": "custom",
    }


async def _post(store: MagentoStore, path: str, document: dict[str, Any], *, now: datetime) -> None:
    answer = await store.post(path, document, now=now)
    if answer.status == 200:
        return
    message = message_of(answer)
    if not message:
        raise await store.refusal(answer, now=now)
    sentence = _("The shop does not take the tracking number: %(reason)s") % {"reason": message}
    raise NotPossible(
        sentence, call=store.http.note(answer, Classification(Outcome.PASSED, "Magento", sentence))
    )

"""Reads and writes tracking numbers: in Magento they are tracks of an order's shipments.

An order holds no tracks itself, and neither shipment nor track need move its ``updated_at``. Writing is
not idempotent (the same call twice makes two tracks), and a call to ship without a body ships everything
without a number. So all is read first, only what is missing is written, never without a body, and the
result is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
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

_NOT_TAKEN = _noop("The shop does not take the tracking number: %(reason)s")
_NOT_MAILED = _noop("The tracking number is written, but the shop could not mail the buyer: %(reason)s")
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
    shipments = await _shipments(store, [str(number)], now=now)
    missing = _missing(wanted, shipments)
    if not missing:
        return TrackingWrite((), tuple(wanted))
    await _check_order(store, number, now=now)
    lost: NoAnswer | None = None
    try:
        await _put(store, number, shipments, missing, notify=notify, now=now)
    except NoAnswer as error:
        # It may have been written all the same: the shop itself tells.
        lost = error
    if _missing(missing, await _shipments(store, [str(number)], now=now)):
        raise lost or RemoteFault(
            _("The shop accepted the tracking number of order %(order)s, but did not keep it.")
            % {"order": order_id},
            remedy=_(
                "Add the number in the Magento admin: Sales > Shipments, and see which module drops it."
            ),
        )
    present = tuple(each for each in wanted if each not in missing)
    return TrackingWrite(tuple(missing), present, _("shipment"))


def _missing(wanted: Mapping[str, Parcel], shipments: Sequence[Shipment]) -> dict[str, Parcel]:
    present = {number.casefold() for shipment in shipments for number in shipment.numbers}
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


async def _put(
    store: MagentoStore,
    order: int,
    shipments: Sequence[Shipment],
    missing: Mapping[str, Parcel],
    *,
    notify: bool,
    now: datetime,
) -> None:
    """Raises NotPossible when the order cannot be shipped, or the buyer not be mailed."""
    if not shipments:
        tracks = [_track(parcel) for parcel in missing.values()]
        try:
            await _post(
                store, f"order/{order}/ship", {"notify": notify, "tracks": tracks}, _NOT_TAKEN, now=now
            )
        except NotPossible:
            # Somebody else may have shipped it in between.
            shipments = await _shipments(store, [str(order)], now=now)
            missing = _missing(missing, shipments)
            if not shipments:
                raise
        else:
            return
    # A shipment without a number is the one that waits for it.
    shipment = next((each for each in shipments if not each.numbers), shipments[-1])
    for parcel in missing.values():
        entity = {**_track(parcel), "order_id": order, "parent_id": shipment.entity_id}
        await _post(store, "shipment/track", {"entity": entity}, _NOT_TAKEN, now=now)
    if notify and missing:
        # Unlike shipping, adding a track mails nobody.
        await _post(store, f"shipment/{shipment.entity_id}/emails", {}, _NOT_MAILED, now=now)


def _track(parcel: Parcel) -> dict[str, str]:
    # Magento keeps no address of a custom carrier's tracking page.
    return {
        "track_number": parcel.number.strip(),
        "title": parcel.carrier or "Parcel",
        "carrier_code": "custom",
    }


async def _post(
    store: MagentoStore, path: str, document: Mapping[str, Any], refused: str, *, now: datetime
) -> None:
    """Raises NotPossible, in the words of ``refused``, with the reason Magento gives."""
    answer = await store.post(path, document, now=now)
    if answer.status == 200:
        return
    reason = message_of(answer)
    if not reason:
        raise await store.refusal(answer, now=now)
    sentence = _(refused) % {"reason": reason}
    found = Classification(Outcome.PASSED, "Magento", sentence)
    raise NotPossible(sentence, call=store.http.note(answer, found))

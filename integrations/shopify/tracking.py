"""Tracking numbers of a shop's orders: read many at once, write those that are missing.

Neither mutation is idempotent at Shopify, so writing reads first, writes the difference and reads back.
``notifyCustomer`` stays false unless it is wanted: Shopify then mails the buyer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.contracts import Parcel, StoreTracking, TrackingWrite
from integrations.documents import Id, Record, Rows, UtcTime
from integrations.errors import NotPossible
from integrations.parsing import checked
from integrations.shopify.carriers import company
from integrations.shopify.graphql import AdminApi
from integrations.shopify.nodes import NodeReading, order_gid

_DEAD = frozenset({"CANCELLED", "ERROR", "FAILURE"})
"""Fulfilments that sent nothing."""
_GIVEN_BACK = frozenset({"REFUNDED", "VOIDED"})
_SHALLOW = {"fulfillments": 5, "numbers": 4}
_DEEP = {"fulfillments": 30, "numbers": 20}


class TrackingInfo(Record):
    number: str | None = None
    company: str | None = None
    url: str | None = None


class Fulfillment(Record):
    id: str = ""
    name: str = ""
    status: str
    trackingInfo: list[TrackingInfo] = []  # Shopify's names

    @property
    def is_alive(self) -> bool:
        return self.status not in _DEAD

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(info.number for info in self.trackingInfo if info.number)


class TrackedOrder(Record):
    """An order of the saved query ``tracking_of_orders``."""

    legacyResourceId: Id
    cancelledAt: UtcTime | None = None
    displayFinancialStatus: str | None = None
    displayFulfillmentStatus: str | None = None
    fulfillments: Rows[Fulfillment]

    @property
    def may_have_more(self) -> bool:
        return len(self.fulfillments) >= _SHALLOW["fulfillments"] or any(
            len(fulfillment.trackingInfo) >= _SHALLOW["numbers"] for fulfillment in self.fulfillments
        )


class _Action(Record):
    action: str


class _Location(Record):
    name: str = ""


class FulfillmentOrder(Record):
    """The part of an order that one location is to send."""

    id: str
    status: str
    supportedActions: list[_Action] = []
    assignedLocation: _Location = _Location()

    @property
    def can_be_sent(self) -> bool:
        return any(action.action == "CREATE_FULFILLMENT" for action in self.supportedActions)


class _FulfillmentOrders(Record):
    nodes: Rows[FulfillmentOrder]


class Shipping(Record):
    """An order of the saved query ``order_shipping``."""

    cancelledAt: UtcTime | None = None
    fulfillments: Rows[Fulfillment]
    fulfillmentOrders: _FulfillmentOrders


_TRACKED = TypeAdapter(list[TrackedOrder | None])
_SHIPPING = TypeAdapter(Shipping | None)


async def read_tracking(api: AdminApi, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
    """See :class:`integrations.adapters.ReadsTracking`. As many orders per query as its cost allows."""

    async def fetch(ids: Sequence[str], depth: Mapping[str, int]) -> tuple[list[TrackedOrder], float]:
        reply, answer = await api.query("tracking_of_orders", {"ids": list(ids), **depth}, now=now)
        rows = checked(api.http, answer, _TRACKED, _orders_only(reply.part("nodes")))
        return [row for row in rows if row is not None], reply.cost

    found = await NodeReading(lambda ids: fetch(ids, _SHALLOW), 30).read(order_ids)
    deep = [row.legacyResourceId for row in found if row.may_have_more]
    if deep:
        deeper = await NodeReading(lambda ids: fetch(ids, _DEEP), 1).read(deep)
        found = [row for row in found if not row.may_have_more] + deeper
    return [_tracking_of(row) for row in found]


def _orders_only(nodes: Any) -> Any:
    # What is no order answers as an empty object.
    return [node or None for node in nodes] if isinstance(nodes, list) else nodes


def _tracking_of(order: TrackedOrder) -> StoreTracking:
    alive = [fulfillment for fulfillment in order.fulfillments if fulfillment.is_alive]
    status = order.displayFulfillmentStatus
    return StoreTracking(
        order_id=order.legacyResourceId,
        numbers=tuple(dict.fromkeys(number for fulfillment in alive for number in fulfillment.numbers)),
        is_shipped=None if status is None else status == "FULFILLED",
        is_closed=order.cancelledAt is not None or order.displayFinancialStatus in _GIVEN_BACK,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """One mutation."""

    query: str
    field: str
    variables: Mapping[str, Any]


async def write_tracking(
    api: AdminApi, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool
) -> TrackingWrite:
    """See :class:`integrations.adapters.WritesTracking`.

    A fulfilment without number gets the numbers; else what is still to be sent is marked as sent with
    them; else they are added to the newest fulfilment.
    """
    wanted = {_same(parcel.number): parcel for parcel in parcels if parcel.number.strip()}
    before = await _read_shipping(api, order_id, now=now)
    had = _numbers(before)
    missing = [parcel for key, parcel in wanted.items() if key not in had]
    present = tuple(parcel.number for key, parcel in wanted.items() if key in had)
    if not missing:
        return TrackingWrite((), present)
    step = _step(before, missing, notify=notify)
    await api.mutate(step.query, step.field, step.variables, now=now)
    after = await _read_shipping(api, order_id, now=now)
    has = _numbers(after)
    written = tuple(parcel.number for parcel in missing if _same(parcel.number) in has)
    where = next((has[_same(number)] for number in written), "")
    return TrackingWrite(written, present, where)


async def _read_shipping(api: AdminApi, order_id: str, *, now: datetime) -> Shipping:
    gid = order_gid(order_id)
    reply, answer = await api.query("order_shipping", {"id": gid}, now=now) if gid else (None, None)
    found = checked(api.http, answer, _SHIPPING, reply.part("order")) if reply and answer else None
    if found is None:
        raise NotPossible(_("Shopify has no such order, or it is older than 60 days."))
    return found


def _numbers(shipping: Shipping) -> dict[str, str]:
    """Every number there is, and the name of the fulfilment that carries it."""
    return {
        _same(number): fulfillment.name
        for fulfillment in shipping.fulfillments
        if fulfillment.is_alive
        for number in fulfillment.numbers
    }


def _same(number: str) -> str:
    """People and hubs write numbers with blanks and in either case."""
    return "".join(number.split()).upper()


def _step(shipping: Shipping, missing: Sequence[Parcel], *, notify: bool) -> _Step:
    """The one change that brings the numbers in. Raises NotPossible."""
    if shipping.cancelledAt is not None:
        raise NotPossible(_("The order is cancelled in Shopify; it takes no tracking number."))
    alive = [fulfillment for fulfillment in shipping.fulfillments if fulfillment.is_alive]
    bare = next((fulfillment for fulfillment in alive if not fulfillment.numbers), None)
    to_send = [part for part in shipping.fulfillmentOrders.nodes if part.can_be_sent]
    if bare is not None:
        return _update(bare, missing, notify=notify)
    if to_send:
        return _create(to_send, missing, notify=notify)
    if alive:
        return _update(alive[-1], missing, notify=notify)
    if any(part.status == "ON_HOLD" for part in shipping.fulfillmentOrders.nodes):
        raise NotPossible(
            _("The order is on hold in Shopify."), remedy=_("Release the hold in Shopify, then try again.")
        )
    raise NotPossible(
        _("Nothing of the order can be marked as sent by this app."),
        remedy=_("Mark it as sent in Shopify, or let the fulfilment service do it that has the order."),
    )


def _create(parts: Sequence[FulfillmentOrder], missing: Sequence[Parcel], *, notify: bool) -> _Step:
    """Marks what is still to be sent as sent. One fulfilment may hold parts of one location only."""
    if len({part.assignedLocation.name for part in parts}) > 1:
        raise NotPossible(
            _("The order is sent from several places, and it is not known which parcel came from where."),
            remedy=_("Enter the tracking number in Shopify by hand."),
        )
    document = {
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part.id} for part in parts],
        "trackingInfo": _input([], missing),
        "notifyCustomer": notify,
    }
    return _Step("fulfillment_create", "fulfillmentCreate", {"fulfillment": document})


def _update(fulfillment: Fulfillment, missing: Sequence[Parcel], *, notify: bool) -> _Step:
    """Adds to what a fulfilment carries: the mutation replaces all of it."""
    held = [info for info in fulfillment.trackingInfo if info.number]
    variables = {"id": fulfillment.id, "tracking": _input(held, missing), "notify": notify}
    return _Step("fulfillment_tracking_info_update", "fulfillmentTrackingInfoUpdate", variables)


def _input(held: Sequence[TrackingInfo], missing: Sequence[Parcel]) -> dict[str, Any]:
    """A FulfillmentTrackingInput. Numbers and URLs match by position, and one company stands for all: it is
    given only if it is the same for all, and in Shopify's own spelling."""
    companies = {*(info.company or "" for info in held), *(company(parcel.carrier) for parcel in missing)}
    found: dict[str, Any] = {
        "numbers": [*(info.number for info in held), *(parcel.number.strip() for parcel in missing)]
    }
    if len(companies) == 1 and "" not in companies:
        found["company"] = companies.pop()
    urls = [*(info.url or "" for info in held), *(parcel.url for parcel in missing)]
    if all(url.startswith(("https://", "http://")) for url in urls):
        found["urls"] = urls
    return found

"""Refreshing from the store's side: send its waiting orders on, write missing numbers, touch orders.

Each way reads first and changes only what is missing, so that doing it twice changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.adapters import (
    HubAdapter,
    Nudges,
    PushesOrders,
    ReadsFullOrders,
    StoreAdapter,
    WritesTracking,
)
from integrations.contracts import CallRecord, Parcel, StoreTracking
from integrations.errors import NotPossible, RemoteError, TimedOut
from integrations.models import Integration
from integrations.opening import open_hub, open_store
from monitor.collect.hubs import record_calls
from monitor.collect.pacing import AccountPacer
from monitor.collect.run import policy
from monitor.collect.shipments import Sought, missing, record_looks
from monitor.collect.threads import in_thread
from monitor.collect.waiting import waiting
from monitor.models import Progress

DEADLINE = timedelta(seconds=60)
"""For all of it; what is left is for the next refresh."""
ORDERS_AT_ONCE = 200
"""So many waiting orders are sent, or orders are touched, by one refresh."""
PARCELS_AT_ONCE = 500
ENOUGH_REFUSALS = 5
KEPT_ORDERS = 100
"""So many orders are named in the record of a refresh."""
TELL_EVERY = 5
"""Orders between two words on how far it is."""
AT_THE_SAME_TIME = 3
"""Orders that are written to at once: a shop has other visitors."""

ResultT = TypeVar("ResultT")
Tell = Callable[[str], None]
"""Says how far it is."""


@dataclass(slots=True)
class Written:
    """What became of the numbers of one order."""

    key: str
    """The store's id of the order."""
    order: str
    """Its visible number."""
    written: Sequence[str] = ()
    present: Sequence[str] = ()
    where: str = ""
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "order": self.order,
            "written": list(self.written),
            "present": list(self.present),
            "where": self.where,
            "error": self.error,
        }


@dataclass(slots=True)
class Repushed:
    """What became of all of them."""

    orders: list[Written] = field(default_factory=list)
    left: int = 0
    """Orders there was no time for."""

    @property
    def written(self) -> int:
        return sum(len(order.written) for order in self.orders)

    @property
    def failed(self) -> list[Written]:
        return [order for order in self.orders if order.error]

    def sentence(self) -> str:
        """In one or two sentences."""
        failed = self.failed
        if self.written:
            said = ngettext(
                "%(n)d number was written to the store and read back.",
                "%(n)d numbers were written to the store and read back.",
                self.written,
            ) % {"n": self.written}
        elif failed:
            said = _("No number could be written: %(reason)s") % {"reason": failed[0].error}
        else:
            said = _("Every number is in the store already.")
        if self.written and failed:
            said += " " + ngettext(
                "%(n)d order could not be written: %(reason)s",
                "%(n)d orders could not be written: %(reason)s",
                len(failed),
            ) % {"n": len(failed), "reason": failed[0].error}
        if self.left:
            said += " " + _("Ask again for the %(n)d orders that are left.") % {"n": self.left}
        return said


def push_orders(
    integration: Integration, only: Sequence[str], *, system: str, now: datetime, tell: Tell
) -> str:
    """Reads the waiting orders from the store and sends them to the hub. Returns what was done.

    The orders' customer data passes through memory only. Raises RemoteError.
    """
    order_ids = _waiting(integration, only, now)
    if not order_ids:
        raise NotPossible(_("No order is waiting, so there is nothing to send."))

    async def work(calls: list[CallRecord]) -> str:
        account = integration.account
        pacer = AccountPacer(account.pk, slots_at_once=1)
        told: list[str] = []
        taken = False
        async with (
            _store(integration, calls) as store,
            open_hub(account.target(), account.kind, policy=policy(), pacer=pacer) as hub,
        ):
            if not isinstance(store, ReadsFullOrders) or not _can_push(hub, system):
                raise NotPossible(_("Orders cannot be sent to this integration."))
            assert isinstance(hub, PushesOrders)
            try:
                for start in range(0, len(order_ids), 100):
                    orders = await store.read_full_orders(order_ids[start : start + 100], now=now)
                    answer = await hub.push_orders(integration.external_id, orders, now=now)
                    told.append(answer.detail)
                    taken = taken or answer.accepted
            finally:
                calls.extend(hub.calls())
        # What the hub took and what it refused, in its adapter's words: it knows, and we do not.
        if not taken:
            raise NotPossible(" ".join(told))
        return " ".join(told)

    tell(_("Sending waiting orders."))
    return _run(integration, work)


def nudge_store(integration: Integration, only: Sequence[str], *, now: datetime, tell: Tell) -> str:
    """Touches the waiting orders in the store, so that its webhooks fire again. Raises RemoteError."""
    order_ids = _waiting(integration, only, now)
    if not order_ids:
        raise NotPossible(_("No order is waiting, so there is nothing to touch."))

    async def work(calls: list[CallRecord]) -> str:
        touched, refusals = 0, 0
        async with _store(integration, calls) as store:
            if not isinstance(store, Nudges):
                raise NotPossible(_("This shop has no harmless way to touch an order."))
            for place, order_id in enumerate(order_ids, start=1):
                try:
                    await store.nudge(order_id, now=now)
                except NotPossible:
                    # An order that was deleted since keeps no other from being touched. Where none of the
                    # first can be, the shop has no way.
                    refusals += 1
                    if not touched and (refusals == ENOUGH_REFUSALS or place == len(order_ids)):
                        raise
                else:
                    touched += 1
        return ngettext(
            "%(n)d waiting order was touched in the store.",
            "%(n)d waiting orders were touched in the store.",
            touched,
        ) % {"n": touched}

    tell(_("Touching waiting orders in the store."))
    return _run(integration, work)


def repush_tracking(integration: Integration, only: Sequence[str], *, now: datetime, tell: Tell) -> Repushed:
    """Writes the numbers that the store's orders lack. What is written or found there is stored.

    Raises RemoteError when nothing could be tried at all; an order that cannot be written keeps no
    other from being written.
    """
    orders = _missing(integration, only, now)
    if not orders:
        raise NotPossible(_("No number is missing in the store."))
    done = Repushed(left=len(orders))

    async def work(calls: list[CallRecord]) -> None:
        slots = asyncio.Semaphore(AT_THE_SAME_TIME)

        async def write(store: WritesTracking, order_id: str, parcels: Sequence[_Missing]) -> None:
            async with slots:
                labels = [Parcel(one.number, one.carrier, one.url) for one in parcels]
                try:
                    came = await store.write_tracking(order_id, labels, now=now)
                except RemoteError as error:
                    written = Written(order_id, parcels[0].order_number, error=str(error)[:300])
                else:
                    number = parcels[0].order_number
                    written = Written(order_id, number, came.written, came.present, came.where)
                done.orders.append(written)
                done.left -= 1
                if not len(done.orders) % TELL_EVERY:
                    progress = _("%(done)d of %(all)d orders done.")
                    await in_thread(tell, progress % {"done": len(done.orders), "all": len(orders)})

        async with _store(integration, calls) as store:
            if not isinstance(store, WritesTracking):
                raise NotPossible(_("Numbers cannot be written to this shop."))
            await asyncio.gather(*(write(store, key, parcels) for key, parcels in orders.items()))

    try:
        _run(integration, work)
    except TimedOut:
        if not done.orders:
            raise
    _keep(orders, done, now)
    return done


@dataclass(frozen=True, slots=True)
class _Missing:
    sought: Sought
    number: str
    carrier: str
    url: str
    order_number: str


def _missing(integration: Integration, only: Sequence[str], now: datetime) -> dict[str, list[_Missing]]:
    """Parcels whose number is missing, by the store's id of the order, the longest due first."""
    rows = missing(now).filter(integration=integration, due_at__lte=now).exclude(order_key="")
    if only:
        rows = rows.filter(order_key__in=only)
    orders: dict[str, list[_Missing]] = {}
    for row in rows.order_by("due_at")[:PARCELS_AT_ONCE]:
        assert row.due_at is not None
        parcel = Sought(row.pk, integration.pk, row.order_key, row.number, row.due_at)
        orders.setdefault(row.order_key, []).append(
            _Missing(parcel, row.number, row.carrier, row.url, row.order_number)
        )
    return dict(list(orders.items())[:ORDERS_AT_ONCE])


def _keep(orders: dict[str, list[_Missing]], done: Repushed, now: datetime) -> None:
    found = [
        StoreTracking(order.key, (*order.written, *order.present), is_shipped=None)
        for order in done.orders
        if not order.error
    ]
    keys = {tracking.order_id for tracking in found}
    record_looks([one.sought for key in keys for one in orders[key]], found, now)


def _waiting(integration: Integration, only: Sequence[str], now: datetime) -> list[str]:
    progress = Progress.objects.filter(integration=integration).first()
    rows = waiting(integration.pk, progress, now).order_by("eligible_at")
    if only:
        rows = rows.filter(order_key__in=only)
    return list(rows.values_list("order_key", flat=True)[:ORDERS_AT_ONCE])


def _can_push(hub: HubAdapter, system: str) -> bool:
    return isinstance(hub, PushesOrders) and hub.can_push(system)


@asynccontextmanager
async def _store(integration: Integration, calls: list[CallRecord]) -> AsyncIterator[StoreAdapter]:
    store = integration.store
    async with open_store(store.target(), store.platform, policy=policy()) as adapter:
        try:
            yield adapter
        finally:
            calls.extend(adapter.calls())


def _run(integration: Integration, work: Callable[[list[CallRecord]], Awaitable[ResultT]]) -> ResultT:
    """Runs the work under the deadline and keeps the calls that failed. Raises RemoteError."""
    calls: list[CallRecord] = []

    async def within() -> ResultT:
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                return await work(calls)
        except TimeoutError as error:
            raise TimedOut(
                _("It took longer than %(seconds)d s and was ended.") % {"seconds": DEADLINE.seconds}
            ) from error

    try:
        return asyncio.run(within())
    finally:
        record_calls(calls, store_id=integration.store_id)

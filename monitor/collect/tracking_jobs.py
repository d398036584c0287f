"""The two sides of tracking: the hub's parcels, and the store's orders that should carry their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from integrations.adapters import ReadsShipments, ReadsTracking
from integrations.contracts import Page, ShipmentRecord, StoreTracking
from integrations.models import Integration
from integrations.opening import open_hub, open_store
from monitor.collect import shipments
from monitor.collect.claim import Claimed, fence
from monitor.collect.jobs import MoreToRead, keep_calls
from monitor.collect.shipments import Sought

if TYPE_CHECKING:
    from monitor.collect.run import Batch

ORDERS_PER_REQUEST = 50
AT_ONCE_AGAIN = timedelta(seconds=1)
"""When there is more to look for: others get their turn first."""


async def hub_shipments(batch: Batch, job: Claimed) -> None:
    """The parcels of an integration that changed since the watermark.

    Raises MoreToRead between two pages of a long reading.
    """
    integration = await batch.database(Integration.objects.select_related("account").get, pk=job.target_id)
    account = integration.account
    feedback = await batch.database(shipments.feedback_of, integration.pk)
    pacer = batch.pacer(account.pk)

    @transaction.atomic
    def store(page: Page[ShipmentRecord]) -> None:
        fence(job, page.watermark)
        shipments.record_shipments(integration.pk, integration.store_id, page.records, feedback=feedback)

    async with open_hub(account.target(), account.kind, policy=batch.policy, pacer=pacer) as adapter:
        assert isinstance(adapter, ReadsShipments)
        try:
            async for page in adapter.read_shipments(integration.external_id, job.watermark, now=batch.now):
                await batch.database(store, page)
                batch.progressed(job)
                if page.records and page.watermark and batch.has_run_long:
                    raise MoreToRead
        finally:
            await keep_calls(batch, adapter.calls(), account_id=account.pk)


async def store_tracking(batch: Batch, job: Claimed) -> timedelta | None:
    """Looks for the numbers that should be in a store's orders. Asks nothing when none is missing.

    Raises MoreToRead while there are numbers that were never looked for: of those nothing can be said.
    """
    looked_for = await batch.database(shipments.sought, job.target_id, batch.now)
    if not looked_for:
        return None
    row = await batch.store(job.target_id)

    @transaction.atomic
    def store(parcels: Sequence[Sought], found: Sequence[StoreTracking]) -> None:
        fence(job)
        shipments.record_looks(parcels, found, batch.now)

    async with open_store(row.target(), row.platform, policy=batch.policy) as adapter:
        assert isinstance(adapter, ReadsTracking)
        try:
            groups = by_orders(looked_for, ORDERS_PER_REQUEST)
            for place, parcels in enumerate(groups, start=1):
                order_ids = list(dict.fromkeys(parcel.order_key for parcel in parcels))
                found = await adapter.read_tracking(order_ids, now=batch.now)
                await batch.database(store, parcels, found)
                batch.progressed(job)
                left = groups[place:]
                if left and batch.has_run_long:
                    return _again(left[0])
        finally:
            await keep_calls(batch, adapter.calls(), store_id=row.pk)
    return _again(looked_for[-1:]) if len(looked_for) == shipments.AT_ONCE else None


def _again(parcels: Sequence[Sought]) -> timedelta:
    """When to go on with what was left. New ones come first, so these tell whether there are any."""
    if any(parcel.is_new for parcel in parcels):
        raise MoreToRead
    return AT_ONCE_AGAIN


def by_orders(parcels: Sequence[Sought], most: int) -> list[list[Sought]]:
    """The parcels in groups of at most ``most`` orders; an order's parcels stay together."""
    orders: dict[str, list[Sought]] = {}
    for parcel in parcels:
        orders.setdefault(parcel.order_key, []).append(parcel)
    keys = list(orders)
    return [
        [parcel for key in keys[start : start + most] for parcel in orders[key]]
        for start in range(0, len(keys), most)
    ]

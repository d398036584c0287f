"""Reads an account by version 2 of the API, for accounts that have no access to version 3.

Version 2 lists orders by integration and only from a day on, parcels only for the whole account; its order of
rows is not documented. Rules: sendcloud.dev, API v2, integrations and parcels.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.contracts import ArrivalRecord, HubIntegration, Page, ShipmentRecord, Watermark
from integrations.documents import Id, Record, Rows, UtcTime
from integrations.errors import UnexpectedAnswer
from integrations.http import RemoteClient
from integrations.parsing import parse, parse_most
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.changes import Sheet, read_changes, told_at
from integrations.sendcloud.parcels import OLDER_PARCELS
from integrations.sendcloud.records import INTEGRATIONS_V2, LogRow

PLACED_BEFORE = timedelta(days=3)
"""Orders may arrive so long after they were placed: the list can only be asked by the day of placing."""
SENT_AFTER = timedelta(days=30)
"""Parcels are made so long after an order was placed."""


class OlderOrder(Record):
    """One row of v2 ``/integrations/{id}/shipments``: here ``created_at`` is Sendcloud's own time."""

    shipment_uuid: str
    external_order_id: Id | None = None
    order_number: Id | None = None
    created_at: UtcTime
    shipment_created_at: UtcTime | None = None

    def to_contract(self, integration_id: str) -> ArrivalRecord | None:
        """The arrival, or ``None`` for an order that no shop sent."""
        if not (self.external_order_id or self.order_number):
            return None
        return ArrivalRecord(
            integration_id=integration_id,
            hub_id=self.shipment_uuid[:80],
            order_id=(self.external_order_id or "")[:80],
            order_number=(self.order_number or "").removeprefix("#")[:80],
            arrived_at=self.created_at,
            ordered_at=self.shipment_created_at,
        )


class _OlderOrders(Record):
    next: str | None = None
    results: Rows[OlderOrder]


class OlderLog(Record):
    next: str | None = None
    results: Rows[LogRow]


_ORDERS = TypeAdapter(_OlderOrders)
LOGS_V2 = TypeAdapter(OlderLog)


@dataclass(frozen=True, slots=True)
class OlderApi:
    """The readings of one account."""

    http: RemoteClient
    api: SendcloudApi

    async def integrations(self, *, now: datetime) -> Sequence[HubIntegration]:
        answer = await self.api.get("v2/integrations", now=now)
        return [row.to_contract() for row in parse(self.http, answer, INTEGRATIONS_V2)]

    async def arrivals(
        self, since: Watermark, look_back: timedelta, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """As ``ImportsOrders.read_arrivals``. Only the last page carries a watermark, and it does not go
        beyond the beginning of the reading."""
        ids = (
            [integration_id]
            if integration_id
            else [each.external_id for each in await self.integrations(now=now)]
        )
        floor = since.at - look_back
        began_at, newest = now, since.at
        for each in ids:
            async for rows, told in self._orders(each, floor - PLACED_BEFORE, now=now):
                began_at = min(began_at, told or now)
                newest = max([newest, *(row.created_at for row in rows)])
                fresh = [row for row in rows if row.created_at >= floor]
                yield Page([record for row in fresh if (record := row.to_contract(each))], None)
        yield Page((), Watermark(max(since.at, min(newest, began_at))))

    async def _orders(
        self, integration_id: str, placed_since: datetime, *, now: datetime
    ) -> AsyncIterator[tuple[Sequence[OlderOrder], datetime | None]]:
        address = f"v2/integrations/{quote(integration_id, safe='')}/shipments"
        params: dict[str, str] | None = {"start_date": (placed_since - timedelta(days=1)).date().isoformat()}
        seen: set[str] = set()
        while True:
            answer = await self.api.get(address, params, now=now)
            page = parse_most(self.http, answer, _ORDERS)
            fresh = {row.shipment_uuid for row in page.results} - seen
            following = self.api.older_next_page(answer, page.next)
            if following is not None and not fresh:
                raise UnexpectedAnswer(_("Sendcloud gives the same page of orders again and again."))
            seen |= fresh
            yield page.results, told_at(answer)
            if following is None:
                return
            address, params = following, None

    async def shipments(
        self, integration_id: str, since: Watermark, look_back: timedelta, *, now: datetime
    ) -> AsyncIterator[Page[ShipmentRecord]]:
        """Parcels of one integration: those of the account whose order the integration imported."""
        is_only_one = len(await self.integrations(now=now)) <= 1
        orders: dict[str, str] = {}
        if not is_only_one:
            async for rows, _told in self._orders(integration_id, since.at - SENT_AFTER, now=now):
                orders.update((row.shipment_uuid, row.external_order_id or "") for row in rows)

        async def fetch(
            address: str | None, after: datetime, _before: datetime | None
        ) -> Sheet[ShipmentRecord]:
            params = {"updated_after": after.isoformat(), "errors": "verbose-carrier"}
            answer = await self.api.get(address or "v2/parcels", None if address else params, now=now)
            page = parse_most(self.http, answer, OLDER_PARCELS)
            rows = [
                record
                for row in page.parcels
                if (record := row.to_contract(integration_id, orders.get(row.shipment_uuid or "", "")))
            ]
            listed = [row.id for row in page.parcels]
            return Sheet(rows, self.api.older_next_page(answer, page.next), told_at(answer), listed)

        async for page in read_changes(fetch, since, look_back, now=now, stretch=None):
            own = [row for row in page.records if is_only_one or row.order_id]
            yield Page(own, page.watermark)

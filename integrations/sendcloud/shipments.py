"""Reads the parcels of an integration, by version 3 of the API."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from integrations.contracts import Page, ShipmentRecord, Watermark
from integrations.http import RemoteClient
from integrations.parsing import parse, parse_most
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.changes import Sheet, read_changes, told_at
from integrations.sendcloud.parcels import NOT_MOVED_YET, SHIPMENTS, TRACKING, Parcel, Shipment, Tracking
from integrations.sendcloud.records import INTEGRATION_V3, Integration

ON_SCAN = "delayed"
"""The ``feedback_type`` of an integration whose shop is told when the carrier has the parcel."""
ASKED_WITHIN = timedelta(days=3)
"""Of older parcels the last change stands for the carrier's first scan: asking costs a request each."""


async def read_integration(
    http: RemoteClient, api: SendcloudApi, integration_id: str, *, now: datetime
) -> Integration | None:
    """An integration by version 3; ``None`` where there is none."""
    answer = await api.get_if_there(f"v3/integrations/{quote(integration_id, safe='')}", now=now)
    return None if answer is None else parse(http, answer, INTEGRATION_V3).data


async def read_shipments(
    http: RemoteClient,
    api: SendcloudApi,
    integration_id: str,
    since: Watermark,
    look_back: timedelta,
    *,
    now: datetime,
) -> AsyncIterator[Page[ShipmentRecord]]:
    """Parcels changed since the watermark. Each is asked for its first scan only where that counts."""
    integration = await read_integration(http, api, integration_id, now=now)
    needs_scan = integration is not None and integration.feedback_type == ON_SCAN

    async def tracking(parcel: Parcel) -> Tracking | None:
        number = (parcel.tracking_number or "").strip()
        code = (parcel.status.code if parcel.status else None) or ""
        if not (needs_scan and number and parcel.announced_at) or code in NOT_MOVED_YET:
            return None
        changed_at = parcel.changed_at
        if changed_at is None or now - changed_at > ASKED_WITHIN:
            return Tracking.model_validate({"events": [{"event_at": changed_at, "event_type": "carrier"}]})
        answer = await api.get_if_there(f"v3/parcels/tracking/{quote(number, safe='')}", now=now)
        return None if answer is None else parse(http, answer, TRACKING)

    async def records(shipment: Shipment) -> list[ShipmentRecord]:
        found = []
        for parcel in shipment.parcels:
            moves = await tracking(parcel)
            scanned_at, is_return = (moves.scanned_at, moves.is_return) if moves else (None, False)
            record = shipment.to_contract(parcel, integration_id, scanned_at=scanned_at, is_return=is_return)
            if record is not None:
                found.append(record)
        return found

    async def fetch(address: str | None, after: datetime, before: datetime | None) -> Sheet[ShipmentRecord]:
        params = None if address else _params(integration_id, after, before)
        answer = await api.get(address or "v3/shipments", params, now=now)
        shipments = parse_most(http, answer, SHIPMENTS).data
        rows = [record for shipment in shipments for record in await records(shipment)]
        # What has no label yet is no parcel, and may fill whole pages.
        listed = [shipment.id for shipment in shipments if shipment.id]
        return Sheet(rows, api.next_page(answer), told_at(answer), listed)

    async for page in read_changes(fetch, since, look_back, now=now):
        yield page


def _params(integration_id: str, after: datetime, before: datetime | None) -> Mapping[str, str]:
    end = {} if before is None else {"updated_before": before.isoformat()}
    return {
        "integration_id": integration_id,
        "updated_after": after.isoformat(),
        **end,
        "page_size": "100",
    }

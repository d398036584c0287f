"""Sendcloud's webhooks: signed word of parcels that changed, retried for some hours.

Rules: hexadecimal HMAC-SHA256 of the body with the secret key; ten retries, the first after five minutes, at
most an hour apart (sendcloud.dev, webhooks).
"""

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.hub.parcels import STAGES, HubParcel, ParcelStore
from integrations.sandbox.hub.store import HubStore

MOST_TRIES = 11
FIRST_RETRY_S, LONGEST_RETRY_S = 300.0, 3_600.0
_AT_ONCE = 20


@dataclass(slots=True)
class Delivery:
    """A request on its way."""

    url: str
    body: bytes
    signature: str
    due: float
    tries: int = 0


class Hooks:
    def __init__(self, fleet: FleetSpec, store: HubStore, parcels: ParcelStore, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.parcels = parcels
        self.clock = clock
        self.accounts = {spec.id: spec.account for spec in fleet.integrations}
        self._waiting: deque[Delivery] = deque()

    def address(self, integration: int) -> str:
        """Where an integration's webhook goes; empty: nowhere."""
        return str(self.store.meta(f"webhook/{integration}") or "")

    def set_address(self, integration: int, url: str) -> None:
        self.store.set_meta(f"webhook/{integration}", url)

    def note(self, parcel: HubParcel, now: float) -> None:
        """A parcel changed: say so, as it is now."""
        url = self.address(parcel.integration)
        if not url:
            return
        changed = self.parcels.select("id = ?", (parcel.id,), "id", 1)[0]
        body = orjson.dumps(_document(changed, now))
        _public, secret = self.fleet.sendcloud_key(self.accounts[parcel.integration])
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        self._waiting.append(Delivery(url, body, signature, now))

    def next_at(self) -> float | None:
        return min((each.due for each in self._waiting), default=None)

    async def deliver(self, now: float) -> int:
        """Sends what is due; how many were received."""
        due = [each for each in self._waiting if each.due <= now][:_AT_ONCE]
        if not due:
            return 0
        received = 0
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for delivery in due:
                self._waiting.remove(delivery)
                if await _is_received(client, delivery):
                    received += 1
                    continue
                delivery.due = now + min(FIRST_RETRY_S * 2**delivery.tries, LONGEST_RETRY_S)
                delivery.tries += 1
                if delivery.tries < MOST_TRIES:
                    self._waiting.append(delivery)
        return received


async def _is_received(client: httpx.AsyncClient, delivery: Delivery) -> bool:
    headers = {"Content-Type": "application/json", "Sendcloud-Signature": delivery.signature}
    try:
        answer = await client.post(delivery.url, content=delivery.body, headers=headers)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _document(parcel: HubParcel, now: float) -> dict[str, Any]:
    _code, number, words = STAGES[parcel.stage]
    return {
        "action": "parcel_status_changed",
        "timestamp": int(now * 1000),
        "carrier_status_change_timestamp": int(parcel.updated * 1000),
        "parcel": {
            "id": 380_000_000 + parcel.id,
            "name": "Jane PRIVATE",
            "tracking_number": parcel.tracking,
            "status": {"id": number, "message": words},
            "order_number": parcel.number,
            "external_order_id": parcel.order_id,
            "shipment_uuid": f"shp-{parcel.id}",
        },
    }

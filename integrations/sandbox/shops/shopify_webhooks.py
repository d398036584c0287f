"""Webhook subscriptions that apps made, and their deliveries over HTTP.

A change of an order is noticed by the database itself, whoever makes it. A delivery is tried again for some
hours, always with its first payload; after eight failures in a row the subscription is deleted, as
Shopify does (shopify.dev, webhooks: troubleshoot).
"""

import asyncio
import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from integrations.sandbox.clock import Clock, iso
from integrations.sandbox.shops.store import ShopStore

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shop TEXT NOT NULL, topic TEXT NOT NULL, uri TEXT NOT NULL,
    created REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0, UNIQUE (shop, topic, uri)
);
CREATE TABLE IF NOT EXISTS shopify_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, webhook INTEGER NOT NULL, order_id INTEGER NOT NULL,
    due REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    key TEXT, event TEXT, triggered TEXT, body BLOB
);
CREATE TRIGGER IF NOT EXISTS shopify_order_created AFTER INSERT ON orders BEGIN
    INSERT INTO shopify_delivery (webhook, order_id)
    SELECT id, NEW.id FROM shopify_webhook WHERE shop = NEW.shop AND topic = 'ORDERS_CREATE';
END;
CREATE TRIGGER IF NOT EXISTS shopify_order_updated AFTER UPDATE ON orders BEGIN
    INSERT INTO shopify_delivery (webhook, order_id)
    SELECT id, NEW.id FROM shopify_webhook
     WHERE shop = NEW.shop
       AND (topic = 'ORDERS_UPDATED'
            OR (topic = 'ORDERS_PAID' AND OLD.paid IS NULL AND NEW.paid IS NOT NULL)
            OR (topic = 'ORDERS_FULFILLED' AND OLD.completed IS NULL AND NEW.completed IS NOT NULL)
            OR (topic = 'ORDERS_CANCELLED' AND OLD.cancelled IS NULL AND NEW.cancelled IS NOT NULL));
END;
"""
FAILURES_UNTIL_DELETED = 8
TIMEOUT_S = 5.0
_FIRST_RETRY_S = 60.0
_LOOK_EVERY_S = 0.1
_AT_ONCE = 20


class Webhooks:
    def __init__(
        self,
        store: ShopStore,
        clock: Clock,
        secret: Callable[[str], str],
        payload: Callable[[str, int], bytes],
    ) -> None:
        """``secret`` gives a shop's client secret, ``payload`` the body about one of its orders."""
        self.store = store
        self.clock = clock
        self._secret = secret
        self._payload = payload
        store.database.executescript(_SCHEMA)

    # Subscriptions

    def create(self, shop: str, topic: str, uri: str, at: float) -> dict[str, Any] | None:
        """The new subscription; None: there is one already."""
        taken = self.store.database.execute(
            "INSERT OR IGNORE INTO shopify_webhook (shop, topic, uri, created) VALUES (?, ?, ?, ?)"
            " RETURNING id, topic, uri, created",
            (shop, topic, uri, at),
        ).fetchone()
        return _document(*taken) if taken else None

    def of(self, shop: str) -> list[dict[str, Any]]:
        rows = self.store.database.execute(
            "SELECT id, topic, uri, created FROM shopify_webhook WHERE shop = ? ORDER BY id", (shop,)
        )
        return [_document(*row) for row in rows]

    def delete(self, shop: str, webhook: int | None = None) -> int:
        """Deletes one, or all of a shop, with what is still to be delivered; answers how many."""
        found = self.store.database.execute(
            "SELECT id FROM shopify_webhook WHERE shop = ? AND (? IS NULL OR id = ?)",
            (shop, webhook, webhook),
        ).fetchall()
        for (row_id,) in found:
            self.store.database.execute("DELETE FROM shopify_delivery WHERE webhook = ?", (row_id,))
            self.store.database.execute("DELETE FROM shopify_webhook WHERE id = ?", (row_id,))
        return len(found)

    # Deliveries

    async def run(self) -> None:
        """For ever: deliver what is due."""
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as http:
            while True:
                if not await self._deliver_due(http):
                    await asyncio.sleep(_LOOK_EVERY_S)

    async def _deliver_due(self, http: httpx.AsyncClient) -> bool:
        due = self.store.database.execute(
            "SELECT d.id FROM shopify_delivery d WHERE d.due <= ? ORDER BY d.due, d.id LIMIT ?",
            (self.clock.now(), _AT_ONCE),
        ).fetchall()
        for (row_id,) in due:
            await self._deliver(http, row_id)
        return bool(due)

    async def _deliver(self, http: httpx.AsyncClient, row_id: int) -> None:
        row = self.store.database.execute(
            "SELECT d.webhook, d.order_id, d.attempts, d.key, d.event, d.triggered, d.body,"
            "       w.shop, w.topic, w.uri"
            "  FROM shopify_delivery d JOIN shopify_webhook w ON w.id = d.webhook WHERE d.id = ?",
            (row_id,),
        ).fetchone()
        if row is None:  # deleted meanwhile
            return
        webhook, order_id, attempts, key, event, triggered, body, shop, topic, uri = row
        now = self.clock.now()
        if body is None:
            key, event = str(uuid.uuid4()), str(uuid.uuid4())
            triggered = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            body = self._payload(shop, order_id)
            self.store.database.execute(
                "UPDATE shopify_delivery SET key = ?, event = ?, triggered = ?, body = ? WHERE id = ?",
                (key, event, triggered, body, row_id),
            )
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic.lower().replace("_", "/", 1),
            "X-Shopify-Hmac-Sha256": signature(body, self._secret(shop)),
            "X-Shopify-Shop-Domain": f"{shop}.myshopify.com",
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": key,
            "X-Shopify-Triggered-At": triggered,
            "X-Shopify-Event-Id": event,
        }
        try:
            status = (await http.post(uri, content=body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        if 200 <= status < 300:
            self.store.database.execute("DELETE FROM shopify_delivery WHERE id = ?", (row_id,))
            self.store.database.execute("UPDATE shopify_webhook SET failures = 0 WHERE id = ?", (webhook,))
        else:
            self._failed(shop, webhook, row_id, attempts, now)

    def _failed(self, shop: str, webhook: int, row_id: int, attempts: int, now: float) -> None:
        failures = self.store.database.execute(
            "UPDATE shopify_webhook SET failures = failures + 1 WHERE id = ? RETURNING failures", (webhook,)
        ).fetchone()
        if failures and failures[0] >= FAILURES_UNTIL_DELETED:
            self.delete(shop, webhook)
        else:
            self.store.database.execute(
                "UPDATE shopify_delivery SET attempts = ?, due = ? WHERE id = ?",
                (attempts + 1, now + _FIRST_RETRY_S * 2**attempts, row_id),
            )


def signature(body: bytes, secret: str) -> str:
    """As ``X-Shopify-Hmac-Sha256``: base64 of the HMAC of the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _document(row_id: int, topic: str, uri: str, created: float) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/WebhookSubscription/{row_id}",
        "legacyResourceId": str(row_id),
        "topic": topic,
        "uri": uri,
        "format": "JSON",
        "filter": "",
        "includeFields": [],
        "name": None,
        "createdAt": iso(created),
        "updatedAt": iso(created),
        "apiVersion": {"handle": "2026-10", "supported": True, "displayName": "2026-10"},
    }

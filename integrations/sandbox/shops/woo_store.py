"""What only WooCommerce shops keep: meta fields, fulfilments, webhooks and their pending deliveries."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS woo_meta (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, order_id INTEGER NOT NULL, key TEXT NOT NULL,
    value TEXT NOT NULL, UNIQUE (shop, order_id, key)
);
CREATE TABLE IF NOT EXISTS woo_fulfilment (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, order_id INTEGER NOT NULL, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS woo_fulfilment_order ON woo_fulfilment (shop, order_id);
CREATE TABLE IF NOT EXISTS woo_webhook (
    shop TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, topic TEXT NOT NULL,
    delivery_url TEXT NOT NULL, secret TEXT NOT NULL, base_url TEXT NOT NULL, created INTEGER NOT NULL,
    modified INTEGER, failures INTEGER NOT NULL DEFAULT 0, pretended INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shop, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS woo_event (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, webhook_id INTEGER NOT NULL, order_id INTEGER NOT NULL,
    UNIQUE (shop, webhook_id, order_id)
);
CREATE TRIGGER IF NOT EXISTS woo_created AFTER INSERT ON orders BEGIN
    INSERT OR IGNORE INTO woo_event (shop, webhook_id, order_id)
    SELECT shop, id, new.id FROM woo_webhook
     WHERE shop = new.shop AND topic = 'order.created' AND status = 'active' AND NOT pretended;
END;
CREATE TRIGGER IF NOT EXISTS woo_updated AFTER UPDATE ON orders BEGIN
    INSERT OR IGNORE INTO woo_event (shop, webhook_id, order_id)
    SELECT shop, id, new.id FROM woo_webhook
     WHERE shop = new.shop AND topic = 'order.updated' AND status = 'active' AND NOT pretended;
END;
"""
"""One delivery is pending per webhook and order at a time, as in the real one."""

MOST_FAILURES = 7
"""The failed delivery in a row that switches a webhook off."""
PING = 0
"""Stands for an order in the event of a new webhook."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A row of ``woo_webhook``. ``pretended``: its receiver is not part of the sandbox."""

    shop: str
    id: int
    name: str
    status: str
    topic: str
    delivery_url: str
    secret: str
    base_url: str
    created: int
    modified: int | None
    failures: int
    pretended: int


class WooData:
    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        database.executescript(SCHEMA)

    # Orders

    def edit(self, shop: str, order_id: int, status: str, at: int, *, moves: bool) -> None:
        """A REST write. The stamp moves when the status changes, and with order tables always."""
        column = {"completed": "completed", "cancelled": "cancelled", "processing": "paid"}.get(status)
        stamp = f", {column} = coalesce({column}, :at)" if column else ""
        self.database.execute(
            f"UPDATE orders SET modified = max(modified, :at), status = :status{stamp}"  # noqa: S608
            " WHERE shop = :shop AND id = :id AND (:moves OR status <> :status)",
            {"at": at, "status": status, "shop": shop, "id": order_id, "moves": moves},
        )

    def meta(self, shop: str, order_id: int) -> list[dict[str, Any]]:
        rows = self.database.execute(
            "SELECT id, key, value FROM woo_meta WHERE shop = ? AND order_id = ? ORDER BY id",
            (shop, order_id),
        )
        return [{"id": number, "key": key, "value": json.loads(value)} for number, key, value in rows]

    def set_meta(self, shop: str, order_id: int, entries: Iterable[Mapping[str, Any]]) -> None:
        """``null`` deletes, as in the real one."""
        for entry in entries:
            if entry.get("value") is None:
                self.database.execute(
                    "DELETE FROM woo_meta WHERE shop = ? AND order_id = ? AND key = ?",
                    (shop, order_id, entry["key"]),
                )
            else:
                self.database.execute(
                    "INSERT INTO woo_meta (shop, order_id, key, value) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (shop, order_id, key) DO UPDATE SET value = excluded.value",
                    (shop, order_id, entry["key"], json.dumps(entry["value"])),
                )

    def meta_value(self, shop: str, order_id: int, key: str) -> Any:
        return next((entry["value"] for entry in self.meta(shop, order_id) if entry["key"] == key), None)

    def fulfilments(self, shop: str, order_id: int) -> list[dict[str, Any]]:
        rows = self.database.execute(
            "SELECT id, document FROM woo_fulfilment WHERE shop = ? AND order_id = ? ORDER BY id",
            (shop, order_id),
        )
        return [{"id": number, **json.loads(document)} for number, document in rows]

    def add_fulfilment(self, shop: str, order_id: int, document: Mapping[str, Any]) -> int:
        cursor = self.database.execute(
            "INSERT INTO woo_fulfilment (shop, order_id, document) VALUES (?, ?, ?)",
            (shop, order_id, json.dumps(document)),
        )
        return int(cursor.lastrowid or 0)

    # Webhooks

    def webhooks(self, shop: str) -> list[Webhook]:
        rows = self.database.execute("SELECT * FROM woo_webhook WHERE shop = ? ORDER BY id", (shop,))
        return [Webhook(*row) for row in rows]

    def webhook(self, shop: str, number: int) -> Webhook | None:
        return next((hook for hook in self.webhooks(shop) if hook.id == number), None)

    def add_webhook(self, shop: str, values: Mapping[str, Any]) -> Webhook:
        """``values`` are the columns without shop and id."""
        row = self.database.execute("SELECT max(id) FROM woo_webhook WHERE shop = ?", (shop,)).fetchone()
        number = (row[0] or 0) + 1
        hook = Webhook(**{"modified": None, "failures": 0, "pretended": 0, **values}, shop=shop, id=number)
        self.database.execute(
            f"INSERT INTO woo_webhook VALUES ({', '.join('?' * 12)})",  # noqa: S608
            tuple(getattr(hook, name) for name in Webhook.__slots__),
        )
        return hook

    def change_webhook(self, shop: str, number: int, values: Mapping[str, Any]) -> None:
        """Names are columns: they come from code."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.database.execute(
            f"UPDATE woo_webhook SET {names} WHERE shop = ? AND id = ?",  # noqa: S608
            (*values.values(), shop, number),
        )

    def delete_webhook(self, shop: str, number: int) -> None:
        self.database.execute("DELETE FROM woo_webhook WHERE shop = ? AND id = ?", (shop, number))

    # Deliveries

    def add_ping(self, shop: str, number: int) -> None:
        self.database.execute(
            "INSERT OR IGNORE INTO woo_event (shop, webhook_id, order_id) VALUES (?, ?, ?)",
            (shop, number, PING),
        )

    def shops_with_events(self) -> list[str]:
        return [row[0] for row in self.database.execute("SELECT DISTINCT shop FROM woo_event")]

    def take_events(self, shop: str, limit: int, *, pings_only: bool) -> list[tuple[int, int]]:
        """(webhook, order) of the oldest pending deliveries, which are then pending no more."""
        rows = self.database.execute(
            "DELETE FROM woo_event WHERE id IN (SELECT id FROM woo_event WHERE shop = ?"
            " AND (order_id = ? OR NOT ?) ORDER BY id LIMIT ?) RETURNING webhook_id, order_id",
            (shop, PING, pings_only, limit),
        )
        return [(int(hook), int(order)) for hook, order in rows.fetchall()]

    def record_delivery(self, hook: Webhook, at: int, *, good: bool) -> None:
        failures = 0 if good else hook.failures + 1
        values: dict[str, Any] = {"modified": at, "failures": failures}
        if failures >= MOST_FAILURES:
            values["status"] = "disabled"
        self.change_webhook(hook.shop, hook.id, values)

"""Shipments and tracks of the Magento shops.

An order that life completes has one shipment, which no table holds: its number is the order's. What is
shipped through the API, and every track added there, has rows of its own.
"""

from collections.abc import Sequence
from typing import Any

from integrations.sandbox.shops import magento_documents as documents
from integrations.sandbox.shops.magento_search import Search
from integrations.sandbox.shops.store import Order, ShopStore

_DERIVED = 700_000
"""Added to an order's id: the id of the shipment it has without a row."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS magento_shipment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shop TEXT NOT NULL, order_id INTEGER NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS magento_shipment_order ON magento_shipment (shop, order_id);
CREATE TABLE IF NOT EXISTS magento_track (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shop TEXT NOT NULL, shipment_id INTEGER NOT NULL,
    order_id INTEGER NOT NULL, at INTEGER NOT NULL, number TEXT NOT NULL, title TEXT NOT NULL,
    carrier TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS magento_track_order ON magento_track (shop, order_id);
CREATE VIEW IF NOT EXISTS magento_shipments AS
    SELECT shop, id + 700000 AS id, id AS order_id, completed AS at FROM orders o
     WHERE completed IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM magento_shipment s WHERE s.shop = o.shop AND s.order_id = o.id)
    UNION ALL SELECT shop, id, order_id, at FROM magento_shipment;
"""
COLUMNS = {"entity_id": "id", "order_id": "order_id", "created_at": "at", "updated_at": "at"}


class NotShippable(Exception):
    """In Magento's words."""


class Shipments:
    def __init__(self, store: ShopStore) -> None:
        self.store = store
        store.database.executescript(_SCHEMA)

    def search(self, shop: str, search: Search) -> tuple[list[dict[str, Any]], int]:
        """The page that was asked for, and how many match. Raises UnknownField."""
        where, values, order_by, limit, offset = search.sql(COLUMNS)
        found = f"FROM magento_shipments WHERE shop = ? AND {where}"
        count = self.store.database.execute(f"SELECT count(*) {found}", (shop, *values)).fetchone()[0]
        rows = self.store.database.execute(
            f"SELECT id, order_id, at {found} ORDER BY {order_by} LIMIT ? OFFSET ?",
            (shop, *values, limit, offset),
        ).fetchall()
        return [self._document(shop, *row) for row in rows], count

    def get(self, shop: str, shipment: int) -> dict[str, Any] | None:
        row = self.store.database.execute(
            "SELECT id, order_id, at FROM magento_shipments WHERE shop = ? AND id = ?", (shop, shipment)
        ).fetchone()
        return None if row is None else self._document(shop, *row)

    def _document(self, shop: str, shipment: int, order_id: int, at: int) -> dict[str, Any]:
        rows = self.store.database.execute(
            "SELECT id, shipment_id, order_id, at, number, title, carrier FROM magento_track"
            " WHERE shop = ? AND order_id = ? ORDER BY id",
            (shop, order_id),
        ).fetchall()
        tracks = [documents.track_json(row) for row in rows if row[1] == shipment]
        order = self.store.get(shop, order_id)
        number = self._own_number(order) if order and shipment >= _DERIVED else None
        if number and number not in {row[4] for row in rows}:
            own = (shipment, shipment, order_id, at, number, "PostNL", "custom")
            tracks.insert(0, documents.track_json(own))
        return documents.shipment_json(shipment, order_id, at, tracks, is_mailed=shipment >= _DERIVED)

    def _own_number(self, order: Order) -> str | None:
        """That of the shipment without a row; None: it was lost on the way from the hub."""
        lost = self.store.fault(order.shop, "tracking_lost", order.completed or 0)
        return None if lost else order.tracking

    def ship(self, order: Order, tracks: Sequence[dict[str, Any]], at: int) -> int:
        """The new shipment of everything in the order. Raises NotShippable."""
        nothing = "You can't create a shipment without products."
        state, status = documents.STATES.get(order.status, ("new", order.status))
        if state in ("canceled", "closed", "holded"):
            problem = f"A shipment cannot be created when an order has a status of {status}"
            raise NotShippable(f"Shipment Document Validation Error(s):\n{problem}\n{nothing}")
        shipped = self.store.database.execute(
            "SELECT 1 FROM magento_shipments WHERE shop = ? AND order_id = ?", (order.shop, order.id)
        ).fetchone()
        if shipped:
            problem = "The order does not allow a shipment to be created."
            raise NotShippable(f"Shipment Document Validation Error(s):\n{problem}\n{nothing}")
        if any(not track.get("carrier_code") for track in tracks):
            raise NotShippable("Could not save a shipment, see error log for details")
        database = self.store.database
        with database:
            database.execute("BEGIN IMMEDIATE")
            shipment = database.execute(
                "INSERT INTO magento_shipment (shop, order_id, at) VALUES (?, ?, ?)",
                (order.shop, order.id, at),
            ).lastrowid
            for track in tracks:
                self._insert(order, int(shipment or 0), track, at)
            if state == "processing":
                # Only then the order is complete and its stamp moves: an unpaid one stays as it is.
                database.execute(
                    "UPDATE orders SET status = 'completed', completed = ?, modified = max(modified, ?)"
                    " WHERE shop = ? AND id = ?",
                    (at, at, order.shop, order.id),
                )
                database.execute("DELETE FROM plan WHERE shop = ? AND id = ?", (order.shop, order.id))
        return int(shipment or 0)

    def add_track(self, entity: dict[str, Any], shop: str, at: int) -> dict[str, Any]:
        """The track, new or changed. Raises NotShippable when order and shipment do not fit."""
        shipment = self.get(shop, int(entity.get("parent_id") or 0))
        order = self.store.get(shop, int(entity.get("order_id") or 0))
        if shipment is None or order is None or shipment["order_id"] != order.id:
            raise NotShippable("Could not save the shipment tracking.")
        track_id, number = int(entity.get("entity_id") or 0), str(entity.get("track_number", ""))
        with self.store.database:
            if track_id >= _DERIVED:
                self.store.database.execute(
                    "UPDATE orders SET tracking = ? WHERE shop = ? AND id = ?", (number, shop, order.id)
                )
            elif track_id:
                self.store.database.execute(
                    "UPDATE magento_track SET number = ?, title = ?, carrier = ? WHERE shop = ? AND id = ?",
                    (
                        number,
                        str(entity.get("title", "")),
                        str(entity.get("carrier_code", "")),
                        shop,
                        track_id,
                    ),
                )
            else:
                track_id = self._insert(order, shipment["entity_id"], entity, at)
        # The order's own stamp stays, and so does the shipment's.
        found = self.get(shop, shipment["entity_id"])
        return next(track for track in (found or shipment)["tracks"] if track["entity_id"] == track_id)

    def _insert(self, order: Order, shipment: int, track: dict[str, Any], at: int) -> int:
        number = str(track.get("track_number", ""))
        cursor = self.store.database.execute(
            "INSERT INTO magento_track (shop, shipment_id, order_id, at, number, title, carrier)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                order.shop,
                shipment,
                order.id,
                at,
                number,
                str(track.get("title", "")),
                str(track["carrier_code"]),
            ),
        )
        self.store.database.execute(
            "UPDATE orders SET tracking = coalesce(tracking, ?) WHERE shop = ? AND id = ?",
            (number, order.shop, order.id),
        )
        return int(cursor.lastrowid or 0)

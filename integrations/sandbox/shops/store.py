"""The shops' orders and faults in one sqlite file."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.sandbox.database import open_database, read_meta, write_meta
from integrations.sandbox.fleet import Fault

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    shop TEXT NOT NULL, id INTEGER NOT NULL, number TEXT NOT NULL,
    created INTEGER NOT NULL, modified INTEGER NOT NULL, status TEXT NOT NULL,
    paid INTEGER, completed INTEGER, cancelled INTEGER,
    total INTEGER NOT NULL, tracking TEXT, test INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shop, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_modified ON orders (shop, modified, id, status);
CREATE INDEX IF NOT EXISTS orders_created ON orders (shop, created, id, status);
CREATE TABLE IF NOT EXISTS plan (
    at REAL NOT NULL, shop TEXT NOT NULL, id INTEGER NOT NULL, status TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS plan_at ON plan (at);
CREATE TABLE IF NOT EXISTS label (
    shop TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (shop, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, order_id INTEGER NOT NULL, at INTEGER NOT NULL,
    author TEXT NOT NULL, text TEXT NOT NULL, to_customer INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS note_order ON note (shop, order_id);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, name TEXT NOT NULL, params TEXT NOT NULL,
    since REAL NOT NULL, until REAL
);
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A row of ``orders``. Times are whole seconds since the epoch, as the shop's clock showed them."""

    shop: str
    id: int
    number: str
    created: int
    modified: int
    status: str
    paid: int | None
    completed: int | None
    cancelled: int | None
    total: int
    tracking: str | None
    test: int


def _order(_cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Order:
    return Order(*row)


def tracking_number(shop: str, order_id: int) -> str:
    """The parcel's number of an order: shops and hub derive the same one."""
    return f"3SYZX{sum(shop.encode()) % 900 + 100}{order_id % 10**10:010d}"


class ShopStore:
    """Reads and writes; every method is one or a few indexed statements."""

    def __init__(self, path: Path) -> None:
        self.database = open_database(path, SCHEMA)
        self._faults: dict[str, list[Fault]] = {}
        self._load_faults()

    def close(self) -> None:
        self.database.close()

    def meta(self, key: str) -> Any:
        return read_meta(self.database, key)

    def set_meta(self, key: str, value: Any) -> None:
        write_meta(self.database, key, value)

    # Orders

    def last_id(self, shop: str) -> int | None:
        row = self.database.execute("SELECT max(id) FROM orders WHERE shop = ?", (shop,)).fetchone()
        return None if row[0] is None else int(row[0])

    def insert(self, orders: Iterable[Order]) -> None:
        self.database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    o.shop,
                    o.id,
                    o.number,
                    o.created,
                    o.modified,
                    o.status,
                    o.paid,
                    o.completed,
                    o.cancelled,
                    o.total,
                    o.tracking,
                    o.test,
                )
                for o in orders
            ),
        )

    def get(self, shop: str, order_id: int) -> Order | None:
        found = self.select(shop, "id = ?", (order_id,), "id", 1)
        return found[0] if found else None

    def select(
        self, shop: str, where: str, values: Sequence[Any], order_by: str, limit: int, *, offset: int = 0
    ) -> list[Order]:
        """Orders of a shop. ``where`` and ``order_by`` come from code, never from a request."""
        with closing(self.database.cursor()) as cursor:
            cursor.row_factory = _order
            return cursor.execute(
                f"SELECT * FROM orders WHERE shop = ? AND {where} ORDER BY {order_by} LIMIT ? OFFSET ?",  # noqa: S608
                (shop, *values, limit, offset),
            ).fetchall()

    def count(self, shop: str, where: str = "1", values: Sequence[Any] = ()) -> int:
        row = self.database.execute(
            f"SELECT count(*) FROM orders WHERE shop = ? AND {where}",  # noqa: S608
            (shop, *values),
        ).fetchone()
        return int(row[0])

    def totals(self, shop: str) -> dict[str, int]:
        rows = self.database.execute(
            "SELECT status, count(*) FROM orders WHERE shop = ? GROUP BY status", (shop,)
        )
        return dict(rows.fetchall())

    def change_status(self, shop: str, order_id: int, status: str, at: int) -> None:
        """What a shop does itself when an order's state changes. The modified stamp always moves."""
        column = {"completed": "completed", "cancelled": "cancelled", "processing": "paid"}.get(status)
        extra = ""
        values: list[Any] = []
        if column is not None:
            extra, values = f", {column} = coalesce({column}, ?)", [at]
        if status == "completed":
            extra += ", tracking = coalesce(tracking, ?)"
            values.append(tracking_number(shop, order_id))
        self.database.execute(
            f"UPDATE orders SET status = ?, modified = max(modified, ?){extra} WHERE shop = ? AND id = ?",  # noqa: S608
            (status, at, *values, shop, order_id),
        )

    # What will happen to orders

    def plan(self, steps: Iterable[tuple[float, str, int, str]]) -> None:
        """Add (at, shop, order id, status) steps."""
        self.database.executemany("INSERT INTO plan VALUES (?, ?, ?, ?)", steps)

    def next_step_at(self) -> float | None:
        row = self.database.execute("SELECT min(at) FROM plan").fetchone()
        return None if row[0] is None else float(row[0])

    def take_steps(self, until: float) -> list[tuple[float, str, int, str]]:
        rows = self.database.execute(
            "SELECT at, shop, id, status FROM plan WHERE at <= ? ORDER BY at", (until,)
        )
        steps = rows.fetchall()
        self.database.execute("DELETE FROM plan WHERE at <= ?", (until,))
        return steps

    def add_labels(self, shop: str, order_ids: Iterable[int]) -> None:
        """The hub has these orders, so that they can be sent."""
        rows = ((shop, order_id) for order_id in order_ids)
        self.database.executemany("INSERT OR IGNORE INTO label VALUES (?, ?)", rows)

    def labelled(self, shop: str, order_id: int) -> bool:
        """Whether an order can be sent. Asked once: the label is used up."""
        deleted = self.database.execute("DELETE FROM label WHERE shop = ? AND id = ?", (shop, order_id))
        return deleted.rowcount > 0

    # Notes

    def notes(self, shop: str, order_id: int) -> list[tuple[int, int, str, str, bool]]:
        """(id, at, author, text, to customer), newest first."""
        rows = self.database.execute(
            "SELECT id, at, author, text, to_customer FROM note"
            " WHERE shop = ? AND order_id = ? ORDER BY id DESC",
            (shop, order_id),
        )
        return [(n, at, author, text, bool(customer)) for n, at, author, text, customer in rows]

    def add_note(
        self, shop: str, order_id: int, at: int, author: str, text: str, *, to_customer: bool
    ) -> int:
        cursor = self.database.execute(
            "INSERT INTO note (shop, order_id, at, author, text, to_customer) VALUES (?, ?, ?, ?, ?, ?)",
            (shop, order_id, at, author, text, int(to_customer)),
        )
        return int(cursor.lastrowid or 0)

    # Faults

    def _load_faults(self) -> None:
        self._faults.clear()
        for shop, name, params, since, until in self.database.execute(
            "SELECT shop, name, params, since, until FROM fault ORDER BY id"
        ):
            self._faults.setdefault(shop, []).append(Fault(name, json.loads(params), since, until))

    def faults(self, shop: str) -> list[Fault]:
        """All faults a shop ever had, oldest first."""
        return self._faults.get(shop, [])

    def fault(self, shop: str, name: str, at: float) -> Fault | None:
        """The fault of that name, if it is active."""
        return next((f for f in reversed(self.faults(shop)) if f.name == name and f.active(at)), None)

    def start_fault(self, shop: str, fault: Fault) -> None:
        self.end_fault(shop, fault.name, fault.since)
        self.database.execute(
            "INSERT INTO fault (shop, name, params, since, until) VALUES (?, ?, ?, ?, ?)",
            (shop, fault.name, json.dumps(fault.params), fault.since, fault.until),
        )
        self._load_faults()

    def end_fault(self, shop: str, name: str, at: float) -> None:
        self.database.execute(
            "UPDATE fault SET until = ? WHERE shop = ? AND name = ? AND (until IS NULL OR until > ?)",
            (at, shop, name, at),
        )
        self._load_faults()

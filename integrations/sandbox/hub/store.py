"""What the hub knows, in one sqlite file: integrations, arrived orders, its exception log."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from integrations.sandbox.database import open_database, read_meta, write_meta
from integrations.sandbox.fleet import IntegrationSpec
from integrations.sandbox.hub.rhythm import Pulse

SCHEMA = """
CREATE TABLE IF NOT EXISTS integration (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL,
    next_fetch_at REAL NOT NULL, last_fetched_at REAL, failing_since REAL,
    failures INTEGER NOT NULL, throttled INTEGER NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, read_until REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS orders (
    pk INTEGER PRIMARY KEY, account TEXT NOT NULL, integration INTEGER NOT NULL,
    order_id TEXT NOT NULL, number TEXT NOT NULL, arrived REAL NOT NULL, modified REAL NOT NULL,
    shop_created INTEGER NOT NULL, shop_modified INTEGER NOT NULL, status TEXT NOT NULL,
    UNIQUE (integration, order_id)
);
CREATE INDEX IF NOT EXISTS orders_account ON orders (account, pk);
CREATE INDEX IF NOT EXISTS orders_integration ON orders (integration, pk);
CREATE INDEX IF NOT EXISTS orders_number ON orders (account, number);
CREATE TABLE IF NOT EXISTS lost (
    integration INTEGER NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY (integration, order_id)
);
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY, integration INTEGER NOT NULL, at REAL NOT NULL, row TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS log_integration ON log (integration, id);
CREATE TABLE IF NOT EXISTS fault (
    scope TEXT NOT NULL, name TEXT NOT NULL, params TEXT NOT NULL, PRIMARY KEY (scope, name)
);
"""

LOG_KEPT = 2000
"""Rows kept per integration."""


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as the shop gave it. Times are seconds since the epoch."""

    id: str
    number: str
    created: int
    modified: int
    status: str
    completed: int | None = None


@dataclass(frozen=True, slots=True)
class HubOrder:
    pk: int
    account: str
    integration: int
    order_id: str
    number: str
    arrived: float
    modified: float
    shop_created: int
    shop_modified: int
    status: str


@dataclass(frozen=True, slots=True)
class IntegrationState:
    id: int
    account: str
    pulse: Pulse
    created: float
    updated: float
    read_until: float
    """All changes of the shop up to here were read."""
    seen: int
    """How many new orders were met, lost ones included."""


class HubStore:
    def __init__(self, path: Path) -> None:
        self.database = open_database(path, SCHEMA)

    def close(self) -> None:
        self.database.close()

    def meta(self, key: str) -> Any:
        return read_meta(self.database, key)

    def set_meta(self, key: str, value: Any) -> None:
        write_meta(self.database, key, value)

    # Integrations

    def add_integration(self, spec: IntegrationSpec, created: float, pulse: Pulse) -> None:
        self.database.execute(
            "INSERT OR IGNORE INTO integration VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                spec.id,
                spec.account,
                pulse.next_fetch_at,
                pulse.last_fetched_at,
                pulse.failing_since,
                pulse.failures,
                int(pulse.throttled),
                created,
                created,
                created,
            ),
        )

    def begin_reading(self, at: float) -> None:
        """Integrations that never read anything begin at ``at``."""
        self.database.execute("UPDATE integration SET read_until = ? WHERE last_fetched_at IS NULL", (at,))

    def integrations(self, account: str | None = None) -> list[IntegrationState]:
        where, values = ("WHERE account = ?", (account,)) if account else ("", ())
        rows = self.database.execute(f"SELECT * FROM integration {where} ORDER BY id", values)  # noqa: S608
        return [_integration(row) for row in rows.fetchall()]

    def integration(self, integration_id: int) -> IntegrationState | None:
        row = self.database.execute("SELECT * FROM integration WHERE id = ?", (integration_id,)).fetchone()
        return _integration(row) if row else None

    def save_pulse(self, integration_id: int, pulse: Pulse, *, read_until: float | None = None) -> None:
        self.database.execute(
            "UPDATE integration SET next_fetch_at = ?, last_fetched_at = ?, failing_since = ?, failures = ?,"
            " throttled = ?, read_until = coalesce(?, read_until) WHERE id = ?",
            (
                pulse.next_fetch_at,
                pulse.last_fetched_at,
                pulse.failing_since,
                pulse.failures,
                int(pulse.throttled),
                read_until,
                integration_id,
            ),
        )

    def add_seen(self, integration_id: int, count: int) -> None:
        self.database.execute("UPDATE integration SET seen = seen + ? WHERE id = ?", (count, integration_id))

    # Orders

    def known(self, integration_id: int, order_ids: Sequence[str]) -> set[str]:
        """Those of the ids that arrived, or were lost, before."""
        marks = ", ".join("?" * len(order_ids))
        values = (integration_id, *order_ids)
        rows = self.database.execute(
            f"SELECT order_id FROM orders WHERE integration = ? AND order_id IN ({marks})"  # noqa: S608
            f" UNION SELECT order_id FROM lost WHERE integration = ? AND order_id IN ({marks})",
            (*values, *values),
        )
        return {row[0] for row in rows}

    def known_all(self, integration_id: int) -> set[str]:
        rows = self.database.execute(
            "SELECT order_id FROM orders WHERE integration = ?"
            " UNION SELECT order_id FROM lost WHERE integration = ?",
            (integration_id, integration_id),
        )
        return {row[0] for row in rows}

    def add_orders(self, orders: Iterable[tuple[str, int, ShopOrder, float]]) -> None:
        """Insert (account, integration, order, arrived at), oldest arrival first."""
        self.database.executemany(
            "INSERT OR IGNORE INTO orders (account, integration, order_id, number, arrived, modified,"
            " shop_created, shop_modified, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (account, integration, o.id, o.number, at, at, o.created, o.modified, o.status)
                for account, integration, o, at in orders
            ),
        )

    def update_order(self, integration_id: int, order: ShopOrder, at: float) -> None:
        self.database.execute(
            "UPDATE orders SET status = ?, shop_modified = ?, modified = ?"
            " WHERE integration = ? AND order_id = ? AND shop_modified < ?",
            (order.status, order.modified, at, integration_id, order.id, order.modified),
        )

    def lose(self, integration_id: int, order_ids: Iterable[str]) -> None:
        self.database.executemany(
            "INSERT OR IGNORE INTO lost VALUES (?, ?)", ((integration_id, order_id) for order_id in order_ids)
        )

    def find_again(self, integration_id: int, order_id: str) -> None:
        """An order that was lost is sent by somebody."""
        values = (integration_id, order_id)
        self.database.execute("DELETE FROM lost WHERE integration = ? AND order_id = ?", values)

    def lost(self, integration_id: int) -> list[str]:
        rows = self.database.execute("SELECT order_id FROM lost WHERE integration = ?", (integration_id,))
        return [row[0] for row in rows]

    def select_orders(self, where: str, values: Sequence[Any], order_by: str, limit: int) -> list[HubOrder]:
        """``where`` and ``order_by`` come from code, never from a request."""
        with closing(self.database.cursor()) as cursor:
            cursor.row_factory = lambda _cursor, row: HubOrder(*row)
            return cursor.execute(
                f"SELECT * FROM orders WHERE {where} ORDER BY {order_by} LIMIT ?",  # noqa: S608
                (*values, limit),
            ).fetchall()

    def count_orders(self, integration_id: int) -> tuple[int, int]:
        """(rows, different shop orders): equal, unless something was doubled."""
        row = self.database.execute(
            "SELECT count(*), count(DISTINCT order_id) FROM orders WHERE integration = ?", (integration_id,)
        ).fetchone()
        return int(row[0]), int(row[1])

    # Log

    def add_log(self, integration_id: int, at: float, row: dict[str, Any]) -> None:
        self.database.execute(
            "INSERT INTO log (integration, at, row) VALUES (?, ?, ?)",
            (integration_id, at, orjson.dumps(row).decode()),
        )
        self.database.execute(
            "DELETE FROM log WHERE integration = ? AND id <= ("
            " SELECT id FROM log WHERE integration = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (integration_id, integration_id, LOG_KEPT),
        )

    def log(self, where: str, values: Sequence[Any], limit: int) -> list[dict[str, Any]]:
        """Rows newest first."""
        rows = self.database.execute(
            f"SELECT id, integration, at, row FROM log WHERE {where} ORDER BY at DESC, id DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [
            {"id": number, "integration_id": integration, "at": at, **orjson.loads(row)}
            for number, integration, at, row in rows
        ]

    # Faults of the hub itself

    def faults(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Scope (account name or integration id) -> fault -> parameters."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for scope, name, params in self.database.execute("SELECT scope, name, params FROM fault"):
            found.setdefault(scope, {})[name] = orjson.loads(params)
        return found

    def set_fault(self, scope: str, name: str, params: dict[str, Any] | None) -> None:
        """None ends it."""
        self.database.execute("DELETE FROM fault WHERE scope = ? AND name = ?", (scope, name))
        if params is not None:
            values = (scope, name, orjson.dumps(params).decode())
            self.database.execute("INSERT INTO fault VALUES (?, ?, ?)", values)


def _integration(row: tuple[Any, ...]) -> IntegrationState:
    (number, account, next_at, last_at, failing, failures, throttled, created, updated, read_until, seen) = (
        row
    )
    pulse = Pulse(next_at, last_at, failing, failures, bool(throttled))
    return IntegrationState(number, account, pulse, created, updated, read_until, seen)

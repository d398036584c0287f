"""The hub's parcels, in its sqlite file."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.hub.store import HubStore

SCHEMA = """
CREATE TABLE IF NOT EXISTS parcel (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, integration INTEGER NOT NULL,
    order_id TEXT NOT NULL, number TEXT NOT NULL, stage TEXT NOT NULL, due REAL,
    tracking TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL, updated REAL NOT NULL, announced REAL, scanned REAL,
    feedback_due REAL, tries INTEGER NOT NULL DEFAULT 0, failing_since REAL, given REAL,
    UNIQUE (integration, order_id)
);
CREATE INDEX IF NOT EXISTS parcel_due ON parcel (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS parcel_feedback ON parcel (feedback_due) WHERE feedback_due IS NOT NULL;
CREATE INDEX IF NOT EXISTS parcel_failing ON parcel (integration) WHERE failing_since IS NOT NULL;
CREATE INDEX IF NOT EXISTS parcel_number ON parcel (tracking);
CREATE INDEX IF NOT EXISTS parcel_updated ON parcel (integration, updated);
"""
WAITING = "waiting"
"""Imported, no label yet: not to be seen outside."""
STAGES = {
    "labelled": ("READY_TO_SEND", 1000, "Ready to send"),
    "refused": ("ANNOUNCEMENT_FAILED", 1002, "Announcement failed"),
    "scanned": ("EN_ROUTE_TO_SORTING_CENTER", 3, "En route to sorting center"),
    "delivered": ("DELIVERED", 11, "Delivered"),
    "cancelled": ("CANCELLED", 2000, "Cancelled"),
}
"""Stage -> code of version 3, id of version 2, words."""


@dataclass(frozen=True, slots=True)
class HubParcel:
    """A row of ``parcel``. Times are seconds since the epoch."""

    id: int
    account: str
    integration: int
    order_id: str
    number: str
    stage: str
    due: float | None
    """When its stage changes next."""
    tracking: str
    problem: str
    created: float
    updated: float
    announced: float | None
    scanned: float | None
    feedback_due: float | None
    """When the shop is told next; None: there is nothing to tell, or it was given up."""
    tries: int
    failing_since: float | None
    given: float | None
    """When the shop was told."""


class ParcelStore:
    def __init__(self, store: HubStore) -> None:
        self.database = store.database
        self.database.executescript(SCHEMA)

    def expect(self, rows: Iterable[tuple[str, int, str, str, float, float]]) -> None:
        """(account, integration, order id, number, now, when the label is made)"""
        self.database.executemany(
            "INSERT OR IGNORE INTO parcel (account, integration, order_id, number, stage, created, updated,"
            " due) VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?)",
            ((account, number, o, name, at, at, due) for account, number, o, name, at, due in rows),
        )

    def add_delivered(self, rows: Iterable[tuple[str, int, str, str, str, float]]) -> None:
        """(account, integration, order id, number, tracking number, announced at): sent long ago, and the
        shop knows."""
        self.database.executemany(
            "INSERT OR IGNORE INTO parcel (account, integration, order_id, number, stage, tracking, created,"
            " updated, announced, scanned, given) VALUES (?, ?, ?, ?, 'delivered', ?, ?, ?, ?, ?, ?)",
            (
                (account, number, order, name, tracking, at, at, at, at, at)
                for account, number, order, name, tracking, at in rows
            ),
        )

    def select(self, where: str, values: Sequence[Any], order_by: str, limit: int) -> list[HubParcel]:
        """``where`` and ``order_by`` come from code, never from a request."""
        with closing(self.database.cursor()) as cursor:
            cursor.row_factory = lambda _cursor, row: HubParcel(*row)
            return cursor.execute(
                f"SELECT * FROM parcel WHERE {where} ORDER BY {order_by} LIMIT ?",  # noqa: S608
                (*values, limit),
            ).fetchall()

    def change(self, parcel: int, **values: Any) -> None:
        """Names of columns come from code."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self.database.execute(
            f"UPDATE parcel SET {columns} WHERE id = ?",  # noqa: S608
            (*values.values(), parcel),
        )

    def next_at(self) -> float | None:
        """When something happens to a parcel next."""
        row = self.database.execute(
            "SELECT min(at) FROM (SELECT min(due) AS at FROM parcel WHERE due IS NOT NULL"
            " UNION ALL SELECT min(feedback_due) FROM parcel WHERE feedback_due IS NOT NULL)"
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def failing_since(self, integration: int) -> float | None:
        """Since when the shop cannot be told of parcels."""
        row = self.database.execute(
            "SELECT min(failing_since) FROM parcel WHERE integration = ? AND failing_since IS NOT NULL"
            " AND feedback_due IS NOT NULL",
            (integration,),
        ).fetchone()
        return None if row[0] is None else float(row[0])

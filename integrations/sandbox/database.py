"""The small sqlite files in which the processes keep their state; they survive kill -9."""

import json
import sqlite3
from pathlib import Path
from typing import Any


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """A connection in autocommit mode with the schema present.

    WAL without a sync per commit: a killed process loses nothing, a power cut may.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(schema)
    database.execute(
        "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
    )
    return database


def read_meta(database: sqlite3.Connection, key: str) -> Any:
    """The stored JSON value, or None."""
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def write_meta(database: sqlite3.Connection, key: str, value: Any) -> None:
    database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, json.dumps(value)))

"""The order list's parameters and its cursors."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

_COLUMNS = {
    "integration": "integration",
    "order_number": "number",
    "order_created_at": "shop_created",
    "order_updated_at": "shop_modified",
    "pk": "pk",
}
_DATES = {"order_created_at": "shop_created", "order_updated_at": "shop_modified"}


@dataclass(frozen=True, slots=True)
class Asked:
    """``where`` and ``order_by`` are made of this module's own words only."""

    where: str
    values: tuple[Any, ...]
    order_by: str
    column: str
    backwards: bool
    continued: bool


def encode_cursor(value: Any, number: int, *, backwards: bool = False) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, number, backwards]).encode()).decode()


def decode_cursor(text: str) -> tuple[Any, int, bool]:
    """Raises ValueError."""
    try:
        value, number, backwards = json.loads(base64.urlsafe_b64decode(text))
        return value, int(number), bool(backwards)
    except (TypeError, ValueError):
        raise ValueError("Invalid cursor") from None


def _day(name: str, text: str) -> float:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(name, "Date has wrong format. Use YYYY-MM-DD.", "invalid") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def ask_orders(query: dict[str, str], account: str, own: set[int]) -> Asked:
    """Raises ValueError(parameter, message, code) for what Sendcloud refuses."""
    where, values = ["account = ?"], list[Any]([account])
    if query.get("integration"):
        parts = query["integration"].split(",")
        ids = [int(part) for part in parts if part.strip().isdigit()]
        if len(ids) != len(parts) or not set(ids) <= own:
            message = f"Select a valid choice. {query['integration']} is not one of the available choices."
            raise ValueError("integration", message, "invalid_choice")
        where.append(f"integration IN ({', '.join('?' * len(ids))})")
        values.extend(ids)
    for name, column in (("order_id", "order_id"), ("order_number", "number"), ("status", "status")):
        if query.get(name):
            where.append(f"{column} = ? COLLATE NOCASE")
            values.append(query[name])
    for name, column in _DATES.items():
        if query.get(name):
            day = _day(name, query[name])
            where.append(f"{column} >= ? AND {column} < ?")
            values += [day, day + timedelta(days=1).total_seconds()]
        if query.get(f"{name}_min"):
            where.append(f"{column} >= ?")
            values.append(_day(f"{name}_min", query[f"{name}_min"]))
        if query.get(f"{name}_max"):
            where.append(f"{column} < ?")
            values.append(_day(f"{name}_max", query[f"{name}_max"]) + 86_400)
    sort = query.get("sort", "-pk")
    column = _COLUMNS.get(sort.lstrip("-"), "")
    if not column:
        raise ValueError(
            "sort", f"Select a valid choice. {sort} is not one of the available choices.", "invalid_choice"
        )
    descending, backwards = sort.startswith("-"), False
    if query.get("cursor"):
        try:
            value, number, backwards = decode_cursor(query["cursor"])
        except ValueError:
            raise ValueError("cursor", "Invalid cursor", "not_found") from None
        descending = descending != backwards
        where.append(f"({column}, pk) {'<' if descending else '>'} (?, ?)")
        values += [value, number]
    direction = "DESC" if descending else "ASC"
    order_by = f"pk {direction}" if column == "pk" else f"{column} {direction}, pk {direction}"
    return Asked(" AND ".join(where), tuple(values), order_by, column, backwards, bool(query.get("cursor")))

"""The parameters of WooCommerce's order list, with the time-zone trap the real one has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.fleet import ShopSpec

STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}
_BOUNDS = {
    "after": "created > ?",
    "before": "created < ?",
    "modified_after": "modified > ?",
    "modified_before": "modified < ?",
}
_ORDER_COLUMNS = {
    "date": "created",
    "modified": "modified",
    "id": None,
    "title": "created",
    "slug": "created",
}


def statuses_of(shop: ShopSpec) -> dict[str, str]:
    """The statuses registered in a shop: WooCommerce's own, then those of its plug-ins."""
    return {**STATUSES, **{slug: slug.replace("-", " ").capitalize() for slug in shop.statuses}}


class InvalidParam(Exception):
    """A parameter WooCommerce refuses before it looks at the key."""

    def __init__(self, name: str, message: str, code: str = "rest_invalid_param") -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """What to select. ``where`` is made of this module's own words only."""

    where: str
    values: tuple[Any, ...]
    order_by: str
    page: int
    per_page: int
    offset: int


def _whole_number(query: dict[str, str], name: str, default: int, lowest: int, highest: int | None) -> int:
    text = query.get(name, str(default))
    try:
        number = int(text)
    except ValueError:
        raise InvalidParam(name, f"{name} is not of type integer.", "rest_invalid_type") from None
    if highest is not None and not lowest <= number <= highest:
        message = f"{name} must be between {lowest} (inclusive) and {highest} (inclusive)"
        raise InvalidParam(name, message, "rest_out_of_bounds")
    if number < lowest:
        raise InvalidParam(name, f"{name} must be greater than or equal to {lowest}", "rest_out_of_bounds")
    return number


def bound(name: str, text: str, time_zone: str, *, dates_are_gmt: bool) -> int:
    """The moment a date parameter means, in seconds since the epoch.

    The real one turns a value with a zone into the shop's local time and then, with
    ``dates_are_gmt``, compares that local time as if it were UTC. Raises InvalidParam.
    """
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise InvalidParam(name, "Invalid date.", "rest_invalid_date") from None
    zone = ZoneInfo(time_zone)
    local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    return int(local.replace(tzinfo=UTC if dates_are_gmt else zone).timestamp())


def _ids(query: dict[str, str], name: str) -> list[int]:
    try:
        return [int(part) for part in query.get(name, "").split(",") if part.strip()]
    except ValueError:
        raise InvalidParam(name, f"{name}[0] is not of type integer.", "rest_invalid_type") from None


def _choice(query: dict[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = query.get(name, default)
    if value not in choices:
        raise InvalidParam(name, f"{name} is not one of {', '.join(choices)}.", "rest_not_in_enum")
    return value


def read_order_query(query: dict[str, str], time_zone: str, registered: Sequence[str]) -> OrderQuery:
    """``registered``: the shop's statuses. Raises InvalidParam, as the real one does before the key is
    looked at."""
    per_page = _whole_number(query, "per_page", 10, 1, 100)
    page = _whole_number(query, "page", 1, 1, None)
    offset = _whole_number(query, "offset", (page - 1) * per_page, 0, None)
    direction = _choice(query, "order", "desc", ("asc", "desc"))
    column = _ORDER_COLUMNS[_choice(query, "orderby", "date", tuple(_ORDER_COLUMNS))]
    dates_are_gmt = query.get("dates_are_gmt", "").lower() in ("1", "true")

    where: list[str] = []
    values: list[Any] = []
    for name, condition in _BOUNDS.items():
        if query.get(name):
            where.append(condition)
            values.append(bound(name, query[name], time_zone, dates_are_gmt=dates_are_gmt))
    statuses = _statuses(query.get("status", "any"), registered)
    where.append(f"status IN ({', '.join('?' * len(statuses))})")
    values.extend(statuses)
    for name, word in (("include", "IN"), ("exclude", "NOT IN")):
        ids = _ids(query, name)
        if ids:
            where.append(f"id {word} ({', '.join('?' * len(ids))})")
            values.extend(ids)
    order_by = f"{column} {direction}, id {direction}" if column else f"id {direction}"
    return OrderQuery(" AND ".join(where), tuple(values), order_by, page, per_page, offset)


def _statuses(text: str, registered: Sequence[str]) -> list[str]:
    """``any`` is every registered status without the drafts; the bin only when asked for."""
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    known = ("any", "trash", *registered)
    for status in wanted:
        if status not in known:
            message = f"status[0] is not one of {', '.join(known)}."
            raise InvalidParam("status", message, "rest_not_in_enum")
    if "any" in wanted or not wanted:
        return [status for status in registered if status != "checkout-draft"]
    return wanted

"""Lists of the webservice: filters, sort, limit and display, with the traps they were observed to have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integrations.sandbox.shops.prestashop_rows import Fields

DATES = frozenset({"date_add", "date_upd"})
DYNAMIC = frozenset({"shipping_number"})
NUMBERS = re.compile(r"^-?\d+$")
_FILTER = re.compile(r"^filter\[(\w+)\]$")
_INTERVAL = re.compile(r"^\[([\d.:\- ]+),([\d.:\- ]+)\]$")


@dataclass(frozen=True)
class Refused(Exception):
    """An error of the webservice. ``code`` None: an empty page, as PHP gives when it crashed."""

    status: int
    code: int | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    filters: Mapping[str, str]
    sort: Sequence[tuple[str, bool]]
    """(field, descending)"""
    offset: int
    count: int | None
    display: frozenset[str] | None
    """None: ids alone."""

    def bounds(self, field: str) -> tuple[str, str] | None:
        """Both ends of an interval that a field must lie in, if it must."""
        found = _INTERVAL.match(self.filters.get(field, ""))
        return (found[1], found[2]) if found else None


def read_query(query: Mapping[str, str], fields: Sequence[str]) -> Query:
    """Raises Refused. A list without ``sort`` has no order of its own."""
    known = set(fields) | {"id"}
    with_dates = query.get("date") == "1"
    usable = known if with_dates else known - DATES
    filters = {}
    for name, value in query.items():
        match = _FILTER.match(name)
        if match:
            if match[1] in DYNAMIC:
                message = f'The field "{match[1]}" is dynamic. '
                message += "It is not possible to filter GET query with this field."
                raise Refused(400, 34, message)
            if match[1] not in usable:
                listed = ", ".join(f'"{field}"' for field in fields if field in usable)
                message = f'This filter does not exist. Did you mean: "note"? The full list is: {listed}'
                raise Refused(500, 32, message)
            filters[match[1]] = value
    sort = []
    for part in query.get("sort", "").strip("[]").split(","):
        name, _underscore, direction = part.rpartition("_")
        if part and (name not in usable or direction not in ("ASC", "DESC")):
            available = ", ".join(field for field in fields if field in usable)
            message = f"Unable to filter by this field. However, these are available: {available}"
            raise Refused(500, 38, message)
        if part:
            sort.append((name, direction == "DESC"))
    offset, count = _limit(query.get("limit"))
    return Query(filters, sort, offset, count, _display(query.get("display", ""), fields))


def _limit(text: str | None) -> tuple[int, int | None]:
    if text is None:
        return 0, None
    first, _comma, second = text.partition(",")
    try:
        offset, count = (int(first), int(second)) if second else (0, int(first))
    except ValueError:
        raise Refused(400, 39, "The limit value has to be set as this example: limit=5,6") from None
    if count < 0:
        raise Refused(500, None)  # the database does not understand it
    return offset, count


def _display(text: str, fields: Sequence[str]) -> frozenset[str] | None:
    if text == "full":
        return frozenset(fields)
    if not text:
        return None
    wanted = [part.strip() for part in text.strip("[]").split(",")]
    for name in wanted:
        if name not in fields:
            available = ", ".join(fields)
            message = f'Unable to display this field "{name}". However, these are available: {available}'
            raise Refused(400, 35, message)
    return frozenset(wanted)


def apply(query: Query, rows: Sequence[Fields]) -> list[Fields]:
    found = [row for row in rows if all(_matches(row.get(name, ""), f) for name, f in query.filters.items())]
    for name, descending in reversed(query.sort):
        found.sort(key=lambda row: _comparable(row.get(name, "")), reverse=descending)
    end = None if query.count is None else query.offset + query.count
    return found[query.offset : end]


def _comparable(value: str) -> tuple[int, str]:
    return (int(value), "") if NUMBERS.match(value) else (0, value)


def _matches(value: str, wanted: str) -> bool:
    if wanted[:1] in ("<", ">"):
        # The database makes a moment of nearly everything here, unlike in an interval.
        bound = wanted[1:].strip("[]").replace("T", " ").removesuffix("Z")
        if re.fullmatch(r"\d{4}-\d\d-\d\d", bound):
            bound += " 00:00:00"
        one, other = _comparable(value), _comparable(bound)
        return one < other if wanted[0] == "<" else one > other
    interval = _INTERVAL.match(wanted)
    if interval:
        return _comparable(interval[1]) <= _comparable(value) <= _comparable(interval[2])
    return value in wanted.removeprefix("[").removesuffix("]").split("|")

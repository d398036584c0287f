"""Shopify's search syntax, as far as orders are asked for. An unknown field is ignored with a warning."""

import re
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.clock import parse_iso

_TERM = re.compile(r"""(?P<field>[a-z_]+):(?P<op>>=|<=|>|<|=)?(?P<value>'[^']*'|"[^"]*"|[^\s()]+)""")
_TIMES = {"created_at": "created", "updated_at": "modified", "processed_at": "created"}
_STATUS = {
    "open": "status IN ('pending', 'processing', 'on-hold')",
    "closed": "status IN ('completed', 'refunded')",
    "cancelled": "status IN ('cancelled', 'failed')",
    "not_closed": "status NOT IN ('completed', 'refunded')",
}
_FULFILLMENT = {
    "shipped": "status = 'completed'",
    "fulfilled": "status = 'completed'",
    "unshipped": "status <> 'completed'",
    "unfulfilled": "status <> 'completed'",
    "on_hold": "status = 'on-hold'",
}
_FINANCIAL = {
    "paid": "status IN ('processing', 'completed', 'on-hold')",
    "pending": "status = 'pending'",
    "refunded": "status = 'refunded'",
    "voided": "status IN ('cancelled', 'failed')",
}
_WORDS = {"status": _STATUS, "fulfillment_status": _FULFILLMENT, "financial_status": _FINANCIAL}
_HARMLESS = ("source_name", "tag")


@dataclass(frozen=True, slots=True)
class Search:
    """SQL made of this module's own words, its values, and (field, message) warnings."""

    where: str
    values: tuple[Any, ...]
    warnings: tuple[tuple[str, str], ...]


def read_search(text: str) -> Search:
    where = ["1"]
    values: list[Any] = []
    warnings: list[tuple[str, str]] = []
    for term in _TERM.finditer(text):
        field, operator = term["field"], term["op"] or "="
        value = term["value"].strip("'\"")
        if field in _TIMES:
            try:
                values.append(parse_iso(value))
            except ValueError:
                warnings.append((field, f"Input `{value}` is not an accepted value."))
                continue
            where.append(f"{_TIMES[field]} {operator} ?")
        elif field == "id" and value.isdigit():
            where.append(f"id {operator} ?")
            values.append(int(value))
        elif field == "name":
            where.append("ltrim(number, '#') = ?")
            values.append(value.lstrip("#"))
        elif field == "test":
            where.append("test = ?")
            values.append(int(value == "true"))
        elif field in _WORDS and value in _WORDS[field]:
            where.append(_WORDS[field][value])
        elif field not in (*_WORDS, *_HARMLESS):
            warnings.append((field, "Invalid search field for this query."))
    return Search(" AND ".join(where), tuple(values), tuple(warnings))

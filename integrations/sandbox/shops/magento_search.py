"""Magento's ``searchCriteria`` and ``fields``, with their traps, as observed on 2.4.7."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox.clock import parse_iso

_FILTER = re.compile(
    r"searchCriteria\[filter_?groups]\[(\d+)]\[filters]\[(\d+)]\[(field|condition_?type|value)]",
    re.IGNORECASE,
)
_SORT = re.compile(r"searchCriteria\[sort_?orders]\[(\d+)]\[(field|direction)]", re.IGNORECASE)
_SIZE = re.compile(r"searchCriteria\[(page_?size|current_?page)]", re.IGNORECASE)
_OPERATORS = {
    "eq": "=", "neq": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "from": ">=", "to": "<=",
    "like": "LIKE",
}  # fmt: skip
NUMBERS = frozenset({"entity_id", "order_id", "store_id"})
TIMES = frozenset({"created_at", "updated_at"})


class UnknownField(Exception):
    """Magento fails with an internal error."""


class SearchMissing(Exception):
    """No search criteria at all."""


@dataclass(frozen=True, slots=True)
class Filter:
    field: str
    value: str
    condition_type: str = "eq"


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for."""

    groups: list[list[Filter]] = field(default_factory=list)
    sorts: list[tuple[str, str]] = field(default_factory=list)
    page_size: int | None = None
    current_page: int | None = None

    def echo(self) -> dict[str, Any]:
        """As the answer repeats it."""
        echo: dict[str, Any] = {
            "filter_groups": [
                {
                    "filters": [
                        {"field": each.field, "value": each.value, "condition_type": each.condition_type}
                        for each in group
                    ]
                }
                for group in self.groups
            ]
        }
        if self.sorts:
            echo["sort_orders"] = [{"field": name, "direction": way} for name, way in self.sorts]
        if self.page_size is not None:
            echo["page_size"] = self.page_size
        if self.current_page is not None:
            echo["current_page"] = self.current_page
        return echo

    def sql(self, columns: Mapping[str, str]) -> tuple[str, list[Any], str, int, int]:
        """(condition, its values, order, limit, offset). Raises UnknownField."""
        parts, values = ["1"], []
        for group in self.groups:
            found = [_condition(each, columns) for each in group]
            parts.append(f"({' OR '.join(text for text, _ in found)})")
            values += [value for _, given in found for value in given]
        # Unsorted, the order of rows is anybody's guess.
        order = ", ".join(f"{_column(name, columns)} {way}" for name, way in self.sorts)
        size = self.page_size or 0
        limit = size if size > 0 else -1
        offset = max((self.current_page or 1) - 1, 0) * max(size, 0)
        scattered = f"({_column('entity_id', columns)} * 7919) % 104729"
        return " AND ".join(parts), values, order or scattered, limit, offset


def _column(name: str, columns: Mapping[str, str]) -> str:
    try:
        return columns[name]
    except KeyError:
        raise UnknownField(name) from None


def _condition(each: Filter, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
    column, kind = _column(each.field, columns), each.condition_type.lower()

    def value(text: str) -> Any:
        if each.field in TIMES:
            return _moment(text)
        return int(text) if each.field in NUMBERS and text.strip().isdecimal() else text

    if kind in ("in", "nin"):
        given = [value(part) for part in each.value.split(",")]
        marks = ",".join("?" * len(given))
        return f"{column} {'NOT IN' if kind == 'nin' else 'IN'} ({marks})", given
    if kind in ("null", "notnull"):
        return f"{column} IS {'NOT ' if kind == 'notnull' else ''}NULL", []
    if kind in _OPERATORS:
        return f"{column} {_OPERATORS[kind]} ?", [value(each.value)]
    return "0", []  # an unknown condition finds nothing, and nobody says so


def _moment(text: str) -> int:
    """What is no date is the beginning of time."""
    try:
        return int(parse_iso(text.strip()))
    except ValueError:
        return 0


def read_search(query_string: str) -> Search:
    """Raises SearchMissing."""
    pairs = parse_qsl(query_string, keep_blank_values=True)
    if not any(name.startswith("searchCriteria") for name, _ in pairs):
        raise SearchMissing
    filters: dict[tuple[int, int], dict[str, str]] = {}
    sorts: dict[int, dict[str, str]] = {}
    sizes: dict[str, int] = {}
    for name, value in pairs:
        if found := _FILTER.fullmatch(name):
            part = found[3].lower().replace("condition_type", "conditiontype")
            filters.setdefault((int(found[1]), int(found[2])), {})[part] = value
        elif found := _SORT.fullmatch(name):
            sorts.setdefault(int(found[1]), {})[found[2].lower()] = value
        elif found := _SIZE.fullmatch(name):
            sizes[found[1].lower().replace("_", "")] = int(value) if value.lstrip("-").isdigit() else 0
    groups: dict[int, list[Filter]] = {}
    for (group, _), each in sorted(filters.items()):
        made = Filter(each.get("field", ""), each.get("value", ""), each.get("conditiontype", "eq"))
        groups.setdefault(group, []).append(made)
    return Search(
        list(groups.values()),
        [
            (each.get("field", ""), "ASC" if each.get("direction", "").upper() == "ASC" else "DESC")
            for _, each in sorted(sorts.items())
        ],
        sizes.get("pagesize"),
        sizes.get("currentpage"),
    )


Tree = dict[str, "Tree"]


def read_fields(text: str) -> Tree:
    """``items[entity_id,tracks[title]],total_count`` as a tree."""
    return _branch(iter(re.findall(r"[^\[\],]+|[\[\]]", text)))


def _branch(parts: Iterator[str]) -> Tree:
    tree: Tree = {}
    last = ""
    for part in parts:
        if part == "]":
            break
        if part == "[":
            tree[last] = _branch(parts)
        else:
            last = part.strip()
            tree[last] = {}
    return tree


def prune(document: Any, tree: Tree) -> Any:
    """Only the named fields. An empty list becomes null on the way."""
    if isinstance(document, list):
        return [prune(each, tree) for each in document] or None
    if not isinstance(document, dict) or not tree:
        return document
    return {
        name: prune(value, tree[name]) if tree[name] else value
        for name, value in document.items()
        if name in tree
    }

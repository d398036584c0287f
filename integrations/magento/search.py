"""Magento's search: from conditions to query parameters, and lists read by id without a gap.

Filters in different groups must all hold. A value that is no date matches everything, a sort without a
direction runs backwards, and without a page size all rows come: so all are always given. Pages are never
counted: the next request asks for ids above the last one, since a list that changes shifts its pages.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeVar

from django.utils.translation import gettext as _
from pydantic import (
    BeforeValidator,
    FailFast,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from integrations.documents import Record, UtcTime
from integrations.errors import UnexpectedAnswer

Filter = tuple[str, str, str]
"""Field, condition (``eq``, ``gt``, ``gteq``, ``lt``, ``in``), value."""


MOST_ROWS = 2000
"""Of what belongs to a hundred orders."""


def _or_nothing(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        # One order with a strange value must not hide all others.
        return None


_TOLERANT = WrapValidator(_or_nothing)
Date = Annotated[UtcTime | None, _TOLERANT]
"""``YYYY-MM-DD HH:MM:SS`` in UTC, whatever the shop's zone; ``None`` when it is no date."""
Text = Annotated[str | None, _TOLERANT]
Whole = Annotated[int | None, _TOLERANT]
EntityId = Annotated[int, Field(ge=1, lt=2**63)]


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


T = TypeVar("T")
Many = Annotated[list[T], FailFast(), BeforeValidator(_none_is_empty)]
"""A list; asked with ``fields``, Magento writes an empty one as ``null``."""


class Row(Record):
    """What every listed entity has: its id, which only grows."""

    entity_id: EntityId


RowT = TypeVar("RowT", bound=Row)


class Listing(Record, Generic[RowT]):
    """A list as Magento answers it."""

    items: Many[RowT]
    total_count: int | None = None


class Fetch(Protocol[RowT]):
    """From query parameters to what the shop listed."""

    async def __call__(self, params: Mapping[str, str], /) -> Listing[RowT]: ...


class Part(NamedTuple, Generic[RowT]):
    """Some rows of a list, by rising id."""

    rows: Sequence[RowT]
    is_last: bool


def criteria(
    filters: Sequence[Filter], *, size: int, fields: str, direction: str = "ASC"
) -> Mapping[str, str]:
    """Query parameters of a search that is sorted by id."""
    params: dict[str, str] = {}
    for number, (field, condition, value) in enumerate(filters):
        prefix = f"searchCriteria[filterGroups][{number}][filters][0]"
        params |= {
            f"{prefix}[field]": field,
            f"{prefix}[conditionType]": condition,
            f"{prefix}[value]": value,
        }
    return params | {
        "searchCriteria[sortOrders][0][field]": "entity_id",
        "searchCriteria[sortOrders][0][direction]": direction,
        "searchCriteria[pageSize]": str(size),
        "fields": fields,
    }


async def parts_of(
    fetch: Fetch[RowT], filters: Sequence[Filter], *, size: int, fields: str, after: int = 0
) -> AsyncIterator[Part[RowT]]:
    """Every row that matches and whose id is above ``after``; at least one part, which may be empty.

    Raises UnexpectedAnswer when the shop does not list what was asked for.
    """
    while True:
        above = ("entity_id", "gt", str(after))
        listing = await fetch(criteria([*filters, above], size=size, fields=fields))
        rows = listing.items
        ids = [after, *(row.entity_id for row in rows)]
        counted = listing.total_count
        # A shop may cap the page size: then only the count tells that there is more.
        is_last = len(rows) < size if counted is None else counted <= len(rows)
        if any(a >= b for a, b in pairwise(ids)) or not (rows or is_last):
            raise UnexpectedAnswer(
                _("The shop does not list its rows by id as it was asked to."),
                remedy=_("Exempt Magento's API from caches, and see which module changes its lists."),
            )
        yield Part(rows, is_last)
        if is_last:
            return
        after = ids[-1]


async def rows_of(fetch: Fetch[RowT], filters: Sequence[Filter], *, size: int, fields: str) -> list[RowT]:
    """All rows of a search that can only match few.

    Raises UnexpectedAnswer when the shop gives more than :data:`MOST_ROWS`: it overlooks the filters.
    """
    found: list[RowT] = []
    async for part in parts_of(fetch, filters, size=size, fields=fields):
        found += part.rows
        if len(found) > MOST_ROWS:
            raise UnexpectedAnswer(
                _("The shop lists far more rows than were asked for."),
                remedy=_("Exempt Magento's API from caches, and see which module changes its lists."),
            )
    return found


def naive_utc(moment: datetime) -> str:
    """As Magento wants times: seconds, no zone mark. The moment is in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")

"""Reads everything that changed since a watermark, from a list in no documented order.

The list is asked by ``updated_after``. What changes while its pages are walked may be missed there, but is
newer than the beginning of the reading: no watermark goes beyond that, by the hub's own clock. A long time is
read in stretches of a day, each with a watermark of its own, so that a crash costs a day's reading at most.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Generic, Protocol, TypeVar

from django.utils.translation import gettext as _

from integrations.answer import Answer
from integrations.contracts import Page, Watermark
from integrations.errors import UnexpectedAnswer

STRETCH = timedelta(days=1)
OVERLAP = timedelta(seconds=1)
"""Whether ``updated_after`` and ``updated_before`` include their moment is not documented."""


class Changed(Protocol):
    @property
    def hub_id(self) -> str: ...
    @property
    def changed_at(self) -> datetime: ...


RowT = TypeVar("RowT", bound=Changed)


@dataclass(frozen=True, slots=True)
class Sheet(Generic[RowT]):
    """A page as the hub gave it."""

    rows: Sequence[RowT]
    following: str | None
    """The next page's address."""
    told_at: datetime | None
    """The hub's clock when it answered."""
    listed: Collection[str] = ()
    """Ids of everything on the page, where rows are not made of all of it."""


Fetch = Callable[[str | None, datetime, datetime | None], Awaitable[Sheet[RowT]]]
"""From the address of a page (``None``: the first) and the stretch (after, before) to the page."""


async def read_changes(
    fetch: Fetch[RowT],
    since: Watermark,
    look_back: timedelta,
    *,
    now: datetime,
    stretch: timedelta | None = STRETCH,
) -> AsyncIterator[Page[RowT]]:
    """Pages of rows changed since the watermark. The last page of each stretch carries a watermark.

    ``stretch=None``: the list knows no end of a stretch, all is read at once.
    """
    after = since.at - look_back - OVERLAP
    mark = since.at
    began_at: datetime | None = None
    while True:
        before = after + stretch if stretch is not None and now - after > stretch else None
        newest = mark
        address: str | None = None
        seen: set[tuple[str, datetime | None]] = set()
        while True:
            sheet = await fetch(address, after, before)
            if began_at is None:
                began_at = min(now, sheet.told_at or now)
            listed = {(row.hub_id, row.changed_at) for row in sheet.rows} | {
                (pk, None) for pk in sheet.listed
            }
            fresh = listed - seen
            if sheet.following is not None and not fresh:
                raise UnexpectedAnswer(_("Sendcloud gives the same page of parcels again and again."))
            seen |= fresh
            newest = max([newest, *(row.changed_at for row in sheet.rows)])
            if sheet.following is None:
                break
            yield Page(sheet.rows, None)
            address = sheet.following
        # Before the end of a closed stretch everything was read, however quiet it was.
        mark = max(mark, min(began_at, newest if before is None else before - OVERLAP))
        yield Page(sheet.rows, Watermark(mark))
        if before is None:
            return
        after = before - OVERLAP


def told_at(answer: Answer) -> datetime | None:
    """The remote's clock by the ``Date`` header (RFC 9110, 6.6.1)."""
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

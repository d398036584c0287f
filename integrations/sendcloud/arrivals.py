"""Reads what arrived in a Sendcloud account, newest first.

There is no filter on arrival times and date filters are whole days, so pages are walked in the default order
(``-pk``) by their ``Link`` headers until what is known comes up again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from integrations.contracts import ArrivalRecord, Page, Watermark
from integrations.errors import UnexpectedAnswer
from integrations.sendcloud.records import Order, rank

SMALL_PAGE = "50"
LARGE_PAGE = "200"
FAR_BACK = timedelta(hours=6)

Fetch = Callable[[str | None, Mapping[str, str]], Awaitable[tuple[Sequence[Order], str | None]]]
"""From the address of a page (``None``: the first) to its orders and the next page's address."""


async def read_pages(
    fetch: Fetch, since: Watermark, look_back: timedelta, *, now: datetime, integration_id: str | None = None
) -> AsyncIterator[Page[ArrivalRecord]]:
    """Pages of arrivals. Only the last one carries a watermark: what was newest when the reading began."""
    size = LARGE_PAGE if now - since.at > FAR_BACK else SMALL_PAGE
    params = {"sort": "-pk", "page_size": size, **({"integration": integration_id} if integration_id else {})}
    floor = since.at - look_back
    mark: Watermark | None = None
    address: str | None = None
    seen: set[str] = set()
    while True:
        rows, following = await fetch(address, params)
        if mark is None:
            mark = _newest(rows, since, now)
        known = next((place for place, row in enumerate(rows) if _is_known(row, since, floor)), None)
        last = known is not None or following is None or not rows
        fresh = [row for row in rows[:known] if row.id not in seen]
        if not fresh and not last:
            raise UnexpectedAnswer(_("Sendcloud gives the same page of orders again and again."))
        seen.update(row.id for row in fresh)
        records = [record for row in fresh if (record := row.to_contract()) is not None]
        yield Page(records, mark if last else None)
        if last:
            return
        address = following


def _newest(rows: Sequence[Order], since: Watermark, now: datetime) -> Watermark:
    if not rows:
        return since
    at = max(since.at, min(max(row.created_at for row in rows), now))
    return Watermark(at, max([since.key, *(row.id for row in rows)], key=rank))


def _is_known(row: Order, since: Watermark, floor: datetime) -> bool:
    return row.created_at < floor and (not since.key or rank(row.id) <= rank(since.key))

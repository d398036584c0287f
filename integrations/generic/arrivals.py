"""What arrived at a described hub since a watermark, whichever way its list is sorted."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.contracts import ArrivalRecord, Page, Watermark
from integrations.documents import Rows
from integrations.errors import UnexpectedAnswer
from integrations.generic import paging
from integrations.generic.options import ArrivalSource
from integrations.generic.paging import Paging, RawPage
from integrations.generic.records import ArrivalRow
from integrations.http import RemoteClient
from integrations.parsing import most_of
from integrations.refreshing import filled_url

SECOND = timedelta(seconds=1)
"""Bounds are written in whole seconds, and some hubs leave out what lies on the bound itself."""
_ROWS = TypeAdapter(Rows[ArrivalRow])


class Arrivals:
    """The list of arrived orders of one described hub."""

    def __init__(
        self, http: RemoteClient, pages: Paging, source: ArrivalSource, look_back: timedelta
    ) -> None:
        self._http = http
        self._paging = pages
        self._source = source
        self._look_back = look_back

    async def read(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """Rows from the watermark minus the look-back on, each page with the watermark it allows.

        Sorted from the oldest, whatever lies before the newest row of a page has been read with it: the
        watermark moves page by page. Otherwise only the end of the list lets it move. It never passes
        ``now``: what arrives during the reading may be missed by it. Raises RemoteError.
        """
        bound = since.at - self._look_back - SECOND
        newest, idle = since.at, 0
        last: datetime | None = None
        async for page in self._pages(bound, integration_id, now):
            rows = self.rows(page)
            if self._source.order == "oldest_first":
                last = self._check_order(page, rows, last)
            before, newest = newest, max([newest, *(row.arrived_at for row in rows)])
            is_known = self._source.order == "newest_first" and bool(rows) and _all_before(rows, bound)
            is_end = page.is_last or is_known
            mark = None
            if is_end or self._source.order == "oldest_first":
                mark = Watermark(min(newest, max(now, since.at)))
            yield Page(
                [
                    row.to_contract()
                    for row in rows
                    if row.arrived_at >= bound and integration_id in (None, row.integration_id)
                ],
                mark,
            )
            if is_end:
                return
            # A watermark that moves is an end in sight: a long history is read in one go.
            has_moved = mark is not None and newest > before and before < now
            idle = 0 if has_moved else idle + 1
            if idle >= paging.MOST_PAGES:
                raise self._paging.too_long(page)

    def rows(self, page: RawPage) -> list[ArrivalRow]:
        return most_of(self._http, page.answer, _ROWS, page.rows)

    async def first_page(self, since: datetime, *, now: datetime) -> RawPage:
        """The first page of what arrived since then. Raises RemoteError."""
        async with aclosing(self._pages(since, None, now)) as pages:
            return await anext(pages)

    def _pages(
        self, bound: datetime, integration_id: str | None, now: datetime
    ) -> AsyncGenerator[RawPage, None]:
        values = {"since": bound.strftime("%Y-%m-%dT%H:%M:%SZ"), "integration_id": integration_id or ""}
        return self._paging.pages(self._source, filled_url(self._source.url, values), now=now)

    def _check_order(
        self, page: RawPage, rows: Sequence[ArrivalRow], last: datetime | None
    ) -> datetime | None:
        """The newest time so far. Raises UnexpectedAnswer for a row that no look-back would find again."""
        for row in rows:
            if last is not None and row.arrived_at < last - self._look_back:
                raise self.not_in_order(page)
            last = max(last or row.arrived_at, row.arrived_at)
        return last

    def not_in_order(self, page: RawPage) -> UnexpectedAnswer:
        """The error for a list that is not sorted as its description says."""
        return self._http.unexpected(
            page.answer,
            _("The list of arrived orders is not in the order that is described."),
            _("Set the order of the list to “any” in the settings of the account."),
        )


def _all_before(rows: Sequence[ArrivalRow], bound: datetime) -> bool:
    return all(row.arrived_at < bound for row in rows)

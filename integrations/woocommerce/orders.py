"""Reads changed orders of a WooCommerce shop so that none is lost and none comes twice.

Rows are asked by (date_modified_gmt, id) ascending from a bound. The bound moves, not the page: paging
over a list that changes skips rows. Only when a full page shares one second (a bulk edit) are pages walked,
inside that second. A second look by id does not depend on clocks, zones or stamps.

``modified_after`` is exclusive and, with ``dates_are_gmt``, naive UTC; an offset would be silently wrong.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from integrations.contracts import OrderRecord, Page, Watermark
from integrations.documents import Record, Rows, UtcTime
from integrations.errors import UnexpectedAnswer

FIELDS = "id,number,status,date_created_gmt,date_modified_gmt,date_paid_gmt"
SECOND = timedelta(seconds=1)
NEWEST_LOOK = 20
"""Orders per page of the look by id; also how far it overlaps what was known."""
MOST_WALKS = 5


def _known(value: Any, handler: ValidatorFunctionWrapHandler) -> datetime | None:
    try:
        found: datetime | None = handler(value)
    except ValidationError:
        # WordPress keeps dates that never were (0000-00-00): one such order must not hide all others.
        return None
    return found


_Date = Annotated[UtcTime | None, WrapValidator(_known)]


class Row(Record):
    """An order as the API lists it. Personal fields are neither asked for nor read."""

    id: int
    number: str = ""
    status: str
    date_created_gmt: _Date = None
    date_modified_gmt: _Date = None
    date_paid_gmt: _Date = None

    @property
    def changed_at(self) -> datetime | None:
        return self.date_modified_gmt or self.date_created_gmt


UNPAID = "pending"
ROWS = TypeAdapter(Rows[Row])
Fetch = Callable[[Mapping[str, str]], Awaitable[tuple[Sequence[Row], int | None]]]
"""From query parameters to rows and, when the answer says it, the total number of matches."""


def record_of(row: Row, expected_statuses: Sequence[str]) -> OrderRecord | None:
    """The order, or ``None`` for a draft that was never placed."""
    if row.date_created_gmt is None or row.changed_at is None:
        return None
    expected = row.status in expected_statuses
    # A hub that takes unpaid orders may have them from the moment they are placed.
    paid_at = None if UNPAID in expected_statuses else row.date_paid_gmt
    return OrderRecord(
        external_id=str(row.id),
        number=(row.number or str(row.id)).removeprefix("#")[:80],
        ordered_at=row.date_created_gmt,
        eligible_at=max(row.date_created_gmt, paid_at or row.date_created_gmt),
        changed_at=row.changed_at,
        status=row.status[:40],
        expected=expected,
        unexpected_reason="" if expected else f"status {row.status}"[:80],
    )


class OrderReading:
    """One reading from a watermark to the present."""

    def __init__(
        self, fetch: Fetch, expected_statuses: Sequence[str], look_back: timedelta, page_size: int
    ) -> None:
        self._fetch = fetch
        self._expected_statuses = expected_statuses
        self._look_back = look_back
        self._page_size = page_size
        self._seen: set[tuple[object, ...]] = set()

    async def pages(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        """Pages of orders; the last one, possibly empty, comes from the look by id."""
        mark = since
        position = since.at - self._look_back
        full = True
        while full:
            rows, full = await self._changed_from(position)
            if not rows:
                break
            position = last = _stamp(rows[-1])
            if full and _stamp(rows[0]) == last:
                rows = await self._whole_second(last, rows)
                position = last + SECOND
            if last >= since.at:
                # A stamp in the future, from a clock that was wrong, must not hide what comes after it.
                mark = Watermark(min(last, max(now, since.at)), str(rows[-1].id), since.newest)
            yield Page(self._new(rows), mark)
        newest = await self._newest(since.newest)
        records = self._new(newest)
        highest = max((row.id for row in newest), default=0)
        yield Page(records, Watermark(mark.at, mark.key, str(max(highest, int(since.newest or 0)) or "")))

    async def _changed_from(self, position: datetime) -> tuple[Sequence[Row], bool]:
        """Rows changed at or after ``position``, and whether there may be more of them."""
        listed, _total = await self._fetch(
            {
                "modified_after": naive_utc(position - SECOND),
                "dates_are_gmt": "true",
                "orderby": "modified",
                "order": "asc",
                "per_page": str(self._page_size),
                "_fields": FIELDS,
            }
        )
        rows = [row for row in listed if row.changed_at is not None]
        stamps = [_stamp(row) for row in rows]
        if stamps and (stamps[0] < position - SECOND or any(a > b for a, b in pairwise(stamps))):
            raise UnexpectedAnswer(
                _("The shop does not list orders by the time of their change."),
                remedy=_("Update WooCommerce, and exempt its API from caches."),
            )
        return rows, len(listed) >= self._page_size

    async def _whole_second(self, second: datetime, begun: Sequence[Row]) -> Sequence[Row]:
        """All rows of one second. An order that leaves it meanwhile shifts later pages: then walk again."""
        found = {row.id: row for row in begun}
        for _walk in range(MOST_WALKS):
            totals: set[int | None] = set()
            page = 1
            while True:
                rows, total = await self._fetch(
                    {
                        "modified_after": naive_utc(second - SECOND),
                        "modified_before": naive_utc(second + SECOND),
                        "dates_are_gmt": "true",
                        "orderby": "modified",
                        "order": "asc",
                        "per_page": str(self._page_size),
                        "page": str(page),
                        "_fields": FIELDS,
                    }
                )
                found.update((row.id, row) for row in rows)
                if rows:
                    totals.add(total)
                if len(rows) < self._page_size:
                    break
                page += 1
            if len(totals) <= 1:
                break
        return sorted(found.values(), key=lambda row: row.id)

    async def _newest(self, known: str) -> Sequence[Row]:
        """The newest orders by id, down past the newest known one; one page when none is known."""
        floor = int(known or 0)
        found: dict[int, Row] = {}
        page = 1
        while True:
            rows, _total = await self._fetch(
                {
                    "orderby": "id",
                    "order": "desc",
                    "per_page": str(NEWEST_LOOK),
                    "page": str(page),
                    "_fields": FIELDS,
                }
            )
            fresh = [row for row in rows if row.id not in found]
            found.update((row.id, row) for row in rows)
            if not floor or len(rows) < NEWEST_LOOK or not fresh or rows[-1].id <= floor:
                return sorted(found.values(), key=lambda row: row.id)
            page += 1

    def _new(self, rows: Sequence[Row]) -> Sequence[OrderRecord]:
        records = []
        for row in rows:
            record = record_of(row, self._expected_statuses)
            if record is not None and record.version not in self._seen:
                self._seen.add(record.version)
                records.append(record)
        return records


def naive_utc(moment: datetime) -> str:
    """As ``dates_are_gmt=true`` wants it: seconds, no offset. The moment is in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _stamp(row: Row) -> datetime:
    assert row.changed_at is not None
    return row.changed_at

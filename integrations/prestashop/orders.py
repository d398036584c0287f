"""Reads new and changed orders of a PrestaShop shop so that none is lost and none comes twice.

First by id, which needs no clock: everything above the highest known id, and some below it, since a number
is given before its order is stored. Then by time of change, in one window that ends a minute before the
shop's own present: its rows are paged by id, and one that changes meanwhile leaves the window for the next
one. Paging by offset would skip rows. The watermark's ``at`` is the end of the last whole window; within
one, ``key`` holds its end and the last id, so that a long reading goes on where it was cut off.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BeforeValidator, TypeAdapter

from integrations.contracts import OrderRecord, Page, Watermark
from integrations.documents import Record, Rows
from integrations.errors import UnexpectedAnswer
from integrations.numbers import number_of
from integrations.prestashop.states import State
from integrations.prestashop.times import DAY, ShopClock, as_text

FIELDS = "[id,reference,current_state,date_add,date_upd]"
ID_OVERLAP = 50
SETTLE = timedelta(minutes=1)
"""How far a window stays behind the shop's present."""
UNSURE = timedelta(hours=1)
"""The overlap grows by it where the zone is not known from the shop: some autumn hour may come twice."""


def _wall(value: Any) -> datetime | None:
    """Times that never were (``0000-00-00 00:00:00``) are none: one such order must not hide all others."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is None and 1970 <= moment.year <= 2200 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return number_of(str(value)) or 0


WallTime = Annotated[datetime | None, BeforeValidator(_wall)]
Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[int, BeforeValidator(_number)]


class Row(Record):
    """An order as a list shows it. Personal fields are neither asked for nor read."""

    id: int
    reference: Text = ""
    current_state: Number = 0
    date_add: WallTime = None
    date_upd: WallTime = None

    @property
    def stamp(self) -> datetime | None:
        return self.date_upd or self.date_add


ROWS = TypeAdapter(Rows[Row])


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer."""

    rows: Sequence[Row]
    count: int
    """How many rows came, odd ones that were left out included."""
    shop_now: datetime
    """The shop's own clock."""


Fetch = Callable[[Mapping[str, str]], Awaitable[Listing]]
"""From query parameters to rows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about an order."""

    clock: ShopClock
    zone_is_known: bool
    """From the shop itself; else the operator entered it."""
    states: Mapping[int, State]
    expected_states: Sequence[int]
    look_back: timedelta
    page_size: int

    def record(self, row: Row, *, shop_now: datetime, is_new: bool) -> OrderRecord | None:
        """The order, or ``None`` when it has no time."""
        if row.date_add is None or row.stamp is None:
            return None
        # Of an hour that came twice, an order that was known keeps the earlier: what was first read stays.
        placed = self.clock.latest(row.date_add, shop_now) if is_new else self.clock.earliest(row.date_add)
        state = self.states.get(row.current_state)
        if self.expected_states:
            expected = row.current_state in self.expected_states
        else:
            expected = state is not None and state.is_due
        status = f"{row.current_state} {state.name if state else ''}".strip()[:40]
        return OrderRecord(
            external_id=str(row.id),
            number=(row.reference or str(row.id))[:80],
            ordered_at=placed,
            eligible_at=placed,
            changed_at=self.clock.latest(row.stamp, shop_now),
            status=status,
            expected=expected,
            unexpected_reason="" if expected else f"status {status}"[:80],
        )


@dataclass(slots=True)
class _Window:
    """Changes from ``since`` to ``until``, read up to an id."""

    since: datetime
    until: datetime
    low: str
    high: str
    last_id: int = 0

    def params(self) -> dict[str, str]:
        return {
            "filter[date_upd]": f"[{self.low},{self.high}]",
            "date": "1",
            "filter[id]": f">[{self.last_id}]",
            "sort": "[id_ASC]",
        }

    def holds(self, row: Row) -> bool:
        return row.date_upd is not None and self.low <= as_text(row.date_upd) <= self.high

    def key(self) -> str:
        return f"{self.until.isoformat()} {self.last_id}"


class OrderReading:
    """One reading from a watermark to the shop's present."""

    def __init__(self, fetch: Fetch, rules: Rules) -> None:
        self._fetch_rows = fetch
        self._rules = rules
        self._seen: set[tuple[int, datetime | None, int]] = set()
        self._known = 0

    async def pages(self, since: Watermark) -> AsyncIterator[Page[OrderRecord]]:
        mark = since
        self._known = number_of(since.newest) or 0
        listing: Listing | None = None
        async for listing in self._by_id():
            highest = max((row.id for row in listing.rows), default=0)
            mark = replace(mark, newest=str(max(highest, number_of(mark.newest) or 0) or ""))
            yield Page(self._new(listing), mark)
        assert listing is not None
        begun = mark.key
        while True:
            window = await self._window(mark, listing.shop_now)
            async for page in self._changed(window, mark, listing.rows):
                yield page
            mark = Watermark(window.until, "", mark.newest)
            if not begun:
                return
            begun = ""

    async def _by_id(self) -> AsyncIterator[Listing]:
        """The orders above the highest known id and some below it; the newest ones when none is known."""
        if not self._known:
            newest = await self._fetch({"sort": "[id_DESC]", "limit": str(ID_OVERLAP)})
            yield replace(newest, rows=sorted(newest.rows, key=lambda row: row.id))
            return
        last_id = max(self._known - ID_OVERLAP, 0)
        while True:
            listing = await self._fetch({"filter[id]": f">[{last_id}]", "sort": "[id_ASC]"})
            _check_ids(listing.rows, last_id)
            yield listing
            if listing.count < self._rules.page_size or not listing.rows:
                return
            last_id = listing.rows[-1].id

    async def _window(self, mark: Watermark, shop_now: datetime) -> _Window:
        """The window that was begun, else the next one."""
        rules = self._rules
        overlap = rules.look_back
        end, _blank, last_id = mark.key.partition(" ")
        if last_id:
            until = datetime.fromisoformat(end)  # as _Window.key wrote it
        else:
            until = shop_now - SETTLE
            if not rules.zone_is_known:
                until = min(until, await self._newest_change(shop_now) or until)
        if not rules.zone_is_known:
            overlap += UNSURE
        # The shop's clock may have been set back: what it writes from now on must not lie before the window.
        since = min(mark.at, until) - overlap
        return _Window(since, until, *rules.clock.window(since, until), number_of(last_id) or 0)

    async def _newest_change(self, shop_now: datetime) -> datetime | None:
        """By what the shop wrote last: with a wrong zone, the present may be a time it has yet to write."""
        listing = await self._fetch({"sort": "[date_upd_DESC,id_DESC]", "date": "1", "limit": "1"})
        stamps = [row.date_upd for row in listing.rows if row.date_upd]
        return self._rules.clock.latest(stamps[0], shop_now) if stamps else None

    async def _changed(
        self, window: _Window, mark: Watermark, newest: Sequence[Row]
    ) -> AsyncIterator[Page[OrderRecord]]:
        """The pages of a window; the last one carries the watermark behind it."""
        while True:
            listing = await self._fetch(window.params())
            if not listing.count and not window.last_id:
                listing = await self._control(window, newest) or listing
            _check_ids(listing.rows, window.last_id)
            if any(row.date_upd and as_text(row.date_upd + DAY) < window.low for row in listing.rows):
                raise _not_as_asked()
            if listing.count < self._rules.page_size or not listing.rows:
                yield Page(self._new(listing), Watermark(window.until, "", mark.newest))
                return
            window.last_id = listing.rows[-1].id
            yield Page(self._new(listing), Watermark(mark.at, window.key(), mark.newest))

    async def _control(self, window: _Window, newest: Sequence[Row]) -> Listing | None:
        """An empty list is believed only if no order is known that should be in it.

        Raises UnexpectedAnswer. Gives what a second look found, if an order came in between.
        """
        suspects = [row for row in newest if window.holds(row)]
        if not suspects:
            return None
        again = await self._fetch(window.params())
        if again.count:
            return again
        alone = await self._fetch({"filter[id]": f"[{suspects[-1].id}]"})
        if any(window.holds(row) for row in alone.rows):
            raise UnexpectedAnswer(
                _("Asked for its changes by time, the shop leaves out an order that changed then."),
                remedy=_("Exempt the webservice from caches and firewalls that change addresses."),
            )
        return None

    async def _fetch(self, params: Mapping[str, str]) -> Listing:
        return await self._fetch_rows({"display": FIELDS, "limit": str(self._rules.page_size), **params})

    def _new(self, listing: Listing) -> Sequence[OrderRecord]:
        records = []
        for row in listing.rows:
            mark = (row.id, row.date_upd, row.current_state)
            if mark not in self._seen:
                self._seen.add(mark)
                is_new = row.id > self._known
                record = self._rules.record(row, shop_now=listing.shop_now, is_new=is_new)
                if record is not None:
                    records.append(record)
        return records


def _check_ids(rows: Sequence[Row], above: int) -> None:
    """Raises UnexpectedAnswer when a list does not begin where it was asked to, or is not in order."""
    ids = [above, *(row.id for row in rows)]
    if any(one >= next_one for one, next_one in pairwise(ids)):
        raise _not_as_asked()


def _not_as_asked() -> UnexpectedAnswer:
    return UnexpectedAnswer(
        _("The shop does not list orders as it was asked to."),
        remedy=_("Exempt the webservice from caches and firewalls that change addresses."),
    )

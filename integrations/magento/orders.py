"""Reads changed orders of a Magento shop so that none is lost and none comes twice.

Orders are asked in windows of ``updated_at``, from a look-back before the watermark to a moment shortly
before the shop's own present, and inside a window by rising id. An order that changes while its window is
read leaves it and is found in the next one. A look by id, from somewhat below the newest order that is
known, finds new orders at once and does not depend on clocks or stamps.

Stamps are made before they are committed. What is committed later than lag and look-back together allow
is found by its id when it is a new order, and at its next change otherwise.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.contracts import OrderRecord, Page, Watermark
from integrations.documents import Record
from integrations.errors import UnexpectedAnswer
from integrations.magento import search
from integrations.magento.search import Date, Fetch, Filter, Listing, Many, Text, Whole, naive_utc
from integrations.numbers import number_of

LAG = timedelta(minutes=1)
"""The youngest changes are left to the next reading: they may not all be committed."""
ID_OVERLAP = 50
"""How far the look by id reaches below the newest order that is known."""
UNPAID = frozenset({"pending", "pending_payment"})


class Step(Record):
    """An entry of an order's history. Its comment is not asked for."""

    status: Text = None
    created_at: Date = None


class Order(search.Row):
    """An order as the API lists it. Personal fields are neither asked for nor read."""

    increment_id: Text = None
    status: Text = None
    created_at: Date = None
    updated_at: Date = None
    store_id: Whole = None
    is_virtual: Whole = None
    status_histories: Many[Step] = []

    @property
    def changed_at(self) -> datetime | None:
        return self.updated_at or self.created_at


ORDERS = TypeAdapter(Listing[Order])


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which orders a hub imports."""

    statuses: Sequence[str]
    store_ids: Sequence[int] = ()
    """Store views; empty: all."""

    @property
    def takes_unpaid(self) -> bool:
        return not UNPAID.isdisjoint(self.statuses)

    @property
    def fields(self) -> str:
        """What must be known of an order, as the API's ``fields`` wants it."""
        fields = "entity_id,increment_id,status,created_at,updated_at,store_id,is_virtual"
        if not self.takes_unpaid:
            fields += ",status_histories[status,created_at]"
        return f"items[{fields}],total_count"

    def reason_against(self, order: Order) -> str:
        """Why no hub will import it; empty when one should."""
        if order.status not in self.statuses:
            return f"status {order.status}"
        if self.store_ids and order.store_id not in self.store_ids:
            return f"store view {order.store_id}"
        return "nothing to ship" if order.is_virtual else ""

    def eligible_at(self, order: Order, placed_at: datetime) -> datetime:
        """When a hub could first have it: placed, or brought into an imported status where its history
        tells that."""
        if self.takes_unpaid:
            return placed_at
        reached = [
            step.created_at
            for step in order.status_histories
            if step.created_at and step.status in self.statuses
        ]
        return max(placed_at, min(reached, default=placed_at))


def record_of(order: Order, expectation: Expectation) -> OrderRecord | None:
    """The order; ``None`` when it has no usable times."""
    if order.created_at is None or order.changed_at is None:
        return None
    reason = expectation.reason_against(order)
    return OrderRecord(
        external_id=str(order.entity_id),
        number=(order.increment_id or str(order.entity_id))[:80],
        ordered_at=order.created_at,
        eligible_at=expectation.eligible_at(order, order.created_at),
        changed_at=order.changed_at,
        status=(order.status or "")[:40],
        expected=not reason,
        unexpected_reason=reason[:80],
    )


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was begun: stored in the watermark's key, so that a long reading goes on where it was
    left and not from its beginning."""

    until: datetime
    """Exclusive."""
    after: int
    """The highest id that is stored."""

    @property
    def key(self) -> str:
        return f"{naive_utc(self.until)}/{self.after}"

    @classmethod
    def of_key(cls, key: str) -> "Window | None":
        until, _slash, after = key.partition("/")
        try:
            return cls(datetime.fromisoformat(until).replace(tzinfo=UTC), int(after))
        except ValueError:
            return None


class OrderReading:
    """One reading from a watermark to the present.

    ``clock`` gives the shop's own time as it told it last.
    """

    def __init__(
        self,
        fetch: Fetch[Order],
        clock: Callable[[], datetime | None],
        expectation: Expectation,
        look_back: timedelta,
        page_size: int,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._expectation = expectation
        self._look_back = look_back
        self._page_size = page_size
        self._seen: set[tuple[object, ...]] = set()

    async def pages(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        """Pages of orders. Only the last one of a window moves ``at``; the others keep the place in it."""
        mark = since
        known = number_of(since.newest)
        newest = await self._newest() if known is None else known
        if newest is not None:
            # Of a shop that was never read, only what is new enough.
            recent = [("updated_at", "gteq", naive_utc(since.at))] if known is None else []
            async for part in self._parts(recent, after=max(newest - ID_OVERLAP, 0)):
                newest = max([newest, *(order.entity_id for order in part.rows)])
                if known is not None:
                    mark = Watermark(since.at, since.key, str(newest))
                if part.rows:
                    yield Page(self._new(part.rows), mark)
        is_fresh = False
        while not is_fresh:
            begun = Window.of_key(mark.key)
            is_fresh = begun is None
            window = begun or Window(self._present(now) - LAG, 0)
            # A clock that was put back since must not open a hole.
            lower = min(mark.at, window.until) - self._look_back
            bounds = [
                ("updated_at", "gteq", naive_utc(lower)),
                ("updated_at", "lt", naive_utc(window.until)),
            ]
            async for part in self._parts(bounds, after=window.after):
                if self._present(now) < window.until:
                    # It was put back just now: changes may get stamps inside the window, behind our back.
                    mark = Watermark(min(mark.at, self._present(now) - LAG), "", mark.newest)
                    yield Page(self._new(part.rows), mark)
                    return
                if not part.is_last:
                    key = Window(window.until, part.rows[-1].entity_id).key
                    mark = Watermark(mark.at, key, mark.newest)
                else:
                    highest = str(newest or "") if is_fresh else mark.newest
                    mark = Watermark(window.until, "", highest)
                yield Page(self._new(part.rows), mark)

    def _present(self, now: datetime) -> datetime:
        """By the shop's own clock, in whole seconds; by ours where it tells no time."""
        return (self._clock() or now).replace(microsecond=0)

    def _parts(self, filters: Sequence[Filter], *, after: int) -> AsyncIterator[search.Part[Order]]:
        fields = self._expectation.fields
        return search.parts_of(self._fetch, filters, size=self._page_size, fields=fields, after=after)

    async def _newest(self) -> int | None:
        """The highest id of all; ``None`` when there is no order yet."""
        params = search.criteria([], size=1, fields=self._expectation.fields, direction="DESC")
        rows = (await self._fetch(params)).items
        return rows[0].entity_id if rows else None

    def _new(self, orders: Sequence[Order]) -> Sequence[OrderRecord]:
        records = []
        undated = sum(order.created_at is None for order in orders)
        if len(orders) > 1 and undated * 2 > len(orders):
            # One strange order is passed over; a list of them is not what was asked for.
            raise UnexpectedAnswer(
                _("Most orders in the shop's list have no date that can be read."),
                remedy=_("See which module or proxy changes what Magento's API answers."),
            )
        for order in orders:
            record = record_of(order, self._expectation)
            if record is not None and record.version not in self._seen:
                self._seen.add(record.version)
                records.append(record)
        return records

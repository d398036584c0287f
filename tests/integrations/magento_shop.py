"""A Magento shop in memory: what it lists, when its changes are committed, what its clock shows."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from integrations.contracts import Watermark
from integrations.magento.orders import Expectation, Order, OrderReading
from integrations.magento.search import Listing

from .remote import NOW

LOOK_BACK = timedelta(seconds=120)
EXPECTED = Expectation(("pending", "processing"))
START = Watermark(NOW - timedelta(hours=1))


@dataclass(frozen=True)
class Row:
    id: int
    created: datetime
    updated: datetime
    status: str = "processing"


class Shop:
    """Answers as Magento does: bounds in naive UTC seconds, rows by id, the count of all that match.

    A row shows itself when it is committed, which may be later than it was stamped.
    """

    def __init__(self):
        self.clock = NOW
        self.rows = {}
        self.uncommitted = []
        self.last_id = 0
        self.requests = 0
        self.before_answer = []

    def place(self, delay=0):
        self.last_id += 1
        self._commit(Row(self.last_id, self.clock, self.clock), delay)

    def change(self, number, delay=0):
        row = self.rows.get(number)
        if row and all(row.id != each.id for _, each in self.uncommitted):
            status = {"processing": "complete", "complete": "closed"}.get(row.status, "processing")
            self._commit(replace(row, updated=self.clock, status=status), delay)

    def _commit(self, row, delay):
        self.uncommitted.append((self.clock + timedelta(seconds=delay), row))
        self.pass_time(0)

    def pass_time(self, seconds):
        self.clock += timedelta(seconds=seconds)
        due = [row for at, row in self.uncommitted if at <= self.clock]
        self.uncommitted = [(at, row) for at, row in self.uncommitted if at > self.clock]
        self.rows.update((row.id, row) for row in due)

    async def fetch(self, params):
        if self.before_answer:
            self.before_answer.pop(0)()
        self.requests += 1
        assert self.requests < 5000, "the reading does not end"
        rows = list(self.rows.values())
        for field, condition, value in conditions(params):
            rows = [row for row in rows if holds(row, field, condition, value)]
        backwards = params["searchCriteria[sortOrders][0][direction]"] == "DESC"
        rows.sort(key=lambda row: row.id, reverse=backwards)
        size = int(params["searchCriteria[pageSize]"])
        listed = [
            Order(
                entity_id=row.id,
                increment_id=f"{row.id:09d}",
                status=row.status,
                created_at=row.created,
                updated_at=row.updated,
            )
            for row in rows[:size]
        ]
        return Listing[Order](items=listed, total_count=len(rows))


def conditions(params):
    number = 0
    while (prefix := f"searchCriteria[filterGroups][{number}][filters][0]") + "[field]" in params:
        yield tuple(params[f"{prefix}[{part}]"] for part in ("field", "conditionType", "value"))
        number += 1


def holds(row, field, condition, value):
    if field == "entity_id":
        return {"gt": row.id > int(value)}[condition]
    moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return {"gteq": row.updated >= moment, "lt": row.updated < moment}[condition]


def reading(shop, size=3, look_back=LOOK_BACK):
    return OrderReading(shop.fetch, lambda: shop.clock, EXPECTED, look_back, size)


def read(shop, since, size=3, look_back=LOOK_BACK):
    async def go():
        return [page async for page in reading(shop, size, look_back).pages(since, now=NOW)]

    return asyncio.run(go())

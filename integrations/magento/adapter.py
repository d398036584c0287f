"""A Magento 2 shop as a store.

There is no nudge: Magento has no webhooks of its own, and what would be harmless (a comment) does not move
an order's time of change.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import orjson
from pydantic import TypeAdapter

from integrations.access.classify import json_document
from integrations.access.plan import ProbePlan
from integrations.access.probing import probe_with
from integrations.answer import Answer
from integrations.contracts import (
    CallRecord,
    ConnectionReport,
    OrderRecord,
    Page,
    Parcel,
    StoreCheckup,
    StoreTracking,
    Target,
    TrackingWrite,
    Watermark,
)
from integrations.documents import read_document
from integrations.errors import RemoteError
from integrations.full_orders import FullOrder
from integrations.http import Auth, RemoteClient
from integrations.magento import checkup, connection, options, refusals, tracking, whole
from integrations.magento.orders import ORDERS, Expectation, OrderReading
from integrations.magento.probing import PLAN
from integrations.magento.recognition import magento
from integrations.magento.search import Fetch, Listing, RowT
from integrations.magento.signing import bearer, signed
from integrations.parsing import parse_most


class MagentoStore:
    """Reads a Magento shop by its REST API (V1), and writes tracking numbers to it."""

    platform: ClassVar[str] = "magento"
    label: ClassVar[str] = "Magento"
    self_hosted: ClassVar[bool] = True
    plan: ClassVar[ProbePlan] = PLAN
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        self.root = f"{http.target_url}/{self.settings.api_root}"
        self.clock: datetime | None = None
        """The shop's time, as its last answer told it."""
        http.application = magento
        self._opened_at = time.monotonic()

    async def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        reading = OrderReading(
            self.lists("orders", ORDERS, now=now),
            lambda: self.clock,
            Expectation(self.settings.expected_statuses, self.settings.store_ids),
            timedelta(seconds=self.settings.look_back_s),
            self.settings.page_size,
        )
        async for page in reading.pages(since, now=now):
            yield page

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        return await probe_with(self.http, self.plan, self.root, user_agents, now=now)

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    async def check(self, *, now: datetime) -> StoreCheckup:
        """See :func:`integrations.magento.checkup.check`."""
        return await checkup.check(self, now=now)

    async def read_tracking(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
        return await tracking.read(self, order_ids, now=now)

    async def write_tracking(
        self, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool = False
    ) -> TrackingWrite:
        return await tracking.write(self, order_id, parcels, now=now, notify=notify)

    async def read_full_orders(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
        with self.http.unquoted():
            return await whole.read(self, order_ids, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    # What the parts of this adapter ask by

    def moment(self, now: datetime) -> datetime:
        """The present: a first reading may take long, and a signature should not look old."""
        return now + timedelta(seconds=time.monotonic() - self._opened_at)

    def auth(self, now: datetime) -> Auth:
        if self.settings.auth == "bearer":
            return bearer(self.credentials)
        return signed(self.credentials, now=self.moment(now))

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        now: datetime,
        content: bytes | None = None,
    ) -> Answer:
        """One answer to a request with credentials below the API root, whatever its status."""
        answer = await self.http.request(
            method,
            f"{self.root}/{path}",
            now=now,
            params=params,
            headers={"content-type": "application/json"} if content else None,
            content=content,
            auth=self.auth(now),
        )
        self.clock = clock_of(answer) or self.clock
        return answer

    async def get(self, path: str, params: Mapping[str, str] | None = None, *, now: datetime) -> Answer:
        """Raises RemoteError unless the answer is 200 with JSON."""
        answer = await self.ask("GET", path, params, now=now)
        if answer.status == 200 and answer.looks_like_json and b"munify360" not in answer.body[:1024]:
            return answer
        raise await self.refusal(answer, now=now)

    async def post(self, path: str, document: Mapping[str, Any], *, now: datetime) -> Answer:
        """An answer of Magento itself, which may be a refusal: that is for the caller to judge.

        The body is never left out: an order that is shipped without one is shipped as a whole. Raises
        RemoteError when somebody else answered, or Magento did not know the credentials.
        """
        answer = await self.ask("POST", path, now=now, content=orjson.dumps(document))
        document_back = json_document(answer)
        by_magento = isinstance(document_back, str | int | dict | list) and answer.status in (200, 400, 404)
        if by_magento and b"munify360" not in answer.body[:1024]:
            return answer
        raise await self.refusal(answer, now=now)

    async def refusal(self, answer: Answer, *, now: datetime) -> RemoteError:
        """The error a failed answer stands for."""
        return await refusals.explain(self, answer, now=now)

    def lists(self, path: str, adapter: TypeAdapter[Listing[RowT]], *, now: datetime) -> Fetch[RowT]:
        """Reads a list by search parameters."""

        async def fetch(params: Mapping[str, str]) -> Listing[RowT]:
            return parse_most(self.http, await self.get(path, params, now=now), adapter)

        return fetch


def clock_of(answer: Answer) -> datetime | None:
    """The remote's own time, aware and in UTC."""
    try:
        moment = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else None

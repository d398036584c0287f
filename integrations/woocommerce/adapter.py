"""A WooCommerce shop as a store."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson

from integrations.access import wordpress
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
from integrations.full_orders import FullOrder
from integrations.http import RemoteClient
from integrations.numbers import number_of
from integrations.parsing import parse
from integrations.woocommerce import checkup, connection, full_orders, nudging, options, tracking, webhooks
from integrations.woocommerce.orders import ROWS, OrderReading, Row
from integrations.woocommerce.probing import PLAN
from integrations.woocommerce.refusals import error_of_refusal
from integrations.woocommerce.signing import signed_address, signer


class WooCommerceStore:
    """Reads a WooCommerce shop by its REST API (wc/v3), and writes tracking numbers to it."""

    platform: ClassVar[str] = "woocommerce"
    label: ClassVar[str] = "WooCommerce"
    # Where orders have tables of their own, WooCommerce leads on from here to their page.
    order_page: ClassVar[str] = "{url}/wp-admin/post.php?post={order_id}&action=edit"
    self_hosted: ClassVar[bool] = True
    plan: ClassVar[ProbePlan] = PLAN
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.target = target
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        self.root = f"{http.target_url}/{self.settings.api_root}"
        http.application = wordpress
        self._opened_at = time.monotonic()

    async def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        async def fetch(params: Mapping[str, str]) -> tuple[Sequence[Row], int | None]:
            answer = await self.get("wc/v3/orders", params, now=now)
            total = number_of(answer.headers.get("x-wp-total", ""))
            return parse(self.http, answer, ROWS), total

        reading = OrderReading(
            fetch,
            self.settings.expected_statuses,
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
        return await checkup.check(self, now=now)

    async def read_tracking(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
        return await tracking.read(self, order_ids, now=now)

    async def write_tracking(
        self, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool = False
    ) -> TrackingWrite:
        return await tracking.write(self, order_id, parcels, now=now, notify=notify)

    async def read_full_orders(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
        with self.http.unquoted():
            return await full_orders.read(self, order_ids, now=now)

    async def nudge(self, order_id: str, *, now: datetime) -> None:
        await nudging.nudge(self, order_id, now=now)

    async def subscribe(self, *, now: datetime) -> Sequence[str]:
        return await webhooks.subscribe(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def get(self, path: str, params: Mapping[str, str], *, now: datetime) -> Answer:
        """A signed GET below the API root. Raises RemoteError unless the answer is 200 with JSON."""
        return self.agreed(await self.ask("GET", path, now=now, params=params))

    async def send(self, method: str, path: str, document: Mapping[str, Any], *, now: datetime) -> Answer:
        """A signed write below the API root. Raises RemoteError unless it succeeded.

        The answer holds no more than ids, states and times.
        """
        params = {"_fields": "id,status,date_created_gmt,date_modified_gmt"}
        return self.agreed(await self.ask(method, path, now=now, params=params, document=document))

    def agreed(self, answer: Answer) -> Answer:
        """The answer, if it is a success with JSON. Raises the RemoteError it stands for otherwise."""
        if answer.status in (200, 201) and answer.looks_like_json and b"munify360" not in answer.body[:1024]:
            return answer
        raise error_of_refusal(self.http, answer)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        now: datetime,
        params: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        always_oauth: bool = False,
        keep: bool = True,
    ) -> Answer:
        """One signed request below the API root, whatever it is answered. ``keep`` as in RemoteClient."""
        key = self.credentials.consumer_key.get_secret_value()
        secret = self.credentials.consumer_secret.get_secret_value()
        # Shops refuse a signature older than 15 minutes, and a first reading may take longer.
        moment = now + timedelta(seconds=time.monotonic() - self._opened_at)
        url = f"{self.root}/{path}"
        content = None if document is None else orjson.dumps(document)
        headers = {"content-type": "application/json"} if content else None
        if self.settings.sign_in == "query" and not always_oauth:
            return await self.http.request(
                method,
                signed_address(method, url, params or {}, key, secret, now=moment),
                now=now,
                headers=headers,
                content=content,
                retry=False,
                keep=keep,
            )
        oauth = always_oauth or self.settings.sign_in == "oauth"
        return await self.http.request(
            method,
            url,
            now=now,
            params=params,
            headers=headers,
            content=content,
            auth=signer(key, secret, now=moment, always_oauth=oauth),
            keep=keep,
        )

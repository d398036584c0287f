"""A WooCommerce shop as a store."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from integrations.access import wordpress
from integrations.access.probing import probe_with
from integrations.answer import Answer
from integrations.contracts import CallRecord, ConnectionReport, OrderRecord, Page, Target, Watermark
from integrations.documents import read_document
from integrations.http import RemoteClient
from integrations.numbers import number_of
from integrations.parsing import parse
from integrations.woocommerce import connection, options
from integrations.woocommerce.orders import ROWS, OrderReading, Row
from integrations.woocommerce.refusals import error_of_refusal
from integrations.woocommerce.signing import signer


class WooCommerceStore:
    """Reads a WooCommerce shop by its REST API (wc/v3)."""

    platform: ClassVar[str] = "woocommerce"
    label: ClassVar[str] = "WooCommerce"
    self_hosted: ClassVar[bool] = True
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
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
        url = f"{self.root}/wc/v3/orders/0"
        return await probe_with(self.http, url, user_agents, now=now, application=wordpress)

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def get(self, path: str, params: Mapping[str, str], *, now: datetime) -> Answer:
        """A signed GET below the API root. Raises RemoteError unless the answer is 200 with JSON."""
        key, secret = self.credentials.consumer_key, self.credentials.consumer_secret
        # Shops refuse a signature older than 15 minutes, and a first reading may take longer.
        moment = now + timedelta(seconds=time.monotonic() - self._opened_at)
        auth = signer(key.get_secret_value(), secret.get_secret_value(), now=moment)
        answer = await self.http.request("GET", f"{self.root}/{path}", now=now, params=params, auth=auth)
        if answer.status == 200 and answer.looks_like_json and b"munify360" not in answer.body[:1024]:
            return answer
        raise error_of_refusal(self.http, answer)

"""A Shopify shop as a store.

Nudging is not offered: every way to move an order's time of change (a tag, a note, an attribute) is visible
to the merchant and can start the shop's own automations, and would need ``write_orders``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import TypeAdapter

from integrations.access.plan import ProbePlan
from integrations.access.probing import probe_with
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
from integrations.parsing import most_of
from integrations.shopify import checkup, connection, full_orders, options, subscriptions, tracking
from integrations.shopify.graphql import AdminApi
from integrations.shopify.orders import OrderReading, Orders
from integrations.shopify.probing import PLAN
from integrations.shopify.recognition import shopify

_ORDERS = TypeAdapter(Orders)


class ShopifyStore:
    """Reads a Shopify shop by the Admin GraphQL API, and writes tracking numbers to it."""

    platform: ClassVar[str] = "shopify"
    label: ClassVar[str] = "Shopify"
    self_hosted: ClassVar[bool] = False
    order_page: ClassVar[str] = "{url}/admin/orders/{order_id}"
    plan: ClassVar[ProbePlan] = PLAN
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        self.webhook_url = target.webhook_url
        self.api = AdminApi(http, self.settings.api_version, self.credentials)
        self.root = self.api.url.removesuffix("/graphql.json")
        http.application = shopify

    async def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        async def fetch(variables: Mapping[str, Any]) -> tuple[Orders, float]:
            reply, answer = await self.api.query("orders", variables, now=now)
            return most_of(self.http, answer, _ORDERS, reply.part("orders")), reply.cost

        look_back = timedelta(seconds=self.settings.look_back_s)
        async for page in OrderReading(fetch, look_back, self.settings.page_size).pages(since, now=now):
            yield page

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        return await probe_with(self.http, self.plan, self.root, user_agents, now=now)

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def check(self, *, now: datetime) -> StoreCheckup:
        return await checkup.check(
            self.api,
            self.settings.api_version,
            self.webhook_url,
            has_secret=self.credentials.has_client_secret,
            now=now,
        )

    async def subscribe(self, *, now: datetime) -> Sequence[str]:
        return await subscriptions.subscribe(self.api, self.webhook_url, now=now)

    async def read_tracking(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
        return await tracking.read_tracking(self.api, order_ids, now=now)

    async def write_tracking(
        self, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool = False
    ) -> TrackingWrite:
        return await tracking.write_tracking(self.api, order_id, parcels, now=now, notify=notify)

    async def read_full_orders(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
        with self.http.unquoted():
            return await full_orders.read_full_orders(self.api, order_ids, now=now)

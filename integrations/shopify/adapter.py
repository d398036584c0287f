"""A Shopify shop as a store."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson
from pydantic import TypeAdapter

from integrations.access.probing import probe_with
from integrations.answer import Answer
from integrations.contracts import CallRecord, ConnectionReport, OrderRecord, Page, Target, Watermark
from integrations.documents import read_document
from integrations.errors import CredentialsRefused
from integrations.http import Auth, RemoteClient
from integrations.parsing import most_of
from integrations.shopify import connection, options
from integrations.shopify.graphql import Reply, ask, query_text
from integrations.shopify.orders import OrderReading, Orders
from integrations.shopify.recognition import shopify
from integrations.shopify.tokens import forget_token, granted_token

_ORDERS = TypeAdapter(Orders)


class ShopifyStore:
    """Reads a Shopify shop by the Admin GraphQL API."""

    platform: ClassVar[str] = "shopify"
    label: ClassVar[str] = "Shopify"
    self_hosted: ClassVar[bool] = False
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        self.url = f"{http.target_url}/admin/api/{self.settings.api_version}/graphql.json"
        http.application = shopify

    async def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        async def fetch(variables: Mapping[str, Any]) -> tuple[Orders, float]:
            reply, answer = await self.query("orders", variables, now=now)
            found = most_of(self.http, answer, _ORDERS, (reply.data or {}).get("orders"))
            return found, reply.cost

        look_back = timedelta(seconds=self.settings.look_back_s)
        async for page in OrderReading(fetch, look_back, self.settings.page_size).pages(since, now=now):
            yield page

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        content = orjson.dumps({"query": query_text("probe")})
        return await probe_with(
            self.http, self.url, user_agents, now=now, application=shopify, method="POST", content=content
        )

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def query(self, name: str, variables: Mapping[str, Any], *, now: datetime) -> tuple[Reply, Answer]:
        """The reply to a saved query. Raises RemoteError."""
        try:
            return await ask(self.http, self.url, name, variables, now=now, auth=await self._auth(now))
        except CredentialsRefused as error:
            if not self._forget_granted_token(error):
                raise
        return await ask(self.http, self.url, name, variables, now=now, auth=await self._auth(now))

    async def _auth(self, now: datetime) -> Auth:
        if self.credentials.access_token and self.credentials.access_token.get_secret_value():
            token = self.credentials.access_token.get_secret_value()
        else:
            assert self.credentials.client_secret is not None
            secret = self.credentials.client_secret.get_secret_value()
            token = await granted_token(self.http, self.credentials.client_id, secret, now=now)
        return lambda _method, _url: {"x-shopify-access-token": token}

    def _forget_granted_token(self, error: CredentialsRefused) -> bool:
        """Whether a token of ours was refused that a new grant may replace."""
        secret = self.credentials.client_secret
        granted = not (self.credentials.access_token and self.credentials.access_token.get_secret_value())
        if (
            not granted
            or secret is None
            or error.call is None
            or not error.call.url.endswith("/graphql.json")
        ):
            return False
        forget_token(self.http, self.credentials.client_id, secret.get_secret_value())
        return True

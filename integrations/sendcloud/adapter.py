"""A Sendcloud account as a hub."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _

from integrations.contracts import (
    ArrivalRecord,
    CallRecord,
    Check,
    ConnectionReport,
    HubFailure,
    HubIntegration,
    Page,
    RefreshAnswer,
    ShipmentRecord,
    Target,
    Watermark,
)
from integrations.documents import read_document
from integrations.errors import OurMistake
from integrations.full_orders import FullOrder
from integrations.http import RemoteClient
from integrations.parsing import parse, parse_most
from integrations.refreshing import filled, filled_url, send_refresh
from integrations.sendcloud import connection, options
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.arrivals import read_pages
from integrations.sendcloud.checks import PUSHED_SYSTEM, check_integration
from integrations.sendcloud.failures import newest_failures
from integrations.sendcloud.older import LOGS_V2, OlderApi
from integrations.sendcloud.pushing import push_orders
from integrations.sendcloud.records import INTEGRATIONS_V3, LOGS, ORDERS, Integration, LogRow, Order
from integrations.sendcloud.shipments import read_shipments
from integrations.sendcloud.tokens import KeyPair
from integrations.sendcloud.versions import Versions


class SendcloudHub:
    """Reads one Sendcloud account by its API: version 3, or version 2 where the account has no other."""

    kind: ClassVar[str] = "sendcloud"
    failures_are_logged: ClassVar[bool] = True
    default_url: ClassVar[str] = "https://panel.sendcloud.sc"
    label: ClassVar[str] = "Sendcloud"
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        keys = KeyPair(
            self.credentials.public_key.get_secret_value(),
            self.credentials.secret_key.get_secret_value(),
            self.settings.token_url if self.settings.auth == "oauth2" else "",
        )
        self.api = SendcloudApi(http, keys)
        self.versions = Versions(self.settings.api, self.api.root, keys.public)
        self._older = OlderApi(http, self.api)
        self._webhook_url = target.webhook_url
        self._look_back = timedelta(seconds=self.settings.look_back_s)

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]:
        async def newer() -> Sequence[HubIntegration]:
            found: dict[str, Integration] = {}
            address: str | None = "v3/integrations"
            while address:
                answer = await self.api.get(address, now=now)
                known = len(found)
                found.update((row.id, row) for row in parse(self.http, answer, INTEGRATIONS_V3).data)
                address = self.api.next_page(answer) if len(found) > known else None
            return [row.to_contract() for row in found.values()]

        return await self.versions.either(
            "integrations", newer, lambda: self._older.integrations(now=now), now
        )

    async def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        async def fetch(address: str | None, params: Mapping[str, str]) -> tuple[Sequence[Order], str | None]:
            answer = await self.api.get(address or "v3/orders", None if address else params, now=now)
            return parse_most(self.http, answer, ORDERS).data, self.api.next_page(answer)

        pages = self.versions.either_pages(
            "arrivals",
            lambda: read_pages(fetch, since, self._look_back, now=now, integration_id=integration_id),
            lambda: self._older.arrivals(since, self._look_back, now=now, integration_id=integration_id),
            now,
        )
        async for page in pages:
            yield page

    async def read_shipments(
        self, integration_id: str, since: Watermark, *, now: datetime
    ) -> AsyncIterator[Page[ShipmentRecord]]:
        """Parcels of an integration that changed since the watermark. The last page of each day's stretch
        carries a watermark. Sendcloud does not repeat the store's id of the order: only its number."""
        pages = self.versions.either_pages(
            "shipments",
            lambda: read_shipments(self.http, self.api, integration_id, since, self._look_back, now=now),
            lambda: self._older.shipments(integration_id, since, self._look_back, now=now),
            now,
        )
        async for page in pages:
            yield page

    async def read_failures(self, since_id: str, *, now: datetime) -> Sequence[HubFailure]:
        """Rows newer than ``since_id``, newest first.

        The log's own order is not documented: pages are read until a whole one is known, at most twenty.
        """

        async def newer(address: str | None) -> tuple[Sequence[LogRow], str | None]:
            params = None if address else {"page_size": "100"}
            answer = await self.api.get(address or "v3/integrations/logs", params, now=now)
            return parse_most(self.http, answer, LOGS).data, self.api.next_page(answer)

        async def older(address: str | None) -> tuple[Sequence[LogRow], str | None]:
            answer = await self.api.get(address or "v2/integrations/logs", now=now)
            page = parse_most(self.http, answer, LOGS_V2)
            return page.results, self.api.older_next_page(answer, page.next)

        return await self.versions.either(
            "failures",
            lambda: newest_failures(newer, since_id),
            lambda: newest_failures(older, since_id),
            now,
        )

    async def check_integration(self, integration_id: str, system: str, *, now: datetime) -> Sequence[Check]:
        """Feedback, webhook and, for PrestaShop, the mapping of statuses; version 2 tells of none."""

        async def newer() -> Sequence[Check]:
            return await check_integration(
                self.http, self.api, integration_id, system, webhook_url=self._webhook_url, now=now
            )

        async def older() -> Sequence[Check]:
            await self._older.integrations(now=now)
            return []

        return await self.versions.either("settings", newer, older, now)

    def can_push(self, system: str) -> bool:
        return self.settings.push_to_any_system or system == PUSHED_SYSTEM

    async def push_orders(
        self, integration_id: str, orders: Sequence[FullOrder], *, now: datetime
    ) -> RefreshAnswer:
        with self.http.unquoted():
            return await push_orders(self.http, self.api, integration_id, orders, now=now)

    def user_agents(self, platform: str) -> Sequence[str]:
        return [filled(agent, {"system": platform}) for agent in self.settings.user_agents]

    def panel_url(self, integration_id: str, system: str) -> str:
        values = {"integration_id": integration_id, "system": system or "manage"}
        return filled_url(self.settings.panel_url_template, values)

    def can_refresh(self) -> bool:
        return self.settings.refresh is not None

    async def refresh(self, integration_id: str, *, now: datetime) -> RefreshAnswer:
        if self.settings.refresh is None:
            raise OurMistake(
                _("Sendcloud has no public way to refresh, and none was described for this account.")
            )
        secret = self.credentials.refresh_secret
        values = {
            "integration_id": integration_id,
            "refresh_secret": secret.get_secret_value() if secret else "",
        }
        return await send_refresh(self.http, self.settings.refresh, values, now=now)

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

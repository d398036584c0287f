"""A Sendcloud account as a hub."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _

from integrations.contracts import (
    ArrivalRecord,
    CallRecord,
    ConnectionReport,
    HubFailure,
    HubIntegration,
    Page,
    RefreshAnswer,
    Target,
    Watermark,
)
from integrations.documents import read_document
from integrations.errors import OurMistake
from integrations.http import RemoteClient
from integrations.parsing import parse, parse_most
from integrations.refreshing import filled, filled_url, send_refresh
from integrations.sendcloud import connection, options
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.arrivals import read_pages
from integrations.sendcloud.failures import to_contract
from integrations.sendcloud.records import (
    INTEGRATIONS_V2,
    INTEGRATIONS_V3,
    LOGS,
    ORDERS,
    Integration,
    Order,
    rank,
)

MOST_LOG_PAGES = 20


class SendcloudHub:
    """Reads one Sendcloud account by its API, version 3."""

    kind: ClassVar[str] = "sendcloud"
    default_url: ClassVar[str] = "https://panel.sendcloud.sc"
    label: ClassVar[str] = "Sendcloud"
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        public, secret = self.credentials.public_key, self.credentials.secret_key
        self.api = SendcloudApi(http, public.get_secret_value(), secret.get_secret_value())

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]:
        if self.settings.api == "v2":
            answer = await self.api.get("v2/integrations", now=now)
            return [row.to_contract() for row in parse(self.http, answer, INTEGRATIONS_V2)]
        found: dict[str, Integration] = {}
        address: str | None = "v3/integrations"
        while address:
            answer = await self.api.get(address, now=now)
            known = len(found)
            found.update((row.id, row) for row in parse(self.http, answer, INTEGRATIONS_V3).data)
            address = self.api.next_page(answer) if len(found) > known else None
        return [row.to_contract() for row in found.values()]

    async def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        async def fetch(address: str | None, params: Mapping[str, str]) -> tuple[Sequence[Order], str | None]:
            answer = await self.api.get(address or "v3/orders", None if address else params, now=now)
            return parse_most(self.http, answer, ORDERS).data, self.api.next_page(answer)

        look_back = timedelta(seconds=self.settings.look_back_s)
        async for page in read_pages(fetch, since, look_back, now=now, integration_id=integration_id):
            yield page

    async def read_failures(self, since_id: str, *, now: datetime) -> Sequence[HubFailure]:
        """Rows newer than ``since_id``, newest first.

        The log's own order is not documented: pages are read until a whole one is known, at most twenty.
        """
        found: dict[str, HubFailure] = {}
        address = "v3/integrations/logs"
        params: Mapping[str, str] | None = {"page_size": "100"}
        for _number in range(MOST_LOG_PAGES):
            answer = await self.api.get(address, params, now=now)
            rows = parse_most(self.http, answer, LOGS).data
            fresh = [
                row for row in rows if row.id not in found and (not since_id or rank(row.id) > rank(since_id))
            ]
            found.update((row.id, to_contract(row)) for row in fresh)
            following = self.api.next_page(answer)
            if not fresh or following is None:
                break
            address, params = following, None
        return sorted(found.values(), key=lambda failure: rank(failure.external_id), reverse=True)

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

"""A hub described by its operator."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

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
from integrations.documents import Rows, read_document
from integrations.errors import OurMistake
from integrations.generic import connection, options
from integrations.generic.arrivals import Arrivals
from integrations.generic.paging import MOST_PAGES, Paging
from integrations.generic.records import IntegrationRow
from integrations.http import RemoteClient
from integrations.parsing import checked
from integrations.refreshing import filled, filled_url, send_refresh

INTEGRATIONS = TypeAdapter(Rows[IntegrationRow])


class GenericHub:
    """Reads and refreshes any hub that speaks JSON over HTTP. It has no log of failed calls."""

    kind: ClassVar[str] = "generic"
    label: ClassVar[str] = _noop("Generic HTTP")
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        token = self.credentials.token.get_secret_value() if self.credentials.token else ""
        headers = {
            name.lower(): filled(text, {"token": token})
            for name, text in self.settings.headers.items()
            if token or "{token}" not in text
        }
        self._paging = Paging(http, headers)
        look_back = timedelta(seconds=self.settings.look_back_s)
        self.arrivals = Arrivals(http, self._paging, self.settings.arrivals, look_back)

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]:
        source = self.settings.integrations
        found: list[HubIntegration] = []
        pages = 0
        async for page in self._paging.pages(source, source.url, now=now):
            # An integration that is left out would seem to be gone.
            found += [row.to_contract() for row in checked(self.http, page.answer, INTEGRATIONS, page.rows)]
            pages += 1
            if pages >= MOST_PAGES and not page.is_last:
                raise self._paging.too_long(page)
        return found

    async def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """See :meth:`integrations.generic.arrivals.Arrivals.read`."""
        async for page in self.arrivals.read(since, now=now, integration_id=integration_id):
            yield page

    async def read_failures(self, since_id: str, *, now: datetime) -> Sequence[HubFailure]:  # noqa: ARG002
        return []

    def user_agents(self, platform: str) -> Sequence[str]:
        return [filled(agent, {"system": platform}) for agent in self.settings.user_agents]

    def panel_url(self, integration_id: str, system: str) -> str:
        values = {"integration_id": integration_id, "system": system}
        return filled_url(self.settings.panel_url_template, values)

    def can_refresh(self) -> bool:
        return self.settings.refresh is not None

    async def refresh(self, integration_id: str, *, now: datetime) -> RefreshAnswer:
        if self.settings.refresh is None:
            raise OurMistake(_("No refresh request was described for this hub."))
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

"""A hub described by its operator."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.answer import Answer
from integrations.contracts import (
    ArrivalRecord,
    CallRecord,
    ConnectionReport,
    HubFailure,
    HubIntegration,
    Need,
    Page,
    RefreshAnswer,
    Target,
    Watermark,
)
from integrations.documents import Rows, read_document
from integrations.errors import OurMistake, RemoteError
from integrations.generic import options
from integrations.generic.records import ArrivalRow, IntegrationRow, at_path, renamed
from integrations.http import RemoteClient
from integrations.parsing import checked, most_of
from integrations.refreshing import filled, filled_url, send_refresh

MOST_PAGES = 500
RowT = TypeVar("RowT")


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
        self._headers = {
            name.lower(): filled(text, {"token": token}) for name, text in self.settings.headers.items()
        }

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]:
        source = self.settings.integrations
        found: list[HubIntegration] = []
        async for rows in self._pages(source, source.url, TypeAdapter(Rows[IntegrationRow]), now=now):
            found += [row.to_contract() for row in rows]
        return found

    async def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """All pages the hub gives, asked from the watermark minus the look-back where ``{since}`` stands."""
        source = self.settings.arrivals
        bound = since.at - timedelta(seconds=self.settings.look_back_s)
        values = {
            "since": bound.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "integration_id": integration_id or "",
        }
        newest = since.at
        async for rows in self._pages(
            source, filled_url(source.url, values), TypeAdapter(Rows[ArrivalRow]), now=now
        ):
            newest = max([newest, *(row.arrived_at for row in rows)])
            yield Page(
                [
                    row.to_contract()
                    for row in rows
                    if row.arrived_at >= bound and integration_id in (None, row.integration_id)
                ],
                None,
            )
        yield Page((), Watermark(min(newest, max(now, since.at))))

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
        name = _("Integrations can be read")
        try:
            integrations = await self.read_integrations(now=now)
        except RemoteError as error:
            return ConnectionReport((Need(name, False, str(error), error.remedy),))
        needs = [Need(name, True, _("%(count)d integrations are listed.") % {"count": len(integrations)})]
        name = _("Arrived orders can be read")
        try:
            async for _page in self.read_arrivals(Watermark(now - timedelta(hours=1)), now=now):
                break
        except RemoteError as error:
            needs.append(Need(name, False, str(error), error.remedy))
        else:
            needs.append(Need(name, True, _("The list has the agreed form.")))
        return ConnectionReport(tuple(needs), tuple(integrations), {"platform": self.label})

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def _pages(
        self, source: options.Source, url: str, rows: TypeAdapter[list[RowT]], *, now: datetime
    ) -> AsyncIterator[list[RowT]]:
        for _number in range(MOST_PAGES):
            answer = await self.http.request("GET", url, now=now, auth=lambda _method, _url: self._headers)
            if answer.status != 200:
                raise self.http.error(answer)
            document = answer.json()
            found = renamed(at_path(document, source.items), source.fields)
            if source is self.settings.arrivals:
                yield most_of(self.http, answer, rows, found)
            else:
                # An integration that is left out would seem to be gone.
                yield checked(self.http, answer, rows, found)
            following = self._following(answer, document, source)
            if following is None or following == url:
                return
            url = following

    def _following(self, answer: Answer, document: Any, source: options.Source) -> str | None:
        address = at_path(document, source.next) if source.next else None
        if not isinstance(address, str) or not address:
            return None
        following = urljoin(answer.url, address)
        if urlsplit(following)[:2] != urlsplit(answer.url)[:2]:
            raise self.http.unexpected(answer, _("The next page lies on another host; it was not followed."))
        return following

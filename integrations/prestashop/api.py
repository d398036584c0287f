"""The webservice: requests with the key, lists in JSON, single resources in XML."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.answer import Answer, not_json
from integrations.errors import UnexpectedAnswer
from integrations.http import RemoteClient
from integrations.parsing import checked, most_of
from integrations.prestashop.markup import Element, MarkupError, read_xml
from integrations.prestashop.options import Credentials, Settings
from integrations.prestashop.refusals import error_of_refusal

RowsT = TypeVar("RowsT", bound=list[Any])
_XML = {"content-type": "text/xml"}


class Webservice:
    """Asks one shop's webservice. Every method raises RemoteError."""

    def __init__(self, http: RemoteClient, credentials: Credentials, settings: Settings) -> None:
        self.http = http
        self.root = f"{http.target_url}/{settings.api_root}"
        self.key = credentials.key.get_secret_value()
        self._key_in_query = settings.key_in_query

    async def rows(
        self,
        resource: str,
        params: Mapping[str, str],
        adapter: TypeAdapter[RowsT],
        *,
        now: datetime,
        strict: bool = False,
    ) -> tuple[RowsT, int, Answer]:
        """A list: its rows, how many came, and the answer.

        ``strict``: one odd row refuses all; else it is left out.
        """
        answer = await self.ask("GET", resource, now=now, params={**params, "output_format": "JSON"})
        if not answer.looks_like_json:
            raise self.http.unexpected(answer, not_json(answer))
        try:
            document = answer.json()
        except UnexpectedAnswer as error:
            raise self.http.unexpected(answer, str(error)) from None
        # An empty list comes without the resource's name around it.
        listed = [] if document == [] else document.get(resource) if isinstance(document, dict) else None
        count = len(listed) if isinstance(listed, list) else 0
        read = checked if strict else most_of
        return read(self.http, answer, adapter, listed), count, answer

    async def element(
        self,
        method: str,
        path: str,
        *,
        now: datetime,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> tuple[Element, Answer]:
        """The XML below ``<prestashop>``, and the answer."""
        answer = await self.ask(method, path, now=now, params=params, content=content)
        try:
            root = read_xml(answer.body)
        except MarkupError:
            root = Element("")
        if root.name != "prestashop" or not root.children:
            sentence = _("%(host)s answered with something that is not PrestaShop's XML.")
            raise self.http.unexpected(answer, sentence % {"host": answer.host})
        return root.children[0], answer

    async def ask(
        self,
        method: str,
        path: str,
        *,
        now: datetime,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """A request with the key below the API root; an answer that grants it."""
        basic = "Basic " + b64encode(f"{self.key}:".encode()).decode()
        in_query = self._key_in_query
        answer = await self.http.request(
            method,
            f"{self.root}/{path}",
            now=now,
            params={**(params or {}), **({"ws_key": self.key} if in_query else {})},
            headers=_XML if content is not None else None,
            content=content,
            auth=None if in_query else lambda _method, _url: {"authorization": basic},
        )
        speaks = answer.looks_like_json or b"<prestashop" in answer.body[:1024]
        if answer.status in (200, 201) and speaks and b"munify360" not in answer.body[:1024]:
            return answer
        raise error_of_refusal(self.http, answer, path.partition("/")[0] or "orders")

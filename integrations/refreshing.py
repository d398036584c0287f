"""A refresh request that the operator describes: for hubs that offer none, or none in public."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import Field

from integrations.contracts import RefreshAnswer
from integrations.documents import Document, Headers, OperatorsUrl
from integrations.http import RemoteClient


class RefreshRequest(Document):
    """An HTTP request that makes the hub fetch one integration at once.

    ``{integration_id}`` and ``{refresh_secret}`` are filled in wherever they stand.
    """

    method: Literal["POST", "PUT", "PATCH", "GET"] = Field(default="POST", title=_noop("Method"))
    url: OperatorsUrl = Field(title=_noop("Address"))
    headers: Headers = Field(default_factory=dict, title=_noop("Headers"))
    body: dict[str, object] | str | None = Field(default=None, title=_noop("Body"))


async def send_refresh(
    http: RemoteClient, request: RefreshRequest, values: Mapping[str, str], *, now: datetime
) -> RefreshAnswer:
    """What the hub answered; only the hub's later behaviour shows an effect. Raises RemoteError."""
    headers = {name.lower(): filled(text, values) for name, text in request.headers.items()}
    content: bytes | None = None
    if isinstance(request.body, str):
        content = filled(request.body, values).encode()
    elif request.body is not None:
        content = orjson.dumps(_filled_values(request.body, values))
        headers.setdefault("content-type", "application/json")
    answer = await http.request(
        request.method,
        filled_url(request.url, values),
        now=now,
        content=content,
        auth=lambda _method, _url: headers,
        retry=False,
    )
    if 200 <= answer.status < 300:
        detail = _("The hub accepted the request (status %(status)d).") % {"status": answer.status}
        return RefreshAnswer(True, detail)
    error = http.error(answer)
    if 400 <= answer.status < 500 and answer.status != 429:
        detail = _("The hub refused the request (status %(status)d): %(reason)s")
        return RefreshAnswer(False, detail % {"status": answer.status, "reason": error})
    raise error


def filled(template: str, values: Mapping[str, str]) -> str:
    """``template`` with its placeholders replaced; nothing else in braces is touched."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def filled_url(template: str, values: Mapping[str, str]) -> str:
    """As :func:`filled`; a value stays one piece of the address, whatever a remote chose for an id."""
    return filled(template, {name: quote(value, safe="") for name, value in values.items()})


def _filled_values(part: object, values: Mapping[str, str]) -> object:
    if isinstance(part, str):
        return filled(part, values)
    if isinstance(part, dict):
        return {name: _filled_values(inner, values) for name, inner in part.items()}
    return [_filled_values(inner, values) for inner in part] if isinstance(part, list) else part

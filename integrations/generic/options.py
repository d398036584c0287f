"""How an operator describes a hub, checked when it is saved."""

import re
from collections.abc import Iterable
from typing import Literal

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document, Headers, OperatorsUrl, PageUrl
from integrations.generic.records import ArrivalRow, IntegrationRow
from integrations.refreshing import RefreshRequest

Order = Literal["any", "newest_first", "oldest_first"]
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_PATH = re.compile(r"[^.\s]+(\.[^.\s]+)*")
_NAMES = frozenset({*IntegrationRow.model_fields, *ArrivalRow.model_fields})


class Credentials(Document):
    """What stands in headers as ``{token}``, and in the refresh request as ``{refresh_secret}``."""

    token: SecretStr | None = Field(
        default=None, title=_noop("Token"), description=_noop("Stands in the headers as {token}.")
    )
    refresh_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Secret of the refresh request"),
        description=_noop("Stands in the refresh request as {refresh_secret}."),
    )


class Source(Document):
    """Where a list of records is, and what its fields are called."""

    url: OperatorsUrl = Field(
        title=_noop("Address"),
        description=_noop("{since} becomes a time in UTC; {integration_id} the id, where one is asked for."),
    )
    items: str = Field(
        default="",
        title=_noop("Path of the list"),
        description=_noop("Such as data.orders; empty: the answer itself."),
    )
    next: str = Field(
        default="",
        title=_noop("Path of the next page's address"),
        description=_noop("Empty: there is one page."),
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        title=_noop("Fields"),
        description=_noop("Our name and the path in a record, where they differ: {arrived_at: imported.at}."),
    )

    @field_validator("items", "next")
    @classmethod
    def _a_path(cls, path: str) -> str:
        return _checked_path(path) if path else path

    @field_validator("fields")
    @classmethod
    def _known_names(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(fields.keys() - _NAMES)
        if unknown:
            raise ValueError(f"{unknown[0]} is no field that is read; there are {', '.join(sorted(_NAMES))}")
        return {name: _checked_path(path) for name, path in fields.items()}


class ArrivalSource(Source):
    """Where the arrived orders are."""

    order: Order = Field(
        default="any",
        title=_noop("Order of the list"),
        description=_noop(
            "newest_first: reading ends where what is known begins. oldest_first: a long reading goes on "
            "where it ended. any: everything is read every time."
        ),
    )


class Settings(Document):
    """The whole description of the hub."""

    headers: Headers = Field(
        default_factory=lambda: {"Authorization": "Bearer {token}"}, title=_noop("Headers of every request")
    )
    integrations: Source = Field(title=_noop("List of integrations"))
    arrivals: ArrivalSource = Field(title=_noop("List of arrived orders"))
    refresh: RefreshRequest | None = Field(default=None, title=_noop("Refresh request"))
    user_agents: tuple[str, ...] = Field(default=(), title=_noop("User-Agents the hub sends to stores"))
    panel_url_template: PageUrl = Field(default="", title=_noop("Page of an integration"))
    look_back_s: int = Field(default=600, ge=0, le=86_400, title=_noop("Look-back in seconds"))

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        _only_placeholders(headers.values(), "token")
        return headers

    @field_validator("integrations")
    @classmethod
    def _integrations(cls, source: Source) -> Source:
        _only_placeholders([source.url])
        return source

    @field_validator("arrivals")
    @classmethod
    def _arrivals(cls, source: ArrivalSource) -> ArrivalSource:
        _only_placeholders([source.url], "since", "integration_id")
        return source

    @field_validator("refresh")
    @classmethod
    def _refresh(cls, request: RefreshRequest | None) -> RefreshRequest | None:
        if request is not None:
            _only_placeholders([request.url, *request.headers.values()], "integration_id", "refresh_secret")
        return request

    @field_validator("panel_url_template")
    @classmethod
    def _panel(cls, template: str) -> str:
        _only_placeholders([template], "integration_id", "system")
        return template


def _only_placeholders(texts: Iterable[str], *known: str) -> None:
    """What would not be filled in would be sent as it stands. Raises ValueError."""
    for text in texts:
        for name in _PLACEHOLDER.findall(text):
            if name not in known:
                listed = " and ".join(f"{{{word}}}" for word in known) or "nothing"
                raise ValueError(f"{{{name}}} is not filled in here, only {listed}")


def _checked_path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("give a path such as data.orders: names with dots between them")
    return path

"""How an operator describes a hub."""

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr

from integrations.documents import Document, Headers, OperatorsUrl, PageUrl
from integrations.refreshing import RefreshRequest


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


class Settings(Document):
    """The whole description of the hub."""

    headers: Headers = Field(
        default_factory=lambda: {"Authorization": "Bearer {token}"}, title=_noop("Headers of every request")
    )
    integrations: Source = Field(title=_noop("List of integrations"))
    arrivals: Source = Field(title=_noop("List of arrived orders"))
    refresh: RefreshRequest | None = Field(default=None, title=_noop("Refresh request"))
    user_agents: tuple[str, ...] = Field(default=(), title=_noop("User-Agents the hub sends to stores"))
    panel_url_template: PageUrl = Field(default="", title=_noop("Page of an integration"))
    look_back_s: int = Field(default=600, ge=0, le=86_400, title=_noop("Look-back in seconds"))

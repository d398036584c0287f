"""What an operator enters to connect a Shopify shop."""

from typing import Self

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, model_validator

from integrations.documents import Document

API_VERSION = "2026-10"


class Credentials(Document):
    """A permanent token, or the id and secret of an app of the merchant's own organization."""

    access_token: SecretStr | None = Field(
        default=None,
        title=_noop("Admin API access token"),
        description=_noop(
            "Of an app made in the shop's admin before 2026; begins with shpat_. Empty with a client id."
        ),
    )
    client_id: str = Field(
        default="",
        title=_noop("Client id"),
        description=_noop(
            "In the Shopify Dev Dashboard: your app > Settings. The app must be installed in the shop and "
            "have the scope read_orders; to send tracking numbers again also "
            "read_merchant_managed_fulfillment_orders and write_merchant_managed_fulfillment_orders."
        ),
    )
    client_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Client secret"),
        description=_noop("Beside the client id. It also signs the shop's webhooks."),
    )
    previous_client_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Previous client secret"),
        description=_noop("While it is being replaced: Shopify signs with it for up to an hour longer."),
    )

    @property
    def has_client_secret(self) -> bool:
        return bool(self.client_secret and self.client_secret.get_secret_value())

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        token = bool(self.access_token and self.access_token.get_secret_value())
        if not token and not (self.client_id and self.has_client_secret):
            raise ValueError(_noop("Enter the access token, or the client id with its client secret."))
        return self


class Settings(Document):
    """How the shop is read."""

    api_version: str = Field(
        default=API_VERSION,
        pattern=r"^20\d\d-(01|04|07|10)$",
        title=_noop("API version"),
        description=_noop("Year and month of a Shopify release, for example 2026-10."),
    )
    look_back_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        title=_noop("Look-back in seconds"),
        description=_noop("How far every reading overlaps the one before, for orders that are stored late."),
    )
    page_size: int = Field(default=100, ge=1, le=250, title=_noop("Orders per request"))

"""What an operator enters to connect a Magento shop."""

from typing import Literal

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document, PageUrl


class Credentials(Document):
    """The four values of an integration of the shop. They serve OAuth 1.0a and, where the shop allows
    it, the access token alone as Bearer."""

    consumer_key: SecretStr = Field(
        min_length=8,
        title=_noop("Consumer key"),
        description=_noop(
            "In the Magento admin: System > Extensions > Integrations > Add New Integration. Under API "
            "choose Sales > Operations > Orders > Actions > View and Sales > Operations > Shipments; add "
            "Ship under Actions if Syncwatch shall write tracking numbers. Save, then Activate: four "
            "values are shown."
        ),
    )
    consumer_secret: SecretStr = Field(
        min_length=8, title=_noop("Consumer secret"), description=_noop("Shown below the consumer key.")
    )
    access_token: SecretStr = Field(
        min_length=8, title=_noop("Access token"), description=_noop("Shown below the consumer secret.")
    )
    access_token_secret: SecretStr = Field(
        min_length=8, title=_noop("Access token secret"), description=_noop("The last of the four values.")
    )


class Settings(Document):
    """How the shop is read. Every field has a default that fits most shops."""

    expected_statuses: tuple[str, ...] = Field(
        default=("pending", "processing"),
        title=_noop("Statuses a hub imports"),
        description=_noop(
            "Orders in other statuses are not waited for. Must equal the filter set in the hub. Write the "
            "codes, as in Stores > Settings > Order Status."
        ),
    )
    store_ids: tuple[int, ...] = Field(
        default=(),
        title=_noop("Store views a hub imports"),
        description=_noop("Their numbers, where the hub imports only some of them. Empty: all."),
    )
    auth: Literal["oauth", "bearer"] = Field(
        default="oauth",
        title=_noop("Sign-in"),
        description=_noop(
            "OAuth signatures work everywhere but behind proxies that change the address. Bearer must be "
            "allowed in Stores > Configuration > Services > OAuth > Consumer Settings."
        ),
    )
    look_back_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        title=_noop("Look-back in seconds"),
        description=_noop("How far every reading overlaps the one before, for orders that are stored late."),
    )
    api_root: str = Field(
        default="rest/V1",
        title=_noop("API path"),
        description=_noop("Only where Magento answers elsewhere, for example index.php/rest/V1."),
    )
    order_page: PageUrl = Field(
        default="",
        title=_noop("Page of an order"),
        description=_noop(
            "Where people open an order in the shop's own administration; {order_id} is filled in. Empty: no "
            "link, because only you know the name of the administration's folder."
        ),
    )
    page_size: int = Field(default=100, ge=1, le=300, title=_noop("Orders per request"))

    @field_validator("expected_statuses")
    @classmethod
    def _without_blanks(cls, statuses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(status.strip() for status in statuses if status.strip())

    @field_validator("api_root")
    @classmethod
    def _path_only(cls, path: str) -> str:
        if "?" in path or "://" in path:
            raise ValueError(_noop("Give a path such as rest/V1."))
        return path.strip("/")

"""What an operator enters to connect a PrestaShop shop."""

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document, PageUrl


class Credentials(Document):
    """A webservice key of the shop. GET on four resources is enough for watching."""

    key: SecretStr = Field(
        min_length=32,
        max_length=32,
        title=_noop("Webservice key"),
        description=_noop(
            "In PrestaShop: Advanced Parameters > Webservice. Switch the webservice on, add a key, and tick "
            "GET for orders, order_states, order_carriers and configurations. To write tracking numbers also "
            "tick PATCH for order_carriers (PUT on PrestaShop 1.7). The key has 32 characters."
        ),
    )


class Settings(Document):
    """How the shop is read. Every field has a default that fits most shops."""

    expected_states: tuple[int, ...] = Field(
        default=(),
        title=_noop("Order states a hub imports"),
        description=_noop(
            "Their numbers, as PrestaShop shows them under Order Settings > Statuses. Empty: the states that "
            "the shop marks as paid and not yet shipped."
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
        default="api",
        title=_noop("API path"),
        description=_noop("Only where the webservice answers elsewhere than at /api."),
    )
    order_page: PageUrl = Field(
        default="",
        title=_noop("Page of an order"),
        description=_noop(
            "Where people open an order in the shop's own administration; {order_id} is filled in. Empty: no "
            "link, because only you know the name of the administration's folder."
        ),
    )
    page_size: int = Field(default=100, ge=1, le=500, title=_noop("Orders per request"))
    key_in_query: bool = Field(
        default=False,
        title=_noop("Send the key in the address"),
        description=_noop(
            "Only where the shop's server drops the Authorization header and cannot be changed: the key then "
            "stands in the logs of every server on the way."
        ),
    )

    @field_validator("api_root")
    @classmethod
    def _path_only(cls, path: str) -> str:
        if "?" in path or "://" in path:
            raise ValueError(_noop("Give a path such as api, without a query."))
        return path.strip("/")

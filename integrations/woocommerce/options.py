"""What an operator enters to connect a WooCommerce shop."""

from typing import Literal

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document


class Credentials(Document):
    """A REST key of the shop. Read is enough for watching; writing tracking numbers needs Read/Write."""

    consumer_key: SecretStr = Field(
        min_length=8,
        title=_noop("Consumer key"),
        description=_noop(
            "In WordPress: WooCommerce > Settings > Advanced > REST API > Add key. Choose a user who is Shop "
            "manager and the permission Read, or Read/Write if tracking numbers are to be written again. It "
            "begins with ck_."
        ),
    )
    consumer_secret: SecretStr = Field(
        min_length=8,
        title=_noop("Consumer secret"),
        description=_noop("Shown once, beside the consumer key. It begins with cs_."),
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Webhook secret"),
        description=_noop("The secret of the shop's webhooks to Syncwatch. Empty: none are received."),
    )
    previous_webhook_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Previous webhook secret"),
        description=_noop("While it is being replaced: both are accepted."),
    )


class Settings(Document):
    """How the shop is read. Every field has a default that fits most shops."""

    expected_statuses: tuple[str, ...] = Field(
        default=("pending", "processing", "on-hold"),
        title=_noop("Statuses a hub imports"),
        description=_noop(
            "Orders in other statuses are not waited for. Must equal the filter set in the hub."
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
        default="wp-json",
        title=_noop("API path"),
        description=_noop("Only where WordPress answers elsewhere, for example index.php/wp-json."),
    )
    sign_in: Literal["auto", "oauth", "query"] = Field(
        default="auto",
        title=_noop("Sign-in"),
        description=_noop(
            "auto: the key over https, a signature over http. oauth: always a signature, for shops that do "
            "not notice that they are behind https. query: in the address, for servers that drop the "
            "Authorization header; the key then stands in the server's logs."
        ),
    )
    tracking_place: Literal["auto", "note", "shipment_tracking", "ast", "fulfillment"] = Field(
        default="auto",
        title=_noop("Where tracking numbers are written"),
        description=_noop(
            "auto: by the shipment tracking plug-in the shop has, else as a fulfilment if the shop uses "
            "them, else as an order note."
        ),
    )
    complete_orders: bool = Field(
        default=False,
        title=_noop("Complete orders"),
        description=_noop(
            "Set orders in processing to completed when their number is written and customers may be told: "
            "WooCommerce then sends its own mail."
        ),
    )
    hub_webhooks: str = Field(
        default="Sendcloud",
        max_length=80,
        title=_noop("Name of the hub's webhooks"),
        description=_noop("Webhooks with this in their name or address are the hub's."),
    )
    page_size: int = Field(default=100, ge=1, le=100, title=_noop("Orders per request"))

    @field_validator("expected_statuses")
    @classmethod
    def _without_prefix(cls, statuses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(status.strip().removeprefix("wc-") for status in statuses if status.strip())

    @field_validator("api_root")
    @classmethod
    def _path_only(cls, path: str) -> str:
        if "?" in path or "://" in path:
            raise ValueError(_noop("Give a path such as wp-json; keys are not read at ?rest_route=."))
        return path.strip("/")

"""What an operator enters to connect a WooCommerce shop."""

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document


class Credentials(Document):
    """A REST key of the shop. Read is enough for watching."""

    consumer_key: SecretStr = Field(
        min_length=8,
        title=_noop("Consumer key"),
        description=_noop(
            "In WordPress: WooCommerce > Settings > Advanced > REST API > Add key. Choose a user who is Shop "
            "manager and the permission Read. It begins with ck_."
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
    page_size: int = Field(default=100, ge=1, le=100, title=_noop("Orders per request"))

    @field_validator("expected_statuses")
    @classmethod
    def _without_prefix(cls, statuses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(status.strip().removeprefix("wc-") for status in statuses if status.strip())

    @field_validator("api_root")
    @classmethod
    def _path_only(cls, path: str) -> str:
        if "?" in path or "://" in path:
            raise ValueError("give a path such as wp-json; keys are not read at ?rest_route=")
        return path.strip("/")

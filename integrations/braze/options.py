"""What an operator enters to connect a Braze workspace."""

from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.documents import Document, PageUrl


class Credentials(Document):
    """A REST API key of one workspace. Its permissions cannot be changed once it is made."""

    api_key: SecretStr = Field(
        min_length=8,
        title=_noop("REST API key"),
        description=_noop(
            "In Braze: Settings > APIs and Identifiers > API Keys > Create API Key. Tick events.list, "
            "events.data_series, sessions.data_series and catalogs.get, and nothing else: permissions cannot "
            "be added later. The address above is the REST endpoint that is shown on the same page."
        ),
    )


class Settings(Document):
    """Which events are counted, and how the workspace tells its times."""

    order_placed: tuple[str, ...] = Field(
        default=("ecommerce.order_placed", "shopify_created_order"),
        title=_noop("Events of a placed order"),
        description=_noop("Those of them that the workspace knows are counted together."),
    )
    order_paid: tuple[str, ...] = Field(
        default=("shopify_paid_order",),
        title=_noop("Events of a paid order"),
        description=_noop("Compared with the shop's orders where no placed orders are counted."),
    )
    order_fulfilled: tuple[str, ...] = Field(
        default=("shopify_fulfilled_order", "shopify_order_fulfilled"),
        title=_noop("Events of a fulfilled order"),
    )
    time_zone: str = Field(
        default="UTC",
        title=_noop("Time zone of the hours"),
        description=_noop("Used where Braze gives hours without an offset, for example Europe/Paris."),
    )
    settle_minutes: int = Field(
        default=90,
        ge=0,
        le=1_440,
        title=_noop("Minutes until an hour is complete"),
        description=_noop("Counts of younger hours may still grow, so they are not judged."),
    )
    shopify_app_id: str = Field(
        default="",
        title=_noop("Identifier of the app Shopify"),
        description=_noop(
            "In Braze: Settings > App Settings > Shopify. With it the sessions are watched, which end when "
            "the app embed is switched off. Empty: they are not."
        ),
    )
    catalogs: tuple[str, ...] = Field(
        default=(),
        title=_noop("Product catalogs"),
        description=_noop("Names that must exist. Empty: those that hold Shopify's products are shown."),
    )
    catalog_least_items: int = Field(
        default=1, ge=0, title=_noop("Fewest items in a catalog"), description=_noop("Fewer are a warning.")
    )
    catalog_most_hours: int = Field(
        default=0,
        ge=0,
        title=_noop("Oldest change of a catalog in hours"),
        description=_noop(
            "An older one is a warning. 0: the age is only shown, because Braze does not say whether it "
            "counts changes of items."
        ),
    )
    several_stores: Literal["info", "warn", "fail"] = Field(
        default="info",
        title=_noop("More than one store in the workspace"),
        description=_noop("Braze allowed one only until 2025, and allows several today."),
    )
    any_host: bool = Field(
        default=False,
        title=_noop("Another host than Braze's own"),
        description=_noop("Only for a proxy of your own: the key is sent there."),
    )
    user_agents: tuple[str, ...] = Field(
        default=(),
        title=_noop("User-Agents the hub sends to stores"),
        description=_noop("Braze asks Shopify and never the shop itself: leave it empty."),
    )
    panel_url_template: PageUrl = Field(
        default="",
        title=_noop("Page of the integration"),
        description=_noop("In Braze, Partner Integrations > Technology Partners > Shopify: its address."),
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(_noop("Give the name of a time zone such as Europe/Paris.")) from None
        return name

    def names(self) -> dict[str, tuple[str, ...]]:
        """The event names by what they mean."""
        return {
            "order_placed": self.order_placed,
            "order_paid": self.order_paid,
            "order_fulfilled": self.order_fulfilled,
        }

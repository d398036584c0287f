"""What an operator enters to connect a Sendcloud account."""

from typing import Literal

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr

from integrations.documents import Document, OperatorsUrl, PageUrl
from integrations.refreshing import RefreshRequest

USER_AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 ({system}; https://www.sendcloud.sc)")


class Credentials(Document):
    """The key pair of an integration of the kind "Sendcloud API"."""

    public_key: SecretStr = Field(
        min_length=4,
        title=_noop("Public key"),
        description=_noop("In Sendcloud: Settings > Integrations > Sendcloud API > Connect."),
    )
    secret_key: SecretStr = Field(
        min_length=4, title=_noop("Secret key"), description=_noop("Shown beside the public key.")
    )
    webhook_signature_key: SecretStr | None = Field(
        default=None,
        title=_noop("Webhook signature key"),
        description=_noop("Signs the webhooks of some integrations; the secret key signs the others'."),
    )
    previous_webhook_signature_key: SecretStr | None = Field(
        default=None,
        title=_noop("Previous webhook signature key"),
        description=_noop("While it is being replaced: both are accepted."),
    )
    refresh_secret: SecretStr | None = Field(
        default=None,
        title=_noop("Secret of the refresh request"),
        description=_noop("Only with a refresh request of your own: stands in it as {refresh_secret}."),
    )


class Settings(Document):
    """How the account is read, and how it is refreshed."""

    user_agents: tuple[str, ...] = Field(
        default=USER_AGENTS,
        title=_noop("User-Agents"),
        description=_noop("Letter by letter as Sendcloud sends them; {system} becomes the shop's platform."),
    )
    addresses: tuple[str, ...] = Field(
        default=(),
        title=_noop("Addresses Sendcloud calls from"),
        description=_noop("Networks such as 192.0.2.0/24, from Sendcloud's own list. Empty: not known."),
    )
    panel_url_template: PageUrl = Field(
        default="https://app.sendcloud.com/v2/settings/integrations/{system}/{integration_id}",
        title=_noop("Page of an integration"),
        description=_noop("Where a person presses Refresh; {system} and {integration_id} are filled in."),
    )
    api: Literal["auto", "v3", "v2"] = Field(
        default="auto",
        title=_noop("Version of the API"),
        description=_noop("auto: version 3, and version 2 for an account that has no access to it."),
    )
    auth: Literal["basic", "oauth2"] = Field(
        default="basic",
        title=_noop("Sign-in"),
        description=_noop(
            "basic: with the key pair itself. oauth2: with a token that the key pair is exchanged for."
        ),
    )
    token_url: OperatorsUrl = Field(
        default="https://account.sendcloud.com/oauth2/token",
        title=_noop("Address of the tokens"),
        description=_noop("Only for the sign-in by oauth2."),
    )
    push_to_any_system: bool = Field(
        default=False,
        title=_noop("Send orders to integrations of every kind"),
        description=_noop(
            "Sendcloud documents it for integrations of the kind API only; others may list an order twice."
        ),
    )
    look_back_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        title=_noop("Look-back in seconds"),
        description=_noop("How far every reading overlaps the one before."),
    )
    refresh: RefreshRequest | None = Field(
        default=None,
        title=_noop("Refresh request"),
        description=_noop(
            "Sendcloud offers none in public. If you have a way of your own, describe it here."
        ),
    )

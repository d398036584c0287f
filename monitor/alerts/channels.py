"""Web-hooks that people subscribe: their addresses and keys, and how what is sent to them is signed.

The signature is that of the Standard Webhooks specification 1.0.0 (standardwebhooks.com), for which there
are libraries in most languages: HMAC-SHA256 over ``id.timestamp.body``.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Self
from urllib.parse import urlsplit

from integrations.guard import check_url
from monitor.models import Channel, Subscription

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32
HOOK: Final = "hook:"
"""How a recipient begins that is a web-hook; the number of its subscription follows."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a web-hook is sent. The address is as secret as the key: whoever knows it may post there."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    """Empty: nothing is signed; Slack and its kin look at no signature."""

    @classmethod
    def of(cls, subscription: Subscription) -> Self:
        """Raises ImproperlyConfigured when no key decrypts it."""
        document = subscription.endpoint or {}
        return cls(str(document.get("url", "")), str(document.get("secret", "")))

    def document(self) -> dict[str, str]:
        """What ``Subscription.endpoint`` holds."""
        return {"url": self.url, "secret": self.secret}

    @property
    def host(self) -> str:
        """The part of the address that may be shown."""
        return urlsplit(self.url).hostname or ""

    def without_secrets(self, text: str) -> str:
        """A text that may have quoted us, without the address and the key in it."""
        parts = urlsplit(self.url)
        for value in (self.url, f"{parts.path}?{parts.query}", parts.path, parts.query, self.secret):
            if len(value) > 1:
                text = text.replace(value, "…")
        return text


def new_secret() -> str:
    """A fresh key, as the specification writes it."""
    return PREFIX + b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def check_address(url: str) -> None:
    """Raises AddressRefused, a sentence for a person, for what cannot be the address of a web-hook.

    Whether it is private is seen when it is connected to.
    """
    check_url(url)


def is_hook(recipient: str) -> bool:
    return recipient.startswith(HOOK)


def subscription_of(recipient: str) -> Subscription | None:
    """The subscription that the recipient of a notice names; None: it is gone, or there never was one."""
    if not is_hook(recipient):
        mails = Subscription.objects.filter(channel=Channel.MAIL, email__iexact=recipient)
        return mails.defer("endpoint").first()
    number = recipient.removeprefix(HOOK)
    hooks = Subscription.objects.exclude(channel=Channel.MAIL)
    return hooks.filter(pk=int(number)).first() if number.isdecimal() else None


def message_key(message_id: str) -> str:
    """The id of a notice's web-hook, from its Message-ID. The signature wants no full stop in it."""
    return "msg_" + message_id.strip("<>").partition("@")[0].replace(".", "")


def signed(secret: str, key: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """The headers that say what is sent, when, and by whom; no signature where there is no key."""
    moment = int(at.timestamp())
    headers = {"webhook-id": key, "webhook-timestamp": str(moment)}
    if secret:
        content = f"{key}.{moment}.".encode() + body
        made = hmac.new(b64decode(secret.removeprefix(PREFIX)), content, sha256).digest()
        headers["webhook-signature"] = f"v1,{b64encode(made).decode()}"
    return headers

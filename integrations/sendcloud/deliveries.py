"""Sendcloud's webhooks. Rules: sendcloud.dev, webhooks (v3 specification)."""

from collections.abc import Sequence
from hashlib import sha256

from integrations.webhooks import (
    Incoming,
    SignatureRefused,
    Verified,
    document_of,
    id_of,
    is_signed,
    moment_of,
    topic_of,
)

SECRETS = ("secret_key", "webhook_signature_key", "previous_webhook_signature_key")
"""Which of the first two signs depends on the type of the integration."""
HEADERS = ("sendcloud-signature",)


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode()


def receive(incoming: Incoming, secrets: Sequence[bytes]) -> Verified:
    body = incoming.body
    if not is_signed(body, incoming.headers.get("sendcloud-signature", "").lower(), secrets, _hex):
        raise SignatureRefused("the signature is wrong")
    document = document_of(body)
    parcel = document.get("parcel")
    return Verified(
        # Sendcloud gives its deliveries no id.
        key=sha256(body).hexdigest(),
        topic=topic_of(str(document.get("action", ""))),
        order_key=id_of(parcel.get("external_order_id")) if isinstance(parcel, dict) else "",
        triggered_at=moment_of(document.get("timestamp")),
    )

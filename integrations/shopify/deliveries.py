"""Shopify's webhooks. Rules: shopify.dev/docs/apps/build/webhooks (verify-deliveries, delivery-structure)."""

from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import urlsplit

from integrations.webhooks import (
    Incoming,
    Malformed,
    SignatureRefused,
    Verified,
    document_of,
    id_of,
    is_signed,
    key_of,
    moment_of,
    topic_of,
)

SECRETS = ("client_secret", "previous_client_secret")
"""For an hour after a rotation Shopify may still sign with the old one."""
HEADERS = (
    "x-shopify-hmac-sha256",
    "x-shopify-shop-domain",
    "x-shopify-topic",
    "x-shopify-triggered-at",
    "x-shopify-webhook-id",
)

PRIVACY_TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""Every app that is offered in public must answer these; their bodies name people."""
_TOPICS = PRIVACY_TOPICS | {
    "app/uninstalled",
    "fulfillments/create",
    "fulfillments/update",
    "orders/cancelled",
    "orders/create",
    "orders/delete",
    "orders/edited",
    "orders/fulfilled",
    "orders/paid",
    "orders/partially_fulfilled",
    "orders/updated",
}

_DOMAIN = ".myshopify.com"


def receive(incoming: Incoming, secrets: Sequence[bytes]) -> Verified:
    headers = incoming.headers
    if not is_signed(incoming.body, headers.get("x-shopify-hmac-sha256", ""), secrets, b64encode):
        raise SignatureRefused("the signature is wrong")
    # One app may be installed in several shops, and signs for all of them with the same secret.
    domain = headers.get("x-shopify-shop-domain", "").lower()
    if not _is_of(domain, incoming.url):
        raise SignatureRefused("it speaks of another shop")
    topic = topic_of(headers.get("x-shopify-topic", ""))
    if not headers.get("x-shopify-webhook-id"):
        raise Malformed("has no id")
    is_privacy = topic in PRIVACY_TOPICS
    return Verified(
        # Not Shopify's id of the delivery: it is not signed, so whoever has one delivery could send it again
        # and again under new ids.
        key=key_of(incoming.body, topic, _TOPICS),
        topic=topic,
        order_key="" if is_privacy else _order_key(topic, incoming.body),
        triggered_at=moment_of(headers.get("x-shopify-triggered-at")),
        is_privacy=is_privacy,
    )


def _is_of(domain: str, url: str) -> bool:
    """Whether the shop of that domain is the one at the address.

    Where the address is not Shopify's own, as of a stand-in for many shops, its last part names the shop.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host.endswith(_DOMAIN):
        return domain == host
    name = parts.path.rstrip("/").rpartition("/")[2].lower()
    return domain == host or (bool(name) and domain == f"{name}{_DOMAIN}")


def _order_key(topic: str, body: bytes) -> str:
    thing = topic.partition("/")[0]
    if thing == "orders":
        return id_of(document_of(body).get("id"))
    return id_of(document_of(body).get("order_id")) if thing.startswith("fulfillment") else ""

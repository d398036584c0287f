"""WooCommerce's webhooks."""

import re
from base64 import b64encode
from collections.abc import Sequence

from integrations.webhooks import (
    Incoming,
    SignatureRefused,
    Verified,
    document_of,
    id_of,
    is_signed,
    key_of,
    moment_of,
    topic_of,
)

SECRETS = ("webhook_secret", "previous_webhook_secret")
HEADERS = ("x-wc-webhook-signature", "x-wc-webhook-topic")

_TOPICS = frozenset({"order.created", "order.updated", "order.deleted", "order.restored"})
_PING = re.compile(rb"webhook_id=\d{1,20}\Z")


def receive(incoming: Incoming, secrets: Sequence[bytes]) -> Verified:
    headers, body = incoming.headers, incoming.body
    signature = headers.get("x-wc-webhook-signature", "")
    # When a webhook is made, the shop asks once, without signing, whether somebody is there.
    if not signature and len(body) < 40 and _PING.match(body):
        return Verified(key="", topic="", is_ping=True)
    if not is_signed(body, signature, secrets, b64encode):
        raise SignatureRefused("the signature is wrong")
    topic = topic_of(headers.get("x-wc-webhook-topic", ""))
    document = document_of(body)
    return Verified(
        # Not the shop's id of the delivery: it is made of the second and the webhook, so that two orders
        # in one second share it.
        key=key_of(body, topic, _TOPICS),
        topic=topic,
        order_key=id_of(document.get("id")) if topic.startswith("order.") else "",
        triggered_at=moment_of(document.get("date_modified_gmt")),
    )

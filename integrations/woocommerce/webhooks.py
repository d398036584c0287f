"""The shop's announcements of orders: the hub's, and those to our own receiver.

WooCommerce switches a webhook off after several failed deliveries in a row and tells nobody. The time of
change of a webhook moves with every attempt to deliver, good or bad; how many failed is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from integrations.answer import Answer
from integrations.documents import Record, Rows, UtcTime
from integrations.errors import NotPossible
from integrations.parsing import parse, parse_most

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

TOPICS = ("order.created", "order.updated")
PER_PAGE = 100
MOST_PAGES = 10
PARAMS = {
    "per_page": str(PER_PAGE),
    "_fields": "id,name,status,topic,delivery_url,date_created_gmt,date_modified_gmt",
}


def _known(value: Any, handler: ValidatorFunctionWrapHandler) -> datetime | None:
    try:
        found: datetime | None = handler(value)
    except ValidationError:
        return None
    return found


class Webhook(Record):
    """A webhook as the shop lists it. Its secret is never told."""

    id: int
    name: str = ""
    status: str = ""
    """``active``, ``paused`` or ``disabled``: the last is the shop's own doing."""
    topic: str = ""
    delivery_url: str = ""
    date_created_gmt: Annotated[UtcTime | None, WrapValidator(_known)] = None
    date_modified_gmt: Annotated[UtcTime | None, WrapValidator(_known)] = None
    """The last attempt to deliver, or the last edit; ``None``: never used."""

    @property
    def used_at(self) -> datetime | None:
        return self.date_modified_gmt or self.date_created_gmt


WEBHOOKS = TypeAdapter(Rows[Webhook])
_WEBHOOK = TypeAdapter(Webhook)


async def read(store: WooCommerceStore, first: Answer, *, now: datetime) -> Sequence[Webhook]:
    """All webhooks of the shop; ``first`` is the answer of their first page. Raises RemoteError."""
    page = 1
    rows = parse_most(store.http, store.agreed(first), WEBHOOKS)
    found = list(rows)
    while len(rows) == PER_PAGE and page < MOST_PAGES:
        page += 1
        answer = await store.get("wc/v3/webhooks", PARAMS | {"page": str(page)}, now=now)
        rows = parse_most(store.http, answer, WEBHOOKS)
        found += rows
    return found


async def subscribe(store: WooCommerceStore, *, now: datetime) -> Sequence[str]:
    """Makes or enables the webhooks to our receiver. See ``Subscribes``.

    Raises NotPossible without a public address or a webhook secret. Needs a key with Read/Write whose
    user may manage WooCommerce.
    """
    url, secret = store.target.webhook_url, store.credentials.webhook_secret
    if not url:
        raise NotPossible(
            _("Syncwatch has no public address to which the shop could send."),
            remedy=_("Set SYNCWATCH_PUBLIC_URL to an address that the shop can reach."),
        )
    if secret is None or not secret.get_secret_value():
        raise NotPossible(
            _("No webhook secret is stored for the shop."),
            remedy=_("Enter a long random text as the webhook secret on the connection's page."),
        )
    first = await store.ask("GET", "wc/v3/webhooks", now=now, params=PARAMS)
    ours = [hook for hook in await read(store, first, now=now) if hook.delivery_url == url]
    changed = []
    for topic in TOPICS:
        hooks = [hook for hook in ours if hook.topic == topic]
        if any(hook.status == "active" for hook in hooks):
            continue
        if hooks:
            document = {"status": "active", "secret": secret.get_secret_value()}
            answer = await store.send("PUT", f"wc/v3/webhooks/{hooks[0].id}", document, now=now)
        else:
            document = {
                "name": f"Syncwatch {topic}",
                "topic": topic,
                "delivery_url": url,
                "secret": secret.get_secret_value(),
            }
            answer = await store.send("POST", "wc/v3/webhooks", document, now=now)
        if parse(store.http, answer, _WEBHOOK).status != "active":
            message = _("The shop did not switch the webhook %(topic)s on.") % {"topic": topic}
            raise store.http.unexpected(answer, message)
        changed.append(topic)
    return changed

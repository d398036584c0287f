"""Our own webhook subscriptions in the shop.

Shopify lists only those that this app made by the API; those of hubs are invisible. After eight failures
in a row Shopify deletes a subscription (shopify.dev, webhooks: troubleshoot), so a missing one was never
made or has been given up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.documents import Record, Rows
from integrations.errors import NotPossible
from integrations.parsing import checked
from integrations.shopify.graphql import AdminApi

TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED", "APP_UNINSTALLED")
"""An order's fulfilments and cancellation move its time of change, so ORDERS_UPDATED tells of them too."""
_PAGE = 50
_MOST_PAGES = 10


class Subscription(Record):
    topic: str
    uri: str
    format: str = "JSON"


class _PageInfo(Record):
    hasNextPage: bool = False
    endCursor: str | None = None


class _Subscriptions(Record):
    nodes: Rows[Subscription]
    pageInfo: _PageInfo = _PageInfo()


_SUBSCRIPTIONS = TypeAdapter(_Subscriptions)


async def subscribed(api: AdminApi, webhook_url: str, *, now: datetime) -> frozenset[str]:
    """The topics that are delivered to ``webhook_url`` as JSON. Raises RemoteError."""
    found: set[str] = set()
    cursor: str | None = None
    for _number in range(_MOST_PAGES):
        variables: Mapping[str, object] = {"first": _PAGE, "after": cursor, "topics": list(TOPICS)}
        reply, answer = await api.query("webhook_subscriptions", variables, now=now)
        page = checked(api.http, answer, _SUBSCRIPTIONS, reply.part("webhookSubscriptions"))
        found |= {row.topic for row in page.nodes if row.uri == webhook_url and row.format == "JSON"}
        cursor = page.pageInfo.endCursor
        if not page.pageInfo.hasNextPage or cursor is None:
            break
    return frozenset(found)


async def subscribe(api: AdminApi, webhook_url: str, *, now: datetime) -> Sequence[str]:
    """Makes the subscriptions that are missing and returns their topics. Raises RemoteError."""
    if not webhook_url:
        raise NotPossible(
            _("Shopify cannot announce changes here: Syncwatch has no public address."),
            remedy=_("Set the public address of Syncwatch to an https:// address."),
        )
    found = await subscribed(api, webhook_url, now=now)
    missing = [topic for topic in TOPICS if topic not in found]
    for topic in missing:
        variables = {"topic": topic, "subscription": {"uri": webhook_url, "format": "JSON"}}
        await api.mutate("webhook_subscription_create", "webhookSubscriptionCreate", variables, now=now)
    return missing


def checks_of_subscriptions(found: frozenset[str], *, has_secret: bool) -> list[Check]:
    """Which topics are announced to us, and whether what is announced can be believed."""
    ours = [topic for topic in TOPICS if topic in found]
    checks = [_check(topic, topic in found, is_lost=bool(ours)) for topic in TOPICS]
    if not has_secret:
        checks.append(
            Check(
                ConditionKind.WEBHOOKS,
                "webhook_secret_missing",
                CheckState.WARN,
                _noop(
                    "The app's client secret is not stored, so Shopify's announcements cannot be verified."
                ),
                remedy=_noop("Enter the client secret, which is in the app's settings."),
            )
        )
    return checks


def _check(topic: str, present: bool, *, is_lost: bool) -> Check:
    """``is_lost``: others are there, so somebody wanted them."""
    values = {"topic": topic.lower().replace("_", "/", 1)}
    if present:
        text = _noop("Shopify announces %(topic)s here.")
        return Check(
            ConditionKind.WEBHOOKS, "subscription_present", CheckState.OK, text, values, subject=topic
        )
    return Check(
        ConditionKind.WEBHOOKS,
        "subscription_missing",
        CheckState.WARN if is_lost else CheckState.INFO,
        _noop("Shopify does not announce %(topic)s here: changes are noticed only at the next reading."),
        values,
        _noop(
            "Switch the webhooks on, on the page of one of the store's integrations. Shopify deletes them "
            "after eight failed deliveries in a row."
        ),
        subject=topic,
    )

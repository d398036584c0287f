"""What a Shopify shop says of itself: rights, API version, clock, zone, webhooks. Two requests."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import TypeAdapter

from integrations.answer import Answer
from integrations.contracts import StoreCheckup
from integrations.documents import Record, Rows
from integrations.parsing import checked
from integrations.shopify.graphql import AdminApi
from integrations.shopify.scopes import checks_of_scopes
from integrations.shopify.subscriptions import checks_of_subscriptions, subscribed
from integrations.shopify.versions import PublicVersion, checks_of_version


class _Scope(Record):
    handle: str


class _Plan(Record):
    publicDisplayName: str = ""


class Shop(Record):
    name: str = ""
    myshopifyDomain: str = ""  # Shopify's names
    ianaTimezone: str = ""
    plan: _Plan | None = None


class _App(Record):
    requestedAccessScopes: list[_Scope] = []


class _Installation(Record):
    app: _App | None = None
    accessScopes: list[_Scope] = []


class ShopAnswer(Record):
    """The answer to the saved query ``shop``."""

    shop: Shop
    currentAppInstallation: _Installation | None = None
    publicApiVersions: Rows[PublicVersion] = []

    @property
    def granted(self) -> frozenset[str]:
        installation = self.currentAppInstallation
        return frozenset(scope.handle for scope in installation.accessScopes) if installation else frozenset()

    @property
    def requested(self) -> frozenset[str]:
        app = self.currentAppInstallation.app if self.currentAppInstallation else None
        return frozenset(scope.handle for scope in app.requestedAccessScopes) if app else frozenset()


_SHOP = TypeAdapter(ShopAnswer)


async def read_shop(api: AdminApi, *, now: datetime) -> tuple[ShopAnswer, Answer]:
    """Raises RemoteError."""
    reply, answer = await api.query("shop", {}, now=now)
    return checked(api.http, answer, _SHOP, reply.data), answer


def served_version(answer: Answer) -> str:
    """The API version that answered, which need not be the asked one; empty when it is not told."""
    return answer.headers.get("x-shopify-api-version", "").strip()[:20]


async def check(
    api: AdminApi, asked_version: str, webhook_url: str, *, has_secret: bool, now: datetime
) -> StoreCheckup:
    """See :class:`integrations.adapters.ChecksStore`."""
    begun = time.monotonic()
    shop, answer = await read_shop(api, now=now)
    answered_at = now + timedelta(seconds=time.monotonic() - begun)
    served = served_version(answer)
    checks = [
        *checks_of_scopes(shop.granted, shop.requested),
        *checks_of_version(asked_version, served, shop.publicApiVersions, now=now),
    ]
    if webhook_url:
        found = await subscribed(api, webhook_url, now=now)
        checks += checks_of_subscriptions(found, has_secret=has_secret)
    return StoreCheckup(
        tuple(checks), served, shop.shop.ianaTimezone[:60], clock_skew(answer.headers, answered_at)
    )


def clock_skew(headers: Mapping[str, Any], at: datetime) -> timedelta | None:
    """The remote's clock minus ours, to the second, by the ``Date`` header of an answer that came at ``at``.

    ``None`` when the header is missing or unreadable (RFC 9110, 6.6.1: whole seconds, cut off).
    """
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    told = told.replace(tzinfo=UTC) if told.tzinfo is None else told
    difference = (told - at).total_seconds() + 0.5
    return timedelta(seconds=round(difference))

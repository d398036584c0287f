"""The live connection test of a Shopify shop."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.contracts import ConnectionReport, Need
from integrations.errors import CredentialsRefused, RemoteError

if TYPE_CHECKING:
    from integrations.answer import Answer
    from integrations.shopify.adapter import ShopifyStore

NEEDED_SCOPE = "read_orders"


async def test(store: ShopifyStore, *, now: datetime) -> ConnectionReport:
    """Asks for the shop, its scopes and its newest order, and compares the API version that answered."""
    facts: dict[str, str] = {
        "platform": store.label,
        _noop("API version asked"): store.settings.api_version,
    }
    reached, accepted = _("The shop answers"), _("The access token is accepted")
    try:
        reply, answer = await store.query("shop", {}, now=now)
    except CredentialsRefused as error:
        refused = Need(accepted, False, str(error), error.remedy)
        return ConnectionReport(
            (Need(reached, True, _("Shopify answers for this address.")), refused), facts=facts
        )
    except RemoteError as error:
        return ConnectionReport((Need(reached, False, str(error), error.remedy),), facts=facts)
    data = reply.data or {}
    shop = _part(data, "shop")
    facts[_noop("shop")] = str(shop.get("myshopifyDomain", ""))
    facts[_noop("time zone")] = str(shop.get("ianaTimezone", ""))
    facts[_noop("plan")] = str(_part(shop, "plan").get("publicDisplayName", ""))
    needs = [
        Need(reached, True, _("Shopify answers for %(shop)s.") % {"shop": shop.get("name", "")}),
        Need(accepted, True, _("The token belongs to this shop.")),
        _scope(data),
        _version(store, answer, facts),
        await _orders(store, now, facts),
    ]
    return ConnectionReport(tuple(needs), facts={name: value for name, value in facts.items() if value})


def _scope(data: dict[str, Any]) -> Need:
    name = _("The app may read orders")
    granted = {
        str(scope.get("handle"))
        for scope in _part(data, "currentAppInstallation").get("accessScopes") or []
        if isinstance(scope, dict)
    }
    if not granted:
        return Need(name, None, _("Shopify does not tell which scopes the app has."))
    if NEEDED_SCOPE in granted:
        return Need(name, True, _("The scope read_orders is granted."))
    return Need(
        name,
        False,
        _("The scope read_orders is missing."),
        _("Add the scope read_orders to the app and approve it in the shop."),
    )


def _version(store: ShopifyStore, answer: Answer, facts: dict[str, str]) -> Need:
    name = _("The API version is still served")
    served = answer.headers.get("x-shopify-api-version", "")
    facts[_noop("API version served")] = served
    asked = store.settings.api_version
    if not served:
        return Need(name, None, _("Shopify does not tell which version answered."))
    if served == asked:
        return Need(name, True, _("Version %(version)s answers.") % {"version": asked})
    return Need(
        name,
        False,
        _("Version %(asked)s was asked for, but %(served)s answered: the asked one is no longer served.")
        % {"asked": asked, "served": served},
        _("Set the API version to %(served)s or newer.") % {"served": served},
    )


async def _orders(store: ShopifyStore, now: datetime, facts: dict[str, str]) -> Need:
    name = _("Orders can be read")
    try:
        reply, _answer = await store.query("newest_order", {}, now=now)
    except RemoteError as error:
        return Need(name, False, str(error), error.remedy)
    nodes = _part(reply.data or {}, "orders").get("nodes") or []
    if nodes and isinstance(nodes[0], dict):
        facts[_noop("newest order")] = str(nodes[0].get("name", ""))
        return Need(name, True, _("The newest order is %(order)s.") % {"order": nodes[0].get("name", "")})
    return Need(name, True, _("There is no order of the last 60 days; older ones are not shown to the app."))


def _part(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}

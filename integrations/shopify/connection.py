"""The live connection test of a Shopify shop."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.contracts import CheckState, ConnectionReport, Need
from integrations.errors import CredentialsRefused, RemoteError
from integrations.shopify import scopes
from integrations.shopify.checkup import ShopAnswer, clock_skew, read_shop, served_version
from integrations.shopify.versions import ENDS, checks_of_version

if TYPE_CHECKING:
    from integrations.answer import Answer
    from integrations.shopify.adapter import ShopifyStore

SKEW_S = 60
"""A difference of clocks that is worth telling."""


async def test(store: ShopifyStore, *, now: datetime) -> ConnectionReport:
    """Asks for the shop, its scopes and its newest order, and compares the API version that answered."""
    facts: dict[str, str] = {
        "platform": store.label,
        _noop("API version asked"): store.settings.api_version,
    }
    reached, accepted = _("The shop answers"), _("The access token is accepted")
    try:
        found, answer = await read_shop(store.api, now=now)
    except CredentialsRefused as error:
        refused = Need(accepted, False, str(error), error.remedy)
        return ConnectionReport(
            (Need(reached, True, _("Shopify answers for this address.")), refused), facts=facts
        )
    except RemoteError as error:
        return ConnectionReport((Need(reached, False, str(error), error.remedy),), facts=facts)
    shop = found.shop
    facts[_noop("shop")] = shop.myshopifyDomain
    facts[_noop("time zone")] = shop.ianaTimezone
    facts[_noop("plan")] = shop.plan.publicDisplayName if shop.plan else ""
    facts[_noop("API version served")] = served_version(answer)
    skew = clock_skew(answer.headers, now)
    if skew is not None and abs(skew.total_seconds()) >= SKEW_S:
        facts[_noop("clock skew")] = f"{skew.total_seconds():+.0f} s"
    needs = [
        Need(reached, True, _("Shopify answers for %(shop)s.") % {"shop": shop.name}),
        Need(accepted, True, _("The token belongs to this shop.")),
        _scope(found),
        _version(store, found, answer, now),
        await _orders(store, now, facts),
        _tracking(found),
    ]
    return ConnectionReport(tuple(needs), facts={name: value for name, value in facts.items() if value})


def _scope(found: ShopAnswer) -> Need:
    name = _("The app may read orders")
    if not found.granted:
        return Need(name, None, _("Shopify does not tell which scopes the app has."))
    if scopes.ORDERS in found.granted:
        return Need(name, True, _("The scope read_orders is granted."))
    return Need(
        name,
        False,
        _("The scope read_orders is missing."),
        _("Add the scope read_orders to the app and approve it in the shop."),
    )


def _tracking(found: ShopAnswer) -> Need:
    """Not needed to watch the shop, so its lack is no failure."""
    name = _("The app may send tracking numbers again (only if you want that)")
    if scopes.may_write_tracking(found.granted):
        return Need(name, True, _("The app may write fulfilments."))
    return Need(
        name,
        None,
        _("The app may not write fulfilments."),
        _(
            "Add the scopes read_merchant_managed_fulfillment_orders and "
            "write_merchant_managed_fulfillment_orders to the app and approve them in the shop."
        ),
    )


def _version(store: ShopifyStore, found: ShopAnswer, answer: Answer, now: datetime) -> Need:
    served = served_version(answer)
    checks = checks_of_version(store.settings.api_version, served, found.publicApiVersions, now=now)
    told = next((check for check in checks if check.state is not CheckState.OK), checks[0])
    ends_soon = told.code == ENDS
    met = True if ends_soon else {CheckState.OK: True, CheckState.UNKNOWN: None}.get(told.state, False)
    remedy = _(told.remedy) % told.values if told.remedy else ""
    return Need(_("The API version is still served"), met, _(told.text) % told.values, remedy)


async def _orders(store: ShopifyStore, now: datetime, facts: dict[str, str]) -> Need:
    name = _("Orders can be read")
    try:
        reply, _answer = await store.api.query("newest_order", {}, now=now)
    except RemoteError as error:
        return Need(name, False, str(error), error.remedy)
    orders = reply.part("orders")
    nodes = orders.get("nodes") if isinstance(orders, dict) else None
    if isinstance(nodes, list) and nodes and isinstance(nodes[0], dict):
        facts[_noop("newest order")] = str(nodes[0].get("name", ""))
        return Need(name, True, _("The newest order is %(order)s.") % {"order": nodes[0].get("name", "")})
    return Need(name, True, _("There is no order of the last 60 days; older ones are not shown to the app."))

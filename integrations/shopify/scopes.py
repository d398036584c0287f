"""What the app may do, against what it needs (shopify.dev, access scopes; required access of each field)."""

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _noop

from integrations.contracts import Check, CheckState, ConditionKind

ORDERS = "read_orders"
ALL_ORDERS = "read_all_orders"
KINDS_OF_FULFILLMENT = ("merchant_managed", "assigned", "third_party")
MISSING = "scopes_missing"


def may_write_tracking(granted: Iterable[str]) -> bool:
    """Whether fulfilments may be read and written, of whichever kind."""
    found = set(granted)
    return any(f"write_{kind}_fulfillment_orders" in found for kind in KINDS_OF_FULFILLMENT)


def checks_of_scopes(granted: frozenset[str], requested: frozenset[str]) -> list[Check]:
    """One check per use that needs a scope. Nothing is claimed when no scope is told."""
    if not granted:
        text = _noop("Shopify does not tell which scopes the app has.")
        return [Check(ConditionKind.CREDENTIALS, MISSING, CheckState.UNKNOWN, text, subject=ORDERS)]
    return [_orders(granted), _tracking(granted), _window(granted), *_unapproved(granted, requested)]


def _orders(granted: frozenset[str]) -> Check:
    if ORDERS in granted:
        text = _noop("The scope read_orders is granted.")
        return Check(ConditionKind.CREDENTIALS, MISSING, CheckState.OK, text, subject=ORDERS)
    return Check(
        ConditionKind.CREDENTIALS,
        MISSING,
        CheckState.FAIL,
        _noop("The scope read_orders is missing: no order can be read."),
        remedy=_noop("Add the scope read_orders to the app and approve it in the shop."),
        subject=ORDERS,
    )


def _tracking(granted: frozenset[str]) -> Check:
    if may_write_tracking(granted):
        text = _noop("The app may write tracking numbers.")
        return Check(ConditionKind.TRACKING, MISSING, CheckState.OK, text, subject="tracking")
    return Check(
        ConditionKind.TRACKING,
        MISSING,
        CheckState.INFO,
        _noop("The app may not write tracking numbers; missing ones can be seen, but not sent again."),
        remedy=_noop(
            "To send them again, add the scopes read_merchant_managed_fulfillment_orders and "
            "write_merchant_managed_fulfillment_orders to the app and approve them in the shop."
        ),
        subject="tracking",
    )


def _window(granted: frozenset[str]) -> Check:
    days = {"days": 59}
    if ALL_ORDERS in granted:
        text = _noop("The app may read orders of any age; changes of the last %(days)d days are read.")
    else:
        text = _noop(
            "Shopify shows this app the orders of the last 60 days only; changes of the last %(days)d days "
            "are read."
        )
    return Check(ConditionKind.IMPORTS, "orders_window", CheckState.INFO, text, days)


def _unapproved(granted: frozenset[str], requested: frozenset[str]) -> list[Check]:
    # A granted write scope includes the reading one, which is then not always listed.
    implied = {scope.replace("write_", "read_", 1) for scope in granted}
    missing = sorted(requested - granted - implied)
    if not missing:
        return []
    return [
        Check(
            ConditionKind.CREDENTIALS,
            "scopes_not_approved",
            CheckState.INFO,
            _noop("The app asks for scopes that the shop has not approved: %(scopes)s."),
            {"scopes": ", ".join(missing)[:300]},
            _noop("Open the app in the shop's admin and approve its update."),
        )
    ]

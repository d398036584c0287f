"""What deliveries that did or did not come say about a store's webhooks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext_noop as _noop

from integrations.contracts import Check, CheckState, ConditionKind
from monitor.models import CheckResult, Delivery, Order

REMEMBERED = timedelta(days=30)
SETTLED = timedelta(hours=1)
"""Shopify tries for four hours, but its first try comes at once."""
FEWEST = 3
"""So many orders that nobody announced are no accident."""
_MISSING = frozenset({"webhook_missing", "subscription_missing"})
_PRESENT = "subscription_present"
_TOPIC = "ORDERS_CREATE"


def with_deliveries(store_id: int, checks: Sequence[Check], now: datetime) -> list[Check]:
    """The checks of a store's webhooks, with what only the receiver knows.

    A webhook that was never made is only worth knowing; one that used to deliver has been lost. One
    that is there although new orders come without a delivery does not deliver.
    """
    newest = Delivery.objects.filter(store=store_id, received_at__gt=now - REMEMBERED).aggregate(
        at=Max("received_at")
    )["at"]
    told = [
        replace(check, state=CheckState.WARN) if check.code in _MISSING and newest else check
        for check in checks
    ]
    if any(check.code == _PRESENT and check.subject == _TOPIC for check in checks):
        told += _delivering(store_id, newest, now)
    return told


def _delivering(store_id: int, newest: datetime | None, now: datetime) -> list[Check]:
    known = CheckResult.objects.filter(
        source=CheckResult.Source.STORE, target_id=store_id, code=_PRESENT, subject=_TOPIC
    ).first()
    if known is None or known.state != CheckState.OK:
        # It was made just now.
        return []
    begun = max(known.since, newest or known.since)
    unannounced = Order.objects.filter(store=store_id, ordered_at__gt=begun, ordered_at__lt=now - SETTLED)
    count = unannounced[:FEWEST].count()
    if count == FEWEST:
        return [
            Check(
                ConditionKind.WEBHOOKS,
                "deliveries_silent",
                CheckState.WARN,
                _noop("New orders come, but the shop's webhooks deliver nothing to Syncwatch."),
                {},
                _noop("Check that Syncwatch's public address can be reached from the internet by https."),
            )
        ]
    if newest is None:
        return []
    text = _noop("The shop's webhooks reach Syncwatch.")
    return [Check(ConditionKind.WEBHOOKS, "deliveries_arrive", CheckState.OK, text)]

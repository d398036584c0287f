"""Addresses that are refused for good: switched off, with a warning on the pages and by the watchdog."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from monitor import audit
from monitor.alerts import notices
from monitor.models import Notice, Subscription, User

log = structlog.get_logger(__name__)


def bounced() -> list[Subscription]:
    """The active subscriptions that are told nothing because they were refused for good; latest first."""
    rows = Subscription.objects.filter(is_active=True, bounced_at__isnull=False)
    return list(rows.defer("endpoint").order_by("-bounced_at", "pk"))


@transaction.atomic
def disable(recipient: str, answer: str, *, now: datetime) -> bool:
    """Switches a recipient off whose address was refused for good; False: it goes on being tried.

    What is on its way to it is given up with the reason. The overview and the status page show it, and the
    watchdog mails it, once, to whoever hears of Syncwatch itself. The last that would still hear of anything
    is never switched off: when all are refused, it is rather the mail server that is wrong, and nobody would
    be left to tell.
    """
    # In one order, so that two deliverers do not switch off the last two at once.
    rows = list(Subscription.objects.select_for_update().defer("endpoint").order_by("pk"))
    row = next((one for one in rows if one.recipient == recipient), None)
    if row is None:
        return False
    if row.bounced_at is not None:
        return True
    if not any(one.is_active and one.bounced_at is None for one in rows if one.pk != row.pk):
        return False
    row.bounced_at, row.bounce_answer = now, answer[:500]
    row.save(update_fields=["bounced_at", "bounce_answer"])
    audit.record(None, "subscription.bounce", row, {}, _state(row))
    unsent = Notice.objects.filter(recipient=recipient, sent_at=None, failed_at=None)
    unsent.update(failed_at=now, answer=answer[:500], lease_until=None, lease_token=None)
    log.warning("address refused for good", subscription=row.pk, answer=answer)
    return True


@transaction.atomic
def enable(subscription: Subscription, user: User, *, now: datetime) -> bool:
    """Sends to a refused address again because somebody says that it works; False: it was not refused.

    What was given up because of it is sent now where it is about what is still open.
    """
    row = Subscription.objects.select_for_update().filter(pk=subscription.pk).first()
    if row is None or row.bounced_at is None:
        return False
    before, refused_at = _state(row), row.bounced_at
    row.bounced_at, row.bounce_answer = None, ""
    row.save(update_fields=["bounced_at", "bounce_answer"])
    audit.record(user, "subscription.enable", row, before, _state(row))
    given_up = Notice.objects.filter(
        recipient=row.recipient, failed_at=refused_at, incident__isnull=False, incident__closed_at=None
    )
    given_up.update(failed_at=None, due_at=now, attempts=0, group="", sent_with=None)
    notices.wake()
    return True


def _state(row: Subscription) -> Mapping[str, Any]:
    return {"bounced_at": row.bounced_at, "bounce_answer": row.bounce_answer}

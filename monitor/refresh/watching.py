"""Watching a refresh: make the hub be read often, and see whether anything moves."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.models import Account
from monitor.models import Job, Refresh
from monitor.models.refreshes import RefreshOutcome, RefreshStage
from monitor.models.work import JobKind
from monitor.refresh.evidence import Effect, Standing, effect, standing

OFTEN = timedelta(seconds=5)
LESS_OFTEN = timedelta(seconds=15)
FIRST_MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=1)
"""After the first sign: time for the waiting orders to arrive, so that the record shows them."""
REQUESTS_PER_LOOK = 2
"""The account's list of integrations and its newest arrivals."""


def pace(account: Account, watched_for: timedelta) -> timedelta:
    """How long until the next look: a few seconds, but at most half of the account's rate limit."""
    wanted = OFTEN if watched_for < FIRST_MINUTE else LESS_OFTEN
    return max(wanted, timedelta(minutes=2 * REQUESTS_PER_LOOK) / account.requests_per_minute)


def watch(refresh: Refresh, now: datetime) -> None:
    """One look at a refresh whose hub was asked; ends it, or has the hub read again soon.

    Call it with the row locked, in a transaction.
    """
    assert refresh.asked_at is not None
    assert refresh.give_up_at is not None
    before = Standing.model_validate(refresh.before)
    current = standing(refresh.integration_id, now, asked_at=refresh.asked_at)
    seen = effect(before, current, refresh.asked_at)
    moved_at = Standing.model_validate(refresh.after).moved_at if refresh.after else None
    if seen is not None and moved_at is None:
        moved_at = now
    if moved_at is not None and (not current.still_waiting or now >= moved_at + GRACE):
        finish(refresh, RefreshOutcome.MOVED, _moved(before, current, seen), now, moved_at)
        return
    if now >= refresh.give_up_at and moved_at is None:
        sentence = _("Nothing moved within ten minutes.")
        finish(refresh, RefreshOutcome.NO_EFFECT, sentence, now)
        return
    if moved_at is not None:
        refresh.after = current.model_copy(update={"moved_at": moved_at}).to_json()
        refresh.detail = _moved(before, current, seen)
    interval = pace(refresh.integration.account, now - refresh.asked_at)
    refresh.due_at = now + interval
    refresh.save(update_fields=["after", "detail", "due_at"])
    _read_again(refresh.integration.account_id, now, interval)


def finish(
    refresh: Refresh, outcome: RefreshOutcome, sentence: str, now: datetime, moved_at: datetime | None = None
) -> None:
    """Ends a refresh and records how the integration stands then."""
    current = standing(refresh.integration_id, now, asked_at=refresh.asked_at)
    refresh.stage = RefreshStage.DONE
    refresh.outcome = outcome
    refresh.detail = sentence[:300]
    refresh.after = current.model_copy(update={"moved_at": moved_at}).to_json()
    refresh.finished_at = now
    refresh.lease_until = refresh.lease_token = None
    refresh.save()


def _moved(before: Standing, current: Standing, seen: Effect | None) -> str:
    arrived = before.waiting - current.still_waiting
    if before.waiting and arrived > 0:
        return _("%(arrived)d of %(waiting)d waiting orders have arrived.") % {
            "arrived": arrived,
            "waiting": before.waiting,
        }
    if seen is Effect.STOPPED_FAILING:
        return _("The hub no longer reports failing calls to the store.")
    return _("The hub has fetched from the store again.")


def _read_again(account_id: int, now: datetime, interval: timedelta) -> None:
    # Several refreshes of one account share its reading: one of them brings it forward.
    rested = Q(last_started_at__isnull=True) | Q(last_started_at__lte=now - interval * 0.8)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    Job.objects.filter(
        rested,
        free,
        kind__in=(JobKind.HUB_STATE, JobKind.HUB_ARRIVALS),
        target_id=account_id,
        due_at__gt=now,
    ).update(due_at=now)

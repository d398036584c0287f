"""Delivery of notices: at least once, in order per incident and recipient, each way by itself.

A notice is claimed by a lease that is renewed while it is being sent, and marked by a conditional update on
the lease's token. A worker that dies between sending and marking causes the one possible double, and that has
the same Message-ID. Nothing is given up but what is refused for good or what is too old.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from monitor.alerts import bouncing
from monitor.alerts.answers import Answer, Decision, back_off
from monitor.alerts.carriers import Carrier, Mails, refusal_of
from monitor.alerts.channels import subscription_of
from monitor.alerts.facts import Step
from monitor.alerts.hooks import Hooks
from monitor.alerts.leasing import LEASE, Lease
from monitor.alerts.notices import TOGETHER
from monitor.models import Channel, Notice

log = structlog.get_logger(__name__)

RUN_FOR = timedelta(seconds=30)
"""A run takes no further notice after this; the next run goes on."""
RETRY_AT_MOST = timedelta(hours=1)
SERVER_RETRY_AT_MOST = timedelta(minutes=5)
"""While the server is away everything waits for the same reason, so its return is noticed soon."""
GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321 section 4.5.4.1: a sender keeps trying for four to five days at least."""


@dataclass(slots=True)
class Delivered:
    """What one run did."""

    sent: int = 0
    retried: int = 0
    given_up: int = 0


def deliver_due(now: datetime) -> Delivered:
    """Sends what is due by each way, for about :data:`RUN_FOR` each. Safe to run in any number at once."""
    done = Delivered()
    for carrier in (Mails(), Hooks()):
        drain(carrier, now, done)
    return done


def drain(
    carrier: Carrier, now: datetime, done: Delivered, stopping: Callable[[], bool] = lambda: False
) -> None:
    """Sends what is due by one way, and counts it in ``done``."""
    started, at = time.monotonic(), now
    with Lease() as lease:
        try:
            while at - now < RUN_FOR and not stopping():
                notice = claim(at, carrier)
                if notice is None or not _deliver(notice, carrier, lease, done, at):
                    break
                # A slow server makes a run long; leases and times sent must not lag behind.
                at = now + timedelta(seconds=time.monotonic() - started)
        finally:
            carrier.close()


def _pending() -> QuerySet[Notice]:
    return Notice.objects.filter(sent_at__isnull=True, failed_at__isnull=True)


def _earlier() -> QuerySet[Notice]:
    """Pending ones to the same recipient about the same incident, before it."""
    return _pending().filter(
        incident=OuterRef("incident"), recipient=OuterRef("recipient"), pk__lt=OuterRef("pk")
    )


def _due(now: datetime, channels: Sequence[Channel]) -> QuerySet[Notice]:
    """Pending, due, not leased, in no other notice's mail; and nothing to the same recipient about the
    same incident before it, but what its own mail carries."""
    own = Q(sent_with__isnull=False) & Q(sent_with=OuterRef("pk"))
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    alone = Q(sent_with__isnull=True) | Q(sent_with=F("pk"))
    return _pending().filter(
        free, alone, ~Exists(_earlier().exclude(own)), channel__in=channels, due_at__lte=now
    )


@transaction.atomic
def claim(now: datetime, carrier: Carrier) -> Notice | None:
    """Leases the notice that is due longest, if any, and counts the attempt.

    With the first attempt of one in a group it is decided what goes out in its mail: whatever of the group
    is due now. The rest makes a mail of its own.
    """
    due = _due(now, carrier.channels)
    if not carrier.is_shared:
        # Of two that look at once each would see that nobody is at work on a recipient.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.outbox.claim'))")
        busy = _pending().filter(recipient=OuterRef("recipient"), lease_until__gte=now)
        due = due.filter(~Exists(busy))
    notice = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk").first()
    if notice is None:
        return None
    if notice.group and notice.sent_with_id is None:
        _collect(notice, now)
    notice.lease_token = uuid.uuid4()
    notice.lease_until = now + LEASE
    notice.attempts += 1
    notice.save(update_fields=["lease_token", "lease_until", "attempts", "sent_with"])
    return notice


def _collect(first: Notice, now: datetime) -> None:
    """Puts what is due of the group into the mail of its first notice."""
    ours = Q(group=first.group, recipient=first.recipient, sent_with__isnull=True, due_at__lte=now)
    before = _earlier().exclude(group=first.group)
    # Trouble that came back must not be told before its end.
    ends = _pending().filter(recipient=first.recipient, step=Step.RECOVERED, pk__lt=OuterRef("pk"))
    early = Exists(before) | Exists(ends.exclude(group=first.group))
    others = _pending().filter(ours, ~early, lease_until__isnull=True, pk__gt=first.pk)
    keys = [row.pk for row in others.select_for_update(skip_locked=True, of=("self",)).order_by("pk")]
    if keys:
        Notice.objects.filter(pk__in=keys).update(sent_with=first)
        first.sent_with = first


def _deliver(notice: Notice, carrier: Carrier, lease: Lease, done: Delivered, now: datetime) -> bool:
    """Sends one claimed notice and records how it went; whether the run may go on."""
    try:
        if refusal := refusal_of(notice):
            answer: Answer | None = Answer(Decision.GIVE_UP, refusal)
        else:
            with lease.of(notice):
                answer = carrier.send(notice, now)
    except Exception as error:
        # One notice that cannot be written or addressed must not keep the others back.
        log.exception("notice could not be sent", notice=notice.pk)
        answer = Answer(Decision.RETRY, f"{type(error).__name__}: {error}"[:500])
    if answer is None:
        mark_sent(notice, now)
        done.sent += 1
        return True
    if _is_over(notice, answer, now):
        done.given_up += 1
        log.warning("notice given up", notice=notice.pk, answer=answer.text)
    else:
        _retry_later(notice, answer, carrier, now)
        done.retried += 1
    return answer.decision is not Decision.SERVER_AWAY or not carrier.is_shared


def _is_over(notice: Notice, answer: Answer, now: datetime) -> bool:
    """Whether the notice is given up; if so, that is recorded."""
    over = answer.decision is Decision.GIVE_UP or now - notice.created_at > GIVE_UP_AFTER
    if answer.decision is Decision.BOUNCED:
        over = bouncing.disable(notice.recipient, answer.text, now=now) or over or not _is_subscribed(notice)
    if over:
        _release(notice, failed_at=now, answer=answer.text)
    return over


def _is_subscribed(notice: Notice) -> bool:
    return subscription_of(notice.recipient) is not None


def mark_sent(notice: Notice, now: datetime) -> bool:
    """Records that the server took it; False when the lease had passed to another worker."""
    return _release(notice, sent_at=now, answer="")


def _retry_later(notice: Notice, answer: Answer, carrier: Carrier, now: datetime) -> None:
    away = answer.decision is Decision.SERVER_AWAY
    at_most = SERVER_RETRY_AT_MOST if away else RETRY_AT_MOST
    wait = back_off(notice.attempts, at_most=at_most, random=SystemRandom())
    due_at = now + max(wait, answer.retry_after or wait)
    if not away:
        _release(notice, due_at=due_at, answer=answer.text)
        return
    # Behind the others, in case it was this one that the server hung up on.
    _release(notice, due_at=due_at + timedelta(seconds=1), answer=answer.text)
    log.warning("server away", channel=notice.channel, answer=answer.text)
    others = _due(now, carrier.channels)
    if not carrier.is_shared:
        others = others.filter(recipient=notice.recipient)
    Notice.objects.filter(pk__in=others.values("pk")).update(
        due_at=due_at, attempts=F("attempts") + 1, answer=answer.text
    )


def _release(notice: Notice, **changes: object) -> bool:
    """Records how it went, for all that the notice's mail carries; False when the lease had passed on."""
    mine = _pending().filter(pk=notice.pk, lease_token=notice.lease_token)
    with transaction.atomic():
        is_mine = bool(mine.update(lease_until=None, lease_token=None, **changes))
        if is_mine:
            _pending().filter(sent_with=notice).exclude(pk=notice.pk).update(**changes)
    return is_mine


def after_clock_change(now: datetime) -> int:
    """Frees what waits for an hour that was before the clock was set back; returns how many notices.

    Nothing else makes a lease longer than leases are, a retry later than retries are, or a notice due
    that is not made yet.
    """
    leased = _pending().filter(lease_until__gt=now + 2 * LEASE)
    count = leased.update(lease_until=None, lease_token=None)
    tried = Q(attempts__gt=0, due_at__gt=now + 2 * RETRY_AT_MOST)
    untried = Q(attempts=0, created_at__gt=now + LEASE, due_at__lte=F("created_at") + TOGETHER)
    return count + _pending().filter(tried | untried, lease_until__isnull=True).update(due_at=now)

"""Delivery of notices: at least once, in order per incident and recipient, over one connection.

A notice is claimed by a lease, sent, and marked by a conditional update on the lease's token. A
worker that dies between sending and marking causes the one possible double, and that has the
same Message-ID. Nothing is given up but what the server refuses for good or what is too old.
"""

import smtplib
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Protocol

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from monitor.alerts.answers import Answer, Decision, back_off, understand
from monitor.alerts.facts import Step
from monitor.alerts.mails import write
from monitor.models import Notice

log = structlog.get_logger(__name__)

RUN_FOR = timedelta(seconds=30)
"""A run takes no further notice after this; the next run goes on."""
LEASE = timedelta(seconds=8 * settings.EMAIL_TIMEOUT)
"""Connecting, greeting, TLS, sign-in, sender, recipient, data, end: each waits a timeout at most."""
RETRY_AT_MOST = timedelta(hours=1)
SERVER_RETRY_AT_MOST = timedelta(minutes=5)
"""While the server is away everything waits for the same reason, so its return is noticed soon."""
GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321 section 4.5.4.1: a sender keeps trying for four to five days at least."""


class Connection(Protocol):
    """The part of Django's mail backends that is used here."""

    def open(self) -> bool | None: ...
    def close(self) -> None: ...
    def send_messages(self, email_messages: list[EmailMessage], /) -> int | None: ...


@dataclass(slots=True)
class Delivered:
    """What one run did."""

    sent: int = 0
    retried: int = 0
    given_up: int = 0


class _Line:
    """The connection of a run: opened when first needed, replaced once it is lost."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._carried = 0

    def send(self, message: EmailMessage) -> Answer | None:
        """None when the server took the message."""
        try:
            if self._connection is None:
                self._connection, self._carried = get_connection(), 0
                self._connection.open()
            self._connection.send_messages([message])
        except OSError as error:  # smtplib's errors are OSErrors too
            answer = understand(error)
            if answer.decision is not Decision.SERVER_AWAY:
                return answer
            had_carried = self._carried
            self.close()
            # Servers end a connection after so many mails or minutes; a fresh one decides.
            return self.send(message) if had_carried else answer
        self._carried += 1
        return None

    def close(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException):
            log.info("the mail server did not say goodbye", exc_info=True)
        self._connection = None


def deliver_due(now: datetime) -> Delivered:
    """Sends what is due, for about :data:`RUN_FOR`. Safe to run in any number at once."""
    done = Delivered()
    line = _Line()
    started, at = time.monotonic(), now
    try:
        while at - now < RUN_FOR:
            notice = claim(at)
            if notice is None or not _deliver(notice, line, done, at):
                break
            # A slow server makes a run long; leases and times sent must not lag behind.
            at = now + timedelta(seconds=time.monotonic() - started)
    finally:
        line.close()
    return done


def _pending() -> QuerySet[Notice]:
    return Notice.objects.filter(sent_at__isnull=True, failed_at__isnull=True)


def _earlier() -> QuerySet[Notice]:
    """Pending ones to the same recipient about the same incident, before it."""
    return _pending().filter(
        incident=OuterRef("incident"), recipient=OuterRef("recipient"), pk__lt=OuterRef("pk")
    )


def _due(now: datetime) -> QuerySet[Notice]:
    """Pending, due, not leased, in no other notice's mail; and nothing to the same recipient about the
    same incident before it, but what its own mail carries."""
    own = Q(sent_with__isnull=False) & Q(sent_with=OuterRef("pk"))
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    alone = Q(sent_with__isnull=True) | Q(sent_with=F("pk"))
    return _pending().filter(free, alone, ~Exists(_earlier().exclude(own)), due_at__lte=now)


@transaction.atomic
def claim(now: datetime) -> Notice | None:
    """Leases the notice that is due longest, if any, and counts the attempt.

    With the first attempt of one in a group it is decided what goes out in its mail: whatever of the group
    is due now. The rest makes a mail of its own.
    """
    notice = _due(now).select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk").first()
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


def _deliver(notice: Notice, line: _Line, done: Delivered, now: datetime) -> bool:
    """Sends one claimed notice and records how it went; whether the run may go on."""
    try:
        answer = line.send(write(notice, now=now))
    except Exception as error:
        # One notice that cannot be written or addressed must not keep the others back.
        log.exception("notice could not be sent", notice=notice.pk)
        answer = Answer(Decision.RETRY, f"{type(error).__name__}: {error}"[:500])
    if answer is None:
        mark_sent(notice, now)
        done.sent += 1
        return True
    if answer.decision is Decision.GIVE_UP or now - notice.created_at > GIVE_UP_AFTER:
        _release(notice, failed_at=now, answer=answer.text)
        done.given_up += 1
        log.warning("notice given up", notice=notice.pk, answer=answer.text)
    else:
        _retry_later(notice, answer, now)
        done.retried += 1
    return answer.decision is not Decision.SERVER_AWAY


def mark_sent(notice: Notice, now: datetime) -> bool:
    """Records that the server took it; False when the lease had passed to another worker."""
    return _release(notice, sent_at=now, answer="")


def _retry_later(notice: Notice, answer: Answer, now: datetime) -> None:
    away = answer.decision is Decision.SERVER_AWAY
    at_most = SERVER_RETRY_AT_MOST if away else RETRY_AT_MOST
    due_at = now + back_off(notice.attempts, at_most=at_most, random=SystemRandom())
    _release(notice, due_at=due_at, answer=answer.text)
    if away:
        log.warning("mail server away", answer=answer.text)
        others = _due(now).values("pk")
        Notice.objects.filter(pk__in=others).update(
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

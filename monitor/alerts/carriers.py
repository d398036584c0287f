"""The ways a notice goes out: what the outbox asks of each, and the one over the mail server."""

import smtplib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Protocol

import structlog
from django.core.mail import EmailMessage, get_connection

from monitor.alerts.answers import Answer, Decision, LostInData, understand
from monitor.alerts.facts import Step
from monitor.alerts.mails import write
from monitor.models import Channel, Notice, Subscription

log = structlog.get_logger(__name__)


class Carrier(Protocol):
    """Sends notices of some channels, one after the other. Not for several threads at once."""

    channels: ClassVar[Sequence[Channel]]
    is_shared: ClassVar[bool]
    """One server for all recipients: when it is away, nothing can be sent. Otherwise each recipient has its
    own, which is sent one notice at a time, and fails alone."""

    def send(self, notice: Notice, now: datetime) -> Answer | None:
        """None when it was taken. May raise what a broken context raises."""

    def close(self) -> None:
        """Ends what is open. May be used again."""


class Connection(Protocol):
    """The part of Django's mail backends that is used here."""

    def open(self) -> bool | None: ...
    def close(self) -> None: ...
    def send_messages(self, email_messages: list[EmailMessage], /) -> int | None: ...


class Mails:
    """Over one connection: opened when first needed, replaced once it is lost."""

    channels: ClassVar[Sequence[Channel]] = (Channel.MAIL,)
    is_shared: ClassVar[bool] = True

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._carried = 0

    def send(self, notice: Notice, now: datetime) -> Answer | None:
        return self._send(write(notice, now=now))

    def _send(self, message: EmailMessage) -> Answer | None:
        try:
            if self._connection is None:
                self._connection, self._carried = get_connection(), 0
                self._connection.open()
            self._connection.send_messages([message])
        except LostInData as error:
            self.close()
            return understand(error)
        except OSError as error:  # smtplib's errors are OSErrors too
            answer = understand(error)
            if answer.decision is not Decision.SERVER_AWAY:
                return answer
            had_carried = self._carried
            self.close()
            # Servers end a connection after so many mails or minutes; a fresh one decides.
            return self._send(message) if had_carried else answer
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


def refusal_of(notice: Notice) -> str:
    """What was said when the notice's address was refused for good; empty: it takes notices. Tests are sent
    all the same: somebody wants to see."""
    if notice.channel != Channel.MAIL or notice.step == Step.TEST:
        return ""
    rows = Subscription.objects.filter(channel=Channel.MAIL, email=notice.recipient)
    answers = rows.filter(bounced_at__isnull=False).values_list("bounce_answer", flat=True)
    return next((answer or "refused" for answer in answers), "")

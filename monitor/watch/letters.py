"""Letters of the watchdog: written in each reader's language, and sent by its own hands.

The outbox has the worker send its mails, and it may be the worker that is dead. Delivery is at least once: a
watchdog that is killed between sending and remembering sends again, under the same Message-ID.
"""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.utils import formatdate
from hashlib import sha256
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.alerts.answers import Decision, understand
from monitor.alerts.mails import LIST_ID
from monitor.alerts.notices import mail_domain
from monitor.alerts.words import COLOURS, Words
from monitor.health.states import State
from monitor.watch.memory import Letter, Memory, Person
from monitor.watch.words import headed, sentence, title
from monitor.wording.times import duration, since

log = structlog.get_logger(__name__)


class Post:
    """One connection to the mail server, for the letters of one look."""

    def __init__(self) -> None:
        self._connection = get_connection()
        self._is_open = False
        self._later: set[tuple[str, str]] = set()

    def send_one(self, memory: Memory, now: datetime) -> bool:
        """Sends one mail of those that are left and takes it out of ``memory``: it was sent, or is refused
        for good. False: none is left that could be sent now."""
        for letter in memory.letters:
            for person in letter.left:
                if (letter.stem, person.email) in self._later:
                    continue
                decision = self._send(letter, person, now)
                if decision is Decision.SERVER_AWAY:
                    return False
                if decision is Decision.RETRY:
                    self._later.add((letter.stem, person.email))
                    continue
                letter.left.remove(person)
                return True
        return False

    def _send(self, letter: Letter, person: Person, now: datetime) -> Decision | None:
        """None: the server took it."""
        try:
            mail = _written(letter, person, now)
            if not self._is_open:
                self._connection.open()
                self._is_open = True
            self._connection.send_messages([mail])
        except OSError as error:  # smtplib's errors are OSErrors too
            answer = understand(error)
            log.warning("the watchdog's mail was not taken", answer=answer.text)
            return answer.decision
        except ValueError:
            # One address that cannot be written must not keep the others back.
            log.exception("the watchdog's mail could not be addressed")
            return Decision.GIVE_UP
        return None

    def close(self) -> None:
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException):
            log.info("the mail server did not say goodbye", exc_info=True)


def _written(letter: Letter, person: Person, now: datetime) -> EmailMultiAlternatives:
    """The letter; in bare words where the pages or templates are broken: that is when it matters most."""
    try:
        return write(letter, person, now)
    except Exception:
        log.exception("the watchdog's mail could not be written as it should")
    word = "recovered" if letter.is_over else "trouble"
    names = ", ".join(item.name for item in letter.items)
    lines = [f"{item.name}: {item.text or word} {item.values or ''}".rstrip() for item in letter.items]
    return EmailMultiAlternatives(
        subject=f"[{word}] Syncwatch: {names}",
        body="\n".join((*lines, settings.PUBLIC_URL)),
        to=[person.email],
        headers=_headers(letter, person, now),
    )


def write(letter: Letter, person: Person, now: datetime) -> EmailMultiAlternatives:
    """A letter to one person. What it tells is as of the look that made it, however late it is sent."""
    with translation.override(person.language):
        words = _over(letter, person) if letter.is_over else _trouble(letter, person)
        context = {
            "words": words,
            "language": person.language,
            "recipient": person.email,
            "zone": person.time_zone,
            "public_url": settings.PUBLIC_URL,
        }
        text = render_to_string("mail/notice.txt", context)
        html = render_to_string("mail/notice.html", context)
    mail = EmailMultiAlternatives(
        subject=" ".join(words.subject.split()),
        body=text,
        to=[person.email],
        headers=_headers(letter, person, now),
    )
    mail.attach_alternative(html, "text/html")
    return mail


def message_id(stem: str, person: Person) -> str:
    """The same for the same letter to the same person, whenever and by whomever it is sent."""
    whom = sha256(person.email.encode()).hexdigest()[:12]
    return f"<watchdog.{stem}.{whom}@{mail_domain()}>"


def _headers(letter: Letter, person: Person, now: datetime) -> dict[str, str]:
    headers = {
        "Message-ID": message_id(letter.stem, person),
        "Date": formatdate(now.timestamp()),
        # RFC 3834: so that no holiday answer comes back.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": LIST_ID,
    }
    if letter.reply_to:
        headers["In-Reply-To"] = headers["References"] = message_id(letter.reply_to, person)
    return headers


def _trouble(letter: Letter, person: Person) -> Words:
    zone = ZoneInfo(person.time_zone)
    items = sorted(letter.items, key=lambda item: item.state is not State.FAIL)
    first = items[0]
    told = [sentence(item.text, item.values, now=letter.at, tz=zone) for item in items]
    word = _("trouble") if first.state is State.FAIL else _("warning")
    lines = [_("Since %(since)s.") % {"since": since(first.since, now=letter.at, tz=zone)}]
    for item, text in list(zip(items, told, strict=True))[1:]:
        lines.append(headed(title(item.name), text))
    subject = f"[{word}] Syncwatch: {told[0]}"
    if len(items) > 1:
        more = len(items) - 1
        subject += " " + ngettext("(and %(n)d more)", "(and %(n)d more)", more) % {"n": more}
    remedies = dict.fromkeys(sentence(item.remedy, item.values, now=letter.at, tz=zone) for item in items)
    return Words(
        subject=subject,
        state_word=word,
        colour=COLOURS[first.state],
        title=f"Syncwatch, {title(first.name)}",
        headline=told[0],
        lines=lines,
        steps=tuple(remedy for remedy in remedies if remedy),
        link=settings.PUBLIC_URL + reverse("status"),
        link_text=_("Open the status page"),
    )


def _over(letter: Letter, person: Person) -> Words:
    zone = ZoneInfo(person.time_zone)
    first = letter.items[0]
    lasted = duration(letter.at - first.since)
    names = ", ".join(title(item.name) for item in letter.items)
    return Words(
        subject=_("[recovered] Syncwatch: %(names)s, after %(duration)s")
        % {"names": names, "duration": lasted},
        state_word=_("recovered"),
        colour=COLOURS[State.OK],
        title="Syncwatch",
        headline=_("In order again: %(names)s.") % {"names": names},
        lines=[
            _("It was wrong since %(since)s.") % {"since": since(item.since, now=letter.at, tz=zone)}
            for item in letter.items[:1]
        ],
        link=settings.PUBLIC_URL + reverse("status"),
        link_text=_("Open the status page"),
    )

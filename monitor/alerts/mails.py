"""Writing notices as mails: in their recipient's language and time zone, as text and as HTML."""

from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import formatdate

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from monitor.alerts.facts import Step
from monitor.alerts.message import message_of
from monitor.alerts.weekly.facts import WeekFacts
from monitor.alerts.weekly.mail import write_week
from monitor.models import Notice

LIST_ID = "Syncwatch <incidents.syncwatch>"


def write(notice: Notice, *, now: datetime) -> EmailMultiAlternatives:
    """The mail of a notice, and of those that it carries. What it tells is as of each notice's step,
    however late it is sent.

    Raises whatever a broken context or template raises; the caller decides.
    """
    if notice.step == Step.WEEKLY:
        return _week(notice, now)
    told = message_of(notice)
    with translation.override(notice.language):
        words = told.words()
        context = {
            "words": words,
            "language": notice.language,
            "recipient": notice.recipient,
            "zone": notice.time_zone,
            "public_url": settings.PUBLIC_URL,
        }
        text = render_to_string("mail/notice.txt", context)
        html = render_to_string("mail/notice.html", context)
    return _mail(notice, words.subject, text, html, _headers(notice, told.rows if told.is_one else (), now))


def _week(notice: Notice, now: datetime) -> EmailMultiAlternatives:
    """The report of a week, which is made up in its own way."""
    facts = WeekFacts.model_validate(notice.context)
    made = write_week(facts, recipient=notice.recipient, language=notice.language, time_zone=notice.time_zone)
    return _mail(notice, made.subject, made.text, made.html, _headers(notice, (), now))


def _mail(
    notice: Notice, subject: str, text: str, html: str, headers: dict[str, str]
) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=_encoded(subject), body=text, to=[notice.recipient], headers=headers
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _encoded(subject: str) -> str:
    """The subject in words short enough for the first line: Django's own encoding would leave that
    line empty, and some readers then show a subject that starts with a space."""
    line = " ".join(subject.split())
    return line if line.isascii() else Header(line, "utf-8", header_name="Subject").encode(linesep="")


def _headers(notice: Notice, about: Sequence[Notice], now: datetime) -> dict[str, str]:
    headers = {
        "Message-ID": notice.message_id,
        "Date": formatdate(now.timestamp()),
        # RFC 3834: so that no holiday answer comes back.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": LIST_ID,
    }
    opening = next(filter(None, map(_told_before, about)), "")
    if opening and opening != notice.message_id:
        headers["In-Reply-To"] = headers["References"] = opening
    return headers


def _told_before(notice: Notice) -> str:
    """The Message-ID of the mail that told the recipient of the beginning; empty: there is none before."""
    opening = (
        Notice.objects.filter(
            incident=notice.incident_id, recipient=notice.recipient, step=Step.OPENED, pk__lt=notice.pk
        )
        .select_related("sent_with")
        .first()
        if notice.incident_id
        else None
    )
    if opening is None:
        return ""
    return (opening.sent_with or opening).message_id

"""A report as a mail: text and HTML."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from monitor.alerts.weekly.facts import WeekFacts
from monitor.alerts.weekly.words import words_of_week


@dataclass(frozen=True, slots=True)
class WeekMail:
    """What is sent, in the language of the recipient."""

    subject: str
    text: str
    html: str


def write_week(facts: WeekFacts, *, recipient: str, language: str, time_zone: str) -> WeekMail:
    """The mail of a report."""
    with translation.override(language):
        words = words_of_week(facts, ZoneInfo(time_zone))
        context = {
            "words": words,
            "language": language,
            "recipient": recipient,
            "zone": time_zone,
            "public_url": settings.PUBLIC_URL,
        }
        text = render_to_string("mail/week.txt", context)
        return WeekMail(words.subject, text, render_to_string("mail/week.html", context))

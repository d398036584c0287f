"""``manage.py report EMAIL``: the report of a week, as a subscription is told of it."""

from argparse import ArgumentParser
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from monitor.alerts import notices
from monitor.alerts.weekly.mail import write_week
from monitor.alerts.weekly.report import Fleet, facts_of, span_of
from monitor.alerts.weekly.telling import last_week
from monitor.models import Channel, Subscription


class Command(BaseCommand):
    """Prints what the report of a week says; sends nothing."""

    help = "Prints the report of a week as it is mailed on Monday: exit code 0 printed, 2 not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address of a subscription")
        parser.add_argument("--week", help="such as 2026-W47; the last that is over when left out")

    def handle(self, *_args: Any, email: str, week: str | None, **_options: Any) -> None:
        now = timezone.now()
        rows = notices.ready(Subscription.objects.filter(channel=Channel.MAIL, email__iexact=email))
        if not rows:
            raise CommandError(
                _("%(email)s has no subscription. See “Who is told” for those there are.") % {"email": email},
                returncode=2,
            )
        (row,) = rows
        zone = ZoneInfo(row.time_zone)
        facts = facts_of(row, Fleet(span_of(monday_of(week) if week else last_week(zone, now), zone), now))
        if facts is None:
            raise CommandError(_("Nothing that it is about was watched in that week."), returncode=2)
        mail = write_week(facts, recipient=row.email, language=row.language, time_zone=row.time_zone)
        self.stdout.write(f"{mail.subject}\n\n{mail.text}")


def monday_of(week: str) -> date:
    """The Monday of a week of ISO 8601, such as ``2026-W47``. Raises CommandError."""
    try:
        monday = date.fromisoformat(f"{week}-1")
    except ValueError:
        monday = date.min
    # The calendar ends where the week before or a time zone could lead out of it.
    if not 2000 <= monday.year <= 2200:
        raise CommandError(_("“%(week)s” is no week. Write it like 2026-W47.") % {"week": week}, returncode=2)
    return monday

"""When a report is due, and putting it into the outbox: once per week and subscription."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from monitor.alerts import notices
from monitor.alerts.facts import Step
from monitor.alerts.quiet import quiet_at
from monitor.alerts.weekly.facts import WeekFacts
from monitor.alerts.weekly.report import WEEK, Fleet, Span, facts_of, span_of
from monitor.models import Channel, Subscription

TOLD_AT = time(7)
"""On Monday, by the clock in the subscription's zone."""
LATE_AT_MOST = timedelta(days=2)
"""What could not be told by then is not news any more."""


def week_due(subscription: Subscription, now: datetime) -> date | None:
    """The Monday of the week that a subscription is to be told of now; None: there is none, or it was."""
    week = last_week(ZoneInfo(subscription.time_zone), now)
    told_at = datetime.combine(week + WEEK, TOLD_AT, ZoneInfo(subscription.time_zone)).astimezone(UTC)
    if not told_at <= now < told_at + LATE_AT_MOST:
        return None
    done = subscription.reported_week
    return None if done is not None and done >= week else week


def last_week(zone: ZoneInfo, now: datetime) -> date:
    """The Monday of the last week that is over in a zone."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday()) - WEEK


def tell_due(now: datetime) -> int:
    """Puts the reports that are due into the outbox; returns how many. One query when none is.

    Safe to run in any number at once: a report is told by whoever writes down first that it is.
    """
    # Somewhere it is the next day already; whoever was told of that week is done everywhere.
    newest = last_week(ZoneInfo("Pacific/Kiritimati"), now)
    rows = Subscription.objects.filter(
        Q(reported_week=None) | Q(reported_week__lt=newest),
        channel=Channel.MAIL,
        is_active=True,
        bounced_at=None,
        weekly_report=True,
    )
    due = [(row, week) for row in rows.defer("endpoint") if (week := week_due(row, now))]
    if not due:
        return 0
    weeks = {row.pk: week for row, week in due}
    fleets: dict[Span, Fleet] = {}
    told = 0
    for row in notices.ready(Subscription.objects.filter(pk__in=weeks).order_by("pk")):
        span = span_of(weeks[row.pk], ZoneInfo(row.time_zone))
        fleet = fleets.setdefault(span, Fleet(span, now))
        told += tell(row, weeks[row.pk], facts_of(row, fleet), now)
    return told


@transaction.atomic
def tell(row: Subscription, week: date, report: WeekFacts | None, now: datetime) -> bool:
    """Stores that a week was reported, and the notice with it. False when somebody else was faster.

    Who follows nothing that was watched then is told nothing, and not looked at again.
    """
    undone = Subscription.objects.filter(Q(reported_week=None) | Q(reported_week__lt=week), pk=row.pk)
    if not undone.update(reported_week=week) or report is None:
        return False
    notice = notices.notice(
        Step.WEEKLY,
        None,
        None,
        recipient=row.recipient,
        channel=row.channel,
        language=row.language,
        time_zone=row.time_zone,
        now=now,
        context=report.model_dump(mode="json"),
    )
    if quiet := quiet_at(row, now):
        notice.due_at = quiet.end
    notice.save()
    notices.wake()
    return True

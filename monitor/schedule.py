"""The periodic tasks, as rows that operators see and edit in the admin."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Periodic:
    """One periodic task; a message older than its interval is worth nothing and expires."""

    name: str
    task: str
    every: timedelta
    description: str


TICK = timedelta(seconds=settings.SYNCWATCH_TICK_S)
SCHEDULE = (
    Periodic("collect", "monitor.collect.tasks.tick", TICK, "Claims the work that is due and does it."),
    Periodic("deliver", "monitor.alerts.tasks.deliver", TICK, "Sends the mails that are due."),
    Periodic(
        "follow up",
        "monitor.alerts.tasks.follow_up",
        max(TICK, timedelta(seconds=15)),
        "Reminds of what nobody answers, escalates, and tells what maintenance windows kept quiet.",
    ),
    Periodic(
        "weekly report",
        "monitor.alerts.tasks.weekly",
        timedelta(minutes=5),
        "Tells of the last week, on Monday at seven in each recipient's time zone.",
    ),
    Periodic("refresh", "monitor.refresh.tasks.advance", TICK, "Moves running refreshes on."),
    Periodic(
        "history",
        "monitor.history.tasks.keep_history",
        max(TICK, timedelta(minutes=1)),
        "Notes who is paused, and stores the days that are over.",
    ),
    Periodic(
        "housekeeping",
        "monitor.collect.tasks.housekeeping",
        timedelta(hours=1),
        "Deletes what is older than the retention, in small batches.",
    ),
)


def ensure_schedule() -> None:
    """Adds the rows that are missing. An operator's changes of interval and on/off stay; which
    code a row runs is ours."""
    for periodic in SCHEDULE:
        seconds = int(periodic.every.total_seconds())
        row = PeriodicTask.objects.filter(name=periodic.name).first()
        if row is None:
            interval, _made = IntervalSchedule.objects.get_or_create(
                every=seconds, period=IntervalSchedule.SECONDS
            )
            PeriodicTask.objects.create(
                name=periodic.name,
                task=periodic.task,
                interval=interval,
                expire_seconds=seconds,
                description=periodic.description,
            )
        elif row.task != periodic.task:
            row.task = periodic.task
            row.save()


def after_migrate(**_kwargs: Any) -> None:
    """Receiver of ``post_migrate``, which is sent however few apps were migrated."""
    if PeriodicTask._meta.db_table in connection.introspection.table_names():
        ensure_schedule()

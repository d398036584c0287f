"""What Syncwatch knows of itself at one moment: a frozen value, read by a handful of cheap queries."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import KombuError

from integrations.models import Integration
from monitor import embedded
from monitor.alerts.bouncing import bounced
from monitor.celery import app
from monitor.models import Heartbeat, Job, Subscription
from monitor.models.work import JobKind
from monitor.watch.counted import counted
from monitor.watch.listeners import listeners
from monitor.watch.parts import TASK

BROKER_TIMEOUT_S: Final = 3
DATABASE_TIMEOUT_MS: Final = 10_000
SHOPS_THAT_TELL_TIME: Final = 3
"""Of so few shops one may be wrong; of more the one in the middle is right."""
WATCHED: Final = Q(is_paused=False, store__is_active=True, account__is_active=True)
_READS_AN_ACCOUNT: Final = (JobKind.HUB_STATE, JobKind.HUB_ARRIVALS, JobKind.HUB_EVENTS)


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows that wait to be taken: how many are due, and since when the oldest is."""

    due: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mails:
    """The outbox."""

    waiting: Queue = Queue()
    """Due and never tried."""
    failing: int = 0
    """Tried several times, and still to be sent."""
    failing_since: datetime | None = None
    answer: str = ""
    """What the mail server said last to the oldest of those."""
    refused: int = 0
    """Mails given up within the last day, but for what was on its way to a bounced address."""
    bounced: Sequence[str] = ()
    """To whom nothing is sent any more because they were refused for good; the latest first."""
    bounced_since: datetime | None = None
    """Since when the first of them is."""
    bounce_answer: str = ""
    """What was said to the latest."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Web-hooks that have not taken their notices for :data:`monitor.watch.counted.FAILING_FOR`."""

    names: Sequence[str] = ()
    failing: int = 0
    failing_since: datetime | None = None
    answer: str = ""
    """What was said last to the oldest of the notices."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """One row of the schedule."""

    name: str
    task: str
    is_on: bool
    every: timedelta | None
    """None: by the calendar, so that nobody can say when it is late."""


@dataclass(frozen=True, slots=True)
class UnreadAccount:
    """A hub account that we cannot read."""

    name: str
    title: str
    integrations: int
    error: str
    """Name of the error class."""
    message: str
    failures: int
    read_until: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that :func:`monitor.watch.checks.examine` looks at."""

    now: datetime
    beats: Mapping[str, datetime]
    """Last sign of life by part."""
    details: Mapping[str, Mapping[str, Any]]
    """What the parts left beside it; only of those that did."""
    broker: int | None = 0
    """Messages in the queue; None: the broker does not answer."""
    jobs: Queue = Queue()
    leased: int = 0
    """Jobs that a living worker holds."""
    mails: Mails = field(default_factory=Mails)
    hooks: Hooks = field(default_factory=Hooks)
    refreshes: Queue = Queue()
    watched: int = 0
    watched_since: datetime | None = None
    unjudged: int = 0
    """Watched integrations that were not judged for :func:`judged_within`."""
    judged_before: datetime | None = None
    """When the one of them was judged that waits longest."""
    newest_completed_at: datetime | None = None
    """Eligible moment of the newest order that arrived within a week."""
    newest_rollup_hour: datetime | None = None
    accounts: Sequence[UnreadAccount] = ()
    schedule: Sequence[Periodic] = ()
    disk_free: int = 1 << 40
    """Bytes, on the fullest disk that Syncwatch writes to."""
    clock_skew: timedelta = timedelta(0)
    """The database's clock minus ours."""
    shops_skew: timedelta | None = None
    """The clock of the shop in the middle minus ours; None: too few tell."""
    told: int = 1
    """How many are mailed when something is wrong with Syncwatch."""
    pings: bool = False
    """An outside monitor is told that we live."""


def judged_within() -> timedelta:
    """By when every watched integration has been judged again, even while all its remotes are silent."""
    return timedelta(seconds=900 + 5 * settings.SYNCWATCH_COLLECT_INTERVAL_S)


def take(now: datetime) -> Snapshot:
    """Looks at everything once. Raises DatabaseError when the database does not answer in time."""
    with transaction.atomic():
        limit_statements()
        beats = list(Heartbeat.objects.all())
        row = counted(now, now - judged_within())
        seen = Snapshot(
            now=now,
            beats={beat.part: beat.at for beat in beats},
            details={beat.part: beat.detail for beat in beats if beat.detail},
            jobs=Queue(row["jobs_due"], row["jobs_since"]),
            leased=row["leased"],
            mails=_mails(row),
            hooks=_hooks(row),
            refreshes=Queue(row["refreshes_due"], row["refreshes_since"]),
            watched=row["watched"],
            watched_since=row["watched_since"],
            unjudged=row["unjudged"],
            judged_before=row["judged_before"],
            newest_completed_at=row["newest_completed_at"],
            newest_rollup_hour=row["newest_rollup_hour"],
            accounts=_accounts(),
            schedule=_schedule(),
            disk_free=_disk_free(),
            **_clocks(now),
            told=len(settings.SYNCWATCH_ADMIN_MAIL) or len(listeners()),
            pings=bool(settings.SYNCWATCH_PING_URL),
        )
    return replace(seen, broker=_broker())


def limit_statements() -> None:
    """In this transaction no statement, and no waiting for a lock, takes longer than we have patience."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {DATABASE_TIMEOUT_MS}")


def _broker() -> int | None:
    with app.connection_for_write(connect_timeout=BROKER_TIMEOUT_S) as link:
        lost: tuple[type[BaseException], ...] = (KombuError, OSError, *link.connection_errors)
        try:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_S)
            channel: Any = link.default_channel
            answer = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except link.channel_errors:
            return 0  # nothing was ever sent: there is no queue yet
        except lost:
            return None
        return int(answer.message_count)


def _mails(row: Mapping[str, Any]) -> Mails:
    gone = bounced()
    return Mails(
        waiting=Queue(row["mails_due"], row["mails_since"]),
        failing=row["mails_failing"],
        failing_since=row["mails_failing_since"],
        answer=row["mail_answer"] or "",
        refused=row["mails_refused"],
        bounced=tuple(map(str, gone)),
        bounced_since=gone[-1].bounced_at if gone else None,
        bounce_answer=gone[0].bounce_answer if gone else "",
    )


def _hooks(row: Mapping[str, Any]) -> Hooks:
    """Those that do not take what was tried several times. One query where there are any."""
    if not row["hooks_failing"]:
        return Hooks()
    numbers = [recipient.partition(":")[2] for recipient in row["hooks"]]
    rows = Subscription.objects.filter(pk__in=numbers).defer("endpoint").order_by("pk")
    names = tuple(map(str, rows))
    return Hooks(names, row["hooks_failing"], row["hooks_failing_since"], row["hook_answer"])


def _accounts() -> list[UnreadAccount]:
    mine = Integration.objects.filter(WATCHED, account=OuterRef("account")).order_by()
    count = mine.values("account").annotate(n=Count("pk")).values("n")
    jobs = (
        Job.objects.filter(kind__in=_READS_AN_ACCOUNT, account__is_active=True, failures__gte=2)
        .annotate(integrations=Subquery(count))
        .filter(integrations__gt=0)
        .order_by("account__name", "last_ok_at")
        .distinct("account__name")
    )
    columns = ("account__name", "account__title", "integrations")
    rows = jobs.values_list(*columns, "last_error", "last_message", "failures", "last_ok_at")
    return [UnreadAccount(name, title or name, *more) for name, title, *more in rows]


def _schedule() -> list[Periodic]:
    rows = PeriodicTask.objects.filter(task__startswith=TASK).select_related("interval").order_by("name")
    return [
        Periodic(row.name, row.task, row.enabled, row.interval.schedule.run_every if row.interval else None)
        for row in rows
    ]


def _disk_free() -> int:
    folders = [settings.VAR_DIR]
    if settings.EMBEDDED:
        folders.append(embedded.data_folder(settings.VAR_DIR))
    return min(shutil.disk_usage(folder).free for folder in folders if folder.exists())


def _clocks(now: datetime) -> dict[str, Any]:
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute(
            "SELECT clock_timestamp(), count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY clock_skew_s)"
            " FROM monitor_storestate WHERE clock_skew_s IS NOT NULL AND checked_at > %s",
            [now - timedelta(hours=1)],
        )
        after = timezone.now()
        theirs, shops, middle = cursor.fetchone()
    return {
        "clock_skew": theirs - (before + (after - before) / 2),
        "shops_skew": timedelta(seconds=middle) if shops >= SHOPS_THAT_TELL_TIME else None,
    }

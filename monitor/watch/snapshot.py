"""What Syncwatch knows of itself at one moment: a frozen value, read by a dozen cheap queries."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import KombuError

from integrations.models import Integration
from monitor import embedded
from monitor.alerts.bouncing import bounced
from monitor.celery import app
from monitor.models import Channel, Heartbeat, Job, LatencyFleetHour, Notice, Progress, Refresh, Subscription
from monitor.models.work import JobKind
from monitor.watch.listeners import listeners
from monitor.watch.parts import TASK

BROKER_TIMEOUT_S: Final = 3
DATABASE_TIMEOUT_MS: Final = 10_000
SHOPS_THAT_TELL_TIME: Final = 3
"""Of so few shops one may be wrong; of more the one in the middle is right."""
TRIED_OFTEN: Final = 3
FAILING_FOR: Final = timedelta(minutes=10)
"""So long a receiver of web-hooks may be away, as when it is brought up to date."""
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
    """Web-hooks that have not taken their notices for :data:`FAILING_FOR`."""

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
    has_listener: bool = True
    """Somebody is mailed when something is wrong with Syncwatch."""
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
        judged = _judged(now)
        seen = Snapshot(
            now=now,
            beats={beat.part: beat.at for beat in beats},
            details={beat.part: beat.detail for beat in beats if beat.detail},
            jobs=_due(Job.objects.all(), now),
            leased=Job.objects.filter(lease_until__gte=now).count(),
            mails=_mails(now),
            hooks=_hooks(now),
            refreshes=_due(Refresh.objects.filter(finished_at=None), now),
            **judged,
            newest_completed_at=_newest_completed(now),
            newest_rollup_hour=LatencyFleetHour.objects.filter(hour__gt=now - timedelta(days=8)).aggregate(
                newest=Max("hour")
            )["newest"],
            accounts=_accounts(),
            schedule=_schedule(),
            disk_free=_disk_free(),
            **_clocks(now),
            has_listener=bool(settings.SYNCWATCH_ADMIN_MAIL) or any(listeners()),
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


def _due(rows: Any, now: datetime) -> Queue:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    found = rows.filter(free, due_at__lte=now).aggregate(due=Count("pk"), oldest_at=Min("due_at"))
    return Queue(**found)


def _mails(now: datetime) -> Mails:
    pending = Q(sent_at=None, failed_at=None)
    # Given up in the very moment in which its address was switched off: that has a check of its own.
    switched_off = Subscription.objects.filter(
        Q(bounced_at=OuterRef("failed_at")) | Q(bounced_at__isnull=False, email=OuterRef("recipient"))
    )
    tried = pending & Q(attempts__gte=TRIED_OFTEN, channel=Channel.MAIL)
    found = Notice.objects.filter(pending | Q(failed_at__gt=now - timedelta(days=1))).aggregate(
        failing=Count("pk", filter=tried),
        failing_since=Min("created_at", filter=tried),
        refused=Count("pk", filter=~pending & Q(channel=Channel.MAIL) & Q(~Exists(switched_off))),
    )
    oldest = Notice.objects.filter(tried).order_by("created_at").first() if found["failing"] else None
    waiting = _due(Notice.objects.filter(pending, attempts=0), now)
    return Mails(waiting=waiting, answer=oldest.answer if oldest else "", **found, **_bounced())


def _hooks(now: datetime) -> Hooks:
    """Those that do not take what was tried several times."""
    tried = Notice.objects.filter(sent_at=None, failed_at=None, attempts__gte=TRIED_OFTEN)
    failing = tried.exclude(channel=Channel.MAIL).filter(created_at__lt=now - FAILING_FOR)
    oldest = failing.order_by("created_at").first()
    if oldest is None:
        return Hooks()
    numbers = {row.partition(":")[2] for row in failing.values_list("recipient", flat=True).distinct()}
    rows = Subscription.objects.filter(pk__in=numbers).defer("endpoint").order_by("pk")
    return Hooks(tuple(map(str, rows)), failing.count(), oldest.created_at, oldest.answer)


def _bounced() -> dict[str, Any]:
    rows = bounced()
    if not rows:
        return {}
    return {
        "bounced": tuple(map(str, rows)),
        "bounced_since": rows[-1].bounced_at,
        "bounce_answer": rows[0].bounce_answer,
    }


def _judged(now: datetime) -> dict[str, Any]:
    late = WATCHED & Q(verdict__judged_at__lt=now - judged_within())
    return Integration.objects.aggregate(
        watched=Count("pk", filter=WATCHED),
        watched_since=Min("created_at", filter=WATCHED),
        unjudged=Count("pk", filter=late),
        judged_before=Min("verdict__judged_at", filter=late),
    )


def _newest_completed(now: datetime) -> datetime | None:
    """Of an integration whose orders seem to arrive before they are made nothing is rolled up; nor is
    an order that arrived after more than a week."""
    of_certain = Progress.objects.filter(
        negative_latencies=0, newest_arrived_eligible_at__range=(now - timedelta(days=7), now)
    )
    newest: datetime | None = of_certain.aggregate(newest=Max("newest_arrived_eligible_at"))["newest"]
    return newest


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
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
        after = timezone.now()
        cursor.execute(
            "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY clock_skew_s)"
            " FROM monitor_storestate WHERE clock_skew_s IS NOT NULL AND checked_at > %s",
            [now - timedelta(hours=1)],
        )
        shops, middle = cursor.fetchone()
    return {
        "clock_skew": theirs - (before + (after - before) / 2),
        "shops_skew": timedelta(seconds=middle) if shops >= SHOPS_THAT_TELL_TIME else None,
    }

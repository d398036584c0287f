"""Delivery: thousands of notices at once, a worker that is killed meanwhile, and one that is busy reading.

Real processes: the product's worker, a mail server that keeps its own books, shops that answer slowly. What
was lost, doubled or out of order is read from the mail server's books.
"""

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, ShopSpec
from tests.bench.world import World, options, running, table, wait_until

if TYPE_CHECKING:
    from monitor.models import Notice

SHOPS = 24
ANSWERS_AFTER_S = 15.0
EVERY_S = 1.0
"""Between two notices to a busy worker."""
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
WORKER = ("-m", "celery", "-A", "monitor.celery", "worker", "--without-gossip", "--without-mingle")
BEAT = ("-m", "celery", "-A", "monitor.celery", "beat", "--pidfile", "")


def fleet() -> FleetSpec:
    names = [f"shop-{number:02d}" for number in range(1, SHOPS + 1)]
    return FleetSpec(
        shops=tuple(ShopSpec(name, name, "woocommerce") for name in names),
        accounts=(AccountSpec("hub", "Hub"),),
        integrations=tuple(IntegrationSpec(n, "hub", name) for n, name in enumerate(names, start=1)),
        started_at=time.time(),
        history_days=0,
    )


@dataclass
class Books:
    """Notices that were queued, against what the mail server has."""

    queued: int
    lost: int = 0
    doubled: int = 0
    disorder: int = 0
    """Pairs of incident and recipient that got a later step first."""


def queue(count: int, recipients: int) -> "list[Notice]":
    """An opening, a reminder and a recovery of each incident to each recipient; each is a mail of its own."""
    from django.utils import timezone  # noqa: PLC0415  # settings come with the world

    from monitor.alerts.facts import NoticeFacts  # noqa: PLC0415
    from monitor.models import Incident, Notice  # noqa: PLC0415

    now = timezone.now()
    facts = NoticeFacts.model_validate(
        {
            "title": "Boutique Lyon → Hub",
            "state": "fail",
            "cause": "imports",
            "rule": "stalled",
            "evidence": {},
            "started_at": now,
            "at": now,
            "waiting": 31,
        }
    )
    steps = ("opened", "reminder-1", "recovered")
    rows = []
    for number in range(-(-count // (recipients * len(steps)))):
        incident = Incident.objects.create(
            scope=f"bench:{time.monotonic_ns()}:{number}",
            cause="imports",
            rule="stalled",
            state="fail",
            opened_at=now,
            started_at=now,
            closed_at=now,
        )
        rows += [
            Notice(
                incident=incident,
                step=step,
                recipient=f"p{one}@bench.example",
                context=facts.model_dump(mode="json"),
                message_id=f"<{incident.pk}.{step}.{one}@bench.example>",
                created_at=now,
                due_at=now,
            )
            for step in steps
            for one in range(recipients)
        ]
    return Notice.objects.bulk_create(rows[:count])


def pending() -> int:
    from monitor.models import Notice  # noqa: PLC0415

    return Notice.objects.filter(sent_at=None, failed_at=None).count()


def compare(world: World, rows: "Sequence[Notice]") -> Books:
    folder = world.var / "sandbox" / "mail"
    # Names grow with time; of thousands only this one line is of interest.
    received = [_MESSAGE_ID.findall(path.read_bytes())[0].decode() for path in sorted(folder.glob("*.eml"))]
    times = Counter(received)
    first = {key: number for number, key in reversed(list(enumerate(received)))}
    threads: dict[tuple[int | None, str], list[int]] = {}
    for row in rows:
        if row.message_id in first:
            threads.setdefault((row.incident_id, row.recipient), []).append(first[row.message_id])
    return Books(
        queued=len(rows),
        lost=sum(row.message_id not in times for row in rows),
        doubled=sum(times[row.message_id] - 1 for row in rows if row.message_id in times),
        disorder=sum(order != sorted(order) for order in threads.values()),
    )


@contextmanager
def worker(world: World) -> Iterator[psutil.Process]:
    """The product's worker; returns when its deliverers have given a sign of life."""
    from monitor.models import Heartbeat  # noqa: PLC0415

    Heartbeat.objects.filter(part="deliver").delete()
    program = world.start("worker", *WORKER)
    wait_until(Heartbeat.objects.filter(part="deliver").exists, 120, "a worker that delivers", 0.05)
    try:
        yield psutil.Process(program.pid)
    finally:
        world.stop("worker")


def flood(world: World, count: int, recipients: int) -> tuple[Books, float, float]:
    """The books, seconds on the clock, and CPU seconds of the worker."""
    world.mailbox.clear()
    with worker(world) as process:
        rows = queue(count, recipients)
        before, began = process.cpu_times(), time.monotonic()
        wait_until(lambda: pending() == 0, 1800, "all sent", 0.2)
        took_s, after = time.monotonic() - began, process.cpu_times()
    return compare(world, rows), took_s, after.user + after.system - before.user - before.system


def killed(world: World, count: int, recipients: int, kills: int) -> tuple[Books, float]:
    """Kills the worker at random moments while it sends; the books, and when the last mail was out after the
    last kill."""
    draw = random.Random(1)
    world.mailbox.clear()
    world.mailbox.behave(seconds=0.05)
    rows = queue(count, recipients)
    for _ in range(kills):
        left = pending()
        program = world.start("worker", *WORKER)
        wait_until(lambda left=left: pending() < left, 120, "a worker that sends", 0.02)
        time.sleep(draw.uniform(0.0, 0.5))
        program.kill()
        program.wait()
        del world.programs["worker"]
    world.mailbox.behave()
    with worker(world):
        took_s = wait_until(lambda: pending() == 0, 600, "all sent", 0.2)
    return compare(world, rows), took_s


def busy(world: World, notices: int) -> list[float]:
    """Seconds from due to sent, one notice after the other, while the worker's threads wait for shops."""
    from django.db.models import F  # noqa: PLC0415

    from monitor.models import Job, Notice  # noqa: PLC0415

    for shop in world.fleet.shops:
        world.sandbox.break_shop(shop.name, "slow", seconds=ANSWERS_AFTER_S)
    world.mailbox.clear()
    with worker(world):
        world.start("scheduler", *BEAT)
        wait_until(lambda: Job.objects.exclude(lease_token=None).count() >= SHOPS, 120, "a busy worker")
        keys = []
        for _ in range(notices):
            keys += [row.pk for row in queue(1, 1)]
            time.sleep(EVERY_S)
        wait_until(lambda: pending() == 0, 600, "all sent", 0.2)
        world.stop("scheduler")
    late = Notice.objects.filter(pk__in=keys).annotate(late=F("sent_at") - F("due_at"))
    return sorted(row.late.total_seconds() for row in late)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--notices", type=int, default=5_000)
    parser.add_argument("--recipients", type=int, default=10)
    parser.add_argument("--kills", type=int, default=10)
    given = parser.parse_args()
    settings = {"SYNCWATCH_TICK_S": "2", "SYNCWATCH_COLLECT_INTERVAL_S": "5"}
    with running(fleet(), given.port, keep=given.keep, settings=settings) as world:
        books, took_s, cpu_s = flood(world, given.notices, given.recipients)
        rows = [("queued at once", books, f"{took_s:.0f} s, {1000 * cpu_s / books.queued:.1f} ms CPU each")]
        books, after_s = killed(world, given.notices // 10, given.recipients, given.kills)
        rows.append((f"worker killed {given.kills} times", books, f"all out {after_s:.0f} s after the last"))
        late = busy(world, 40)
    lines = [(what, b.queued, b.lost, b.doubled, b.disorder, how) for what, b, how in rows]
    print(table(("", "notices", "lost", "doubled", "out of order", ""), lines))
    print(
        f"\nWhile {SHOPS} shops answer after {ANSWERS_AFTER_S:.0f} s, a notice leaves "
        f"{statistics.median(late):.1f} s after it is due (median of {len(late)}), at most {late[-1]:.1f} s."
    )


if __name__ == "__main__":
    main()

"""The sandbox's own books against the product's database: what was lost, and what came twice."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q

from monitor.collect.rollups import BACKFILL_AGE
from monitor.health import sketch
from monitor.models import (
    Arrival,
    Incident,
    LatencyDay,
    LatencyFleetDay,
    LatencyFleetHour,
    LatencyHour,
    Notice,
    Order,
)
from tests.bench.world import World


@dataclass
class Books:
    """Pairs of (what is compared, how many there are, how many are lost, how many are too many)."""

    lines: list[tuple[str, int, int, int]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def compare(self, what: str, truth: Counter[Any], ours: Counter[Any]) -> None:
        lost, extra = truth - ours, ours - truth
        self.lines.append((what, truth.total(), lost.total(), extra.total()))
        self.findings += [f"{what}: lost {item}" for item in list(lost)[:5]]
        self.findings += [f"{what}: too many {item}" for item in list(extra)[:5]]


def compare(world: World) -> Books:
    """Everything there is to compare, once all is quiet."""
    books = Books()
    _orders(world, books)
    _arrivals(world, books)
    _latencies(books)
    _notices(books)
    _mails(world, books)
    return books


def _orders(world: World, books: Books) -> None:
    sandbox = world.sandbox
    truth: Counter[Any] = Counter()
    for shop in world.fleet.shops:
        answer = sandbox.http.get(f"{sandbox.shops_url}/control/shops/{shop.name}/orders")
        for order, _number, _created, modified, *_rest in answer.raise_for_status().json()["orders"]:
            truth[shop.name, str(order), int(modified)] += 1
    rows = Order.objects.values_list("store__name", "external_id", "changed_at")
    ours = Counter((shop, order, int(changed.timestamp())) for shop, order, changed in rows)
    books.compare("orders", _without_times(truth), _without_times(ours))
    books.compare("orders in their last state", truth, ours)


def _without_times(counts: Counter[Any]) -> Counter[Any]:
    plain: Counter[Any] = Counter()
    for (shop, order, _at), count in counts.items():
        plain[shop, order] += count
    return plain


def _arrivals(world: World, books: Books) -> None:
    truth = Counter(
        (str(spec.id), order) for spec in world.fleet.integrations for order in world.sandbox.arrived(spec.id)
    )
    rows = Arrival.objects.filter(arrived_at__isnull=False)
    books.compare("arrivals", truth, Counter(rows.values_list("integration__external_id", "order_key")))


def _latencies(books: Books) -> None:
    """Every complete arrival counts once in its hour, its day, and those of its platform, in its bucket."""
    hours: Counter[Any] = Counter()
    days: Counter[Any] = Counter()
    fleet: Counter[Any] = Counter()
    fleet_days: Counter[Any] = Counter()
    complete = Arrival.objects.filter(arrived_at__isnull=False, eligible_at__isnull=False)
    for integration, platform, eligible_at, arrived_at in complete.values_list(
        "integration_id", "integration__store__platform", "eligible_at", "arrived_at"
    ):
        latency = arrived_at - eligible_at
        if timedelta(0) <= latency <= BACKFILL_AGE:
            hour = eligible_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            bucket = sketch.bucket(latency.total_seconds())
            hours[integration, hour, bucket] += 1
            days[integration, hour.date(), bucket] += 1
            fleet[platform, hour, bucket] += 1
            fleet_days[platform, hour.date(), bucket] += 1
    sketched = ("buckets", "counts")
    for what, truth, rows in (
        ("latencies by hour", hours, LatencyHour.objects.values_list("integration_id", "hour", *sketched)),
        ("latencies by day", days, LatencyDay.objects.values_list("integration_id", "day", *sketched)),
        (
            "latencies of the fleet",
            fleet,
            LatencyFleetHour.objects.values_list("platform", "hour", *sketched),
        ),
        (
            "latencies of the fleet by day",
            fleet_days,
            LatencyFleetDay.objects.values_list("platform", "day", *sketched),
        ),
    ):
        ours: Counter[Any] = Counter()
        for key, when, buckets, counts in rows:
            moment = when.astimezone(UTC) if isinstance(when, datetime) else when
            for bucket, count in zip(buckets, counts, strict=True):
                ours[key, moment, bucket] += count
        books.compare(what, truth, ours)


def _notices(books: Books) -> None:
    """Every incident is told when it opens, and when it closes to whom it was told."""
    incidents = Incident.objects.all()
    truth = Counter((pk, "opened") for pk in incidents.values_list("pk", flat=True))
    truth += Counter(
        (pk, "recovered") for pk in incidents.filter(closed_at__isnull=False).values_list("pk", flat=True)
    )
    told = Notice.objects.filter(step__in=("opened", "recovered")).values_list("incident_id", "step")
    books.compare("notices of incidents", truth, Counter(told))
    unsent = Notice.objects.filter(sent_at__isnull=True).count()
    if unsent:
        books.findings.append(f"{unsent} notices were never sent")


def _mails(world: World, books: Books) -> None:
    """Every notice that no other carries is one mail; a second one of it has the same Message-ID."""
    own = Notice.objects.filter(Q(sent_with=None) | Q(sent_with=F("pk")))
    truth = Counter(own.values_list("message_id", flat=True))
    mails = world.mailbox.mails()
    books.compare("mails, by Message-ID", truth, Counter(mail["message_id"] for mail in mails))

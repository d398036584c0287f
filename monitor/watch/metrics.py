"""Figures for Prometheus: of the fleet by platform, hub and state, and of Syncwatch itself.

Read anew for each scrape by a few queries over one row per integration; no orders are counted. Labels stay
few: a series per integration is made only where it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final

from django.db.models import Count, F, Min, Q, Sum, Value
from django.db.models.functions import Coalesce
from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily as Gauge

from integrations.models import Integration
from monitor.health.sketch import Sketch, merge, quantile
from monitor.health.states import State
from monitor.models import Incident, LatencyFleetHour
from monitor.watch.checks import ACCOUNT, Check, examine
from monitor.watch.parts import WATCHDOG
from monitor.watch.snapshot import WATCHED, Snapshot, take

QUANTILES: Final = (0.5, 0.95, 0.99)
LATENCY_OF: Final = timedelta(hours=24)
PAUSED: Final = "paused"
_VALUES: Final = {State.OK: 0, State.WARN: 1, State.FAIL: 2}
_PARTS: Final = ("tick", "judge", "deliver", "refresh", WATCHDOG)
_PLATFORM, _HUB = F("store__platform"), F("account__kind")


def exposition(now: datetime, *, each: bool = False) -> bytes:
    """All metrics in Prometheus' text format; with ``each``, one series per integration too.

    Raises DatabaseError.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected([*metrics(now), *(_of_each(now) if each else ())]))
    return generate_latest(registry)


class _Collected:
    """What prometheus_client asks for metrics."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        return self._found


def metrics(now: datetime) -> Iterator[Metric]:
    """The metrics as of ``now``."""
    seen = take(now)
    yield from _of_fleet(now)
    yield from _of_latency(now)
    yield from _of_itself(seen)
    yield from _of_checks(examine(seen))


def _of_fleet(now: datetime) -> Iterator[Metric]:
    integrations = Gauge(
        "syncwatch_integrations", "Integrations by verdict.", labels=["platform", "hub", "state"]
    )
    waiting = Gauge("syncwatch_orders_waiting", "Orders that have not arrived.", labels=["platform", "hub"])
    oldest = Gauge(
        "syncwatch_oldest_waiting_seconds", "Age of the oldest waiting order.", labels=["platform", "hub"]
    )
    rows = (
        Integration.objects.order_by()
        .values(platform=_PLATFORM, hub=_HUB, state=Coalesce("verdict__state", Value(State.UNKNOWN.value)))
        .annotate(
            watched=Count("pk", filter=WATCHED),
            idle=Count("pk", filter=~WATCHED),
            orders=Sum("verdict__waiting_count", filter=WATCHED, default=0),
            since=Min("verdict__oldest_waiting_at", filter=WATCHED),
        )
    )
    states: Counter[tuple[str, str, str]] = Counter()
    orders: Counter[tuple[str, str]] = Counter()
    ages: dict[tuple[str, str], float] = {}
    for row in rows:
        whose = (row["platform"], row["hub"])
        # Every state has its series, also at nought: an alert on a series that vanishes never ends.
        states.update({(*whose, state): 0 for state in (*State, PAUSED)})
        states[*whose, row["state"]] += row["watched"]
        states[*whose, PAUSED] += row["idle"]
        orders[whose] += row["orders"]
        age = _age(row["since"], now) if row["since"] else 0.0
        ages[whose] = max(age, ages.get(whose, 0.0))
    _fill(integrations, states)
    _fill(waiting, orders)
    _fill(oldest, ages)
    yield from (integrations, waiting, oldest)
    incidents = Gauge("syncwatch_incidents_open", "Open incidents by root cause.", labels=["cause"])
    open_ones = Incident.objects.filter(closed_at=None).order_by().values_list("cause")
    _fill(incidents, {(cause,): n for cause, n in open_ones.annotate(n=Count("pk"))})
    yield incidents


def _of_latency(now: datetime) -> Iterator[Metric]:
    """Of orders that arrived; those that wait are in the ages of the backlog."""
    latency = Gauge(
        "syncwatch_import_latency_seconds",
        "Quantiles of the import latency of the last 24 hours' orders that arrived.",
        labels=["platform", "quantile"],
    )
    imported = Gauge(
        "syncwatch_orders_imported", "Orders of the last 24 hours that arrived.", labels=["platform"]
    )
    by_platform: dict[str, list[Sketch]] = {}
    for row in LatencyFleetHour.objects.filter(hour__gt=now - LATENCY_OF).order_by("platform"):
        sketch = Sketch(row.n, tuple(row.buckets), tuple(row.counts))
        by_platform.setdefault(row.platform, []).append(sketch)
    for platform, sketches in by_platform.items():
        whole = merge(sketches)
        imported.add_metric([platform], whole.n)
        for q in QUANTILES:
            value = quantile(whole, q)
            if value is not None:
                latency.add_metric([platform, str(q)], value)
    yield from (latency, imported)


def _of_itself(seen: Snapshot) -> Iterator[Metric]:
    ages = Gauge(
        "syncwatch_heartbeat_age_seconds", "Since a part of Syncwatch last did its work.", labels=["part"]
    )
    for part in _PARTS:
        # A part that never lived is older than any limit: an alert on a missing series would stay silent.
        ages.add_metric([part], _age(seen.beats[part], seen.now) if part in seen.beats else inf)
    yield ages
    queues = (
        ("jobs", "Jobs", seen.jobs.due, seen.jobs.oldest_at),
        ("notices", "Mails", seen.mails.waiting.due, seen.mails.waiting.oldest_at),
        ("refreshes", "Refreshes", seen.refreshes.due, seen.refreshes.oldest_at),
    )
    for name, words, due, oldest in queues:
        yield Gauge(f"syncwatch_{name}_due", f"{words} that are due and not taken up.", due)
        age = _age(oldest, seen.now) if oldest else 0.0
        yield Gauge(f"syncwatch_{name}_oldest_due_seconds", f"{words}: for how long the oldest is due.", age)
    yield Gauge("syncwatch_jobs_running", "Jobs that a worker holds.", seen.leased)
    yield Gauge("syncwatch_notices_failing", "Mails that the mail server did not take.", seen.mails.failing)
    yield Gauge(
        "syncwatch_notices_refused", "Mails of the last 24 hours, refused for good.", seen.mails.refused
    )
    yield Gauge("syncwatch_broker_up", "Whether the message broker answers.", int(seen.broker is not None))
    yield Gauge("syncwatch_broker_messages", "Messages in the worker's queue.", seen.broker or 0)
    yield Gauge("syncwatch_disk_free_bytes", "Free space on the fullest disk in use.", seen.disk_free)
    yield Gauge(
        "syncwatch_clock_skew_seconds",
        "The database's clock minus ours.",
        round(seen.clock_skew.total_seconds(), 3),
    )
    yield Gauge("syncwatch_integrations_unjudged", "Watched, but not judged for long.", seen.unjudged)


def _of_checks(checks: Iterable[Check]) -> Iterator[Metric]:
    states = Gauge(
        "syncwatch_check_state",
        "What Syncwatch finds of itself: 0 ok, 1 warning, 2 failure.",
        labels=["check"],
    )
    unread = 0
    for check in checks:
        if check.name.startswith(ACCOUNT):
            unread += check.state.is_bad
        else:
            states.add_metric([check.name], _VALUES[check.state])
    yield states
    yield Gauge("syncwatch_accounts_unreadable", "Hub accounts that cannot be read.", unread)


def _of_each(now: datetime) -> Iterator[Metric]:
    labels = ["integration", "platform", "hub"]
    state = Gauge(
        "syncwatch_integration_state",
        "0 healthy, 1 warning, 2 failure; no sample while unknown or paused.",
        labels=labels,
    )
    waiting = Gauge("syncwatch_integration_orders_waiting", "Orders that have not arrived.", labels=labels)
    oldest = Gauge(
        "syncwatch_integration_oldest_waiting_seconds", "Age of the oldest waiting order.", labels=labels
    )
    rows = Integration.objects.filter(WATCHED, ~Q(verdict=None)).values_list(
        "name", "store__platform", "account__kind",
        "verdict__state", "verdict__waiting_count", "verdict__oldest_waiting_at",
    )  # fmt: skip
    for name, platform, hub, verdict, orders, since in rows:
        whose = [name, platform, hub]
        if State(verdict) in _VALUES:
            state.add_metric(whose, _VALUES[State(verdict)])
        waiting.add_metric(whose, orders)
        oldest.add_metric(whose, _age(since, now) if since else 0.0)
    yield from (state, waiting, oldest)


def _fill(gauge: Gauge, values: Any) -> None:
    for labels in sorted(values):
        gauge.add_metric(labels, values[labels])


def _age(at: datetime, now: datetime) -> float:
    return max(0.0, round((now - at).total_seconds(), 1))

"""From a week of the fleet to what one subscription is told of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.alerts.notices import wants
from monitor.alerts.standing import standing
from monitor.alerts.weekly import facts
from monitor.alerts.weekly.figures import Week, read, watched
from monitor.charts.chosen import GROUPS, platforms_of
from monitor.health.sketch import kaplan_meier_quantile, merge
from monitor.health.states import State
from monitor.history.availability import total
from monitor.models import Incident, Member, Refresh, Shipment, Subscription
from monitor.models.refreshes import RefreshOutcome

WEEK = timedelta(days=7)
LONGEST, STILL_OPEN, SLOWEST = 3, 5, 5
"""So many are named; the others are counted."""
ENOUGH_ORDERS = 5
"""Of fewer orders it is not said how slow they were."""


@dataclass(frozen=True, slots=True)
class Span:
    """A week in somebody's zone."""

    start: datetime
    end: datetime


def span_of(monday: date, zone: ZoneInfo) -> Span:
    """From Monday's first midnight to the next Monday's, by the clock in the zone."""
    ends = (datetime.combine(day, time(), zone) for day in (monday, monday + WEEK))
    return Span(*ends)


class Fleet:
    """A week of all integrations, read when it is first asked for and shared by all who are told of it."""

    def __init__(self, span: Span, now: datetime) -> None:
        self.span, self.now = span, now
        self.before = Span(span.start - WEEK, span.start)

    @cached_property
    def integrations(self) -> list[Integration]:
        return watched(self.span.end)

    @cached_property
    def week(self) -> Week:
        return self._read(self.span)

    @cached_property
    def week_before(self) -> Week:
        return self._read(self.before)

    def _read(self, span: Span) -> Week:
        return read([one.pk for one in self.integrations], span.start, span.end, now=self.now)


def facts_of(subscription: Subscription, fleet: Fleet) -> facts.WeekFacts | None:
    """What a subscription (see :func:`monitor.alerts.notices.ready`) is told of a week.

    None when nothing that it is about was watched then.
    """
    # As of a failure: what is only a warning is left out below.
    mine = [one for one in fleet.integrations if wants(subscription, one, State.FAIL)]
    if not mine:
        return None
    keys = {one.pk for one in mine}
    happened = _incidents(subscription, keys, fleet.span)
    before = _incidents(subscription, keys, fleet.before)
    still_open = _of(subscription, Incident.objects.filter(closed_at=None), keys).order_by("started_at", "pk")
    refreshes = Refresh.objects.filter(
        integration__in=keys, requested_at__gte=fleet.span.start, requested_at__lt=fleet.span.end
    )
    causes = Counter(ConditionKind(row.cause) for row in happened)
    longest = sorted(happened, key=lambda row: row.started_at - (row.closed_at or fleet.now))[:LONGEST]
    missing = Shipment.objects.filter(
        integration__in=keys,
        reached_at=None,
        due_at__gte=fleet.span.start,
        due_at__lt=min(fleet.span.end, fleet.now),
    )
    return facts.WeekFacts(
        start=fleet.span.start,
        end=fleet.span.end,
        at=fleet.now,
        integrations=len(mine),
        now=_shares(fleet.week, keys, len(happened)),
        before=_shares(fleet.week_before, keys, len(before)),
        causes=causes.most_common(),
        longest=_troubles(longest, fleet.now),
        still_open=_troubles(still_open[:STILL_OPEN], fleet.now),
        still_open_count=still_open.count(),
        latencies=_latencies(mine, fleet),
        slowest=_slowest(mine, fleet.week),
        refreshes=refreshes.count(),
        refreshes_moved=refreshes.filter(outcome=RefreshOutcome.MOVED).count(),
        numbers_missing=missing.count(),
    )


def _incidents(subscription: Subscription, keys: Collection[int], span: Span) -> list[Incident]:
    """Those that opened in that time."""
    rows = Incident.objects.filter(opened_at__gte=span.start, opened_at__lt=span.end)
    return list(_of(subscription, rows, keys))


def _of(subscription: Subscription, rows: QuerySet[Incident], keys: Collection[int]) -> QuerySet[Incident]:
    severity = Q() if subscription.include_warnings else Q(state=State.FAIL)
    return rows.filter(severity, pk__in=Member.objects.filter(integration__in=keys).values("incident"))


def _troubles(incidents: Iterable[Incident], now: datetime) -> list[facts.Trouble]:
    return [
        facts.Trouble(
            pk=one.incident.pk,
            title=one.facts.title,
            state=State(one.incident.state),
            cause=ConditionKind(one.incident.cause),
            rule=one.incident.rule,
            evidence=one.incident.evidence,
            started_at=one.incident.started_at,
            lasted_s=int(((one.incident.closed_at or now) - one.incident.started_at).total_seconds()),
            is_open=one.incident.closed_at is None,
        )
        for one in standing(incidents, now)
    ]


def _shares(week: Week, keys: Collection[int], incidents: int) -> facts.Shares:
    sums = total(figure for pk, figure in week.figures.items() if pk in keys)
    return facts.Shares(
        available=sums.availability,
        unknown=sums.unknown_share or 0.0,
        on_time=sums.on_time_share,
        orders=sums.orders,
        incidents=incidents,
    )


def _latencies(mine: Sequence[Integration], fleet: Fleet) -> list[facts.Latency]:
    """Shopify against the shops on servers of their own, where there are any."""
    found = []
    for hosting in GROUPS:
        keys = [one.pk for one in mine if one.store.platform in platforms_of(hosting)]
        if keys:
            half, tail = (_quantile(fleet.week, keys, q) for q in (0.5, 0.95))
            half_before, tail_before = (_quantile(fleet.week_before, keys, q) for q in (0.5, 0.95))
            orders = sum(_orders(fleet.week, pk) for pk in keys)
            found.append(
                facts.Latency(
                    hosting=hosting,
                    orders=orders,
                    half=half,
                    tail=tail,
                    half_before=half_before,
                    tail_before=tail_before,
                )
            )
    return found


def _slowest(mine: Sequence[Integration], week: Week) -> list[facts.Slow]:
    found = []
    for one in mine:
        orders = _orders(week, one.pk)
        if orders >= ENOUGH_ORDERS and (tail := _quantile(week, [one.pk], 0.95)):
            found.append(facts.Slow(title=str(one), name=one.name, orders=orders, tail=tail))
    return sorted(found, key=lambda slow: -slow.tail.value_s)[:SLOWEST]


def _orders(week: Week, pk: int) -> int:
    sketch = week.sketches.get(pk)
    return (sketch.n if sketch else 0) + len(week.waiting.get(pk, ()))


def _quantile(week: Week, keys: Sequence[int], q: float) -> facts.Quantile | None:
    """Orders that still wait count as "at least this long"."""
    sketch = merge(week.sketches[pk] for pk in keys if pk in week.sketches)
    found = kaplan_meier_quantile(sketch, [age for pk in keys for age in week.waiting.get(pk, ())], q)
    if found is None:
        return None
    return facts.Quantile(value_s=found.value_s, is_lower_bound=found.is_lower_bound)

"""Learning what is usual for an integration from its own last two weeks."""

from datetime import datetime, timedelta

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.collect.asking import questions
from monitor.collect.event_facts import daily_figures
from monitor.health import learning
from monitor.health.events import learn_ratio
from monitor.health.sketch import Sketch
from monitor.models import Arrival, HubState, Job, LatencyDay, Progress
from monitor.models.work import JobKind

WINDOW = timedelta(days=14)
ARRIVALS = 2_000
"""Newest arrivals that show the hub's rhythm while few fetches have been seen."""


def learn(integration_id: int, now: datetime) -> bool:
    """Learns tolerance and rhythm, or how many events are usual.

    Returns False while the history has not been read yet.
    """
    integration = Integration.objects.select_related("account").get(pk=integration_id)
    if ConditionKind.EVENTS in questions(integration.account.kind):
        ratio = learn_ratio(daily_figures(integration.account_id, now))
        Progress.objects.filter(integration=integration).update(learned_event_ratio=ratio, learned_at=now)
        return True
    if not _history_is_read(integration):
        return False
    days = LatencyDay.objects.filter(integration=integration, day__gte=(now - WINDOW).date())
    tolerance = learning.learn_tolerance(Sketch(day.n, tuple(day.buckets), tuple(day.counts)) for day in days)
    fetches = {
        moment
        for moment in HubState.objects.filter(
            integration=integration, at__gt=now - WINDOW, failing_since=None, last_fetched_at__isnull=False
        ).values_list("last_fetched_at", flat=True)
        if moment is not None
    }
    arrivals = _arrivals(integration_id, now) if len(fetches) < learning.ENOUGH_FETCHES else []
    rhythm = learning.learn_rhythm(sorted(fetches), arrivals)
    Progress.objects.filter(integration=integration).update(
        learned_tolerance_s=round(tolerance.total_seconds()) if tolerance else None,
        learned_rhythm_s=round(rhythm.total_seconds()) if rhythm else None,
        learned_at=now,
    )
    return True


def _history_is_read(integration: Integration) -> bool:
    if Job.objects.filter(kind=JobKind.HUB_HISTORY, target_id=integration.pk).exists():
        return False
    return (
        Job.objects.filter(
            kind=JobKind.STORE_ORDERS, target_id=integration.store_id, caught_up_at__isnull=False
        )
        | Job.objects.filter(
            kind=JobKind.HUB_ARRIVALS, target_id=integration.account_id, caught_up_at__isnull=False
        )
    ).count() == 2


def _arrivals(integration_id: int, now: datetime) -> list[datetime]:
    rows = (
        Arrival.objects.filter(integration_id=integration_id, arrived_at__gt=now - WINDOW)
        .order_by("-id")
        .values_list("arrived_at", flat=True)[:ARRIVALS]
    )
    return [moment for moment in rows if moment is not None]

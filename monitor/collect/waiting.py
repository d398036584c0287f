"""Which orders count as waiting for a hub."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from monitor.models import Arrival, Progress

JUDGING_WINDOW = timedelta(days=7)
"""An older order that newer ones have overtaken no longer counts: whether hubs keep listing what has
been shipped is not known. One that nothing has overtaken counts however old it is, or a shop with a
single stuck order would seem to recover."""


def waiting(integration_id: int, progress: Progress | None, now: datetime) -> QuerySet[Arrival]:
    """The orders of an integration that should be in the hub and are not."""
    counts = Q(eligible_at__gte=now - JUDGING_WINDOW)
    overtaken_until = progress.newest_arrived_eligible_at if progress else None
    counts |= Q(eligible_at__gt=overtaken_until) if overtaken_until else Q(eligible_at__isnull=False)
    return Arrival.objects.filter(
        counts, integration=integration_id, arrived_at__isnull=True, expected=True, eligible_at__lte=now
    )

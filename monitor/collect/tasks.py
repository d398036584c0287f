"""The Celery side of collecting: nudges that make a worker look for due work."""

from celery import shared_task
from django.utils import timezone

from monitor.collect import run
from monitor.collect.claim import claim
from monitor.collect.retention import delete_old
from monitor.models import Heartbeat

BATCH = 50
"""Jobs per batch: enough to share a loop and a connection, few enough to spread over workers."""


@shared_task
def tick() -> None:
    """Claims what is due and runs it. Losing or doubling this message changes nothing."""
    now = timezone.now()
    claimed = claim(now, limit=BATCH)
    if len(claimed) == BATCH:
        # There may be more: somebody else can start on it meanwhile.
        tick.delay()
    Heartbeat.objects.update_or_create(part="tick", defaults={"at": now})
    if claimed:
        run.run(claimed, now)


@shared_task
def housekeeping() -> None:
    """Deletes what is older than the configured retention, a batch at a time."""
    delete_old(timezone.now())

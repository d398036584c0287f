"""Celery's side of keeping the history."""

from celery import shared_task
from django.utils import timezone

from monitor.history.building import keep


@shared_task(name="monitor.history.tasks.keep_history")
def keep_history() -> None:
    """Losing or doubling this message changes nothing: what was missed is made up for by the next."""
    keep(timezone.now())

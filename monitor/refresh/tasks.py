"""Celery's side of refreshes."""

from celery import shared_task
from django.utils import timezone

from monitor.models import Heartbeat
from monitor.refresh import advance as moving
from monitor.refresh.automatic import follow_up


@shared_task(name="monitor.refresh.tasks.advance")
def advance() -> None:
    """Moves refreshes on. Asked for when a person did something, and by every tick."""
    now = timezone.now()
    follow_up(now)
    steps = moving.advance(now)
    Heartbeat.objects.update_or_create(part="refresh", defaults={"at": now, "detail": {"steps": steps}})

"""Celery's side of the outbox."""

from celery import shared_task
from django.utils import timezone

from monitor.alerts.outbox import deliver_due
from monitor.models import Heartbeat


@shared_task(name="monitor.alerts.tasks.deliver")
def deliver() -> None:
    """Sends what is due. Asked for after every commit that wrote a notice, and by every tick."""
    now = timezone.now()
    done = deliver_due(now)
    detail = {"sent": done.sent, "retried": done.retried, "given_up": done.given_up}
    Heartbeat.objects.update_or_create(part="deliver", defaults={"at": now, "detail": detail})

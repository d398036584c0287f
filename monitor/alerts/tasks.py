"""Celery's side of the alerting."""

from celery import shared_task
from django.utils import timezone

from monitor.alerts import postmen
from monitor.alerts.reminding import follow_up as follow_up_now
from monitor.alerts.settling import settle
from monitor.alerts.unhushing import unhush
from monitor.alerts.weekly.telling import tell_due
from monitor.models import Heartbeat


@shared_task(name="monitor.alerts.tasks.deliver")
def deliver() -> None:
    """Wakes those who send. Asked for after every commit that wrote a notice, and by every tick."""
    postmen.ensure()


@shared_task(name="monitor.alerts.tasks.follow_up")
def follow_up() -> None:
    """Ends what came and went and is calm, tells what ended maintenance windows kept quiet, reminds of what
    nobody answers, escalates."""
    now = timezone.now()
    last_here = Heartbeat.objects.filter(part="follow_up").values_list("at", flat=True).first()
    detail = {"settled": settle(now, last_here), "unhushed": unhush(now), "told": follow_up_now(now)}
    Heartbeat.objects.update_or_create(part="follow_up", defaults={"at": now, "detail": detail})


@shared_task(name="monitor.alerts.tasks.weekly")
def weekly() -> None:
    """Tells of the last week whoever is to hear of it by now."""
    now = timezone.now()
    detail = {"told": tell_due(now)}
    Heartbeat.objects.update_or_create(part="weekly", defaults={"at": now, "detail": detail})

"""Noting when nobody looked: pauses, and the times in which Syncwatch itself did not run."""

from datetime import datetime

from django.db import connection
from django.db.models import Value
from django.db.models.functions import Greatest

from integrations.models import Integration
from monitor.models import Heartbeat, Unwatched
from monitor.watch.parts import allowed_ages
from monitor.watch.snapshot import WATCHED

JUDGE = "judge"
_RESUMED = """
    UPDATE monitor_unwatched u SET end_at = GREATEST(%(now)s, u.start_at)
      FROM integrations_integration i
      JOIN integrations_store s ON s.id = i.store_id
      JOIN integrations_account a ON a.id = i.account_id
     WHERE u.integration_id = i.id AND u.end_at IS NULL AND NOT i.is_paused AND s.is_active AND a.is_active
"""
_PAUSED = """
    INSERT INTO monitor_unwatched (integration_id, start_at)
    SELECT i.id, %(now)s
      FROM integrations_integration i
      JOIN integrations_store s ON s.id = i.store_id
      JOIN integrations_account a ON a.id = i.account_id
     WHERE (i.is_paused OR NOT s.is_active OR NOT a.is_active)
       AND NOT EXISTS (SELECT 1 FROM monitor_unwatched u WHERE u.integration_id = i.id AND u.end_at IS NULL)
    ON CONFLICT DO NOTHING
"""


def note_pauses(now: datetime) -> None:
    """Notes which integrations have been paused or resumed since it was last called."""
    with connection.cursor() as cursor:
        cursor.execute(_RESUMED, {"now": now})
        cursor.execute(_PAUSED, {"now": now})


def note_silence(now: datetime, last_here: datetime | None) -> None:
    """Notes that nothing has been judged for longer than is usual.

    ``last_here`` is when this was last looked at. That it is long ago means that nothing ran: the judge may
    have begun again a moment before us.
    """
    longest = allowed_ages()[JUDGE]
    if last_here is not None and now - last_here > longest:
        Unwatched.objects.filter(integration=None, end_at=None).update(end_at=last_here)
        Unwatched.objects.create(start_at=last_here, end_at=now)
        return
    judged_at = Heartbeat.objects.filter(part=JUDGE).values_list("at", flat=True).first()
    silent = Unwatched.objects.filter(integration=None, end_at=None)
    if judged_at is None:
        return
    if now - judged_at <= longest:
        # A clock that was set back must not end it before it began.
        silent.update(end_at=Greatest("start_at", Value(judged_at)))
    elif not silent.exists() and Integration.objects.filter(WATCHED).exists():
        Unwatched.objects.create(start_at=judged_at)

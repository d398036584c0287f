"""How it was, by day, kept when the rows it was worked out from are long gone."""

from django.db import models
from django.db.models import F, Q

from integrations.models import Integration


class StateDay(models.Model):
    """An integration on one day (UTC): how long it was in each state, and how many orders came in time.

    The seconds add up to the part of the day in which the integration existed.
    """

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="state_days")
    day = models.DateField()
    ok_s = models.PositiveIntegerField(default=0)
    warn_s = models.PositiveIntegerField(default=0)
    fail_s = models.PositiveIntegerField(default=0)
    unknown_s = models.PositiveIntegerField(default=0)
    maintenance_s = models.PositiveIntegerField(default=0)
    """In a maintenance window, whatever its state was in it."""
    paused_s = models.PositiveIntegerField(default=0)
    orders = models.PositiveIntegerField(default=0)
    """Placed on this day: arrived, or waiting for longer than the tolerance."""
    on_time = models.PositiveIntegerField(default=0)
    """Those of them that arrived within the tolerance."""
    tolerance_s = models.PositiveIntegerField(null=True)
    """The tolerance that was in force when the day was first counted."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "day"], name="state_day_once")]
        indexes = [models.Index(fields=["day"], name="state_day_age")]


class Unwatched(models.Model):
    """A time in which nobody looked: an integration was paused, or Syncwatch itself did not run."""

    integration = models.ForeignKey(Integration, models.CASCADE, null=True, related_name="unwatched")
    """Null: all of them, because Syncwatch did not run."""
    start_at = models.DateTimeField()
    end_at = models.DateTimeField(null=True)
    """Null: still so."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration"],
                name="unwatched_once_at_a_time",
                condition=Q(end_at__isnull=True, integration__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(end_at__isnull=True) | Q(end_at__gte=F("start_at")), name="unwatched_lasts"
            ),
        ]
        indexes = [models.Index(fields=["integration", "start_at"], name="unwatched_of_integration")]

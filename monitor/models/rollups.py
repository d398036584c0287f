"""Latency sketches per hour and day: DDSketch buckets as two parallel sparse arrays.

Bucket ``i`` counts latencies in (gamma^(i-1), gamma^i] seconds; see ``monitor.health.sketch``.
An arrival belongs to the hour in which its order became eligible, however late it comes.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from integrations.models import Account, Integration


class Sketch(models.Model):
    """n latencies, as bucket numbers (ascending) and their counts."""

    n = models.PositiveIntegerField(default=0)
    buckets = ArrayField(models.SmallIntegerField(), default=list)
    counts = ArrayField(models.IntegerField(), default=list)

    class Meta:
        abstract = True


class LatencyHour(Sketch):
    """Import latencies of one integration for orders of one hour (UTC)."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="latency_hours")
    hour = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "hour"], name="latency_hour_once")]
        indexes = [BrinIndex(fields=["hour"], name="latency_hour_age")]


class LatencyDay(Sketch):
    """The same for orders of one day (UTC)."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="latency_days")
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "day"], name="latency_day_once")]


class LatencyFleetHour(Sketch):
    """The same for all integrations of one platform in one hub account."""

    platform = models.CharField(max_length=30)
    account = models.ForeignKey(Account, models.CASCADE, related_name="latency_hours")
    hour = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "account", "hour"], name="latency_fleet_hour_once")
        ]
        indexes = [models.Index(fields=["hour"], name="latency_fleet_hour_at")]


class LatencyFleetDay(Sketch):
    """The same for orders of one day (UTC): what charts of months are drawn from."""

    platform = models.CharField(max_length=30)
    account = models.ForeignKey(Account, models.CASCADE, related_name="latency_days")
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "account", "day"], name="latency_fleet_day_once")
        ]
        indexes = [models.Index(fields=["day"], name="latency_fleet_day_at")]

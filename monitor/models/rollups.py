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


class LatencyGroup(models.Model):
    """Integrations of one account whose stores have the same platform and tags: whoever sees or chooses one
    of them sees or chooses all.

    Who belongs to it is worked out anew each time. Here only stands whose latencies are summed up.
    """

    key = models.CharField(max_length=32, unique=True)
    """Made of the keys of its integrations: whose shop is tagged otherwise is in another group."""
    until = models.DateField()
    """All its days before this one are summed up."""


class LatencyGroupDay(Sketch):
    """The sum of :class:`LatencyDay` over a group, as far as no :class:`LatencyLate` speaks of it."""

    group = models.ForeignKey(LatencyGroup, models.CASCADE, related_name="days")
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "day"], name="latency_group_day_once")]


class LatencyLate(models.Model):
    """A mark that something was added to a day of an integration when that day was over.

    Not unique: who leaves one waits for nobody, and none is taken for one that is just being cleared away.
    """

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="+")
    day = models.DateField()

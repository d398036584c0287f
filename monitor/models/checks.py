"""What is known of connected systems apart from orders: checks, changes, counts, people's answers."""

from django.db import models

from integrations.models import Account, Integration, Store


class StoreState(models.Model):
    """What a store says of itself; one row each."""

    store = models.OneToOneField(Store, models.CASCADE, primary_key=True, related_name="state")
    checked_at = models.DateTimeField()
    version = models.CharField(max_length=60, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    """As the store tells it; empty: could not be read."""
    clock_skew_s = models.FloatField(null=True)
    """The store's clock minus ours."""


class CheckResult(models.Model):
    """The answer to one check of a store, an integration, an account or a zone; current, not history."""

    class Source(models.TextChoices):
        STORE = "store", "the store itself"
        INTEGRATION = "integration", "the hub, of one integration"
        ACCOUNT = "account", "the hub, of the account"
        EDGE = "edge", "the zone in front of the store"

    source = models.CharField(max_length=12, choices=Source)
    target_id = models.BigIntegerField()
    """Primary key of the store (also for ``edge``), integration or account, by source."""
    kind = models.CharField(max_length=20)
    """The condition it speaks about."""
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10)
    text = models.CharField(max_length=400)
    """English template; ``values`` fill it."""
    values = models.JSONField(default=dict)
    remedy = models.CharField(max_length=600, blank=True)
    since = models.DateTimeField()
    """Since when it is in this state, as far as was looked."""
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target_id", "code", "subject"], name="check_once_per_target"
            )
        ]


class EdgeChange(models.Model):
    """What was changed in the zone in front of a store between two audits."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="edge_changes")
    at = models.DateTimeField()
    """When it was noticed."""
    changes = models.JSONField(default=list)
    """``[{"what", "before", "after"}]``; empty for the first audit."""
    snapshot = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["store", "-at"], name="edge_change_newest")]


class EventHour(models.Model):
    """How often something happened in an hour, as a marketing hub counted it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="event_hours")
    meaning = models.CharField(max_length=30)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField()
    is_settled = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "meaning", "hour"], name="event_hour_once")]


class ManualTick(models.Model):
    """A person's answer to something that no API tells. Unticking removes the row; the audit keeps it."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="ticks")
    code = models.CharField(max_length=60)
    ticked_at = models.DateTimeField()
    ticked_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "code"], name="tick_once")]

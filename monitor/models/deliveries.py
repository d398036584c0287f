"""Webhook deliveries that were received."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from integrations.models import Account, Store


class Delivery(models.Model):
    """A webhook delivery that was verified. Its body is not kept."""

    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="deliveries")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="deliveries")
    key = models.CharField(max_length=64)
    """The sender's id of the delivery, or the body's SHA-256 where it gives none."""
    topic = models.CharField(max_length=80)
    order_key = models.CharField(max_length=80, blank=True)
    triggered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "account", "key"], name="delivery_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["store", "-received_at"], name="delivery_newest"),
            BrinIndex(fields=["received_at"], name="delivery_age"),
        ]

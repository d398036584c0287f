"""Parcels, and whether their tracking numbers reached the stores."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from integrations.models import Integration


class Shipment(models.Model):
    """A parcel of a hub for an order, and whether its number reached the store's order."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="shipments")
    hub_id = models.CharField(max_length=80)
    number = models.CharField(max_length=80, blank=True)
    """The tracking number; empty: there is none yet."""
    carrier = models.CharField(max_length=60, blank=True)
    url = models.CharField(max_length=300, blank=True)
    order_key = models.CharField(max_length=80, blank=True)
    """The store's id of the order; empty until the order is known."""
    order_number = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=60, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    """Why the carrier refused the parcel."""
    announced_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    """From when on the store should have the number; null: it is not expected (yet)."""
    changed_at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True)
    """When the number was first seen in the store's order."""
    looked_at = models.DateTimeField(null=True)
    """When the store's order was last asked."""
    missing_reason = models.CharField(max_length=40, blank=True)
    """What the last look found: ``no_order``, ``not_shipped``, ``other_number``, ``no_number``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "hub_id"], name="shipment_once_per_integration")
        ]
        indexes = [
            models.Index(
                fields=["integration", "due_at"],
                name="shipment_missing",
                condition=Q(reached_at__isnull=True, due_at__isnull=False),
            ),
            models.Index(fields=["integration", "order_number"], name="shipment_order"),
            BrinIndex(fields=["changed_at"], name="shipment_age"),
        ]

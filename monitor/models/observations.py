"""What was read from stores and hubs. No customer data."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from integrations.models import Account, Integration, Store


class Order(models.Model):
    """An order of a store, read once however many hubs the store feeds."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="orders")
    external_id = models.CharField(max_length=80)
    number = models.CharField(max_length=80)
    """What people see, without a leading ``#``."""
    ordered_at = models.DateTimeField()
    eligible_at = models.DateTimeField()
    """From when on a hub could import it."""
    changed_at = models.DateTimeField()
    status = models.CharField(max_length=40)
    expected = models.BooleanField()
    unexpected_reason = models.CharField(max_length=80, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "external_id"], name="order_once_per_store")]
        indexes = [
            models.Index(fields=["store", "number"], name="order_number"),
            models.Index(fields=["store", "ordered_at"], name="order_by_store_and_time"),
            BrinIndex(fields=["ordered_at"], name="order_age"),
        ]


class Arrival(models.Model):
    """An order in one integration: made by whichever side is read first, store or hub.

    The store's side sets ``eligible_at``, the hub's ``arrived_at``; a row with both has a latency.
    """

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="arrivals")
    order_key = models.CharField(max_length=80)
    """The store's id of the order."""
    order_number = models.CharField(max_length=80)
    eligible_at = models.DateTimeField(null=True)
    expected = models.BooleanField(default=True)
    arrived_at = models.DateTimeField(null=True)
    hub_id = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "order_key"], name="arrival_once")]
        indexes = [
            models.Index(
                fields=["integration", "eligible_at"],
                name="arrival_waiting",
                condition=Q(arrived_at__isnull=True, expected=True),
            ),
            models.Index(
                fields=["integration", "order_number"],
                name="arrival_unmatched",
                condition=Q(eligible_at__isnull=True),
            ),
            BrinIndex(fields=["arrived_at"], name="arrival_age"),
            models.Index(
                fields=["eligible_at"],
                name="arrival_never_expected",
                condition=Q(arrived_at__isnull=True, expected=False),
            ),
        ]


class HubState(models.Model):
    """What the hub said of an integration; a row per change, the newest row is current."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="hub_states")
    at = models.DateTimeField()
    """When it was first read so."""
    failing_since = models.DateTimeField(null=True)
    last_fetched_at = models.DateTimeField(null=True)
    settings_changed_at = models.DateTimeField(null=True)
    system = models.CharField(max_length=60, blank=True)
    """The hub's word for the shop system."""
    feedback = models.CharField(max_length=20, blank=True)
    """When the hub writes tracking numbers to the store: ``eager``, ``delayed``, ``none``; empty: unknown."""
    is_listed = models.BooleanField(default=True)
    """False: the hub no longer lists the integration."""

    class Meta:
        indexes = [models.Index(fields=["integration", "-at"], name="hub_state_newest")]


class HubFailureLog(models.Model):
    """A failed call of the hub to the store, from the hub's own log; redacted."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="failure_logs")
    integration = models.ForeignKey(Integration, models.CASCADE, null=True, related_name="failure_logs")
    external_id = models.CharField(max_length=80)
    at = models.DateTimeField()
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    status = models.PositiveIntegerField(null=True)
    exception_type = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=20)
    by = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="hub_failure_once")]
        indexes = [
            models.Index(fields=["integration", "-at"], name="hub_failure_newest"),
            BrinIndex(fields=["at"], name="hub_failure_age"),
        ]


class Call(models.Model):
    """What a remote answered us when it was not fine, and a sample of when it was."""

    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="calls")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="calls")
    is_probe = models.BooleanField(default=False)
    at = models.DateTimeField()
    method = models.CharField(max_length=10)
    url = models.CharField(max_length=500)
    user_agent = models.CharField(max_length=200, blank=True)
    status = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=20)
    by = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    excerpt = models.CharField(max_length=500, blank=True)
    timings = models.JSONField(default=dict)
    """Milliseconds by phase: resolve, connect, tls, wait, transfer."""
    tls_expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(store__isnull=False) ^ Q(account__isnull=False), name="call_of_one_remote"
            )
        ]
        indexes = [
            models.Index(fields=["store", "-at"], name="call_store_newest"),
            models.Index(fields=["account", "-at"], name="call_account_newest"),
            BrinIndex(fields=["at"], name="call_age"),
            models.Index(fields=["at"], name="call_good", condition=Q(outcome="passed")),
        ]

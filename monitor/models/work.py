"""Work that falls due again and again, and the limits under which it is done."""

from django.db import models

from integrations.models import Account


class JobKind(models.TextChoices):
    STORE_ORDERS = "store_orders", "read a store's orders"
    STORE_ACCESS = "store_access", "probe a store as its hubs would"
    STORE_EXAMINATION = "store_examination", "find out who lets a store's hubs pass"
    STORE_CHECK = "store_check", "check a store's version, clock, webhooks and rights"
    STORE_TRACKING = "store_tracking", "look for tracking numbers in a store's orders"
    STORE_EDGE = "store_edge", "audit the zone in front of a store"
    HUB_STATE = "hub_state", "read an account's integrations and failure log"
    HUB_ARRIVALS = "hub_arrivals", "read what arrived in an account"
    HUB_HISTORY = "hub_history", "read the history of one integration"
    HUB_SHIPMENTS = "hub_shipments", "read the parcels of one integration"
    HUB_CHECK = "hub_check", "check the hub's settings of one integration"
    HUB_EVENTS = "hub_events", "read what a marketing hub counted"
    LEARN = "learn", "learn an integration's tolerance and rhythm"


OF_STORE = frozenset(
    {
        JobKind.STORE_ORDERS,
        JobKind.STORE_ACCESS,
        JobKind.STORE_EXAMINATION,
        JobKind.STORE_CHECK,
        JobKind.STORE_TRACKING,
        JobKind.STORE_EDGE,
    }
)
OF_ACCOUNT = frozenset({JobKind.HUB_STATE, JobKind.HUB_ARRIVALS, JobKind.HUB_EVENTS})
"""Whose primary key a job's ``target_id`` is, by kind; of all others it is an integration's."""


class Job(models.Model):
    """One kind of work on one target, due again and again.

    A worker claims it by a conditional update that sets the lease; only the holder of
    ``lease_token`` may store what it read, in the transaction that moves ``cursor``.
    """

    kind = models.CharField(max_length=20, choices=JobKind)
    target_id = models.BigIntegerField()
    """Primary key of the store, account or integration, by kind."""
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="jobs")
    """The account whose rate limit the work uses, if any."""
    due_at = models.DateTimeField()
    interval_s = models.PositiveIntegerField()
    """Seconds between runs; 0: once, then the row is deleted."""
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    cursor = models.JSONField(default=dict)
    caught_up_at = models.DateTimeField(null=True)
    """When the source had first been read to its end; null: its history is still being read."""
    last_started_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=40, blank=True)
    """Name of the error class of the last run; empty when it went well."""
    last_message = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "target_id"], name="job_once_per_target")]
        indexes = [models.Index(fields=["due_at"], name="job_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"


class RateLimit(models.Model):
    """The next free moment of an account's request budget, shared by all workers."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="rate_limit")
    free_at = models.DateTimeField()


class Heartbeat(models.Model):
    """When a part of Syncwatch itself last did its work."""

    part = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

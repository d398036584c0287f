"""Forced resyncs, recorded with who, why, and the evidence before and after."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models import Integration
from monitor.models.people import who_acted


class RefreshStrategy(models.TextChoices):
    HUB_API = "hub_api", _("the hub's refresh request")
    PUSH_ORDERS = "push_orders", _("waiting orders are sent to the hub")
    REPUSH_TRACKING = "repush_tracking", _("missing tracking numbers are written to the store")
    NUDGE_STORE = "nudge_store", _("waiting orders are touched in the store")
    PANEL = "panel", _("a person presses Refresh in the hub's panel")


class RefreshStage(models.TextChoices):
    QUEUED = "queued", _("queued")
    ASKING = "asking", _("under way")
    WAITING = "waiting", _("waiting for a person")
    WATCHING = "watching", _("watching whether orders move")
    DONE = "done", _("done")


class RefreshOutcome(models.TextChoices):
    MOVED = "moved", _("moved")
    NO_EFFECT = "no_effect", _("no effect")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class BulkRefresh(models.Model):
    """Refreshes that one person asked for together, with one reason."""

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="requested_bulk_refreshes"
    )
    """As in :class:`Refresh`."""
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)
    requested_at = models.DateTimeField()
    refused = models.JSONField(default=list)
    """``[{"integration": its name, "title": ..., "reason": a sentence in English}]``: what was not asked."""

    class Meta:
        verbose_name = _("refresh of several")
        verbose_name_plural = _("refreshes of several")

    @property
    def who(self) -> str:
        """Who asked for it, as pages name people; a sentence in English where that was nobody."""
        return who_acted(self.requested_by, self.actor)


class Refresh(models.Model):
    """One forced resync of one integration."""

    integration = models.ForeignKey(
        Integration, models.CASCADE, verbose_name=_("integration"), related_name="refreshes"
    )
    bulk = models.ForeignKey(BulkRefresh, models.SET_NULL, null=True, related_name="refreshes")
    """Null: asked for alone."""
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="requested_refreshes"
    )
    """Null: the command line, or a person since deleted; ``actor`` keeps the name."""
    actor = models.CharField(max_length=150)
    reason = models.CharField(_("reason"), max_length=300)
    strategy = models.CharField(_("how"), max_length=20, choices=RefreshStrategy)
    stage = models.CharField(_("progress"), max_length=20, choices=RefreshStage, default=RefreshStage.QUEUED)
    outcome = models.CharField(_("outcome"), max_length=20, choices=RefreshOutcome, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    """One sentence on how it stands or ended, in English; pages tell it in the reader's language."""
    only = models.JSONField(default=list)
    """Store's ids of the orders it is about; empty: all that wait or lack their number."""
    before = models.JSONField(default=dict)
    """Evidence when it was asked for: last_fetched_at, failing_since, waiting, oldest_waiting_at."""
    after = models.JSONField(default=dict)
    """The same evidence when it ended."""
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    tries = models.JSONField(default=list)
    """``[{"at": when it was asked, "said": what came of it, in English}]``; one for each answer."""
    requested_at = models.DateTimeField(_("asked for"))
    asked_at = models.DateTimeField(_("the hub was asked"), null=True)
    """When the hub (or the person in the panel) was asked; the effect must come after it."""
    give_up_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("ended"), null=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("refresh")
        verbose_name_plural = _("refreshes")
        constraints = [
            models.UniqueConstraint(
                fields=["integration"], name="refresh_one_running", condition=Q(finished_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["integration", "-requested_at"], name="refresh_newest"),
            models.Index(fields=["due_at"], name="refresh_due", condition=Q(finished_at__isnull=True)),
        ]
        permissions = [("force_refresh", "Can force a refresh")]

    @property
    def who(self) -> str:
        """Who asked for it, as pages name people; a sentence in English where that was nobody."""
        return who_acted(self.requested_by, self.actor)


class RecoveryDecision(models.TextChoices):
    SUGGESTED = "suggested", _("a refresh was suggested")
    REFRESHED = "refreshed", _("a refresh was asked for")
    LEFT = "left", _("nothing was done")


class Recovery(models.Model):
    """A store could be reached again while its hub still lagged behind, and what was done about it.

    The row is made in the transaction of the judgement and decided upon once, so that no recovery ever
    leads to two refreshes, whatever is killed in between.
    """

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="recoveries")
    recovered_at = models.DateTimeField()
    """When the last of what had kept the hub out was well again."""
    due_at = models.DateTimeField()
    """When it is looked at next, as long as nothing is decided."""
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=10, choices=RecoveryDecision, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    """Why, as one sentence in English."""
    refresh = models.OneToOneField(Refresh, models.SET_NULL, null=True, related_name="recovery")

    class Meta:
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")
        constraints = [models.UniqueConstraint(fields=["integration", "recovered_at"], name="recovery_once")]
        indexes = [
            models.Index(fields=["due_at"], name="recovery_due", condition=Q(decided_at__isnull=True)),
        ]

"""Times at which trouble is expected, and what people say and do about trouble."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integrations.models import Account, Integration, Store


class Maintenance(models.Model):
    """A maintenance window, once or again and again: what it covers is watched, but nobody is told.

    It covers one store, one hub account, all stores with a tag, or everything. When it occurs is
    :mod:`monitor.alerts.windows`'.
    """

    title = models.CharField(_("what is done"), max_length=120)
    store = models.ForeignKey(Store, models.CASCADE, null=True, blank=True, related_name="maintenances")
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="maintenances")
    tag = models.CharField(_("tag"), max_length=40, blank=True)
    starts_at = models.DateTimeField(_("from"))
    """Of the first occurrence."""
    ends_at = models.DateTimeField(_("until"))
    recurrence = models.CharField(_("repeats"), max_length=300, blank=True)
    """An RFC 5545 recurrence rule without its ``RRULE:``; empty: once."""
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    """In which it recurs at the same time of day."""
    cut_at = models.DateTimeField(null=True, blank=True)
    """The occurrence that ran at this moment ended at it."""
    closed_at = models.DateTimeField(null=True, blank=True)
    """There are no occurrences from this moment on."""
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="maintenances"
    )

    class Meta:
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="maintenance_lasts"),
            models.CheckConstraint(
                condition=Q(store=None, account=None) | Q(store=None, tag="") | Q(account=None, tag=""),
                name="maintenance_of_one_thing",
            ),
        ]
        permissions = [("plan_maintenance", "Can plan and end maintenance windows")]

    def __str__(self) -> str:
        return self.title

    def covers(self, integration: Integration) -> bool:
        """Whether it concerns an integration (whose ``store`` is loaded)."""
        if self.store_id is not None:
            return self.store_id == integration.store_id
        if self.account_id is not None:
            return self.account_id == integration.account_id
        return not self.tag or self.tag in integration.store.tags


class RemarkKind(models.TextChoices):
    """What a person did about an incident."""

    COMMENTED = "commented", _("commented")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    SNOOZED = "snoozed", _("snoozed")


class Remark(models.Model):
    """What a person said or did about an incident."""

    incident = models.ForeignKey("monitor.Incident", models.CASCADE, related_name="remarks")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=RemarkKind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="remarks")
    is_by_mail = models.BooleanField(default=False)
    """By the link in a mail. Without a user: by whoever reads an address that belongs to no one person."""
    text = models.CharField(max_length=1000, blank=True)
    until = models.DateTimeField(null=True)
    """Of a snooze."""

    class Meta:
        indexes = [models.Index(fields=["incident", "at"], name="remark_of_incident")]

"""People, and the record of what they did."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person who signs in. Language and zone decide how pages read."""

    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=60, blank=True, help_text=_("Empty: the browser's time zone.")
    )


class Audit(models.Model):
    """Who changed what, when, from what to what. Append-only; never holds a secret."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="audits")
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    """A verb and its object: ``refresh.request``, ``incident.acknowledge``, ``fleet.apply``."""
    target = models.CharField(max_length=160)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="audit_newest")]

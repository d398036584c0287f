"""Accounts, stores and the integrations between them. Credentials are encrypted at rest."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from integrations.contracts import Target
from integrations.crypto import EncryptedJSONField
from integrations.registry import EDGES, HUBS, STORES


def store_platforms() -> list[tuple[str, str]]:
    return [(kind, kind.capitalize()) for kind in STORES]


def account_kinds() -> list[tuple[str, str]]:
    return [(kind, kind.capitalize()) for kind in (*HUBS, *EDGES)]


class Account(models.Model):
    """One set of credentials at a hub, or at the operator of an edge. Rate limits belong to it."""

    name = models.SlugField(_("name"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=30, choices=account_kinds)
    url = models.URLField(_("API address"), max_length=500)
    credentials = EncryptedJSONField(_("credentials"), default=dict, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    requests_per_minute = models.PositiveIntegerField(
        _("requests per minute"), default=60, validators=[MinValueValidator(1)]
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("connected"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title or self.name

    def target(self) -> Target:
        return Target(self.name, self.url, self.credentials, self.settings)


class Store(models.Model):
    """A shop."""

    name = models.SlugField(_("name"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=120, blank=True)
    platform = models.CharField(_("platform"), max_length=30, choices=store_platforms)
    url = models.URLField(_("address"), max_length=500)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    credentials = EncryptedJSONField(_("credentials"), default=dict, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)
    edge = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("zone"), related_name="edge_stores", null=True, blank=True
    )
    """The account that reads the zone in front of the store."""
    edge_host = models.CharField(
        _("host in the zone"),
        max_length=253,
        blank=True,
        help_text=_("Where customers shop, for example www.shop.example. Empty: the host of the address."),
    )
    allows_nudge = models.BooleanField(
        _("may be nudged"),
        default=False,
        help_text=_("Waiting orders may be touched harmlessly, so that the shop's webhooks fire again."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("connected"), auto_now_add=True)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title or self.name

    def target(self) -> Target:
        return Target(self.name, self.url, self.credentials, self.settings, self.time_zone)


class AutoRefresh(models.TextChoices):
    """What happens when a store has become accessible again and its hub stays throttled or failing."""

    OFF = "off", _("nothing")
    SUGGEST = "suggest", _("suggest a refresh")
    DO = "do", _("refresh it, once")


def refresh_request_only() -> list[str]:
    """The way that changes neither the store nor its orders."""
    return ["hub_api"]


class Integration(models.Model):
    """One store in one hub account: the unit of health."""

    name = models.SlugField(_("name"), max_length=120, unique=True)
    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("hub account"), related_name="integrations"
    )
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="integrations")
    external_id = models.CharField(_("id at the hub"), max_length=80)
    tolerance_s = models.PositiveIntegerField(
        _("tolerance in seconds"), null=True, blank=True, help_text=_("Empty: learned from the last 14 days.")
    )
    tracking_tolerance_s = models.PositiveIntegerField(
        _("tracking tolerance in seconds"), null=True, blank=True, help_text=_("Empty: one hour.")
    )
    is_paused = models.BooleanField(_("paused"), default=False)
    auto_refresh = models.CharField(
        _("when the store can be reached again, but its hub lags behind"),
        max_length=10,
        choices=AutoRefresh,
        default=AutoRefresh.SUGGEST,
    )
    auto_refresh_ways = models.JSONField(
        _("ways a refresh may take by itself"), default=refresh_request_only, blank=True
    )
    """Of ``hub_api``, ``push_orders``, ``nudge_store``; sending and touching orders is not done unasked."""
    created_at = models.DateTimeField(_("connected"), auto_now_add=True)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="integration_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.store} → {self.account}"

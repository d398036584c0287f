"""Incidents and the notices about them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.crypto import EncryptedJSONField
from integrations.models import Integration, Store
from monitor.models.conditions import condition_kinds, states


class Incident(models.Model):
    """A period in which the verdict of one or more integrations is bad for one reason."""

    scope = models.CharField(max_length=80)
    """What the members share: ``integration:12``, ``account:3``."""
    cause = models.CharField(_("cause"), max_length=20, choices=condition_kinds)
    rule = models.CharField(max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=states)
    evidence = models.JSONField(default=dict)
    opened_at = models.DateTimeField(_("noticed"))
    started_at = models.DateTimeField(_("began"))
    """Since when it is bad, as far as the evidence reaches; before ``opened_at``."""
    closed_at = models.DateTimeField(_("over"), null=True)
    peak_waiting = models.PositiveIntegerField(_("most orders waiting"), default=0)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("acknowledged by"),
        null=True,
        related_name="acknowledged_incidents",
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    """Until then nobody is reminded; empty again once that is over."""
    hushed_at = models.DateTimeField(null=True)
    """When it opened or became worse inside a maintenance window, so that nobody was told."""
    hushed_by = models.ForeignKey("monitor.Maintenance", models.SET_NULL, null=True, related_name="hushed")
    unhushed_at = models.DateTimeField(null=True)
    """When that was made up for."""
    flapping_since = models.DateTimeField(_("comes and goes since"), null=True)
    """When it was found to open and close over and over; from then on it stays open until it is calm."""
    calm_since = models.DateTimeField(null=True)
    """Since when nobody in a flapping incident is ill."""
    look_again_at = models.DateTimeField(null=True)
    """Before that nobody has to be reminded of it or told in the second place; empty: it may be due now."""
    looked_for = models.CharField(max_length=16, blank=True, default="", db_default="")
    """The sign of those for whom this was worked out (see :mod:`monitor.alerts.reminding`)."""

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "scope"], name="incident_open_once", condition=Q(closed_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["-opened_at"], name="incident_newest"),
            models.Index(fields=["opened_at"], name="incident_open", condition=Q(closed_at__isnull=True)),
            models.Index(
                fields=["hushed_by"],
                name="incident_hushed",
                condition=Q(hushed_at__isnull=False, unhushed_at__isnull=True),
            ),
            models.Index(
                fields=["snoozed_until"], name="incident_snoozed", condition=Q(snoozed_until__isnull=False)
            ),
        ]
        permissions = [("acknowledge_incident", "Can acknowledge incidents")]

    def __str__(self) -> str:
        return gettext("Incident %(number)s") % {"number": self.pk}

    @property
    def is_shared(self) -> bool:
        """Whether it is about what many integrations suffer from together."""
        return not self.scope.startswith("integration:")

    @property
    def shared_title(self) -> str:
        """What they share, as people call it; empty for an incident of a single integration."""
        return str(self.evidence.get("shared", "")) if self.is_shared else ""


class Member(models.Model):
    """An integration in an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, verbose_name=_("incident"), related_name="members")
    integration = models.ForeignKey(
        Integration, models.CASCADE, verbose_name=_("integration"), related_name="memberships"
    )
    joined_at = models.DateTimeField(_("from"))
    left_at = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("integration in it")
        verbose_name_plural = _("integrations in it")
        constraints = [
            models.UniqueConstraint(
                fields=["integration"], name="member_of_one_open_incident", condition=Q(left_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return str(self.integration)


class Channel(models.TextChoices):
    """By what way a subscription is told."""

    MAIL = "mail", _("e-mail")
    WEBHOOK = "webhook", _("web-hook")
    SLACK = "slack", _("Slack-compatible web-hook")


class Subscription(models.Model):
    """Who is told about incidents, by which way, and about which."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("person"),
        null=True,
        blank=True,
        related_name="subscriptions",
        help_text=_("Empty: a shared address."),
    )
    channel = models.CharField(
        _("by"), max_length=10, choices=Channel.choices, default=Channel.MAIL, db_default=Channel.MAIL
    )
    email = models.EmailField(_("e-mail address"), blank=True)
    label = models.CharField(_("name"), max_length=60, blank=True)
    """What people call a web-hook, whose address is a secret."""
    endpoint = EncryptedJSONField(_("address of the web-hook"), default=dict, blank=True)
    """``{"url": ..., "secret": ...}`` of a web-hook: its address, and the key that signs what is sent."""
    bounced_at = models.DateTimeField(_("refused for good"), null=True, blank=True)
    """When the address was refused for good; nothing is sent until a person says that it works again."""
    bounce_answer = models.CharField(_("the server's answer"), max_length=500, blank=True)
    """What the server said to that."""
    weekly_report = models.BooleanField(_("weekly report"), default=True, db_default=True)
    reported_week = models.DateField(_("last week reported"), null=True, blank=True)
    """The Monday of the last week that was reported."""
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    tags = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("tags"),
        default=list,
        blank=True,
        help_text=_("Empty: all stores."),
    )
    platforms = ArrayField(
        models.CharField(max_length=30),
        verbose_name=_("platforms"),
        default=list,
        blank=True,
        help_text=_("Empty: all platforms."),
    )
    stores = models.ManyToManyField(
        Store, verbose_name=_("stores"), blank=True, help_text=_("None chosen: all stores.")
    )
    include_warnings = models.BooleanField(_("warnings too"), default=True)
    escalates_after = models.PositiveIntegerField(
        _("only if nobody acknowledges"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Told only of what nobody has acknowledged after so many minutes. Empty: told at once."),
    )
    quiet_from = models.TimeField(
        _("quiet from"), null=True, blank=True, help_text=_("In the time zone above. Empty: never quiet.")
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    urgent_passes = models.BooleanField(
        _("failures pass"), default=True, help_text=_("Failures are told in quiet hours too.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    scope_tags: frozenset[str] | None = None
    """Of stores that the person may see; None: of all. Filled in by :func:`monitor.alerts.notices.ready`."""
    store_keys: frozenset[int] = frozenset()
    """Of ``stores``, filled in by the same; empty: all."""

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["email"], name="subscription_once_per_address", condition=Q(channel=Channel.MAIL)
            ),
            models.CheckConstraint(
                condition=~Q(channel=Channel.MAIL) | ~Q(email=""),
                name="subscription_mail_has_address",
                violation_error_message=_("Enter the e-mail address."),
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="subscription_quiet_hours",
                violation_error_message=_("Quiet hours need a beginning and another end."),
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.label

    @property
    def recipient(self) -> str:
        """Who is told, as notices name it: the address, or ``hook:`` and the number of a web-hook."""
        return self.email if self.channel == Channel.MAIL else f"hook:{self.pk}"


class Notice(models.Model):
    """The outbox: one message to one recipient about one step of one incident."""

    incident = models.ForeignKey(
        Incident, models.CASCADE, verbose_name=_("incident"), null=True, related_name="notices"
    )
    step = models.CharField(_("about"), max_length=20)
    """Why it is written; see :class:`monitor.alerts.facts.Step`."""
    channel = models.CharField(
        _("by"), max_length=10, choices=Channel.choices, default=Channel.MAIL, db_default=Channel.MAIL
    )
    recipient = models.CharField(_("to"), max_length=254)
    """See :attr:`Subscription.recipient`."""
    language = models.CharField(max_length=8, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    context = models.JSONField(default=dict)
    """What the mail says, as it was true when the step happened."""
    message_id = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(_("written"))
    due_at = models.DateTimeField(_("next attempt"))
    group = models.CharField(max_length=60, blank=True)
    """What is due for one recipient in one group goes out as one mail; empty: a mail of its own."""
    sent_with = models.ForeignKey("self", models.SET_NULL, null=True, related_name="carried")
    """The notice whose mail tells this one too. A group is fixed before its first attempt, and whose mail
    it is points to itself: the same Message-ID must never stand on two different mails."""
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    failed_at = models.DateTimeField(_("given up"), null=True)
    """The mail server refused for good."""
    answer = models.CharField(_("the server's answer"), max_length=500, blank=True)
    """The mail server's last answer."""

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["incident", "step", "recipient"], name="notice_once"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(failed_at__isnull=True), name="notice_one_end"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="notice_due",
                condition=Q(sent_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(fields=["recipient", "-created_at"], name="notice_of_recipient"),
        ]

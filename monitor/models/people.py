"""People, and the record of what they did."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    """How pages look to a person."""

    AUTO = "", _("As the device is set")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    """A person who signs in. Language and zone decide how pages read.

    The groups say what somebody may do for all stores; a :class:`Role` gives the rights of a group for some.
    """

    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=60, blank=True, help_text=_("Empty: the browser's time zone.")
    )
    theme = models.CharField(
        _("theme"), max_length=5, choices=Theme.choices, blank=True, default="", db_default=""
    )
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    """To within five minutes."""

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    @property
    def called(self) -> str:
        """How pages name the person: the full name, or the user name of whoever gave none."""
        return self.get_full_name() or self.get_username()


def who_acted(user: User | None, actor: str) -> str:
    """The words kept of who acted; a person who is still there is named in them as on every page."""
    if user is None or not f"{actor} ".startswith(f"{user.get_username()} "):
        return actor
    return user.called + actor.removeprefix(user.get_username())


class Role(models.Model):
    """A person has a group's rights for the stores with one of these tags, and for no other."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="roles"
    )
    group = models.ForeignKey(Group, models.CASCADE, verbose_name=_("role"), related_name="roles")
    tags = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("for stores with the tags"),
        help_text=_("Separated by commas; one of them is enough."),
    )

    class Meta:
        verbose_name = _("role for some stores")
        verbose_name_plural = _("roles for some stores")
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="role_once_per_group"),
            models.CheckConstraint(condition=Q(tags__len__gt=0), name="role_of_some_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {', '.join(self.tags)}"


class Invitation(models.Model):
    """Somebody was asked to join, by a mail with a link that works once and for a while."""

    email = models.EmailField(_("e-mail address"))
    group = models.ForeignKey(Group, models.CASCADE, verbose_name=_("role"), related_name="invitations")
    tags = ArrayField(
        models.CharField(max_length=40), verbose_name=_("for stores with the tags"), default=list, blank=True
    )
    """Empty: for all stores."""
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="invitations"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="invitation"
    )
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [models.Index(fields=["-created_at"], name="invitation_newest")]

    def __str__(self) -> str:
        return self.email


class Audit(models.Model):
    """Who changed what, when, from what to what. Append-only; never holds a secret."""

    at = models.DateTimeField(_("when"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("person"), null=True, related_name="audits"
    )
    actor = models.CharField(_("who"), max_length=150)
    action = models.CharField(_("what"), max_length=60)
    """A verb and its object: ``refresh.request``, ``incident.acknowledge``, ``fleet.apply``."""
    target = models.CharField(_("to what"), max_length=160)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [models.Index(fields=["-at"], name="audit_newest")]

    @property
    def who(self) -> str:
        return who_acted(self.user, self.actor)

"""What happened, read-only: incidents, transitions, refreshes, notices and the audit."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor import wording
from monitor.admin.base import ReadOnly, Whether, in_words
from monitor.dashboard.audit_words import action_words, done, field_word, target_words, value_words
from monitor.dashboard.faces import NOTICE_STEPS
from monitor.health.states import State
from monitor.models import Audit, Channel, Incident, Member, Notice, Refresh, Subscription, Transition
from monitor.models.conditions import TOPICS
from monitor.templatetags.face import plain
from monitor.wording import state_word
from monitor.wording.retold import retold


class MemberInline(admin.TabularInline[Member, Incident]):
    model = Member
    fields = ("integration", "joined_at", "left_at")
    readonly_fields = fields
    can_delete = False
    extra = 0
    max_num = 0


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ("id", "what", "about", "started_at", "closed_at", "peak_waiting")
    fields = (
        *("what", "about", "said", "cause", "started_at", "opened_at", "closed_at", "flapping_since"),
        *("peak_waiting", "acknowledged_at", "acknowledged_by", "snoozed_until"),
    )
    list_filter = ("state", "cause", ("closed_at", Whether))
    search_fields = ("scope", "rule", "members__integration__name", "members__integration__store__title")
    ordering = ("-opened_at",)
    inlines = (MemberInline,)

    def get_queryset(self, request: Any) -> Any:
        members = ("members__integration__store", "members__integration__account")
        return super().get_queryset(request).prefetch_related(*members)

    @admin.display(description=_("state"), ordering="state")
    def what(self, row: Incident) -> str:
        return state_word(State(row.state), row.rule)

    @admin.display(description=_("about"))
    def about(self, row: Incident) -> str:
        members = [str(member.integration) for member in row.members.all()]
        return row.shared_title or ", ".join(members[:3]) or "–"

    @admin.display(description=_("when it began"))
    def said(self, row: Incident) -> str:
        """As it was told when it opened."""
        return _headline(row.cause, row.rule, row.evidence, row.opened_at)

    def view_on_site(self, obj: Incident) -> str:
        return reverse("incident", args=[obj.pk])


@admin.register(Transition)
class TransitionAdmin(ReadOnly):
    list_display = ("at", "integration", "topic", "was", "became")
    fields = (*list_display, "said")
    list_filter = ("new_state",)
    list_select_related = ("integration__store", "integration__account")
    search_fields = ("integration__name", "integration__store__title", "new_rule")
    ordering = ("-id",)

    @admin.display(description=_("about"), ordering="kind")
    def topic(self, row: Transition) -> str:
        return str(dict(TOPICS).get(row.kind) or gettext("as a whole"))  # type: ignore[call-overload]

    @admin.display(description=_("was"))
    def was(self, row: Transition) -> str:
        return state_word(State(row.old_state), row.old_rule)

    @admin.display(description=_("became"))
    def became(self, row: Transition) -> str:
        return state_word(State(row.new_state), row.new_rule)

    @admin.display(description=_("why"))
    def said(self, row: Transition) -> str:
        kind = row.kind if row.kind in TOPICS else row.evidence.get("cause", "")
        return _headline(kind, row.new_rule, row.evidence, row.at)


@admin.register(Refresh)
class RefreshAdmin(ReadOnly):
    list_display = (
        "requested_at",
        "integration",
        "by",
        "reason",
        "strategy",
        "stage",
        "outcome",
        "how",
    )
    fields = (*list_display, "attempts", "asked_at", "finished_at")
    list_filter = ("stage", "outcome", "strategy")
    list_select_related = ("integration__store", "integration__account", "requested_by")
    search_fields = (
        *("integration__name", "integration__store__title", "actor", "reason"),
        *("requested_by__first_name", "requested_by__last_name"),
    )
    ordering = ("-id",)

    @admin.display(description=_("who"), ordering="actor")
    def by(self, row: Refresh) -> str:
        return retold(row.who)

    @admin.display(description=_("how it went"))
    def how(self, row: Refresh) -> str:
        return retold(row.detail)

    def view_on_site(self, obj: Refresh) -> str:
        return reverse("refresh", args=[obj.pk])


def _step_words(step: str) -> str:
    """``a reminder (2)``."""
    word, _dash, number = step.partition("-")
    said = str(NOTICE_STEPS.get(word, word))
    return f"{said} ({number})" if number else said


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = (
        "created_at",
        "to",
        "about",
        "incident",
        "attempts",
        "sent_at",
        "failed_at",
        "answer",
    )
    fields = (*list_display, "channel", "due_at")
    list_filter = (
        ("step", in_words(_step_words)),
        ("sent_at", Whether),
        ("failed_at", Whether),
    )
    list_select_related = ("incident",)
    search_fields = ("recipient", "message_id", "answer")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        key = Concat(Value("hook:"), Cast("pk", CharField()))
        hook = Subscription.objects.annotate(key=key).filter(key=OuterRef("recipient")).values("label")
        return super().get_queryset(request).annotate(hook=Subquery(hook[:1]))

    @admin.display(description=_("to"), ordering="recipient")
    def to(self, row: Notice) -> str:
        """The address, or what a web-hook is called: its number says nothing to people."""
        if row.channel == Channel.MAIL:
            return row.recipient
        return getattr(row, "hook", None) or gettext("a web-hook that was removed since")

    @admin.display(description=_("about"), ordering="step")
    def about(self, row: Notice) -> str:
        return _step_words(row.step)


@admin.register(Audit)
class AuditAdmin(ReadOnly):
    heading = _("who changed what")
    list_display = ("at", "by", "did", "to")
    fields = (*list_display, "was", "became")
    list_filter = (("action", in_words(action_words)),)
    list_select_related = ("user",)
    search_fields = ("actor", "action", "target", "user__first_name", "user__last_name")
    ordering = ("-id",)

    @admin.display(description=_("who"), ordering="actor")
    def by(self, row: Audit) -> str:
        """With the account: a full name is chosen by its owner."""
        return row.who if row.who == row.actor else f"{row.who} ({row.actor})"

    @admin.display(description=_("what"), ordering="action")
    def did(self, row: Audit) -> str:
        return done(row.action)

    @admin.display(description=_("to what"), ordering="target")
    def to(self, row: Audit) -> str:
        return target_words(row.target)

    @admin.display(description=_("before"))
    def was(self, row: Audit) -> str:
        return _values(row, row.before)

    @admin.display(description=_("after"))
    def became(self, row: Audit) -> str:
        return _values(row, row.after)


def _values(row: Audit, values: dict[str, Any]) -> str:
    told, about = gettext("%(field)s: %(value)s"), row.target
    pairs = ((field_word(about, key), value_words(about, key, value)) for key, value in values.items())
    lines = [told % {"field": field, "value": plain(value)} for field, value in pairs]
    return str(format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))) or "–"


def _headline(kind: str, rule: str, evidence: dict[str, Any], at: datetime) -> str:
    """The sentence that was told then; a dash where nothing was wrong."""
    zone = timezone.get_current_timezone()
    return wording.headline(kind, rule, evidence, now=at, tz=zone) if rule else "–"

"""What happened, read-only: incidents, transitions, refreshes, notices and the audit."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import InWords, ReadOnly
from monitor.dashboard.faces import NOTICE_STEPS
from monitor.health.states import State
from monitor.models import Audit, Incident, Member, Notice, Refresh, Transition
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
    list_display = ("id", "what", "about", "started_at", "opened_at", "closed_at", "peak_waiting")
    list_filter = (("state", InWords), ("cause", InWords), ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("scope", "rule", "members__integration__name")
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


@admin.register(Transition)
class TransitionAdmin(ReadOnly):
    heading = _("changes of state")
    list_display = ("at", "integration", "kind", "was", "became")
    list_filter = (("new_state", InWords),)
    list_select_related = ("integration__store", "integration__account")
    search_fields = ("integration__name", "integration__store__title", "new_rule")
    ordering = ("-id",)

    @admin.display(description=_("was"))
    def was(self, row: Transition) -> str:
        return state_word(State(row.old_state), row.old_rule)

    @admin.display(description=_("became"))
    def became(self, row: Transition) -> str:
        return state_word(State(row.new_state), row.new_rule)


@admin.register(Refresh)
class RefreshAdmin(ReadOnly):
    list_display = (
        "requested_at",
        "integration",
        "actor",
        "reason",
        "strategy",
        "stage",
        "outcome",
        "how",
    )
    list_filter = ("stage", "outcome", "strategy")
    list_select_related = ("integration__store", "integration__account")
    search_fields = ("integration__name", "integration__store__title", "actor", "reason")
    ordering = ("-id",)

    @admin.display(description=_("how it went"))
    def how(self, row: Refresh) -> str:
        return retold(row.detail)


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    heading = _("notices")
    list_display = (
        "created_at",
        "recipient",
        "about",
        "incident_id",
        "attempts",
        "sent_at",
        "failed_at",
        "answer",
    )
    list_filter = ("step", ("sent_at", admin.EmptyFieldListFilter), ("failed_at", admin.EmptyFieldListFilter))
    search_fields = ("recipient", "message_id", "answer")
    ordering = ("-id",)

    @admin.display(description=_("about"), ordering="step")
    def about(self, row: Notice) -> str:
        return str(NOTICE_STEPS.get(row.step.partition("-")[0], row.step))


@admin.register(Audit)
class AuditAdmin(ReadOnly):
    heading = _("who changed what")
    list_display = ("at", "actor", "action", "target")
    list_filter = ("action",)
    search_fields = ("actor", "action", "target")
    ordering = ("-id",)

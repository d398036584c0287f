"""What happened, read-only: incidents, transitions, refreshes, notices and the audit."""

from django.contrib import admin

from monitor.admin.base import ReadOnly
from monitor.models import Audit, Incident, Member, Notice, Refresh, Transition


class MemberInline(admin.TabularInline[Member, Incident]):
    model = Member
    fields = ("integration", "joined_at", "left_at")
    readonly_fields = fields
    can_delete = False
    extra = 0
    max_num = 0


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ("id", "cause", "rule", "state", "started_at", "opened_at", "closed_at", "peak_waiting")
    list_filter = ("state", "cause", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("scope", "rule", "members__integration__name")
    ordering = ("-opened_at",)
    inlines = (MemberInline,)


@admin.register(Transition)
class TransitionAdmin(ReadOnly):
    list_display = ("at", "integration", "kind", "old_state", "new_state", "new_rule")
    list_filter = ("kind", "new_state")
    list_select_related = ("integration__store", "integration__account")
    search_fields = ("integration__name", "new_rule")
    ordering = ("-id",)


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
        "detail",
    )
    list_filter = ("stage", "outcome", "strategy")
    list_select_related = ("integration__store", "integration__account")
    search_fields = ("integration__name", "actor", "reason")
    ordering = ("-id",)


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = (
        "created_at",
        "recipient",
        "step",
        "incident_id",
        "attempts",
        "sent_at",
        "failed_at",
        "answer",
    )
    list_filter = ("step", ("sent_at", admin.EmptyFieldListFilter), ("failed_at", admin.EmptyFieldListFilter))
    search_fields = ("recipient", "message_id", "answer")
    ordering = ("-id",)


@admin.register(Audit)
class AuditAdmin(ReadOnly):
    list_display = ("at", "actor", "action", "target")
    list_filter = ("action",)
    search_fields = ("actor", "action", "target")
    ordering = ("-id",)

"""People, groups, and who gets which mails."""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401  # they register the tables that are taken off again here
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import ManyToManyField, Model
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import Audited
from monitor.dashboard.people_forms import role_sentence, role_word
from monitor.models import Role, Subscription, User

admin.site.unregister(Group)
# Second factors, sessions and ties to a provider are each person's own; the people page shows what matters.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])


class NewPersonForm(AdminUserCreationForm[User]):
    class Meta(AdminUserCreationForm.Meta):
        model = User


class RoleInline(admin.TabularInline[Role, User]):
    """What somebody may do for some stores only."""

    model = Role
    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "group":
            field.label_from_instance = lambda group: role_word(group.name)
        return field


@admin.register(User)
class UserAdmin(Audited, DjangoUserAdmin[User]):
    """People. What somebody may do follows from the groups, and for some stores from the roles; only a
    superuser makes superusers."""

    add_form = NewPersonForm
    inlines = (RoleInline,)
    list_display = ("username", "email", "first_name", "last_name", "may_do", "is_active", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language", "time_zone")}),
        (_("May do"), {"fields": ("is_active", "groups", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "usable_password", "password1", "password2", "groups"),
            },
        ),
    )
    list_filter = ("is_active", "groups")
    # The two lists of the default have labels that screen readers do not understand.
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "roles__group")

    @admin.display(description=_("may do"))
    def may_do(self, row: User) -> str:
        """``Operator``, ``Viewer (fr, vip)``."""
        if row.is_superuser:
            return str(_("Superuser"))
        everywhere = [role_word(group.name) for group in row.groups.all()]
        some = [f"{role_word(role.group.name)} ({', '.join(role.tags)})" for role in row.roles.all()]
        return ", ".join([*everywhere, *some]) or "–"

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        field: Any = db_field.formfield(widget=CheckboxSelectMultiple, **kwargs)
        field.label, field.help_text = _("For all stores"), ""
        field.label_from_instance = lambda group: role_sentence(group.name)
        return field

    def snapshot(self, row: Model) -> dict[str, Any]:
        roles = Role.objects.filter(user_id=row.pk).select_related("group").order_by("group__name")
        return super().snapshot(row) | {"roles": [str(role) for role in roles]}

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever could set a superuser's password could become one."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request: HttpRequest, obj: User | None) -> bool:
        return obj is None or not obj.is_superuser or request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # A former address must neither sign in by a provider nor get a new password.
        EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        del obj
        always = ("last_login", "date_joined")
        return always if request.user.is_superuser else (*always, "is_superuser")


@admin.register(Group)
class GroupAdmin(Audited, DjangoGroupAdmin):
    """Groups. The permissions of viewer, operator and admin are set again at every migrate."""


@admin.register(Subscription)
class SubscriptionAdmin(Audited):
    heading = _("who is told")
    list_display = ("to", "channel", "tag_list", "include_warnings", "weekly_report", "is_active")
    list_filter = ("is_active", "language")
    list_select_related = ("user",)
    search_fields = ("email", "label", "tags", "user__username", "user__first_name", "user__last_name")
    readonly_fields = ("channel", "bounced_at", "bounce_answer", "reported_week")
    # The address of a web-hook is a secret: web-hooks are added on the page "Who is told".
    fields = (
        *("channel", "email", "label", "user", "language", "time_zone", "tags", "platforms", "stores"),
        *("include_warnings", "escalates_after", "quiet_from", "quiet_until", "urgent_passes"),
        *("weekly_report", "is_active", "bounced_at", "bounce_answer", "reported_week"),
    )

    @admin.display(description=_("to"), ordering="email")
    def to(self, row: Subscription) -> str:
        return str(row)

    @admin.display(description=_("tags"), ordering="tags")
    def tag_list(self, row: Subscription) -> str:
        return ", ".join(row.tags) or "–"

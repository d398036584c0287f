"""Accounts, stores and integrations as rows.

Credentials are entered on the connect pages and never shown. Addresses are changed there too, where a new
host asks for the credentials anew: stored ones must not be sent to a host they were not entered for.
"""

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.models import Account, Integration, Store
from monitor.access_control import FORCE_REFRESH
from monitor.admin.base import Audited, by_label, kind_label
from monitor.collect.plan import ensure_jobs
from monitor.health.states import State
from monitor.refresh import bulk
from monitor.wording import state_word


class Connected(Audited):
    """Rows whose changes change the work there is to do; added and removed on the connect pages only."""

    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        ensure_jobs(timezone.now())


@admin.register(Account)
class AccountAdmin(Connected):
    heading = _("hub accounts")
    list_display = ("name", "title", "kind_name", "url", "is_active")
    list_filter = (("kind", by_label), "is_active")
    search_fields = ("name", "title", "url")
    fields = (
        "name",
        "title",
        "kind_name",
        "url",
        "requests_per_minute",
        "is_active",
        "settings",
        "created_at",
    )
    readonly_fields = ("name", "kind_name", "url", "settings", "created_at")

    def view_on_site(self, obj: Account) -> str:
        return reverse("connect-account", args=[obj.name])

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, row: Account) -> str:
        return kind_label(row.kind)


@admin.register(Store)
class StoreAdmin(Connected):
    list_display = ("name", "title", "platform_name", "url", "time_zone", "tag_list", "is_active")
    list_filter = (("platform", by_label), "is_active")
    search_fields = ("name", "title", "url", "tags")
    fields = (
        "name",
        "title",
        "platform_name",
        "url",
        "time_zone",
        "tags",
        "is_active",
        "settings",
        "created_at",
    )
    readonly_fields = ("name", "platform_name", "url", "settings", "created_at")

    def view_on_site(self, obj: Store) -> str:
        return reverse("connect-store", args=[obj.name])

    @admin.display(description=_("platform"), ordering="platform")
    def platform_name(self, row: Store) -> str:
        return kind_label(row.platform)

    @admin.display(description=_("tags"), ordering="tags")
    def tag_list(self, row: Store) -> str:
        return ", ".join(row.tags)


@admin.register(Integration)
class IntegrationAdmin(Connected):
    list_display = ("name", "state", "waiting", "store", "account", "external_id", "is_paused")
    list_filter = ("verdict__state", "is_paused", "account", ("store__platform", by_label))
    list_select_related = ("store", "account", "verdict")
    search_fields = ("name", "external_id", "store__name", "store__title", "account__name", "account__title")
    fields = ("name", "store", "account", "external_id", "tolerance_s", "is_paused", "created_at")
    readonly_fields = ("name", "store", "account", "external_id", "created_at")
    actions = ("force_refresh",)

    @admin.display(description=_("state"), ordering="verdict__state")
    def state(self, row: Integration) -> str:
        return state_word(State(row.verdict.state), row.verdict.rule) if hasattr(row, "verdict") else "–"

    @admin.display(description=_("orders waiting"), ordering="verdict__waiting_count")
    def waiting(self, row: Integration) -> int | str:
        return row.verdict.waiting_count if hasattr(row, "verdict") else "–"

    def has_force_refresh_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(FORCE_REFRESH)

    @admin.action(description=_("Force refresh"), permissions=["force_refresh"])
    def force_refresh(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Leads to the preview, which asks for the reason; from there to the page that shows the progress."""
        chosen, now = list(queryset.select_related("store", "account")[: bulk.MOST + 1]), timezone.now()
        if len(chosen) > bulk.MOST:
            text = gettext(
                "At most %(count)d integrations are refreshed at once. Narrow the list by a search."
            )
            self.message_user(request, text % {"count": bulk.MOST}, messages.WARNING)
            return None
        return render(request, "dashboard/refresh_preview.html", {"now": now, "plan": bulk.plan(chosen, now)})

    def view_on_site(self, obj: Integration) -> str:
        return reverse("integration", args=[obj.name])

"""The admin site: for operators and administrators, with the sign-in of the other pages."""

from typing import Any, Final

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from monitor.access_control import FORCE_REFRESH
from monitor.scope import scope_of

SECTIONS: Final = {
    _("What is connected"): ("Integration", "Store", "Account"),
    _("What happened"): ("Incident", "Transition", "Refresh", "Notice", "Audit"),
    _("People"): ("User", "Group", "Subscription"),
    _("Periodic work"): ("PeriodicTask", "IntervalSchedule", "CrontabSchedule", "ClockedSchedule"),
}
"""The tables as people look for them, by the names of their models, whatever application they belong to."""


class SyncwatchAdminSite(AdminSite):
    """Every table as rows, for who may act on them."""

    site_header = _("Syncwatch administration")
    site_title = _("Syncwatch administration")
    index_title = _("Everything, as rows")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever may force a refresh of every store, as operators and administrators may, gets in.

        Rows are not limited to stores here, so who acts for some stores only stays out. What others find
        there follows from their permissions on each table.
        """
        is_known = request.user.is_active and request.user.is_authenticated
        return is_known and (request.user.is_staff or scope_of(request.user, FORCE_REFRESH).is_everything)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django sends everybody here who may not enter: to sign in, or to be told who can help."""
        del extra_context
        wanted = request.GET.get("next", "")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted or request.get_full_path())
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The tables that somebody may see, in sections; those of one application on its own page."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            for table in app["models"]:
                table["name"] = capfirst(heading_of(self._registry[table["model"]]))
        if app_label is not None:
            return apps
        tables = {table["object_name"]: (app, table) for app in apps for table in app["models"]}
        sections = []
        for heading, names in SECTIONS.items():
            found = [tables.pop(name) for name in names if name in tables]
            if found:
                sections.append({**found[0][0], "name": heading, "models": [table for _app, table in found]})
        # A table of a package that is added later is not lost for want of a section.
        left = {table["object_name"] for _app, table in tables.values()}
        for app in apps:
            if rest := [table for table in app["models"] if table["object_name"] in left]:
                sections.append({**app, "models": rest})
        return sections


def heading_of(table: ModelAdmin[Any]) -> str:
    """What a table is called: by its page, or by its model."""
    return str(getattr(table, "heading", "") or table.opts.verbose_name_plural)

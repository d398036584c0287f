"""The admin site: for operators and administrators, with the sign-in of the other pages."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from monitor.access_control import FORCE_REFRESH
from monitor.scope import scope_of


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

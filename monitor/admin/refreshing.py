"""The admin action "Force refresh" on several integrations: asks why, then asks for each."""

from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Integration
from monitor import refresh
from monitor.models import User

MAX_AT_ONCE: Final = 200
"""More in one click is more likely a slip than a wish."""


def force_refresh_page(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Integration]
) -> HttpResponse | None:
    """The page that asks for the reason; once it is given, None, which leads back to the list.

    Each refresh becomes a row of its own, which the worker carries out no faster than its
    account's limit allows; what cannot be refreshed is told with its sentence.
    """
    chosen = list(queryset.select_related("store", "account"))
    if len(chosen) > MAX_AT_ONCE:
        model_admin.message_user(
            request,
            _("Choose at most %(count)d integrations at once.") % {"count": MAX_AT_ONCE},
            messages.ERROR,
        )
        return None
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if not reason:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": _("Force refresh"),
            "opts": model_admin.model._meta,
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
            "is_asked_again": "reason" in request.POST,
        }
        return TemplateResponse(request, "admin/force_refresh.html", context)
    _ask(model_admin, request, chosen, reason)
    return None


def _ask(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, chosen: list[Integration], reason: str
) -> None:
    user, now, asked = cast(User, request.user), timezone.now(), 0
    for integration in chosen:
        try:
            made = refresh.request(integration, user=user, actor=user.get_username(), reason=reason, now=now)
        except refresh.RefreshRefused as refusal:
            model_admin.message_user(request, f"{integration}: {refusal}", messages.WARNING)
        else:
            asked += 1
            if len(chosen) <= 10:
                model_admin.message_user(request, f"{integration}: {made.detail}", messages.SUCCESS)
    if asked and len(chosen) > 10:
        model_admin.message_user(
            request,
            ngettext("%(count)d refresh is queued.", "%(count)d refreshes are queued.", asked)
            % {"count": asked},
            messages.SUCCESS,
        )

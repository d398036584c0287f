"""Changing several integrations: choosing, what it would change for which, confirming it."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integrations.models import Integration
from monitor.access_control import FORCE_REFRESH, VIEW, requires
from monitor.dashboard import many_changes
from monitor.dashboard.choosing import LONGEST_QUERY, chosen
from monitor.dashboard.queries.table import Wanted
from monitor.models import User
from monitor.scope import scope_of

MOST = 5_000


def offered(user: User) -> list[tuple[str, Any]]:
    """The changes somebody may make somewhere, with what the button says."""
    return [(key, one.label) for key, one in many_changes.CHANGES.items() if user.has_perm(one.permission)]


def choosable(user: User, rows: Iterable[Integration]) -> set[int]:
    """Those, by primary key, for which a person may do anything that is done to several."""
    rights = {FORCE_REFRESH, *(one.permission for one in many_changes.CHANGES.values())}
    scopes = [scope_of(user, right) for right in rights]
    return {one.pk for one in rows if any(scope.allows(one) for scope in scopes)}


@require_POST
@requires(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """Asks for the value that the change needs, then shows what would change. Changes nothing."""
    change, rows = _asked(request)
    if not rows or len(rows) > MOST:
        return _back(request, len(rows))
    is_given = bool(request.POST.get("given")) or not change.form.base_fields
    return _page(request, change, rows, change.form(request.POST if is_given else None))


@require_POST
@requires(VIEW)
def start(request: HttpRequest) -> HttpResponse:
    """Makes the change that the preview has shown, for all or for none."""
    change, rows = _asked(request)
    if not rows or len(rows) > MOST:
        return _back(request, len(rows))
    form = change.form(request.POST)
    if not form.is_valid():
        return _page(request, change, rows, form)
    with transaction.atomic():
        done = change.carry_out(_task(request, rows, form))
    text = ngettext("%(count)d change is made.", "%(count)d changes are made.", done)
    messages.success(request, text % {"count": done})
    return _to_the_table(request)


def _asked(request: HttpRequest) -> tuple[many_changes.Change, Sequence[Integration]]:
    change = many_changes.CHANGES.get(request.POST.get("change", ""))
    if change is None:
        raise Http404
    if not request.user.has_perm(change.permission):
        raise PermissionDenied
    return change, chosen(request, change.permission, MOST)


def _task(request: HttpRequest, rows: Sequence[Integration], form: forms.Form) -> many_changes.Asked:
    return many_changes.Asked(rows, form.cleaned_data, cast(User, request.user), timezone.now())


def _page(
    request: HttpRequest, change: many_changes.Change, rows: Sequence[Integration], form: forms.Form
) -> HttpResponse:
    plan = change.plan(_task(request, rows, form)) if form.is_valid() else None
    context = {
        "change": request.POST["change"],
        "title": str(change.label).rstrip("…"),
        "chosen": rows,
        "names": " ".join(one.name for one in rows),
        "query": _query(request),
        "form": form,
        "plan": plan,
        "has_notes": any(row.note for row in plan or ()),
    }
    return render(request, "dashboard/change_preview.html", context, status=422 if form.errors else 200)


def _back(request: HttpRequest, count: int) -> HttpResponse:
    if count:
        text = _("At most %(count)d integrations are changed at once. Narrow the list by a search.")
        messages.warning(request, text % {"count": MOST})
    else:
        messages.warning(request, _("Tick the integrations that are to be changed first."))
    return _to_the_table(request)


def _to_the_table(request: HttpRequest) -> HttpResponse:
    query = _query(request)
    return redirect(reverse("integrations") + (f"?{query}" if query else ""))


def _query(request: HttpRequest) -> str:
    """The search that the person came from; nothing else."""
    return Wanted.of(QueryDict(request.POST.get("query", "")[:LONGEST_QUERY])).query

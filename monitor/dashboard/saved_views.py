"""Views of the table of integrations that people keep, for themselves or for everybody."""

from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitor import audit
from monitor.access_control import VIEW, requires
from monitor.dashboard.queries.table import Wanted
from monitor.models import SavedView, User

SHARE = "monitor.share_savedview"
MOST = 50
"""Of one person: a list of names that nobody can overlook any more helps nobody."""


def seen_by(user: User) -> Sequence[SavedView]:
    """A person's own views and those that are shared, by name."""
    return list(SavedView.objects.filter(Q(user=user) | Q(is_shared=True)).order_by("name", "pk"))


def may_remove(user: User, view: SavedView) -> bool:
    """One's own, and shared ones if one may share."""
    return view.user_id == user.pk or (view.is_shared and user.has_perm(SHARE))


@require_POST
@requires(VIEW)
@transaction.atomic
def save(request: HttpRequest) -> HttpResponse:
    """Keeps the search, filters and order in ``query`` under ``name``, and shows them."""
    user = cast(User, request.user)
    # Read and written anew, so that nothing but known filters is ever kept.
    query = Wanted.of(QueryDict(request.POST.get("query", "")[:2_000])).query[:500]
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:60]
    mine = SavedView.objects.filter(user=user)
    if not name:
        messages.warning(request, _("Give the view a name."))
    elif mine.exclude(name=name).count() >= MOST:
        messages.warning(request, _("You keep %(count)d views already. Remove one first.") % {"count": MOST})
    else:
        is_shared = request.POST.get("is_shared") == "yes" and user.has_perm(SHARE)
        old = mine.filter(name=name).first()
        before = audit.snapshot(old) if old else {}
        kept = {"query": query, "is_shared": is_shared, "created_at": timezone.now()}
        view, _made = SavedView.objects.update_or_create(user=user, name=name, defaults=kept)
        audit.record_change(user, "view.save", f"view {name}", before, audit.snapshot(view))
        messages.success(request, _("The view “%(name)s” is kept.") % {"name": name})
    return redirect(reverse("integrations") + (f"?{query}" if query else ""))


@require_POST
@requires(VIEW)
@transaction.atomic
def remove(request: HttpRequest) -> HttpResponse:
    """Removes the view whose number is in ``view``."""
    user, number = cast(User, request.user), request.POST.get("view", "")
    rows = SavedView.objects.filter(Q(user=user) | Q(is_shared=True))
    view = get_object_or_404(rows, pk=int(number) if number.isdecimal() and len(number) < 18 else 0)
    if may_remove(user, view):
        audit.record(user, "view.remove", f"view {view.name}", audit.snapshot(view))
        view.delete()
        messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    else:
        messages.warning(request, _("It is somebody else's. Ask %(who)s to remove it.") % {"who": view.user})
    return redirect("integrations")

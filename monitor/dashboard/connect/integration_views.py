"""Choosing which integrations of a hub are watched, changing one, and removing what is connected."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from integrations.models import Account, Integration, Store
from monitor.access_control import CONNECT, requires
from monitor.dashboard.connect import changes
from monitor.dashboard.connect.forms import IntegrationForm
from monitor.models import Subscription, User

MODELS: dict[str, Any] = {"account": Account, "store": Store, "integration": Integration}
_CHOICE = "store-"


@require_POST
@requires(CONNECT)
def watch(request: HttpRequest, name: str) -> HttpResponse:
    """Saves the chosen integrations: one field ``store-<id at the hub>`` each, with the store's name."""
    account = get_object_or_404(Account, name=name)
    stores = {store.name: store for store in Store.objects.all()}
    chosen = {
        key.removeprefix(_CHOICE): stores[value]
        for key, value in request.POST.items()
        if key.startswith(_CHOICE) and 0 < len(key) - len(_CHOICE) <= 80 and value in stores
    }
    made = changes.watch(account, chosen, cast(User, request.user), timezone.now())
    if made:
        messages.success(
            request,
            ngettext(
                "%(count)d integration is watched from now on.",
                "%(count)d integrations are watched from now on.",
                len(made),
            )
            % {"count": len(made)},
        )
        if not Subscription.objects.filter(is_active=True, bounced_at=None).exists():
            # All seems done now; without an address the first stall would be seen by nobody.
            return redirect("notices")
        return redirect("connect")
    messages.warning(request, _("Nothing was chosen: give at least one integration its store."))
    return redirect("connect-account", name=account.name)


@require_http_methods(["GET", "POST"])
@requires(CONNECT)
def change(request: HttpRequest, name: str) -> HttpResponse:
    row = get_object_or_404(Integration.objects.select_related("store", "account"), name=name)
    form = IntegrationForm(request.POST or None, instance=row)
    if form.is_valid():
        changes.save(form.save(commit=False), cast(User, request.user), timezone.now())
        messages.success(request, _("Saved."))
        return redirect("connect")
    return render(
        request, "connect/integration.html", {"form": form, "row": row}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
@requires(CONNECT)
def remove(request: HttpRequest, side: str, name: str) -> HttpResponse:
    """Asks first, saying what goes with it; then removes it."""
    row = get_object_or_404(MODELS[side], name=name)
    if request.method == "POST":
        title = str(row)
        try:
            changes.remove(row, cast(User, request.user), timezone.now())
        except ProtectedError:
            messages.error(
                request,
                _("%(title)s is still used by integrations or stores. Remove those first.")
                % {"title": title},
            )
            return redirect(f"connect-{side}", name=name)
        messages.success(request, _("%(title)s is removed.") % {"title": title})
        return redirect("connect")
    is_edge = isinstance(row, Account) and row.edge_stores.exists()
    blocked = is_edge or (isinstance(row, Account | Store) and row.integrations.exists())
    context = {"row": row, "side": side, "blocked": blocked, "is_edge": is_edge}
    return render(request, "connect/remove.html", context)

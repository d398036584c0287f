"""The connect pages: the list, adding and changing accounts and stores, and testing them live."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import select_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.adapters import ImportsOrders
from integrations.contracts import ConnectionReport
from integrations.models import Account, Integration, Store
from integrations.registry import EDGES, HUBS, STORES, offers
from monitor.access_control import CONNECT, requires
from monitor.dashboard.connect import changes, states, testing
from monitor.dashboard.connect.forms import AccountForm, RemoteForm, StoreForm
from monitor.dashboard.connect.matching import every_store, match, store_for
from monitor.dashboard.middleware import ZONES
from monitor.models import User


@dataclass(frozen=True)
class Side:
    """What differs between the pages of accounts and those of stores."""

    name: str
    model: Any
    form: type[RemoteForm]
    kinds: Mapping[str, str]
    check: Callable[[Any, datetime], ConnectionReport]

    def page(self, row: Account | Store) -> str:
        return reverse(f"connect-{self.name}", args=[row.name])


ACCOUNTS = Side("account", Account, AccountForm, {**HUBS, **EDGES}, testing.check_account)
STORES_SIDE = Side("store", Store, StoreForm, STORES, testing.check_store)
SIDES = {side.name: side for side in (ACCOUNTS, STORES_SIDE)}


@require_safe
@requires(CONNECT)
def connections(request: HttpRequest) -> HttpResponse:
    """Everything that is connected, how it stands and what is missing next."""
    search = request.GET.get("q", "").replace("\0", "").strip()
    page = states.stores(search, request.GET.get("page"))
    context = {
        "accounts": states.accounts(),
        "stores": page.object_list,
        "store_page": page,
        "search": search,
        "edges": states.edges(),
        "edge_kinds": states.edge_kinds(),
        "hub_kinds": states.hub_kinds(),
        "store_kinds": states.store_kinds(),
    }
    return render(request, "connect/list.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires(CONNECT)
def add(request: HttpRequest, side: str, kind: str) -> HttpResponse:
    """A new account or store of a kind; saving leads to its page, where the test starts by itself."""
    chosen = SIDES[side]
    if kind not in chosen.kinds:
        raise Http404
    # The page of a hub's integrations leads here with the address and name of a store it listed.
    initial = {key: value for key, value in request.GET.items() if key in {"title", "url"} and value}
    form = chosen.form(request.POST or None, kind=kind, instance=chosen.model(), initial=initial)
    if form.is_valid():
        row = form.save(commit=False)
        twin = store_for(row.url, list(Store.objects.defer("credentials"))) if side == "store" else None
        changes.save(row, cast(User, request.user), timezone.now())
        if twin is not None:
            # Several shops may share an address, as those of one Magento do; so it is told, not refused.
            told = _("%(other)s has this address too. If both are the same shop, remove one of them.")
            messages.warning(request, told % {"other": twin})
        return redirect(f"{chosen.page(row)}?test")
    return form_page(request, chosen, kind, form)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires(CONNECT)
def change(request: HttpRequest, side: str, name: str) -> HttpResponse:
    """One account or store: its form, its guide, the test and what belongs to it."""
    chosen = SIDES[side]
    row = get_object_or_404(chosen.model, name=name)
    kind = getattr(row, chosen.form.kind_field)
    form = chosen.form(request.POST or None, kind=kind, instance=row)
    if form.is_valid():
        changes.save(form.save(commit=False), cast(User, request.user), timezone.now())
        messages.success(request, _("Saved."))
        return redirect(f"{chosen.page(row)}?test")
    return form_page(request, chosen, kind, form, tests_itself="test" in request.GET)


@never_cache
@require_POST
@requires(CONNECT)
def test(request: HttpRequest, side: str, name: str) -> HttpResponse:
    """Asks the remote now, with what is stored, and shows every need; a fragment for htmx, else the page."""
    chosen = SIDES[side]
    row = get_object_or_404(chosen.model, name=name)
    now = timezone.now()
    report = chosen.check(row, now)
    taken = isinstance(row, Store) and _take_zone(row, report, cast(User, request.user), now)
    if taken:
        messages.info(request, _("Its time zone is %(zone)s, as the shop says.") % {"zone": row.time_zone})
    context = {**_report(row, report), "now": now, "row": row}
    if getattr(request, "htmx", False):
        if taken:
            # The form that stands on the page still shows the zone before.
            return HttpResponse(headers={"HX-Redirect": f"{chosen.page(row)}?test"})
        return render(request, "connect/report.html", context)
    kind = getattr(row, chosen.form.kind_field)
    return form_page(request, chosen, kind, chosen.form(kind=kind, instance=row), **context)


def _take_zone(store: Store, report: ConnectionReport, user: User, now: datetime) -> bool:
    """While a store is being connected and its zone is unknown, the one that the shop tells is taken."""
    told = report.facts.get("time zone", "")
    untouched = Store._meta.get_field("time_zone").default
    if told not in ZONES or told == store.time_zone or store.time_zone != untouched:
        return False
    if store.integrations.exists():
        return False
    store.time_zone = told
    changes.save(store, user, now)
    return True


def _report(row: Account | Store, report: ConnectionReport) -> dict[str, Any]:
    context: dict[str, Any] = {
        "report": report,
        "facts": {_(name): fact for name, fact in report.facts.items()},
    }
    if isinstance(row, Account) and row.kind in HUBS:
        stores = list(Store.objects.all())
        watched = list(row.integrations.values_list("external_id", "store_id"))
        lists_them = offers(row.kind, ImportsOrders)
        context["stores"] = stores
        context["lists_integrations"] = lists_them
        if lists_them:
            context["matches"] = match(report.integrations, stores, {key for key, _store in watched})
        elif report.ok:
            context["matches"] = every_store(stores, {store for _key, store in watched})
    elif isinstance(row, Store):
        told = report.facts.get("time zone", "")
        context["other_zone"] = told if told in ZONES and told != row.time_zone else ""
    return context


def _integrations(side: Side, row: Any) -> list[Integration]:
    mine = Integration.objects.filter(**{side.name: row}).select_related("store", "account")
    return list(mine) if row else []


def _hubs() -> list[Account]:
    """Hubs that a store may feed which is not linked yet; more than a handful are looked for in the list."""
    return list(Account.objects.filter(kind__in=HUBS).only("name", "title")[:6])


def form_page(request: HttpRequest, side: Side, kind: str, form: RemoteForm, **more: Any) -> HttpResponse:
    """The form with its guide, and for what is stored already also the test and what belongs to it."""
    row = form.instance if form.instance.pk else None
    integrations = _integrations(side, row)
    guides = select_template([f"connect/guides/{kind}.html", "connect/guides/default.html"])
    context = {
        "side": side.name,
        "kind": kind,
        "kind_label": states.kind_label(kind),
        "row": row,
        "form": form,
        "parts": form.parts(),
        "guide": guides.render({"kind": kind}, request),
        "integrations": integrations,
        "hubs": [] if integrations or side is ACCOUNTS or row is None else _hubs(),
        "hub_kinds": states.hub_kinds(),
        "is_edge": kind in EDGES,
        "edge_stores": list(row.edge_stores.all()) if row and kind in EDGES else (),
        **more,
    }
    return render(request, "connect/remote.html", context, status=422 if form.errors else 200)

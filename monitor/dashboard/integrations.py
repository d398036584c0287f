"""The table of integrations, and the page of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations.models import Integration
from monitor.access_control import FORCE_REFRESH, VIEW_AUDIT
from monitor.dashboard import changing_many, saved_views
from monitor.dashboard.looking import RANGE_WORDS, RANGES, Look
from monitor.dashboard.pages import page, shared, template_part
from monitor.dashboard.queries import one, table
from monitor.dashboard.queries.access import Access
from monitor.dashboard.queries.history import History
from monitor.dashboard.queries.one_timeline import timeline
from monitor.models import User
from monitor.scope import scope_of

PER_PAGE = 50
PARTS = ("head", "access", "refresh", "waiting", "tracking", "checked", "calls")
DAY = timedelta(days=1)
TABS = {
    "now": gettext_lazy("Now"),
    "history": gettext_lazy("History"),
    "checks": gettext_lazy("Checks and calls"),
}
"""Parts of the page of an integration, each with an address of its own."""
EVENT_RANGES = ("24h", "7d")
"""Events are counted against orders by the hour only."""
SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
COLUMNS = (
    ("", gettext_lazy("State")),
    ("name", gettext_lazy("Integration")),
    ("since", gettext_lazy("Since")),
    ("waiting", gettext_lazy("Waiting")),
    ("oldest", gettext_lazy("Oldest")),
    ("import", gettext_lazy("Last import")),
    ("", gettext_lazy("Half arrive within, 24 h")),
    ("missing", gettext_lazy("Numbers missing")),
    ("throttled", gettext_lazy("Throttled since")),
)
"""What the table is sorted by, or nothing, and the heading."""
NUMBERS = frozenset({"waiting", "oldest", "import", "missing"})


@dataclass(frozen=True, slots=True)
class Column:
    """A heading of the table, and what it leads to."""

    key: str
    label: str
    link: str
    """The address that sorts by it; empty: it cannot be sorted by."""
    is_number: bool
    direction: str
    """As screen readers are told; empty: the table is not sorted by it."""


class _Counted(Paginator[Integration]):
    """Pages of rows that have been counted already."""

    def __init__(self, rows: QuerySet[Integration], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self._counted = count

    @property
    def count(self) -> int:
        return self._counted


@page
@shared("rows")
def integration_list(request: HttpRequest) -> HttpResponse:
    """The table; with ``part=rows`` only what changes while somebody looks at it."""
    user, now = cast(User, request.user), timezone.now()
    scope, wanted = scope_of(user), table.Wanted.of(request.GET)
    counted = table.counts(wanted, scope)
    pages = _Counted(table.found(wanted, scope), PER_PAGE, counted[wanted.state])
    shown = pages.get_page(request.GET.get("page"))
    rows, offered = table.rows_of(list(shown), now), changing_many.offered(user)
    columns = _columns(wanted, rows)
    context = {
        "now": now,
        "wanted": wanted,
        "page": shown,
        "rows": rows,
        "states": [
            (key, label, wanted.within(key).query, counted[key]) for key, label in table.STATES.items()
        ],
        "columns": columns,
        "has": {column.key for column in columns},
        "worst_first": replace(wanted, sort="").query,
        "changes": offered,
        "may_choose": bool(offered) or user.has_perm(FORCE_REFRESH),
        "choosable": changing_many.choosable(user, [row.one for row in rows]),
    }
    template = template_part(request, "integrations", ("rows",))
    if template == "dashboard/integrations.html":
        kept = saved_views.seen_by(user)
        context |= {
            "choices": table.choices(scope),
            "causes": table.CAUSES.items(),
            "views": kept,
            "removable": [one for one in kept if saved_views.may_remove(user, one)],
        }
    return render(request, template, context)


def _columns(wanted: table.Wanted, rows: Sequence[table.Row]) -> list[Column]:
    """All but those in which nothing would stand: most days nobody is throttled and no number is missing."""
    used = {"missing": any(row.one.missing for row in rows)}
    used["throttled"] = any(row.one.throttled_since for row in rows)
    sort = wanted.sort.removeprefix("-")
    return [_column(wanted, key, str(label)) for key, label in COLUMNS if used.get(key, True) or key == sort]


def _column(wanted: table.Wanted, key: str, label: str) -> Column:
    # Each column begins with what asks for attention: the largest figure, but the earliest time.
    down = key in ("since", "waiting", "missing")
    direction = ""
    if key and wanted.sort.removeprefix("-") == key:
        direction = "ascending" if down == wanted.sort.startswith("-") else "descending"
    return Column(key, label, wanted.by(key).query if key else "", key in NUMBERS, direction)


@page
def integration_page(request: HttpRequest, name: str) -> HttpResponse:
    """One integration: what needs a person, what was, or what was looked at; see :data:`TABS`."""
    user, now = cast(User, request.user), timezone.now()
    rows = scope_of(user).limit(one.with_hub_state()).select_related("store__examination")
    integration = get_object_or_404(rows, name=name)
    given = request.GET.get("tab", "")
    tab = given if given in TABS else "now"
    template = template_part(request, "integration", PARTS)
    history = None
    if tab == "history" and template == "dashboard/integration.html":
        history = History(integration, now=now, chosen=request.GET.get("history", ""))
    about = one.IntegrationPage(
        integration, now=now, span=DAY, windows=history.windows if history is not None else None
    )
    context = {
        "now": now,
        "integration": integration,
        "about": about,
        "access": Access(integration, now),
        "tab": tab,
        "tabs": TABS.items(),
        "look": Look.of(request.GET, now),
        "ranges": [(key, RANGE_WORDS[key]) for key in (RANGES if about.imports else EVENT_RANGES)],
    }
    if history is not None:
        context["history"] = history
        context["events"] = timeline(
            integration,
            refreshes=about.refreshes,
            incidents=about.incidents,
            now=now,
            names_people=user.has_perm(VIEW_AUDIT),
        )
    return render(request, template, context)

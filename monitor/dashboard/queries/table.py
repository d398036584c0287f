"""The table of integrations: what somebody asked to see of it, and the rows that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.db.models import Count, F, Func, OrderBy, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields import CharField, DateTimeField, IntegerField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Lower, NullIf
from django.utils.translation import gettext_lazy

from integrations.contracts import ConditionKind
from integrations.models import Integration, Store
from monitor.charts.sparks import Spark, sparks
from monitor.dashboard.queries.fleet import STATE_FILTERS, worst_first
from monitor.health.states import State
from monitor.models import Condition
from monitor.scope import Scope

MOST_WORDS: Final = 6
LONGEST: Final = 120
STATES: Final = {
    "": gettext_lazy("All"),
    "bad": gettext_lazy("Not well"),
    "unknown": gettext_lazy("Unknown"),
    "ok": gettext_lazy("Healthy"),
    "unwatched": gettext_lazy("Paused"),
}
CAUSES: Final = {
    ConditionKind.EDGE: gettext_lazy("protection in front of the store"),
    ConditionKind.ACCESS: gettext_lazy("access to the store"),
    ConditionKind.CREDENTIALS: gettext_lazy("keys"),
    ConditionKind.WEBHOOKS: gettext_lazy("webhooks"),
    ConditionKind.THROTTLE: gettext_lazy("the hub's rhythm"),
    ConditionKind.IMPORTS: gettext_lazy("orders"),
    ConditionKind.TRACKING: gettext_lazy("tracking numbers"),
    ConditionKind.EVENTS: gettext_lazy("events"),
}
"""What is wrong, in a word or two, for choosing by it."""
_TITLE: Final = Lower(Coalesce(NullIf("store__title", Value("")), "store__name"))
SORTS: Final[Mapping[str, Sequence[OrderBy]]] = {
    "name": (OrderBy(_TITLE), OrderBy(Lower("account__name"))),
    "since": (OrderBy(F("verdict__since"), descending=True, nulls_last=True),),
    "waiting": (OrderBy(F("verdict__waiting_count"), descending=True, nulls_last=True),),
    "oldest": (OrderBy(F("verdict__oldest_waiting_at"), nulls_last=True),),
    "import": (OrderBy(F("progress__newest_arrived_at"), nulls_last=True),),
    "missing": (OrderBy(F("missing"), descending=True, nulls_last=True),),
    "throttled": (OrderBy(F("throttled_since"), nulls_last=True),),
}
"""Columns that can be sorted by, each beginning with what asks for attention."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search, filters and an order: what stands behind the question mark of the table's address."""

    q: str = ""
    state: str = ""
    """A key of :data:`STATES`."""
    platform: str = ""
    hub: str = ""
    """Name of an account."""
    tag: str = ""
    cause: str = ""
    sort: str = ""
    """A key of :data:`SORTS`, with ``-`` in front for the other end first; empty: worst first."""

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Self:
        """From an address or a form. What is not known counts as not asked for."""
        given = {one.name: str(asked.get(one.name, "")).replace("\0", "")[:LONGEST] for one in fields(cls)}
        known = {
            "state": given["state"] in STATES,
            "cause": given["cause"] in CAUSES,
            "sort": given["sort"].removeprefix("-") in SORTS,
        }
        return cls(**{name: value.strip() for name, value in given.items() if known.get(name, True)})

    @property
    def query(self) -> str:
        """As in an address; the same wish is always the same text."""
        return urlencode({one.name: value for one in fields(self) if (value := getattr(self, one.name))})

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, for a form."""
        return [(one.name, value) for one in fields(self) if (value := getattr(self, one.name))]

    @property
    def is_narrowed(self) -> bool:
        """Whether some integrations may be left out."""
        return bool(replace(self, sort="").query)

    def by(self, column: str) -> Self:
        """Sorted by a column; by its other end if it is sorted by it already."""
        return replace(self, sort=f"-{column}" if self.sort == column else column)

    def within(self, state: str) -> Self:
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: values that occur, with their words."""

    platform: list[tuple[str, str]] = field(default_factory=list)
    hub: list[tuple[str, str]] = field(default_factory=list)
    tag: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """An integration as the table shows it."""

    one: Any
    """The :class:`Integration` with ``missing`` (numbers that should be in the store and are not) and
    ``throttled_since``; credentials are not loaded."""
    spark: Spark


def found(wanted: Wanted, scope: Scope) -> QuerySet[Integration]:
    """The integrations that fit, in the order that was asked for."""
    rows = scope.limit(Integration.objects.filter(STATE_FILTERS.get(wanted.state, Q()), _fits(wanted)))
    ordered = worst_first(rows.annotate(**_looked_up())).select_related("progress")
    if not wanted.sort:
        return ordered
    columns = [order.copy() for order in SORTS[wanted.sort.removeprefix("-")]]
    if wanted.sort.startswith("-"):
        for order in columns:
            # What has no value stays at the end, whichever end comes first.
            order.descending = not order.descending
    return ordered.order_by(*columns, "name")


def counts(wanted: Wanted, scope: Scope) -> dict[str, int]:
    """How many fit but for the state, by state (the keys of :data:`STATES`). One query."""
    rows = scope.limit(Integration.objects.filter(_fits(wanted)))
    by_state = {key or "all": Count("pk", filter=STATE_FILTERS.get(key)) for key in STATES}
    row: dict[str, int] = rows.order_by().aggregate(**by_state)
    return {key: row[key or "all"] for key in STATES}


def rows_of(integrations: Sequence[Integration], now: datetime) -> list[Row]:
    """Adds how late the orders of the last day were. One query."""
    by_integration = sparks([one.pk for one in integrations], now)
    return [Row(one, by_integration[one.pk]) for one in integrations]


def choices(scope: Scope) -> Choices:
    """What the filters of tables and lists offer. One query."""
    watched = scope.limit(Integration.objects.order_by())
    tags = scope.limit(Store.objects.order_by()).annotate(one=Func(F("tags"), function="unnest"))
    nothing = Value("", output_field=CharField())
    rows = (
        watched.values_list(Value("platform"), "store__platform", nothing)
        .union(watched.values_list(Value("hub"), "account__name", "account__title"))
        .union(tags.values_list(Value("tag"), "one", nothing))
    )
    offered: dict[str, list[tuple[str, str]]] = {"platform": [], "hub": [], "tag": []}
    for kind, value, title in rows:
        offered[kind].append((value, title or value))
    return Choices(
        **{kind: sorted(pairs, key=lambda pair: pair[1].lower()) for kind, pairs in offered.items()}
    )


def _fits(wanted: Wanted) -> Q:
    """All that was asked for but the state."""
    condition = Q()
    for word in wanted.q.split()[:MOST_WORDS]:
        condition &= (
            Q(name__icontains=word)
            | Q(store__title__icontains=word)
            | Q(store__url__icontains=word)
            | Q(store__platform__icontains=word)
            | Q(store__tags__icontains=word)
            | Q(account__title__icontains=word)
            | Q(account__name__icontains=word)
        )
    if wanted.platform:
        condition &= Q(store__platform=wanted.platform)
    if wanted.hub:
        condition &= Q(account__name=wanted.hub)
    if wanted.tag:
        condition &= Q(store__tags__contains=[wanted.tag])
    if wanted.cause:
        condition &= Q(verdict__cause=wanted.cause, verdict__state__in=[State.WARN, State.FAIL])
    return condition


def _looked_up() -> dict[str, Any]:
    """What the tracking and the throttle conditions know; PostgreSQL asks for the rows of the page only."""
    # Numbers that were not looked for yet, or no longer can be, are not known to be missing.
    tracking = Condition.objects.filter(integration=OuterRef("pk"), kind=ConditionKind.TRACKING)
    tracking = tracking.exclude(state=State.UNKNOWN)
    missing = Cast(KeyTextTransform("late_tracking_count", "evidence"), IntegerField())
    throttle = Condition.objects.filter(
        integration=OuterRef("pk"),
        kind=ConditionKind.THROTTLE,
        rule="throttled",
        state__in=[State.WARN, State.FAIL],
    )
    return {
        "missing": Subquery(tracking.annotate(n=missing).values("n")),
        "throttled_since": Subquery(throttle.values("since"), output_field=DateTimeField()),
    }

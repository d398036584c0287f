"""What the charts can be narrowed to, and what they are drawn side by side for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.adapters import ImportsOrders
from integrations.models import Integration, Store
from integrations.registry import adapter_class, offers
from monitor.charts.chosen import GROUPS, SELF_HOSTED, SHOPIFY, Chosen, platforms_of
from monitor.dashboard.looking import Look
from monitor.dashboard.queries.fleet import worst_first
from monitor.scope import Scope

SIDE_BY_SIDE = 6
"""Charts on one page; the rest is reached by narrowing."""
_ALIKE = 50
"""Stores of one title that are looked through for the one with this short name."""
Choice = tuple[str, str]
"""A value as it stands in the address, and how people call it."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One of the charts that stand side by side."""

    of: str
    title: str
    query: str


class Explore:
    """The choices there are in a person's part of the fleet. One query, and one each for stores by name, for
    the one store that is asked for, and for what is drawn of a part."""

    def __init__(self, look: Look, scope: Scope) -> None:
        self.look = look
        self.scope = scope

    @cached_property
    def _rows(self) -> list[tuple[str, str, str, str, list[str]]]:
        """Platform, account, its title and kind, and the store's tags, each combination once."""
        rows = self.scope.limit(Integration.objects.order_by())
        named = ("store__platform", "account__name", "account__title", "account__kind", "store__tags")
        return list(rows.values_list(*named).distinct())

    @cached_property
    def _pairs(self) -> list[tuple[str, str, str]]:
        return sorted({row[:3] for row in self._rows})

    @property
    def platforms(self) -> list[Choice]:
        return [(kind, _(adapter_class(kind).label)) for kind in sorted({pair[0] for pair in self._pairs})]

    @property
    def hubs(self) -> list[Choice]:
        return sorted({(name, title or name) for _platform, name, title in self._pairs})

    @cached_property
    def tags(self) -> list[Choice]:
        return [(one, one) for one in sorted({tag for row in self._rows for tag in row[4]})]

    @cached_property
    def store(self) -> Store | None:
        """The one store that is asked for, by its short name or as people call it. One query."""
        name = self.look.store
        if not name:
            return None
        called = self.scope.limit(Store.objects.filter(Q(name=name) | Q(title__iexact=name)))
        found = list(called.only("name", "title")[:_ALIKE])
        exact = [one for one in found if one.name == name] or found
        return exact[0] if len(exact) == 1 else None

    @cached_property
    def facets(self) -> Sequence[Facet]:
        """What is drawn, the first :data:`SIDE_BY_SIDE`."""
        return [
            Facet(of, title, "&".join(filter(None, [self.look.query, urlencode({"of": of})])))
            for of, title in self._choices[:SIDE_BY_SIDE]
        ]

    @property
    def more(self) -> int:
        """Those that are not drawn."""
        return len(self._choices) - len(self.facets)

    @cached_property
    def _choices(self) -> list[Choice]:
        if self.look.by == "store":
            return self._stores
        if self.look.by == "tag":
            return [one for one in self.tags if self.look.tag in ("", one[0])]
        pairs = self._pairs
        if self.look.is_narrowed:
            part = self.look.chosen(self.scope).integrations().order_by()
            kept = set(part.values_list("store__platform", "account__name"))
            pairs = [pair for pair in pairs if pair[:2] in kept]
        here = {pair[0] for pair in pairs}
        if self.look.by == "platform":
            return [choice for choice in self.platforms if choice[0] in here]
        if self.look.by == "hub":
            # A hub that only counts events imports no orders that could be late.
            importing = {row[1] for row in self._rows if offers(row[3], ImportsOrders)}
            drawn = importing & {pair[1] for pair in pairs}
            return [choice for choice in self.hubs if choice[0] in drawn]
        titles = {SHOPIFY: "Shopify", SELF_HOSTED: _("Self-hosted shops")}
        return [(group, titles[group]) for group in GROUPS if here & platforms_of(group)]

    @property
    def _stores(self) -> list[Choice]:
        """Of the stores, the worst ones first."""
        chosen: Chosen = self.look.chosen(self.scope)
        names = worst_first(chosen.integrations()).values_list("store__name", "store__title")
        return list({name: title or name for name, title in names[: 4 * SIDE_BY_SIDE]}.items())

    @property
    def narrowed(self) -> list[tuple[str, str]]:
        """What the fleet is narrowed to, in words, and the address without it."""
        named = {"platform": dict(self.platforms), "hub": dict(self.hubs)}
        if self.store is not None:
            named["store"] = {self.store.name: str(self.store)}
        return [
            (named.get(name, {}).get(value, value), self.look.but(**{name: ""}))
            for name in ("platform", "hub", "tag", "store")
            if (value := getattr(self.look, name))
        ]

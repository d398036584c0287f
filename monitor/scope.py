"""Which stores a person may see or act on: the one place through which every page asks for rows.

A group of a person counts for all stores; a :class:`monitor.models.Role` gives a group's rights for the
stores with certain tags only. ``scope_of(user)`` says where somebody has a right, and ``limit`` keeps a
query to it. Where a person's rights hold everywhere, a query stays exactly as it was.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from integrations.models import Account, Integration, Store
from monitor.access_control import VIEW
from monitor.models import BulkRefresh, Incident, Maintenance, Member, Refresh, Role, User
from monitor.permissions import grants_of

Row = TypeVar("Row", bound=Model)

_STORE: Final = "store__tags"
_INTEGRATION: Final = "integration__store__tags"
PATHS: Final = {
    "integrations.store": "tags",
    "integrations.integration": _STORE,
    "monitor.cellchange": _STORE,
    "monitor.storeexamination": _STORE,
    "monitor.storestate": _STORE,
    "monitor.edgechange": _STORE,
    "monitor.order": _STORE,
    "monitor.arrival": _INTEGRATION,
    "monitor.condition": _INTEGRATION,
    "monitor.hubfailurelog": _INTEGRATION,
    "monitor.hubstate": _INTEGRATION,
    "monitor.latencyday": _INTEGRATION,
    "monitor.latencyhour": _INTEGRATION,
    "monitor.manualtick": _INTEGRATION,
    "monitor.member": _INTEGRATION,
    "monitor.progress": _INTEGRATION,
    "monitor.recovery": _INTEGRATION,
    "monitor.refresh": _INTEGRATION,
    "monitor.shipment": _INTEGRATION,
    "monitor.stateday": _INTEGRATION,
    "monitor.transition": _INTEGRATION,
    "monitor.verdict": _INTEGRATION,
}
"""How a row of each table leads to the tags of its one store."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The stores in which somebody has a right."""

    tags: frozenset[str] | None
    """A store with one of them belongs to it. None: every store; empty: no store."""

    @property
    def is_everything(self) -> bool:
        return self.tags is None

    def limit(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Keeps the rows about stores of this scope; of what concerns several stores, any of them.

        Raises KeyError for a table that is not known to lead to stores, so that none is shown by mistake.
        """
        return rows if self.tags is None else rows.filter(self._concerns(rows.model))

    def limit_whole(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Like :meth:`limit`, but what concerns several stores is kept only if it has all of them.

        For what changes something: an incident of twenty stores is not acknowledged by who answers for one.
        """
        if self.tags is None:
            return rows
        return self.limit(rows).filter(self._concerns_no_other(rows.model))

    def allows(self, integration: Integration) -> bool:
        """Whether an integration, whose ``store`` is loaded, belongs to it."""
        return self.allows_tags(integration.store.tags)

    def allows_tags(self, tags: Collection[str]) -> bool:
        """Whether a store with these tags belongs to it."""
        return self.tags is None or not self.tags.isdisjoint(tags)

    def allows_all(self, integrations: Collection[Integration]) -> bool:
        """Whether each of them belongs to it."""
        return all(self.allows(one) for one in integrations)

    def covers(self, row: Model) -> bool:
        """Whether a row concerns stores of this scope and no others, so that it may be changed.

        One query where rights hold for some stores only, none for an integration whose ``store`` is loaded.
        """
        if isinstance(row, Integration):
            return self.allows(row)
        return bool(self.covered([row]))

    def covered(self, rows: Collection[Model]) -> Collection[int]:
        """Those of rows of one table, by primary key, that it :meth:`covers`, by at most one query."""
        keys = {row.pk for row in rows}
        if self.tags is None or not keys:
            return keys
        if not self.tags:
            return ()
        table = type(next(iter(rows)))._default_manager
        return set(self.limit_whole(table.filter(pk__in=keys)).values_list("pk", flat=True))

    def of(self, path: str) -> Q:
        """The condition on rows that reach their store's tags by ``path``."""
        return Q() if self.tags is None else Q(**{f"{path}__overlap": sorted(self.tags)})

    def _concerns(self, model: type[Model]) -> Q:
        if model is Incident:
            return Q(Exists(self._members()))
        if model is BulkRefresh:
            return Q(Exists(Refresh.objects.filter(self.of(_INTEGRATION), bulk=OuterRef("pk"))))
        if model is Account:
            mine = Integration.objects.filter(self.of(_STORE))
            zones = Store.objects.filter(self.of("tags"), edge=OuterRef("pk"))
            return Q(Exists(mine.filter(account=OuterRef("pk")))) | Q(Exists(zones))
        if model is Maintenance:
            account = Integration.objects.filter(self.of(_STORE), account=OuterRef("account"))
            everything = Q(store=None, account=None, tag="")
            tag = Q(tag__in=self.tags or ())
            return everything | tag | self.of(_STORE) | Q(Exists(account))
        return self.of(PATHS[model._meta.label_lower])

    def _concerns_no_other(self, model: type[Model]) -> Q:
        mine = self.of(_INTEGRATION)
        if model is Incident:
            return ~Q(Exists(Member.objects.filter(~mine, incident=OuterRef("pk"))))
        if model is BulkRefresh:
            return ~Q(Exists(Refresh.objects.filter(~mine, bulk=OuterRef("pk"))))
        if model is Account:
            return ~Q(Exists(Integration.objects.filter(~self.of(_STORE), account=OuterRef("pk"))))
        if model is Maintenance:
            return self.of(_STORE) | Q(tag__in=self.tags or ())
        return Q()

    def _members(self) -> QuerySet[Member]:
        return Member.objects.filter(self.of(_INTEGRATION), incident=OuterRef("pk"))


EVERYTHING: Final = Scope(None)
NOTHING: Final = Scope(frozenset())


def scope_of(user: User | AnonymousUser, permission: str = VIEW) -> Scope:
    """Where somebody has a permission. Costs no query beyond that of the permissions themselves."""
    if not user.is_authenticated or not user.is_active:
        return NOTHING
    grants = grants_of(cast(Any, user))
    return Scope(grants[permission]) if permission in grants else NOTHING


def seeing_everything(permission: str = VIEW) -> QuerySet[User]:
    """The active people who have a permission for all stores."""
    held = _held(permission)
    everywhere = Q(is_superuser=True) | Q(groups__permissions__in=held) | Q(user_permissions__in=held)
    return User.objects.filter(everywhere, is_active=True)


def scopes_of(people: Collection[int], permission: str = VIEW) -> dict[int, Scope]:
    """Where each of these people, by primary key, has a permission. Two queries, none for nobody."""
    if not people:
        return {}
    found = dict.fromkeys(people, NOTHING)
    active = User.objects.filter(pk__in=people, is_active=True)
    roles = Role.objects.filter(user__in=active, group__permissions__in=_held(permission))
    for person, tags in roles.values_list("user", "tags"):
        found[person] = Scope((found[person].tags or frozenset()) | frozenset(tags))
    everywhere = seeing_everything(permission).filter(pk__in=people)
    found |= dict.fromkeys(everywhere.values_list("pk", flat=True), EVERYTHING)
    return found


def _held(permission: str) -> QuerySet[Permission]:
    app, _dot, name = permission.partition(".")
    return Permission.objects.filter(content_type__app_label=app, codename=name)

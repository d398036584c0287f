"""Which stores of the fleet do not let their hubs pass, and what many of them suffer from alike."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from integrations.access.explaining import explain
from integrations.access.fixes import Guest
from integrations.access.records import Severity
from integrations.models import Integration
from integrations.registry import adapter_class, user_agents
from monitor import examinations
from monitor.dashboard.queries.fleet import WATCHED
from monitor.models import StoreExamination
from monitor.scope import Scope

GROUPS_SHOWN = 40
MEMBERS_SHOWN = 12
"""Of each group; all of one are shown when it alone is asked for."""
ALL_OF_ONE = 1000
_SHAPES = {Severity.FAIL.value: "fail", Severity.WARN.value: "late"}


@dataclass(frozen=True, slots=True)
class Suffering:
    """One store of a group."""

    store_id: int
    fingerprint: str
    severity: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Member:
    since: datetime
    integrations: Sequence[Integration]
    """Into each hub; at least one."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Stores that suffer from the same."""

    fingerprint: str
    severity: str
    count: int
    since: datetime
    """The first of them."""
    label: str
    """What it is: ``nginx refuses PUT, PATCH``."""
    headline: str
    """A sentence, where it is about one store only; else empty."""
    members: Sequence[Member]

    @property
    def shape(self) -> str:
        return _SHAPES.get(self.severity, "late")

    @property
    def beyond(self) -> int:
        """Members that are not shown."""
        return self.count - len(self.members)


@dataclass(frozen=True, slots=True)
class Summary:
    """``examined`` stores are those that something watches."""

    examined: int
    suffering: int
    newest_at: datetime | None


class Blocked:
    """Two light queries over all, and two about what is shown, however large the fleet."""

    def __init__(self, scope: Scope, *, only: str = "") -> None:
        self.scope = scope
        self.only = only

    @cached_property
    def summary(self) -> Summary:
        row = _watched(self.scope).aggregate(
            examined=Count("pk"), suffering=Count("pk", filter=~Q(fingerprint="")), newest_at=Max("at")
        )
        return Summary(**row)

    @cached_property
    def groups(self) -> list[Alike]:
        """The gravest first, then the largest."""
        watched = _watched(self.scope)
        rows = watched.filter(fingerprint=self.only) if self.only else watched.exclude(fingerprint="")
        alike = defaultdict[str, list[Suffering]](list)
        for values in rows.order_by("since", "pk").values_list("pk", "fingerprint", "severity", "since"):
            alike[values[1]].append(Suffering(*values))
        shown = sorted(alike.values(), key=_gravity)[:GROUPS_SHOWN]
        limit = ALL_OF_ONE if self.only else MEMBERS_SHOWN
        integrations = _integrations(one.store_id for group in shown for one in group[:limit])
        samples = StoreExamination.objects.only("diagnoses").in_bulk([group[0].store_id for group in shown])
        return [_group(group, limit, samples.get(group[0].store_id), integrations) for group in shown]

    @property
    def alike(self) -> list[Alike]:
        """Groups of several stores; whichever was asked for by itself."""
        return [group for group in self.groups if group.count > 1 or self.only]

    @property
    def single(self) -> list[Alike]:
        """Stores that suffer from what no other does."""
        return [group for group in self.groups if group.count == 1 and not self.only]

    @cached_property
    def groups_beyond(self) -> int:
        """Stores that suffer and belong to no group that is shown."""
        return 0 if self.only else self.summary.suffering - sum(group.count for group in self.groups)


def most_alike(scope: Scope) -> Alike | None:
    """The largest group of at least two stores, without its members; None: there is none."""
    sizes = _watched(scope).exclude(fingerprint="").values("fingerprint").annotate(size=Count("pk"))
    largest = sizes.filter(size__gt=1).order_by("-size", "fingerprint").first()
    if largest is None:
        return None
    alike = _watched(scope).filter(fingerprint=largest["fingerprint"])
    sample = alike.defer("document").order_by("since").first()
    if sample is None:
        return None
    one = Suffering(sample.pk, sample.fingerprint, sample.severity, sample.since)
    return _group([one] * largest["size"], 0, sample, {})


def _watched(scope: Scope) -> QuerySet[StoreExamination]:
    """Of a store that nothing watches any more, the last examination is no news."""
    return scope.limit(StoreExamination.objects.all()).filter(
        Exists(Integration.objects.filter(WATCHED, store=OuterRef("store_id")))
    )


def _gravity(group: Sequence[Suffering]) -> tuple[bool, int, datetime]:
    return all(one.severity != Severity.FAIL for one in group), -len(group), group[0].since


def _integrations(store_ids: Iterable[int]) -> dict[int, list[Integration]]:
    rows = Integration.objects.filter(WATCHED, store__in=list(store_ids)).select_related("store", "account")
    found = defaultdict[int, list[Integration]](list)
    for row in rows.defer("store__credentials", "account__credentials").order_by("name"):
        found[row.store_id].append(row)
    return found


def _group(
    group: Sequence[Suffering],
    limit: int,
    sample: StoreExamination | None,
    integrations: dict[int, list[Integration]],
) -> Alike:
    members = [
        Member(one.since, integrations[one.store_id]) for one in group[:limit] if one.store_id in integrations
    ]
    found = examinations.diagnoses(sample) if sample else ()
    causes = [diagnosis for diagnosis in found if diagnosis.severity is not Severity.INFO]
    said = explain(causes[0], _guest(members[0].integrations if members else ())) if causes else None
    return Alike(
        fingerprint=group[0].fingerprint,
        severity=min((one.severity for one in group), key=lambda severity: severity != Severity.FAIL),
        count=len(group),
        since=group[0].since,
        label=said.label if said else "",
        headline=said.headline if said and len(group) == 1 else "",
        members=members,
    )


def _guest(integrations: Sequence[Integration]) -> Guest:
    """The hubs of one store that call it, together."""
    agents: dict[str, None] = {}
    names: dict[str, None] = {}
    for one in integrations:
        account = one.account
        sent = user_agents(account.kind, account.settings, one.store.platform)
        agents |= dict.fromkeys(sent)
        names |= dict.fromkeys([gettext(adapter_class(account.kind).label)] if sent else [])
    return Guest(", ".join(names) or gettext("the hub"), tuple(agents))

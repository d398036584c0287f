"""What the page of one integration asks about its systems: parcels, checks, the zone, people's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import F, Q, QuerySet

from integrations.adapters import ReadsEvents, ReadsShipments, ReadsTracking, Subscribes
from integrations.contracts import CheckState, ConditionKind, ManualCheck
from integrations.models import Integration
from integrations.registry import adapter_class, offers
from monitor.collect.shipments import missing
from monitor.models import CheckResult, EdgeChange, ManualTick, Shipment, StoreState
from monitor.webhooks.addresses import webhook_url
from monitor.wording import told

SHOWN_PARCELS = 100
SHOWN_CHANGES = 10
SHOWN_REFUSED = 10
SKEW_SHOWN = timedelta(seconds=30)
"""A clock that is off by less does no harm."""
Source = CheckResult.Source
_ORDER = {
    CheckState.FAIL.value: 0,
    CheckState.WARN.value: 1,
    CheckState.UNKNOWN.value: 2,
    CheckState.INFO.value: 3,
    CheckState.OK.value: 4,
}


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check in the reader's language."""

    row: CheckResult
    text: str
    remedy: str

    @property
    def is_quiet(self) -> bool:
        """Nothing anybody has to look at."""
        return self.row.state in (CheckState.OK, CheckState.INFO)


@dataclass(frozen=True, slots=True)
class Ticked:
    """Something a person looks at, and who did so when."""

    item: ManualCheck
    text: str
    help: str
    tick: ManualTick | None


class Systems:
    """Each property costs at most one query."""

    def __init__(self, integration: Integration, now: datetime) -> None:
        self.integration = integration
        self.now = now

    @property
    def watches_tracking(self) -> bool:
        """Parcels of this integration are read, and looked for in its store."""
        kind, platform = self.integration.account.kind, self.integration.store.platform
        return offers(kind, ReadsShipments) and offers(platform, ReadsTracking)

    @cached_property
    def _parcels(self) -> Sequence[Shipment]:
        mine = Shipment.objects.filter(integration=self.integration)
        due = missing(self.now).filter(integration=self.integration, due_at__lte=self.now)
        refused = mine.filter(changed_at__gt=self.now - timedelta(days=7)).exclude(problem="")
        looked = due.filter(looked_at__gte=F("due_at")).order_by("due_at")[:SHOWN_PARCELS]
        others = self._others[:SHOWN_PARCELS]
        # A walk down an index each; an OR would read all parcels.
        return list(looked.union(others, refused.order_by("-changed_at")[:SHOWN_REFUSED]))

    @cached_property
    def missing_parcels(self) -> list[Shipment]:
        """Parcels whose number was looked for in the store since it is due, and is not there; the longest due
        first."""
        found = [one for one in self._due if one.looked_at and one.due_at and one.looked_at >= one.due_at]
        return sorted(found, key=lambda parcel: parcel.due_at or self.now)

    @cached_property
    def not_looked_for(self) -> int:
        """How many parcels there are whose number is due and was not looked for since."""
        seen = len(self._due) - len(self.missing_parcels)
        return seen if seen < SHOWN_PARCELS else self._others.count()

    @property
    def _others(self) -> QuerySet[Shipment]:
        due = missing(self.now).filter(integration=self.integration, due_at__lte=self.now)
        return due.filter(Q(looked_at=None) | Q(looked_at__lt=F("due_at")))

    @property
    def _due(self) -> list[Shipment]:
        due = (one for one in self._parcels if one.number and one.due_at and one.due_at <= self.now)
        return [one for one in due if not one.reached_at]

    @cached_property
    def refused_parcels(self) -> list[Shipment]:
        """Parcels that the carrier refused, newest first."""
        refused = (parcel for parcel in self._parcels if parcel.problem)
        return sorted(refused, key=lambda parcel: parcel.changed_at, reverse=True)

    @cached_property
    def checks(self) -> list[ShownCheck]:
        """Of the store, its zone, the integration and the account; the worst first."""
        integration = self.integration
        wanted = (
            ([Source.STORE, Source.EDGE], integration.store_id),
            ([Source.INTEGRATION], integration.pk),
            ([Source.ACCOUNT], integration.account_id),
        )
        rows = CheckResult.objects.none()
        for sources, target in wanted:
            rows |= CheckResult.objects.filter(source__in=sources, target_id=target)
        shown = [ShownCheck(row, told(row.text, row.values), told(row.remedy, row.values)) for row in rows]
        return sorted(shown, key=lambda check: (_ORDER.get(check.row.state, 2), check.row.kind, check.text))

    @property
    def store_state(self) -> StoreState | None:
        return getattr(self.integration.store, "state", None)

    @property
    def skew(self) -> timedelta | None:
        """How far the store's clock is off; None while it is right or unknown."""
        state = self.store_state
        if state is None or state.clock_skew_s is None:
            return None
        skew = timedelta(seconds=round(state.clock_skew_s))
        return skew if abs(skew) >= SKEW_SHOWN else None

    @property
    def clock_is_ahead(self) -> bool:
        return self.skew is not None and self.skew > timedelta(0)

    @property
    def skew_size(self) -> timedelta | None:
        return abs(self.skew) if self.skew is not None else None

    @cached_property
    def zone_changes(self) -> Sequence[EdgeChange]:
        """What was changed in the zone in front of the store, newest first."""
        if self.integration.store.edge_id is None:
            return []
        rows = EdgeChange.objects.filter(store=self.integration.store_id).exclude(changes=[])
        return list(rows.defer("snapshot").order_by("-at")[:SHOWN_CHANGES])

    @cached_property
    def manual(self) -> list[Ticked]:
        """What no API tells of this hub."""
        kind = self.integration.account.kind
        if not offers(kind, ReadsEvents):
            return []
        ticks = {tick.code: tick for tick in ManualTick.objects.filter(integration=self.integration)}
        items: Sequence[ManualCheck] = adapter_class(kind).manual_checks
        return [
            Ticked(item, told(item.text, {}), told(item.help, {}), ticks.get(item.code)) for item in items
        ]

    @property
    def can_subscribe(self) -> bool:
        """The store's webhooks can be made from here."""
        store = self.integration.store
        lacking = any(
            check.row.kind == ConditionKind.WEBHOOKS and check.row.state != CheckState.OK
            for check in self.checks
        )
        return (
            lacking and offers(store.platform, Subscribes) and bool(webhook_url(store.platform, store.name))
        )

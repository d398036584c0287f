"""What adapters offer: Protocols for stores, hubs and edges.

Adapters know nothing of health or databases, and of Django only its translations. They raise
:class:`integrations.errors.RemoteError` only. The optional protocols each stand for one ability;
:func:`integrations.registry.offers` tells whether an adapter has it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from integrations.access.plan import ProbePlan
from integrations.contracts import (
    ArrivalRecord,
    CallRecord,
    Check,
    ConnectionReport,
    EdgeReport,
    EventReport,
    HubFailure,
    HubIntegration,
    ManualCheck,
    OrderRecord,
    Page,
    Parcel,
    RefreshAnswer,
    ShipmentRecord,
    StoreCheckup,
    StoreTracking,
    TrackingWrite,
    Visitor,
    Watermark,
)
from integrations.full_orders import FullOrder

if TYPE_CHECKING:
    from integrations.http import RemoteClient


class StoreAdapter(Protocol):
    """Reads one store. Raises :class:`integrations.errors.RemoteError` only."""

    platform: ClassVar[str]
    self_hosted: ClassVar[bool]
    plan: ClassVar[ProbePlan]
    """What may be asked without credentials."""
    root: str
    """Full address of the store's API."""
    http: "RemoteClient"

    def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        """Orders changed since the watermark, oldest change first, look-back included."""

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        """Ask as a hub would, once per User-Agent and once neutrally; changes nothing."""

    async def test_connection(self, *, now: datetime) -> ConnectionReport: ...

    def calls(self) -> Sequence[CallRecord]:
        """Calls worth keeping since the adapter was opened: failures, and one success."""


# What a store may offer besides.


@runtime_checkable
class ChecksStore(Protocol):
    async def check(self, *, now: datetime) -> StoreCheckup:
        """Looks at everything but orders: version, clock, zone, webhooks, rights. Few requests."""


@runtime_checkable
class ReadsTracking(Protocol):
    async def read_tracking(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
        """The orders' tracking as the store has it; an order that the store does not have is left out.

        ``order_ids`` are the store's own ids, at most 100.
        """


@runtime_checkable
class WritesTracking(Protocol):
    async def write_tracking(
        self, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool = False
    ) -> TrackingWrite:
        """Writes the numbers that the order lacks: reads first, writes the difference, reads back.

        Doing it twice changes nothing the second time. The buyer is mailed only with ``notify``.
        Raises NotPossible when the order is of no kind that takes a number.
        """


@runtime_checkable
class ReadsFullOrders(Protocol):
    async def read_full_orders(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
        """Whole orders, to be passed on to a hub at once; unknown ids are left out. At most 100."""


@runtime_checkable
class Nudges(Protocol):
    async def nudge(self, order_id: str, *, now: datetime) -> None:
        """Touches an order harmlessly, so that its time of change moves and its webhooks fire.

        Raises NotPossible when this shop has no harmless way.
        """


@runtime_checkable
class Subscribes(Protocol):
    async def subscribe(self, *, now: datetime) -> Sequence[str]:
        """Makes the store's webhooks to ``Target.webhook_url`` that are missing or disabled.

        Returns the topics that were made or enabled; none the second time.
        """


class HubAdapter(Protocol):
    """Reads one account of a hub. Raises :class:`integrations.errors.RemoteError` only."""

    kind: ClassVar[str]

    def user_agents(self, platform: str) -> Sequence[str]:
        """The User-Agents this hub sends to a store of that platform."""

    def panel_url(self, integration_id: str, system: str) -> str:
        """The hub's own page of an integration; empty when there is none."""

    def can_refresh(self) -> bool:
        """Whether :meth:`refresh` can be called at all for this account."""

    async def refresh(self, integration_id: str, *, now: datetime) -> RefreshAnswer: ...

    async def test_connection(self, *, now: datetime) -> ConnectionReport: ...

    def calls(self) -> Sequence[CallRecord]: ...


# What a hub may offer besides.


@runtime_checkable
class ImportsOrders(Protocol):
    """A hub that fetches orders and tells which ones it has."""

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]: ...

    def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """Orders that arrived since the watermark, newest first, look-back included; of the
        whole account, or of one integration. Only the last page carries a watermark."""

    async def read_failures(self, since_id: str, *, now: datetime) -> Sequence[HubFailure]:
        """Rows of the failure log newer than ``since_id`` (all that is kept when empty)."""


@runtime_checkable
class KeepsLog(Protocol):
    failures_are_logged: ClassVar[bool]
    """The hub tells of its failed calls: that it tells of none means that there are none."""


@runtime_checkable
class ReadsShipments(Protocol):
    def read_shipments(
        self, integration_id: str, since: Watermark, *, now: datetime
    ) -> AsyncIterator[Page[ShipmentRecord]]:
        """Parcels of an integration that changed since the watermark, look-back included."""


@runtime_checkable
class ChecksIntegration(Protocol):
    async def check_integration(self, integration_id: str, system: str, *, now: datetime) -> Sequence[Check]:
        """What the hub tells of an integration's settings, for example a broken status mapping."""


@runtime_checkable
class PushesOrders(Protocol):
    def can_push(self, system: str) -> bool:
        """Whether orders may be sent to an integration of that system."""

    async def push_orders(
        self, integration_id: str, orders: Sequence[FullOrder], *, now: datetime
    ) -> RefreshAnswer:
        """Sends whole orders, idempotently: an order that the hub has is not doubled."""


@runtime_checkable
class ReadsEvents(Protocol):
    manual_checks: ClassVar[Sequence[ManualCheck]]

    async def read_events(self, *, now: datetime) -> EventReport:
        """Counts per hour of the last two days, and what else the account tells of its data."""


class EdgeAdapter(Protocol):
    """Audits a zone in front of stores. Only reads. Raises RemoteError only."""

    kind: ClassVar[str]

    async def audit(
        self, host: str, *, platform: str, visitors: Sequence[Visitor], now: datetime
    ) -> EdgeReport:
        """Does anything in the zone of ``host`` disturb the shop, or stop the hubs that visit it?"""

    def differences(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
        """What was changed between two snapshots: ``what``, ``before``, ``after``, each readable."""

    async def test_connection(self, *, now: datetime) -> ConnectionReport: ...

    def calls(self) -> Sequence[CallRecord]: ...


class Pacer(Protocol):
    """Waits for the right to make the next request under an account's shared rate limit."""

    async def acquire(self) -> None: ...

    async def pause(self, duration: timedelta) -> None:
        """Nobody may ask for that long: the remote said it had enough."""

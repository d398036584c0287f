"""What the outside world looks like from inside: typed records and the Protocols adapters fulfil.

Adapters read remote systems and yield these records; they know nothing of health or
databases, and of Django only its translations. Every time is aware and in UTC.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

RecordT_co = TypeVar("RecordT_co", covariant=True)


class ConditionKind(StrEnum):
    """One question about an integration. Listed from cause to consequence."""

    EDGE = "edge"
    ACCESS = "access"
    CREDENTIALS = "credentials"
    WEBHOOKS = "webhooks"
    THROTTLE = "throttle"
    IMPORTS = "imports"
    TRACKING = "tracking"
    EVENTS = "events"


class Outcome(StrEnum):
    """What became of one request, judged by the whole answer and never by its status alone."""

    PASSED = "passed"
    """The application itself answered, be it with a refusal of its own."""
    BLOCKED = "blocked"
    CHALLENGED = "challenged"
    REDIRECTED = "redirected"
    MAINTENANCE = "maintenance"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    """The application answered and refused the credentials or a right."""
    FAULT = "fault"
    """The application or its server failed (5xx)."""
    UNEXPECTED = "unexpected"
    """An answer of no known shape, for example HTML where JSON was due: neither passed nor blocked."""
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a source was read: everything up to (at, key) is stored.

    ``newest`` is the highest remote id seen, for sources that also need a look that does not
    depend on clocks (WooCommerce).
    """

    at: datetime
    key: str = ""
    newest: str = ""

    def to_json(self) -> dict[str, str]:
        return {"at": self.at.isoformat(), "key": self.key, "newest": self.newest}

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> "Watermark":
        return cls(
            at=datetime.fromisoformat(document["at"]),
            key=document.get("key", ""),
            newest=document.get("newest", ""),
        )


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as its store has it. No customer data."""

    external_id: str
    number: str
    ordered_at: datetime
    eligible_at: datetime
    """When a hub could first have imported it: placed, or paid where a hub waits for that."""
    changed_at: datetime
    status: str
    expected: bool
    unexpected_reason: str = ""
    """Why no hub will import it (``status cancelled``, ``test order``); empty when expected."""


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """An order as a hub has it."""

    integration_id: str
    """The hub's own id of the integration."""
    hub_id: str
    order_id: str
    """The store's id of the order, as the hub repeats it."""
    order_number: str
    arrived_at: datetime
    ordered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[RecordT_co]):
    """Some records and, when they are all that lies before it, the watermark that may be
    stored in the same transaction. ``None``: more pages must be stored first."""

    records: Sequence[RecordT_co]
    watermark: Watermark | None


@dataclass(frozen=True, slots=True)
class HubIntegration:
    """What a hub says of one of its integrations."""

    external_id: str
    system: str
    """The hub's word for the shop system; free text."""
    shop_name: str
    shop_url: str
    failing_since: datetime | None
    last_fetched_at: datetime | None
    settings_changed_at: datetime | None = None
    created_at: datetime | None = None
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class PhaseTimings:
    """Milliseconds spent per phase of one request, as seen inside the transport."""

    resolve: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    wait: float = 0.0
    transfer: float = 0.0

    @property
    def total(self) -> float:
        return self.resolve + self.connect + self.tls + self.wait + self.transfer


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What a remote answered once. Redacted when it is made: no credentials, no personal data."""

    at: datetime
    method: str
    url: str
    """Without user, password and query values."""
    user_agent: str
    status: int | None
    outcome: Outcome
    by: str = ""
    """Who answered, in words (``nginx``, ``Cloudflare``, ``WooCommerce``); empty when unknown."""
    detail: str = ""
    """One sentence a person would say about the answer."""
    excerpt: str = ""
    timings: PhaseTimings = PhaseTimings()
    tls_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HubFailure:
    """A row of the hub's own log of calls to the store that failed. Redacted."""

    external_id: str
    integration_id: str | None
    base_url: str
    at: datetime
    method: str
    path: str
    status: int | None
    exception_type: str
    outcome: Outcome
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a connection needs, as found by a connection test."""

    name: str
    met: bool | None
    """``None``: could not be found out."""
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """The result of a connection test: every need, met or not, with what to do."""

    needs: tuple[Need, ...]
    integrations: tuple[HubIntegration, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """What was found out on the way: platform, version, time zone, clock skew."""

    @property
    def ok(self) -> bool:
        return all(need.met is not False for need in self.needs)


@dataclass(frozen=True, slots=True)
class RefreshAnswer:
    """What a hub answered to a refresh call. Says nothing about its effect."""

    accepted: bool
    detail: str


class StoreAdapter(Protocol):
    """Reads one store. Raises :class:`integrations.errors.RemoteError` only."""

    platform: ClassVar[str]
    self_hosted: ClassVar[bool]

    def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        """Orders changed since the watermark, oldest change first, look-back included."""

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        """Ask as a hub would, once per User-Agent and once neutrally; changes nothing."""

    async def test_connection(self, *, now: datetime) -> ConnectionReport: ...

    def calls(self) -> Sequence[CallRecord]:
        """Calls worth keeping since the adapter was opened: failures, and one success."""


class HubAdapter(Protocol):
    """Reads one account of a hub. Raises :class:`integrations.errors.RemoteError` only."""

    kind: ClassVar[str]

    async def read_integrations(self, *, now: datetime) -> Sequence[HubIntegration]: ...

    def read_arrivals(
        self, since: Watermark, *, now: datetime, integration_id: str | None = None
    ) -> AsyncIterator[Page[ArrivalRecord]]:
        """Orders that arrived since the watermark, newest first, look-back included; of the
        whole account, or of one integration. Only the last page carries a watermark."""

    async def read_failures(self, since_id: str, *, now: datetime) -> Sequence[HubFailure]:
        """Rows of the failure log newer than ``since_id`` (all that is kept when empty)."""

    def user_agents(self, platform: str) -> Sequence[str]:
        """The User-Agents this hub sends to a store of that platform."""

    def panel_url(self, integration_id: str, system: str) -> str:
        """The hub's own page of an integration; empty when there is none."""

    def can_refresh(self) -> bool:
        """Whether :meth:`refresh` can be called at all for this account."""

    async def refresh(self, integration_id: str, *, now: datetime) -> RefreshAnswer: ...

    async def test_connection(self, *, now: datetime) -> ConnectionReport: ...

    def calls(self) -> Sequence[CallRecord]: ...


class Pacer(Protocol):
    """Waits for the right to make the next request under an account's shared rate limit."""

    async def acquire(self) -> None: ...

    async def pause(self, duration: timedelta) -> None:
        """Nobody may ask for that long: the remote said it had enough."""


@dataclass(frozen=True, slots=True)
class Target:
    """Everything an adapter needs to know of the account or store it is opened for."""

    name: str
    url: str
    credentials: Mapping[str, Any]
    settings: Mapping[str, Any]
    time_zone: str = "UTC"

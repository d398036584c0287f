"""What the outside world looks like from inside: typed records.

Adapters (:mod:`integrations.adapters`) read remote systems and yield these. Every time is aware and in UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

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

    @property
    def version(self) -> tuple[str, datetime, str, bool, datetime]:
        """What differs when the order does: shops stamp changes in whole seconds, and may make two in one."""
        return self.external_id, self.changed_at, self.status, self.expected, self.eligible_at


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
class ShipmentRecord:
    """A parcel as a hub has it. No name, no address."""

    integration_id: str
    """The hub's own id of the integration."""
    hub_id: str
    """The hub's id of the parcel."""
    order_number: str
    tracking_number: str
    """Empty: there is none yet."""
    carrier: str
    """The hub's word for the carrier, for example ``postnl``."""
    changed_at: datetime
    announced_at: datetime | None
    """When the label was made: hubs that give feedback at once write the number then."""
    scanned_at: datetime | None = None
    """When the carrier first had it: hubs that wait for that write the number then."""
    order_id: str = ""
    """The store's id of the order, where the hub repeats it."""
    tracking_url: str = ""
    status: str = ""
    is_void: bool = False
    """Cancelled, or a return: its number is not expected in the store."""
    problem: str = ""
    """Why the carrier refused it; empty when it did not. No personal data."""


@dataclass(frozen=True, slots=True)
class StoreTracking:
    """What a store's order says of its shipping."""

    order_id: str
    numbers: tuple[str, ...]
    """Tracking numbers found in every place where this shop may keep them."""
    is_shipped: bool | None
    """The store itself calls the order shipped; ``None``: cannot be told."""
    is_closed: bool = False
    """Cancelled or refunded: no number is expected any more."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A tracking number to be written to an order."""

    number: str
    carrier: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class TrackingWrite:
    """What came of writing tracking numbers to one order, as read back afterwards."""

    written: tuple[str, ...]
    """Numbers that were missing and are there now."""
    present: tuple[str, ...]
    """Numbers that were there before."""
    where: str = ""
    """In which place of the shop they were written, in its own words."""


class CheckState(StrEnum):
    """The answer to one check of a connected system."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Could not be found out, for example for want of a right."""
    INFO = "info"
    """Worth showing, neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing about a system that was looked at, and what was found.

    ``text`` and ``remedy`` are English templates (marked for translation where they are written)
    with ``%(name)s`` placeholders, filled from ``values`` where they are shown.
    """

    kind: ConditionKind
    code: str
    """Names the check, for example ``webhook_disabled``; never changes its meaning."""
    state: CheckState
    text: str
    values: Mapping[str, str | int | float | None] = field(default_factory=dict)
    remedy: str = ""
    subject: str = ""
    """Which one of several: a topic, a rule's id. With ``code`` it is unique within a report."""


@dataclass(frozen=True, slots=True)
class StoreCheckup:
    """What a store says of itself, apart from its orders."""

    checks: tuple[Check, ...]
    version: str = ""
    """Of the shop software or API, as the shop tells it."""
    time_zone: str = ""
    """IANA name; empty: could not be read."""
    clock_skew: timedelta | None = None
    """The store's clock minus ours; ``None``: it told no time."""


@dataclass(frozen=True, slots=True)
class EventCount:
    """How often something happened in an hour, as a hub counted it."""

    meaning: str
    """``order_placed``, ``order_paid``, ``order_fulfilled``, ``session``."""
    hour: datetime
    """Start of the hour."""
    count: int


@dataclass(frozen=True, slots=True)
class EventReport:
    """What a marketing hub has received."""

    counts: tuple[EventCount, ...]
    settled_until: datetime
    """Hours that end later may still grow."""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A hub as a firewall sees it."""

    name: str
    user_agents: tuple[str, ...]
    addresses: tuple[str, ...]
    """Networks in CIDR notation; empty: not known."""


@dataclass(frozen=True, slots=True)
class EdgeReport:
    """An audit of the zone in front of a store."""

    checks: tuple[Check, ...]
    snapshot: Mapping[str, Any]
    """What was read, normalized, so that two audits can be compared: rules by id, settings by name."""


@dataclass(frozen=True, slots=True)
class ManualCheck:
    """Something that no API tells: a person looks and ticks it."""

    code: str
    text: str
    """English sentence, marked for translation where it is written."""
    help: str = ""


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


GRAPHQL_WRITE = " (mutation)"
"""What a path in a hub's log ends with when a GraphQL call was to change something."""


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

    @property
    def is_write(self) -> bool:
        """Whether the hub wanted to tell the store something, rather than to fetch orders.

        GraphQL asks and changes by the same method: ``path`` then ends with :data:`GRAPHQL_WRITE`.
        """
        if "graphql" in self.path:
            return self.path.endswith(GRAPHQL_WRITE)
        return self.method in ("PUT", "POST", "PATCH", "DELETE")


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


@dataclass(frozen=True, slots=True)
class Target:
    """Everything an adapter needs to know of the account or store it is opened for."""

    name: str
    url: str
    credentials: Mapping[str, Any] = field(repr=False)
    settings: Mapping[str, Any]
    time_zone: str = "UTC"
    webhook_url: str = ""
    """Where our receiver waits for this store's or account's deliveries; empty: it has no public address."""

"""What judging takes and gives. Plain values: no Django, no I/O; every time aware, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.contracts import CallRecord, CheckState, ConditionKind, HubFailure
from monitor.health.states import State

if TYPE_CHECKING:
    from monitor.health.events import EventWindow

Evidence = Mapping[str, Any]
"""JSON-able figures behind an answer; times as ISO 8601 strings, durations in seconds (``..._s``)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the last attempts to read a source went."""

    ok_at: datetime | None
    """When it was last read to its end."""
    tried_at: datetime | None
    error: str = ""
    """Class name of the error of the last attempt (:mod:`integrations.errors`); empty: it went well."""
    message: str = ""
    failures: int = 0
    """Failed attempts in a row."""
    caught_up: bool = False
    """The history had been read to its end at least once."""
    every: timedelta = timedelta(0)
    """How often it is tried. In a large account each integration's turn comes rarely."""


@dataclass(frozen=True, slots=True)
class SilenceProfile:
    """What is usual: expected arrivals per hour for each of the 168 hours of a UTC week."""

    mean_per_hour: tuple[float, ...]
    weeks: float
    """How many weeks it was learned from; few weeks widen the tolerance."""
    burst: float = 1.0
    """Orders per burst (variance over mean of the daily counts, at least 1); bursts widen it too."""


@dataclass(frozen=True, slots=True)
class CheckFact:
    """A check's answer (see :class:`integrations.contracts.Check`) and since when it is so."""

    kind: ConditionKind
    code: str
    state: CheckState
    text: str
    values: Mapping[str, Any]
    remedy: str
    since: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class TrackingFigures:
    """The parcels of an integration whose numbers should be in the store's orders."""

    parcels: Reading
    """Reading the hub's parcels."""
    store: Reading
    """Looking for their numbers in the store."""
    missing_count: int
    """Due numbers that the store lacks, younger than the judging window."""
    late_count: int
    """Those of them that are due for longer than the tolerance and were looked for since."""
    oldest_due_at: datetime | None
    """Of the late ones."""
    oldest_missing_at: datetime | None
    """Since when the oldest number that is missing is due, late or not."""
    newest_reached_due_at: datetime | None
    """When the newest number that did reach the store was due."""
    tolerance: timedelta
    stale_after: timedelta
    tail_oldest_at: datetime | None = None
    """Of the late ones that were due after every number that did reach the store. A stop behind a single
    number that got lost earlier shows only here."""
    main_reason: str = ""
    """What most of the looks found: ``no_order``, ``not_shipped``, ``other_number``, ``no_number``."""


@dataclass(frozen=True, slots=True)
class BlockFact:
    """One thing that an examination of the store's access found wrong."""

    cause: str
    severity: str
    """``fail``, ``warn`` or ``info``."""
    product: str
    """Who refuses; empty: not known."""
    methods: tuple[str, ...]
    write_methods: tuple[str, ...]
    """Those of them by which hubs write tracking numbers on this platform."""
    agents: tuple[str, ...]
    status: int | None
    confidence: str
    rule_id: str
    is_inferred: bool
    since: datetime
    """Since when examinations have found it."""
    observed_at: datetime
    values: Mapping[str, Any] = field(default_factory=dict)
    """Figures for the sentence: ``days``, ``expires_at``, ``host``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one integration at one moment, as loaded from the database."""

    now: datetime
    platform: str
    hub_kind: str
    hub_system: str
    store: Reading
    """Reading the store's orders."""
    hub: Reading
    """Reading what arrived at the hub."""
    hub_state: Reading
    """Reading the hub's list of integrations."""

    waiting_count: int
    """Expected orders without arrival, younger than the judging window."""
    late_count: int
    """Those of them older than the tolerance."""
    oldest_waiting_at: datetime | None
    newest_eligible_at: datetime | None
    newest_arrived_at: datetime | None
    newest_arrived_eligible_at: datetime | None
    tolerance: timedelta
    tolerance_source: str
    """``configured``, ``learned`` or ``default``."""
    silence: SilenceProfile | None

    is_listed: bool
    """The hub still lists the integration."""
    failing_since: datetime | None
    last_fetched_at: datetime | None
    rhythm: timedelta
    rhythm_source: str
    """``learned`` or ``default``."""

    probes: tuple[CallRecord, ...] = ()
    """The newest probe with each User-Agent of this hub, and with our own neutral one."""
    hub_failures: tuple[HubFailure, ...] = ()
    """Newest first: the hub's failed calls to the store since it last fetched, at most 20."""
    tail_count: int = 0
    """Waiting orders that are newer than every order that arrived. A stall behind a few
    skipped orders shows only here."""
    tail_oldest_at: datetime | None = None
    previous_fetched_at: datetime | None = None
    """The value of ``last_fetched_at`` before the present one."""
    refreshed_at: datetime | None = None
    """When the hub was last asked to resync by force."""
    stale_after: timedelta = timedelta(minutes=5)
    """A reading older than this says nothing of now: three collection intervals or so."""
    probe_stale_after: timedelta = timedelta(minutes=15)
    questions: tuple[ConditionKind, ...] = ()
    """What is asked of this integration; empty: what is asked of every hub that imports orders."""
    feedback: str = ""
    """When the hub writes numbers to the store: ``eager``, ``delayed``, ``none``; empty: unknown."""
    tracking: TrackingFigures | None = None
    """None: hub or store do not tell of parcels."""
    feedback_failures: tuple[HubFailure, ...] = ()
    """Newest first: the hub's failed writes to the store since the oldest number that is missing."""
    checks: tuple[CheckFact, ...] = ()
    """Of the store, of the integration at the hub, and of the zone in front of the store."""
    events: "EventWindow | None" = None
    """None: the hub counts no events."""
    network_lost_since: datetime | None = None
    """Since when nobody at all answers us: then it is our own network."""
    blocks: tuple[BlockFact, ...] = ()
    """What the newest examination of the store found, root cause first."""
    examined_stale_after: timedelta = timedelta(minutes=45)
    has_edge: bool = False
    """A zone in front of the store is connected."""

    @property
    def is_reading_history(self) -> bool:
        """Store or hub are being read for the first time, and nothing stands in the way of it."""
        return any(not reading.caught_up and not reading.error for reading in (self.store, self.hub))


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one observation to one question, before hysteresis."""

    kind: ConditionKind
    state: State
    rule: str
    observed_at: datetime | None
    """When the deciding source was asked; the same observation never counts twice.
    None: there was no observation, so nothing to count."""
    evidence: Evidence = field(default_factory=dict)
    since: datetime | None = None
    """Since when it is so, as far as the evidence reaches; None: since it was observed."""
    conclusive: bool = False
    """One observation is enough to confirm it."""


@dataclass(frozen=True, slots=True)
class Held:
    """The confirmed answer to one question and the candidate that may replace it."""

    kind: ConditionKind
    state: State
    rule: str
    since: datetime
    evidence: Evidence = field(default_factory=dict)
    observed_at: datetime | None = None
    candidate_state: State | None = None
    candidate_since: datetime | None = None
    candidate_count: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The overall answer about an integration."""

    state: State
    cause: ConditionKind | None
    """The root cause: the first bad condition from cause to consequence."""
    rule: str
    since: datetime
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A judgement that was stored and differs in state, cause or rule from the one before."""

    integration_id: int
    old: Judgement
    new: Judgement
    waiting_count: int | None
    """None: unknown, because the store cannot be read."""
    oldest_waiting_at: datetime | None

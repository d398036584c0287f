"""A fleet to try things on: who sells how much, which hub imports how often, and what breaks when."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from monitor.laboratory.traffic import DAY, HOUR, Traffic

MINUTE = 60.0
WARM_UP_DAYS = 14
"""Days before the measured ones, in which the product only learns."""
PER_ACCOUNT = 40
LARGE_ACCOUNT = 400
"""One account of each fleet is so large: an outage of it must still be one notice."""
FEWEST_PER_WEEK, MOST_PER_WEEK = 2.0, 35_000.0
RHYTHMS = (5, 10, 15, 15, 15, 30, 60)
"""Minutes between two imports of a hub."""


class Kind(StrEnum):
    """What breaks."""

    STALL = "stall"
    """The hub stops importing from one store and says nothing."""
    PARTIAL = "partial stall"
    """A third of the orders is skipped from some moment on."""
    GAP = "gap"
    """Up to three single orders are skipped."""
    THROTTLE = "throttle after maintenance"
    DRIFT = "slow drift"
    """The hub imports ever more rarely, over a day."""
    FLAPPING = "flapping"
    """Stalls of two tolerances with as long pauses between them."""
    KEY = "revoked key"
    """The store refuses the hub's key; the hub says that it fails."""
    OWN_KEY = "our key refused"
    """The store refuses our own key; the hub goes on."""
    BLIND = "store unreadable"
    """What the store answers us cannot be understood; the hub goes on."""
    UNSEEN = "stall unseen"
    """The same, and the hub imports nothing: all that is left is that it is silent."""
    HUB = "hub outage"
    """Nothing of a whole account is imported."""
    UPLINK = "own uplink outage"
    """We reach nobody; hubs and stores go on."""


OF_ONE_STORE = (
    Kind.STALL,
    Kind.PARTIAL,
    Kind.GAP,
    Kind.THROTTLE,
    Kind.DRIFT,
    Kind.FLAPPING,
    Kind.KEY,
    Kind.OWN_KEY,
    Kind.BLIND,
    Kind.UNSEEN,
)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    start: float
    """Seconds since the simulation's beginning."""
    end: float

    def active(self, moment: float) -> bool:
        return self.start <= moment < self.end


@dataclass(slots=True)
class Subject:
    """One simulated integration."""

    number: int
    account: int
    platform: str
    host: str
    traffic: Traffic
    rhythm: float
    """Seconds between two imports."""
    jitter: float
    """Share by which it varies."""
    takes: float
    """Seconds an import takes until its orders are seen in the hub."""
    skew: float
    """Seconds by which the store's clock is wrong."""
    late_listing: float
    """Seconds until an arrival shows in the hub's list."""
    phase: float
    """Seconds from a change in the world to the next regular reading."""
    reading: float
    """Seconds from a moment that the judge named until what is read then is judged."""
    rng: Random
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class Fleet:
    """A reproducible fleet: the same seed gives the same orders and faults, whoever judges them."""

    subjects: list[Subject]
    days: int
    """Measured days, after the warm-up."""
    outages: list[tuple[Kind, int, Fault]]
    """(kind, account or -1, when) of what hits many."""

    @property
    def start(self) -> float:
        return WARM_UP_DAYS * DAY

    @property
    def end(self) -> float:
        return (WARM_UP_DAYS + self.days) * DAY


def make_fleet(count: int, days: int, seed: int, *, faults: bool = True) -> Fleet:
    """``count`` integrations, a third of which suffer from one fault each; and some shared outages."""
    rng = Random(f"fleet {seed}")  # noqa: S311  # not a secret
    accounts = _accounts(count)
    subjects = [_subject(number, accounts[number], days, seed) for number in range(count)]
    fleet = Fleet(subjects, days, [])
    if faults:
        _break_some(fleet, rng)
        _break_many(fleet, rng)
    return fleet


def _accounts(count: int) -> list[int]:
    """The account of each integration: one large one, the others of forty."""
    large = LARGE_ACCOUNT if count >= 2 * LARGE_ACCOUNT else 0
    return [0] * large + [1 + index // PER_ACCOUNT for index in range(count - large)]


def _subject(number: int, account: int, days: int, seed: int) -> Subject:
    rng = Random(f"{seed}:{number}")  # noqa: S311
    per_week = math.exp(rng.uniform(math.log(FEWEST_PER_WEEK), math.log(MOST_PER_WEEK)))
    special = {}
    for day in range(WARM_UP_DAYS + days):
        if rng.random() < 0.02:
            special[day] = rng.choice((0.05, 0.2, 3.0, 6.0))  # a holiday, or a campaign
    platform = rng.choice(("woocommerce", "woocommerce", "magento", "prestashop", "shopify"))
    shape = rng.choice(("day", "day", "evening", "evening", "office", "flat"))
    traffic = Traffic(
        rng=rng,
        per_week=per_week,
        shape=shape,
        weekend=rng.choice((1.0, 0.7, 1.3, 0.1 if shape == "office" else 0.8)),
        shift_h=rng.choice((0, 1, 1, 2, -5)),
        dst_day=rng.choice((-1, WARM_UP_DAYS + days // 2)),
        special=special,
    )
    return Subject(
        number=number,
        account=account,
        platform=platform,
        host=f"host{rng.randrange(max(1, number // 3 + 1))}",
        traffic=traffic,
        rhythm=rng.choice(RHYTHMS) * MINUTE,
        jitter=rng.uniform(0.02, 0.3),
        takes=rng.uniform(2, 40),
        skew=rng.choice((0, 0, 0, rng.uniform(-90, 90))),
        late_listing=rng.choice((0, 0, 0, rng.uniform(30, 150))),
        phase=rng.uniform(1, 60),
        reading=rng.uniform(2, 20),
        rng=rng,
    )


def _break_some(fleet: Fleet, rng: Random) -> None:
    for subject in fleet.subjects:
        if rng.random() >= 1 / 3:
            continue
        kind = rng.choice(OF_ONE_STORE)
        hours = {
            Kind.GAP: rng.uniform(2, 10),
            Kind.DRIFT: rng.uniform(30, 48),
            Kind.FLAPPING: rng.uniform(12, 24),
            Kind.THROTTLE: rng.uniform(12, 30),
        }.get(kind, math.exp(rng.uniform(math.log(2), math.log(36))))
        start = rng.uniform(fleet.start, max(fleet.start, fleet.end - hours * HOUR - 8 * HOUR))
        subject.faults.append(Fault(kind, start, start + hours * HOUR))


def _break_many(fleet: Fleet, rng: Random) -> None:
    accounts = sorted({subject.account for subject in fleet.subjects})
    for account in accounts[:1] + rng.sample(accounts[1:], min(3, len(accounts[1:]))):
        start = rng.uniform(fleet.start, fleet.end - 12 * HOUR)
        fault = Fault(Kind.HUB, start, start + rng.uniform(2, 8) * HOUR)
        fleet.outages.append((Kind.HUB, account, fault))
        for subject in fleet.subjects:
            if subject.account == account:
                subject.faults.append(fault)
    for _time in range(2):
        start = rng.uniform(fleet.start, fleet.end - 12 * HOUR)
        fault = Fault(Kind.UPLINK, start, start + rng.uniform(10, 90) * MINUTE)
        fleet.outages.append((Kind.UPLINK, -1, fault))
        for subject in fleet.subjects:
            subject.faults.append(fault)

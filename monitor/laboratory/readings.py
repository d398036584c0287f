"""How reading the store and the hub of a simulated integration goes while something is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.health.records import Reading
from monitor.laboratory.fleet import Fault, Kind, Subject
from monitor.laboratory.traffic import HOUR

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday: second 0 of every simulation."""
COLLECT_S = 60.0
AGAIN_S = 15.0
"""How soon a first bad observation is looked at again."""
MAINTENANCE_S = HOUR
_EVERY = timedelta(seconds=COLLECT_S)
_ERRORS = {
    Kind.UPLINK: "ConnectionFailed",
    Kind.THROTTLE: "InMaintenance",
    Kind.OWN_KEY: "CredentialsRefused",
    Kind.BLIND: "UnexpectedAnswer",
    Kind.UNSEEN: "UnexpectedAnswer",
}
UNSEEN = frozenset({Kind.BLIND, Kind.UNSEEN})
"""While these last, an answer may change at every reading of the hub: a silence only grows."""


@dataclass(frozen=True, slots=True)
class World:
    """What a judgement knows about reading."""

    store: Reading
    hub: Reading
    network_lost_since: datetime | None
    store_known_until: float
    """Orders that are newer are not known to us."""


def at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


def read(subject: Subject, moment: float) -> World:
    """How the last attempts went before ``moment``."""
    now = at(moment)
    well = Reading(now, now, caught_up=True, every=_EVERY)
    for fault in subject.faults:
        span = _span(subject, fault)
        if span is None or not span[0] <= moment < span[1] + subject.phase:
            continue
        failed = _failed(_ERRORS[fault.kind], span[0], min(moment, span[1]))
        if fault.kind is not Kind.UPLINK:
            return World(failed, well, None, span[0] - COLLECT_S)
        # The first failure is one host's: only with the second is it known that nobody answers. And whoever
        # answers first after it ends that knowledge for all, while the others' last attempts failed.
        is_known = span[0] + AGAIN_S <= moment < span[1]
        return World(failed, failed, at(fault.start) if is_known else None, span[0] - COLLECT_S)
    return World(well, well, None, moment)


def changes(subject: Subject) -> Iterator[float]:
    """Moments around which reading answers something else than before."""
    for fault in subject.faults:
        span = _span(subject, fault)
        if span is not None:
            first, last = span
            yield from (first, first + AGAIN_S, first + 90, first + 240)
            back = last + subject.phase
            yield from (last, back, back + AGAIN_S, back + 65, back + 130)
            if fault.kind in UNSEEN:
                yield from (
                    first + COLLECT_S * look for look in range(0, int((last - first) // COLLECT_S), 2)
                )


def _span(subject: Subject, fault: Fault) -> tuple[float, float] | None:
    """The first failed attempt to read, and when the cause ends; None: reading is not concerned."""
    if fault.kind not in _ERRORS:
        return None
    end = fault.start + MAINTENANCE_S if fault.kind is Kind.THROTTLE else fault.end
    return fault.start + subject.phase, end


def _failed(error: str, first: float, moment: float) -> Reading:
    """Whoever judges has just tried."""
    is_first = moment < first + AGAIN_S
    tried, failures = (first, 1) if is_first else (moment, 2)
    return Reading(at(first - COLLECT_S), at(tried), error, "", failures, caught_up=True, every=_EVERY)

"""Shops made by hand: one busy store, a hub that comes every quarter of an hour, and one fault."""

from random import Random

from monitor.laboratory.fleet import Fault, Fleet, Kind, Subject
from monitor.laboratory.shop import Course, Shop
from monitor.laboratory.traffic import DAY, HOUR, Traffic

START = 14 * DAY
NOON = START + DAY + 12 * HOUR


def subject(*faults: Fault, number: int = 0, per_week: float = 2_000, account: int = 0, **changed) -> Subject:
    rng = Random(f"made {number}")
    fields = {"rhythm": 900.0, "jitter": 0.05, "takes": 10.0, "skew": 0.0, "late_listing": 0.0}
    fields |= {"phase": 30.0, "reading": 5.0} | changed
    traffic = Traffic(rng, per_week, "flat", 1.0, 0, -1)
    return Subject(
        number, account, "woocommerce", f"host{number}", traffic, rng=rng, faults=[*faults], **fields
    )


def fault(kind: Kind, hours: float = 4, start: float = NOON) -> Fault:
    return Fault(kind, start, start + hours * HOUR)


def run(one: Subject, days: int = 3, *, every: float = 0.0) -> Course:
    return Shop(one, START + days * DAY, every=every).run(START)


def fleet_of(*subjects: Subject, days: int = 3, outages=()) -> Fleet:
    return Fleet([*subjects], days, [*outages])


def told(course: Course) -> list[tuple[str, str]]:
    """The states and rules it went through."""
    return [(change.new.state.value, change.new.rule) for _, change in course.changes]


def bad(course: Course) -> set[str]:
    return {rule for state, rule in told(course) if state in ("warn", "fail")}

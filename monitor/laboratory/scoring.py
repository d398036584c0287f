"""What was caught, how soon, how much was told for nothing; and what simpler monitors would have done."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.laboratory.fleet import Fault, Fleet, Kind
from monitor.laboratory.pipeline import Story, Told
from monitor.laboratory.shop import Course
from monitor.laboratory.traffic import DAY, HOUR

AFTERMATH_S = 3 * HOUR
"""What is told so soon after a fault is about it: backlogs need time."""
EARLY_S = 2 * HOUR
"""Some faults are seen before the first order is late."""


@dataclass(slots=True)
class Score:
    """Of one kind of fault."""

    episodes: int = 0
    caught: int = 0
    delays_s: list[float] = field(default_factory=list)
    notices: int = 0

    def document(self) -> dict[str, Any]:
        return {
            "episodes": self.episodes,
            "caught": self.caught,
            "missed": self.episodes - self.caught,
            "median_delay_s": _rounded(quantile(self.delays_s, 0.5)),
            "p95_delay_s": _rounded(quantile(self.delays_s, 0.95)),
            "notices": self.notices,
        }


def quantile(values: Sequence[float], q: float) -> float | None:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(q * len(ranked)))] if ranked else None


def score(fleet: Fleet, courses: Sequence[Course], story: Story) -> dict[str, Any]:
    """The whole table, JSON-able."""
    faults = {subject.number: subject.faults for subject in fleet.subjects}
    kinds: dict[str, Score] = {kind.value: Score() for kind in Kind}
    kinds["unlucky hub"] = Score()
    for course in courses:
        spans = story.bad.get(course.number, ())
        for episode in course.episodes:
            if episode.due < fleet.start or episode.over <= episode.due:
                continue
            row = kinds[episode.kind.value if episode.kind else "unlucky hub"]
            row.episodes += 1
            seen = [
                max(joined, episode.due)
                for joined, left, _ in spans
                if joined < episode.over and left > episode.due
            ]
            if seen:
                row.caught += 1
                row.delays_s.append(min(seen) - episode.due)
    false = [told for told in story.told if told.step == "opened" and not _is_about(told, faults, courses)]
    for told in story.told:
        kind = _kind_of(told, faults)
        if kind is not None:
            kinds[kind.value].notices += 1
    days = len(fleet.subjects) * fleet.days
    return {
        "integrations": len(fleet.subjects),
        "days": fleet.days,
        "judgements": sum(course.judgements for course in courses),
        "kinds": {name: row.document() for name, row in kinds.items()},
        "notices": dict(Counter(told.step for told in story.told)),
        "false_notices": len(false),
        "false_per_1000_integration_days": round(1000 * len(false) / days, 3),
        "notices_per_incident": _per_incident(story.told),
        "outages": [_outage(fleet, kind, account, fault, story) for kind, account, fault in fleet.outages],
        "rivals": _rivals(fleet, courses, faults, [d for row in kinds.values() for d in row.delays_s]),
    }


def _about(told: Told, fault: Fault) -> bool:
    return fault.start - 60 <= told.at <= fault.end + AFTERMATH_S


def _is_about(told: Told, faults: dict[int, list[Fault]], courses: Sequence[Course]) -> bool:
    """Whether something was wrong with a member: a fault, or orders that really were late."""
    for number in told.members:
        if any(_about(told, fault) for fault in faults[number] if fault.kind is not Kind.UPLINK):
            return True
        if any(e.due - EARLY_S <= told.at <= e.over + 600 for e in courses[number].episodes):
            return True
    return False


def _kind_of(told: Told, faults: dict[int, list[Fault]]) -> Kind | None:
    for number in told.members:
        for fault in faults[number]:
            if _about(told, fault):
                return fault.kind
    return None


def _per_incident(told: Iterable[Told]) -> float:
    per = Counter(one.incident for one in told)
    return round(sum(per.values()) / len(per), 2) if per else 0.0


def _outage(fleet: Fleet, kind: Kind, account: int, fault: Fault, story: Story) -> dict[str, Any]:
    """How many mails one shared outage made."""
    numbers = {subject.number for subject in fleet.subjects if account in (-1, subject.account)}
    opened = [
        told
        for told in story.told
        if told.step in ("opened", "worsened") and _about(told, fault) and numbers & set(told.members)
    ]
    blamed = {
        number for number in numbers for joined, _, _ in story.bad.get(number, ()) if fault.active(joined)
    }
    return {
        "kind": kind.value,
        "integrations": len(numbers),
        "hours": round((fault.end - fault.start) / HOUR, 1),
        "notices": len(opened) if kind is Kind.HUB else len([t for t in opened if t.at <= fault.end]),
        "integrations_in_incidents": len(blamed),
    }


# --- what people use today ---


def _rivals(
    fleet: Fleet, courses: Sequence[Course], faults: dict[int, list[Fault]], ours: Sequence[float]
) -> dict[str, Any]:
    """A heartbeat per integration, tuned to our own median delay, and fixed hours without an import."""
    target = quantile(ours, 0.5) or 0.0
    low, high = 0.05, 20.0
    for _step in range(18):
        middle = (low * high) ** 0.5
        delays, _ = _heartbeat(fleet, courses, faults, [middle * _base(course) for course in courses])
        low, high = (middle, high) if (quantile(delays, 0.5) or 0.0) < target else (low, middle)
    table = {"heartbeat, tuned": _rival(fleet, courses, faults, [low * _base(course) for course in courses])}
    for hours in (2, 6, 24):
        limits = [hours * HOUR] * len(courses)
        table[f"no import for {hours} h"] = _rival(fleet, courses, faults, limits)
    return table


def _base(course: Course) -> float:
    return course.tolerance_s + course.wait_s + course.rhythm_s


def _rival(
    fleet: Fleet, courses: Sequence[Course], faults: dict[int, list[Fault]], limits: Sequence[float]
) -> dict[str, Any]:
    delays, false = _heartbeat(fleet, courses, faults, limits)
    episodes = sum(
        1 for course in courses for e in course.episodes if e.due >= fleet.start and _is_stall(e.kind)
    )
    return {
        "episodes": episodes,
        "caught": len(delays),
        "median_delay_s": _rounded(quantile(delays, 0.5)),
        "p95_delay_s": _rounded(quantile(delays, 0.95)),
        "false_notices": false,
        "false_per_1000_integration_days": round(1000 * false / (len(courses) * fleet.days), 1),
    }


def _is_stall(kind: Kind | None) -> bool:
    """What a heartbeat can notice at all: imports that stop."""
    return kind in (Kind.STALL, Kind.HUB, Kind.KEY)


def _heartbeat(
    fleet: Fleet, courses: Sequence[Course], faults: dict[int, list[Fault]], limits: Sequence[float]
) -> tuple[list[float], int]:
    """Delays of the stalls that were noticed before they ended, and alarms outside any fault."""
    delays, false = [], 0
    for course, limit in zip(courses, limits, strict=True):
        for episode in course.episodes:
            if episode.due < fleet.start or not _is_stall(episode.kind):
                continue
            last = course.imports[max(0, bisect_right(course.imports, episode.due) - 1)]
            if last + limit < episode.over:
                delays.append(max(0.0, last + limit - episode.due))
        mine = [fault for fault in faults[course.number] if fault.kind is not Kind.UPLINK]
        begin = max(1, bisect_right(course.imports, fleet.start))
        for place in range(begin, len(course.imports)):
            alarm = course.imports[place - 1] + limit
            if alarm < course.imports[place] and not any(
                fault.start - DAY / 24 <= alarm <= fault.end + AFTERMATH_S for fault in mine
            ):
                false += 1
    return delays, false


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

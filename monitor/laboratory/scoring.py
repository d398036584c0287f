"""What was caught, how soon, how much was told for nothing; and what simpler monitors would have done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.laboratory.fleet import Fault, Fleet, Kind
from monitor.laboratory.pipeline import Story, Told
from monitor.laboratory.rivals import rivals
from monitor.laboratory.shop import Course
from monitor.laboratory.summary import quantile, rounded
from monitor.laboratory.traffic import DAY, HOUR
from monitor.laboratory.truth import AFTERMATH_S, STOPPED, by_number, episodes, is_wrong, kind_at, seen_at

UNLUCKY = "unlucky hub"
"""Orders that waited too long although nothing was broken."""
_NEWS = frozenset({"opened", "worsened"})


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
            "median_delay_s": rounded(quantile(self.delays_s, 0.5)),
            "p95_delay_s": rounded(quantile(self.delays_s, 0.95)),
            "notices": self.notices,
        }


def score(fleet: Fleet, courses: Sequence[Course], story: Story) -> dict[str, Any]:
    """The whole table, JSON-able. Delays are in seconds from the first late order's tolerance."""
    known = by_number(courses)
    kinds = _kinds(fleet, courses, story)
    false = false_notices(story.told, known)
    for told in story.told:
        kind = _kind_of(told, known)
        if kind is not None:
            kinds[kind.value].notices += 1
    days = len(fleet.subjects) * fleet.days
    stalls = [delay for kind in STOPPED for delay in kinds[kind.value].delays_s]
    return {
        "integrations": len(fleet.subjects),
        "days": fleet.days,
        "judgements": sum(course.judgements for course in courses),
        "kinds": {name: row.document() for name, row in kinds.items()},
        "stalls": {
            "episodes": sum(kinds[kind.value].episodes for kind in STOPPED),
            "caught": len(stalls),
            "median_delay_s": rounded(quantile(stalls, 0.5)),
            "p95_delay_s": rounded(quantile(stalls, 0.95)),
        },
        "notices": dict(Counter(told.step for told in story.told)),
        "false_notices": len(false),
        "false_per_1000_integration_days": round(1000 * len(false) / days, 3) if days else 0.0,
        "wrongly_shared": sum(_is_wrongly_shared(told, fleet) for told in story.told if told.step in _NEWS),
        "notices_per_incident": _per_incident(story.told),
        "notices_per_flapping_integration": _per_flapping(courses, story.told),
        "outages": [_outage(fleet, kind, account, fault, story) for kind, account, fault in fleet.outages],
        "night_of_summer_time": _night(fleet, false),
        "rivals": rivals(fleet, courses, quantile(stalls, 0.5)),
    }


def _kinds(fleet: Fleet, courses: Sequence[Course], story: Story) -> dict[str, Score]:
    kinds: dict[str, Score] = {kind.value: Score() for kind in Kind} | {UNLUCKY: Score()}
    for course in courses:
        spans = story.bad.get(course.number, ())
        for episode in episodes(fleet, course):
            row = kinds[episode.kind.value if episode.kind else UNLUCKY]
            row.episodes += 1
            seen = seen_at(course, episode, spans)
            if seen is not None:
                row.caught += 1
                row.delays_s.append(seen - episode.due)
    return kinds


def false_notices(told: Iterable[Told], courses: Mapping[int, Course]) -> list[Told]:
    """Bad news about integrations of which none had anything wrong at that moment."""
    return [
        one
        for one in told
        if one.step in _NEWS and not any(is_wrong(courses[number], one.at) for number in one.members)
    ]


def _kind_of(told: Told, courses: Mapping[int, Course]) -> Kind | None:
    """What a mail was about: what most of its members had."""
    moments = (told.at, told.at - AFTERMATH_S) if told.step == "recovered" else (told.at,)
    kinds = Counter(
        kind
        for number in told.members
        for at in moments
        if (kind := kind_at(courses[number], at)) is not None
    )
    return kinds.most_common(1)[0][0] if kinds else None


def _is_wrongly_shared(told: Told, fleet: Fleet) -> bool:
    """Many are named together although nothing hit all of them."""
    if told.scope.startswith("integration:"):
        return False
    accounts = {subject.account for subject in fleet.subjects if subject.number in told.members}
    return not any(
        account in accounts and fault.start <= told.at <= fault.end + AFTERMATH_S
        for _, account, fault in fleet.outages
    )


def _per_incident(told: Iterable[Told]) -> float:
    per = Counter(one.incident for one in told)
    return round(sum(per.values()) / len(per), 2) if per else 0.0


def _per_flapping(courses: Sequence[Course], told: Sequence[Told]) -> float | None:
    """Mails about one integration that flaps, from first to last: whichever is told of an incident it was in
    while it did, however late."""
    numbers = [
        course.number
        for course in courses
        if any(fault.kind is Kind.FLAPPING for fault in course.troubles)
        and any(episode.kind is Kind.FLAPPING for episode in course.episodes)
    ]
    flapping = {course.number: course for course in courses if course.number in set(numbers)}
    incidents = {
        one.incident
        for one in told
        if any(n in flapping and kind_at(flapping[n], one.at) is Kind.FLAPPING for n in one.members)
    }
    mails = sum(one.incident in incidents for one in told)
    return round(mails / len(numbers), 1) if numbers else None


def _outage(fleet: Fleet, kind: Kind, account: int, fault: Fault, story: Story) -> dict[str, Any]:
    """How many mails of bad news one shared outage made, and how many integrations it was about."""
    numbers = {subject.number for subject in fleet.subjects if account in (-1, subject.account)}
    until = fault.end + (AFTERMATH_S if kind is Kind.UPLINK else 3 * HOUR)
    ailing = {subject.number for subject in fleet.subjects if _is_ailing(subject.faults, fault)}
    opened = [
        told
        for told in story.told
        if told.step in _NEWS and fault.start <= told.at <= until and numbers & set(told.members) - ailing
    ]
    blamed = {
        number
        for number in numbers - ailing
        for joined, _, _ in story.bad.get(number, ())
        if fault.start <= joined <= until
    }
    return {
        "kind": kind.value,
        "integrations": len(numbers),
        "hours": round((fault.end - fault.start) / HOUR, 1),
        "notices": len(opened),
        "integrations_in_incidents": len(blamed),
    }


def _is_ailing(faults: Iterable[Fault], outage: Fault) -> bool:
    """Whether it has, around the outage, a fault of its own that is told for itself."""
    return any(
        fault is not outage
        and fault.kind is not Kind.UPLINK
        and fault.start <= outage.end + 3 * HOUR
        and fault.end >= outage.start - DAY
        for fault in faults
    )


def _night(fleet: Fleet, false: Sequence[Told]) -> dict[str, Any]:
    """What was told for nothing in the day after the clocks were put back."""
    days = {subject.number: subject.traffic.dst_day for subject in fleet.subjects}
    nights = [told for told in false if any(told.at // DAY == days[number] for number in told.members)]
    return {"integrations": sum(day >= 0 for day in days.values()), "false_notices": len(nights)}

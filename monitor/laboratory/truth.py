"""What really was wrong, and when: what notices are measured by."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from monitor.laboratory.fleet import Fleet, Kind
from monitor.laboratory.readings import COLLECT_S
from monitor.laboratory.shop import Course, Episode

AFTERMATH_S = 300.0
"""So much later at most is seen what a hub does at a fault's end: its list lags, we look every minute."""
STOPPED = frozenset({Kind.STALL, Kind.HUB, Kind.KEY})
"""Nothing is imported any more: all that a monitor of imports alone can notice."""


def is_wrong(course: Course, moment: float) -> bool:
    """Whether anything was wrong with an integration, or its orders really were late."""
    if any(fault.start <= moment <= fault.end + AFTERMATH_S for fault in course.troubles):
        return True
    return any(e.due <= moment <= e.over + COLLECT_S for e in course.episodes)


def kind_at(course: Course, moment: float) -> Kind | None:
    """What was wrong; None: nothing, or a hub that was only unlucky."""
    for fault in course.troubles:
        if fault.start <= moment <= fault.end + AFTERMATH_S:
            return fault.kind
    return next((e.kind for e in course.episodes if e.due <= moment <= e.over + COLLECT_S), None)


def episodes(fleet: Fleet, course: Course) -> Iterator[Episode]:
    """Those of the measured days."""
    return (e for e in course.episodes if e.due >= fleet.start and e.over > e.due)


def failing_spans(course: Course) -> list[tuple[float, float]]:
    """When the verdict was a failure."""
    spans: list[tuple[float, float]] = []
    began: float | None = None
    for moment, change in course.changes:
        if change.new.state == "fail" and began is None:
            began = moment
        elif change.new.state != "fail" and began is not None:
            spans.append((began, moment))
            began = None
    return [*spans, *([(began, float("inf"))] if began is not None else [])]


def seen_at(course: Course, episode: Episode, spans: Sequence[tuple[float, float, int]]) -> float | None:
    """When it was noticed: it was in an incident, and where nothing at all moved, as a failure.

    An incident that was open already, about something milder, is no merit.
    """
    found = [
        max(joined, episode.due) for joined, left, _ in spans if joined < episode.over and left > episode.due
    ]
    if not found or episode.kind not in STOPPED:
        return min(found, default=None)
    failing = [max(a, episode.due) for a, b in failing_spans(course) if a < episode.over and b > episode.due]
    return max(min(found), min(failing)) if failing else None


def last_import(course: Course, moment: float) -> float:
    """When an order was seen to arrive last."""
    return course.imports[max(0, bisect_right(course.imports, moment) - 1)]


def by_number(courses: Sequence[Course]) -> Mapping[int, Course]:
    return {course.number: course for course in courses}

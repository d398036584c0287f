"""What people use today, on the same traffic: an alarm when nothing has been imported for some time.

The rivals are helped where there is doubt. The heartbeat knows each integration's tolerance and how long
it usually waits for orders, which is more than anybody enters by hand; it is tuned with the faults known;
and an alarm counts as false by the same rule as a notice of ours.
"""

from collections.abc import Sequence
from typing import Any

from monitor.laboratory.fleet import Fleet
from monitor.laboratory.readings import COLLECT_S
from monitor.laboratory.shop import Course
from monitor.laboratory.summary import quantile, rounded
from monitor.laboratory.traffic import HOUR
from monitor.laboratory.truth import STOPPED, episodes, is_wrong, last_import

FIXED_HOURS = (2, 6, 24)


def rivals(fleet: Fleet, courses: Sequence[Course], our_median_s: float | None) -> dict[str, Any]:
    """A heartbeat tuned to our median delay (or one collection interval, if that is longer), and
    fixed hours without an import."""
    target = max(our_median_s or 0.0, COLLECT_S)
    table = {"heartbeat, tuned": _rival(fleet, courses, tuned(fleet, courses, target))}
    for hours in FIXED_HOURS:
        table[f"no import for {hours} h"] = _rival(fleet, courses, [hours * HOUR] * len(courses))
    return table


def tuned(fleet: Fleet, courses: Sequence[Course], target_s: float) -> list[float]:
    """The longest silences, per integration, with which the median delay is ``target_s`` at most.

    The period is the same percentile of each integration's own waits from an import to the next order,
    the grace its tolerance.
    """
    best = limits(courses, 0)
    for percentile in range(101):
        tried = limits(courses, percentile)
        if (quantile(delays(fleet, courses, tried), 0.5) or 0.0) > target_s:
            break
        best = tried
    return best


def limits(courses: Sequence[Course], percentile: int) -> list[float]:
    return [course.waits[percentile] + course.tolerance_s for course in courses]


def delays(fleet: Fleet, courses: Sequence[Course], silences: Sequence[float]) -> list[float]:
    """Of the stalls that were noticed before they ended, in seconds after the first late order."""
    found = []
    for course, silence in zip(courses, silences, strict=True):
        for episode in episodes(fleet, course):
            if episode.kind in STOPPED and course.imports:
                alarm = last_import(course, episode.due) + silence
                if alarm < episode.over:
                    found.append(max(0.0, alarm - episode.due))
    return found


def false_alarms(fleet: Fleet, courses: Sequence[Course], silences: Sequence[float]) -> int:
    """Alarms while nothing was wrong."""
    false = 0
    for course, silence in zip(courses, silences, strict=True):
        times = course.imports
        for place in range(1, len(times)):
            alarm = times[place - 1] + silence
            if alarm < times[place] and alarm >= fleet.start and not is_wrong(course, alarm):
                false += 1
    return false


def _rival(fleet: Fleet, courses: Sequence[Course], silences: Sequence[float]) -> dict[str, Any]:
    found = delays(fleet, courses, silences)
    false = false_alarms(fleet, courses, silences)
    stalls = sum(e.kind in STOPPED for course in courses for e in episodes(fleet, course))
    return {
        "episodes": stalls,
        "caught": len(found),
        "missed": stalls - len(found),
        "median_delay_s": rounded(quantile(found, 0.5)),
        "p95_delay_s": rounded(quantile(found, 0.95)),
        "false_notices": false,
        "false_per_1000_integration_days": round(1000 * false / (len(courses) * fleet.days), 1),
    }

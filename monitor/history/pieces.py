"""The past of an integration, cut into pieces of one kind each. No database."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from monitor.alerts.windows import Span
from monitor.history.figures import Figures, Kind

DAY = timedelta(days=1)
NOBODY_LOOKED = "nobody_looked"


@dataclass(frozen=True, slots=True)
class Change:
    """From ``at`` on the verdict was ``state``."""

    at: datetime
    state: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an integration's past."""

    since: datetime
    """When it was added."""
    changes: Sequence[Change]
    """Ascending; before the first, and without any, nothing is known."""
    maintenance: Sequence[Span] = ()
    paused: Sequence[Span] = ()
    blind: Sequence[Span] = ()
    """When Syncwatch itself did not run."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time that counts as one kind."""

    start: datetime
    end: datetime
    kind: Kind
    rule: str = ""


def pieces(past: Past, start: datetime, end: datetime) -> Iterator[Piece]:
    """The time from ``start`` to ``end`` in which the integration existed, without gap or overlap.

    Bounds are whole seconds, so that the pieces of a day add up to it exactly.
    """
    begin, finish = _whole(max(start, past.since)), _whole(end)
    if begin >= finish:
        return
    changes = [_whole(change.at) for change in past.changes]
    spans = [
        (Kind.PAUSED, "", past.paused),
        (Kind.MAINTENANCE, "", past.maintenance),
        (Kind.UNKNOWN, NOBODY_LOOKED, past.blind),
    ]
    cuts = {begin, finish, *changes}
    cuts.update(
        _whole(at) for _kind, _rule, found in spans for span in found for at in (span.start, span.end)
    )
    inner = sorted(cut for cut in cuts if begin <= cut <= finish)
    held: Piece | None = None
    for here, there in pairwise(inner):
        kind, rule = _kind_at(here, past, changes, spans)
        if held is not None and (held.kind, held.rule) == (kind, rule):
            held = Piece(held.start, there, kind, rule)
            continue
        if held is not None:
            yield held
        held = Piece(here, there, kind, rule)
    if held is not None:
        yield held


def figures(past: Past, start: datetime, end: datetime) -> Figures:
    """The seconds of each kind between two moments."""
    return _summed(pieces(past, start, end))


def figures_by_day(past: Past, first: date, until: date, *, now: datetime) -> dict[date, Figures]:
    """The seconds of every day (UTC) from ``first`` to the day before ``until``, as far as it is past."""
    by_day: dict[date, list[Piece]] = {}
    day, end = first, min(midnight(until), now)
    while day < until and midnight(day) < end:
        by_day[day] = []
        day += DAY
    for piece in pieces(past, midnight(first), end):
        start = piece.start
        while start < piece.end:
            tomorrow = midnight(start.date() + DAY)
            by_day[start.date()].append(Piece(start, min(piece.end, tomorrow), piece.kind))
            start = tomorrow
    return {day: _summed(parts) for day, parts in by_day.items()}


def midnight(day: date) -> datetime:
    """The beginning of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def _kind_at(
    at: datetime,
    past: Past,
    changes: Sequence[datetime],
    spans: Sequence[tuple[Kind, str, Sequence[Span]]],
) -> tuple[Kind, str]:
    for kind, rule, found in spans:
        if any(_whole(span.start) <= at < _whole(span.end) for span in found):
            return kind, rule
    place = bisect_right(changes, at)
    if not place:
        return Kind.UNKNOWN, ""
    change = past.changes[place - 1]
    return Kind(change.state), change.rule


def _summed(parts: Sequence[Piece] | Iterator[Piece]) -> Figures:
    seconds: Counter[str] = Counter()
    for part in parts:
        seconds[f"{part.kind}_s"] += int((part.end - part.start).total_seconds())
    return Figures(**seconds)


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)

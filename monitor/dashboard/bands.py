"""Bands: the state of an integration over time, drawn from its transitions as a strip of segments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from integrations.models import Integration
from monitor.dashboard.faces import Face, face_of
from monitor.health.states import State
from monitor.models import Transition

BAND_UNITS = 1440
"""Width of every band in its own drawing units; time runs to the right."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in one state."""

    face: Face
    start_at: datetime
    end_at: datetime
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Band:
    """What is known of the time from ``start_at`` to ``end_at``; where no segment lies, nothing is."""

    start_at: datetime
    end_at: datetime
    segments: tuple[Segment, ...]

    @property
    def was_bad(self) -> bool:
        return any(segment.face.shape not in ("ok", "unknown") for segment in self.segments)

    @property
    def totals(self) -> list[tuple[Face, timedelta]]:
        """How long each state lasted, longest first: the band in words."""
        sums: dict[Face, timedelta] = {}
        for segment in self.segments:
            sums[segment.face] = sums.get(segment.face, timedelta()) + (segment.end_at - segment.start_at)
        return sorted(sums.items(), key=lambda item: -item[1])


def changes_of_state() -> QuerySet[Transition]:
    """Transitions of verdicts, without those from healthy to healthy for another reason."""
    return Transition.objects.filter(kind="verdict").exclude(old_state=State.OK, new_state=State.OK)


def band_of(
    integration: Integration, transitions: Iterable[Transition], *, start: datetime, end: datetime
) -> Band:
    """The band of one integration from its verdict transitions in that time, oldest first.

    The state before the first transition is the one it left; without any it is today's verdict.
    Before the integration was added nothing is known.
    """
    changes = [one for one in transitions if start <= one.at < end]
    known_from = max(start, integration.created_at)
    if changes:
        first = changes[0]
        faces = [(known_from, face_of(first.old_state, first.old_rule))]
        faces += [(one.at, face_of(one.new_state, one.new_rule)) for one in changes]
    elif (verdict := getattr(integration, "verdict", None)) is not None:
        faces = [(known_from, face_of(verdict.state, verdict.rule))]
    else:
        return Band(start, end, ())
    return drawn(faces, start=start, end=end)


def drawn(faces: Sequence[tuple[datetime, Face]], *, start: datetime, end: datetime) -> Band:
    """The band of states that each last until the next one begins, oldest first."""
    ends = [*(moment for moment, _ in faces[1:]), end][: len(faces)]
    scale = BAND_UNITS / (end - start).total_seconds()
    segments = []
    for (moment, face), finish in zip(faces, ends, strict=True):
        begin, until = max(moment, start), min(finish, end)
        if until > begin:
            x = (begin - start).total_seconds() * scale
            width = (until - begin).total_seconds() * scale
            segments.append(Segment(face, begin, until, round(x, 1), round(max(width, 1.5), 1)))
    return Band(start, end, tuple(segments))

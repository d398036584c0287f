"""Trouble that comes and goes: one incident that stays open until it has been calm for a while.

Whoever is told "stalled", "recovered", "stalled", "recovered" stops reading. So an incident that opens for
the third time within half a day, or again before the last recovery was an hour old, is *flapping*: from then
on its members may recover and fall ill again in silence, and it is over only when it has been calm for an
hour, or for longer than it usually is in between.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from monitor.alerts.reaction import Reaction
from monitor.models import Incident

KEY = "flapping"
"""Where an incident's evidence keeps its :class:`Spell`."""
OPENINGS = 3
"""Two troubles in a row happen to everybody; a third is a pattern."""
WINDOW = timedelta(hours=12)
"""Within so long. An order has to pass its tolerance before a stall is one, which is an hour for most hubs: a
hub that works every other two hours opens its third incident in the ninth."""
CALM_AT_LEAST = timedelta(hours=1)
"""A recovery that does not last so long was none."""
CALM_AT_MOST = timedelta(hours=6)
CALMER = 1.5
"""It is over when it has been calm for so much longer than it ever was in between."""


@dataclass(frozen=True, slots=True)
class Spell:
    """How it came and went so far."""

    times: int
    """How often it has failed."""
    since: datetime
    """When it failed first."""
    calm_for: timedelta
    """For so long it must be calm to be over."""
    up_since: datetime | None = None
    """Since when it is well again; None: it is not."""

    def document(self) -> dict[str, Any]:
        """As the incident's evidence keeps it."""
        return {
            "times": self.times,
            "since": self.since.isoformat(),
            "calm_for_s": self.calm_for.total_seconds(),
            "up_since": self.up_since.isoformat() if self.up_since else None,
        }


def spell_of(incident: Incident) -> Spell | None:
    """None: it does not flap."""
    kept = incident.evidence.get(KEY)
    if incident.flapping_since is None or not kept:
        return None
    return Spell(
        kept["times"],
        datetime.fromisoformat(kept["since"]),
        timedelta(seconds=kept["calm_for_s"]),
        datetime.fromisoformat(kept["up_since"]) if kept["up_since"] else None,
    )


def kept(incident: Incident) -> dict[str, Any]:
    """What must outlast a new judgement's evidence."""
    return {KEY: incident.evidence[KEY]} if KEY in incident.evidence else {}


def mark(reaction: Reaction, now: datetime) -> None:
    """Finds out which of the incidents that are about to be told come and go. One query, none for nobody.

    What happened in maintenance windows does not count: there, coming and going is expected.
    """
    fresh = {
        id(incident): incident
        for incident, _, _ in [*reaction.opened, *reaction.joined]
        if incident.flapping_since is None
    }
    earlier: dict[str, list[Incident]] = {}
    rows = Incident.objects.filter(
        scope__in={incident.scope for incident in fresh.values()},
        closed_at__gt=now - WINDOW,
        hushed_at=None,
    )
    for row in rows.order_by("opened_at", "pk") if fresh else ():
        earlier.setdefault(row.scope, []).append(row)
    for incident in fresh.values():
        spell = spell_after(earlier.get(incident.scope, ()), now)
        if spell is not None:
            incident.flapping_since = now
            _keep(incident, spell)
            if incident.pk is not None:
                reaction.changed.append(incident)


def spell_after(earlier: Sequence[Incident], now: datetime) -> Spell | None:
    """What opens now after those of the same scope, which are over, is one spell with them, if so."""
    recent = [
        one for one in earlier if (one.opened_at if spell_of(one) is None else _end(one)) > now - WINDOW
    ]
    if not recent:
        return None
    pauses = [after.opened_at - _end(before) for before, after in pairwise(recent)] + [now - _end(recent[-1])]
    spells = [(place, spell) for place, one in enumerate(recent) if (spell := spell_of(one)) is not None]
    if not spells:
        if len(recent) + 1 < OPENINGS and pauses[-1] >= CALM_AT_LEAST:
            return None
        return Spell(len(recent) + 1, recent[0].started_at, _calm_for(pauses))
    # Whatever was before the last spell is counted by it.
    place, last = spells[-1]
    calm_for = max(last.calm_for, _calm_for(pauses[place:]))
    return Spell(last.times + len(recent) - place, last.since, calm_for)


def _end(incident: Incident) -> datetime:
    """When the trouble ended, rather than the incident."""
    end = incident.calm_since or incident.closed_at
    assert end is not None, "it is over"
    return end


def _calm_for(pauses: Iterable[timedelta]) -> timedelta:
    return min(max(CALM_AT_LEAST, CALMER * max(pauses)), CALM_AT_MOST)


def falls(incident: Incident, now: datetime) -> bool:
    """A flapping incident whose trouble is back, or lasts. Whether anything differs."""
    spell = spell_of(incident)
    if spell is None or (incident.calm_since is None and spell.up_since is None):
        return False
    if spell.up_since is not None:
        calm_for = max(spell.calm_for, _calm_for([now - spell.up_since]))
        spell = replace(spell, times=spell.times + 1, calm_for=calm_for, up_since=None)
    incident.calm_since = None
    _keep(incident, spell)
    return True


def rises(incident: Incident, now: datetime) -> bool:
    """A flapping incident in which all are well again. Whether anything differs."""
    spell = spell_of(incident)
    if spell is None or incident.calm_since is not None:
        return False
    incident.calm_since = now
    _keep(incident, replace(spell, up_since=now))
    return True


def is_lost_sight_of(incident: Incident) -> bool:
    """A flapping incident of which it is not known how it is: a time in which nobody could look was not
    calm. Whether anything differs."""
    if incident.calm_since is None:
        return False
    incident.calm_since = None
    return True


def over_at(incident: Incident) -> datetime | None:
    """When a flapping incident will be over, if it stays as calm as it is; None: it is not calm."""
    spell = spell_of(incident)
    return incident.calm_since + spell.calm_for if spell is not None and incident.calm_since else None


def is_over(incident: Incident, now: datetime) -> bool:
    """It flapped, and has been calm for long enough."""
    end = over_at(incident)
    return end is not None and end <= now


def _keep(incident: Incident, spell: Spell) -> None:
    incident.evidence = {**incident.evidence, KEY: spell.document()}

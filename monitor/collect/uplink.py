"""Is it us? Whether anybody at all answers, so that no shop is blamed for our own network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from integrations.access.surroundings import anyone_answers
from integrations.guard import GuardPolicy
from monitor.health.access import SILENCES
from monitor.models import Heartbeat
from monitor.models.work import JobKind

PART = "network"
NOBODY_ASKED = frozenset({"AddressRefused", "OurMistake"})
ALWAYS_ASK = frozenset(
    {
        JobKind.STORE_ORDERS,
        JobKind.STORE_CHECK,
        JobKind.HUB_STATE,
        JobKind.HUB_ARRIVALS,
        JobKind.HUB_EVENTS,
    }
)
"""Work that cannot end well unless somebody answered; other work may have had nothing to ask."""
FEWEST_HOSTS = 2
"""So many unrelated hosts that are silent at once, while nobody answers, are no accident."""
WRITE_EVERY = timedelta(seconds=5)
_KEPT_HOSTS = 20


@dataclass(slots=True)
class Uplink:
    """What a batch met."""

    answered: bool = False
    silent: set[str] = field(default_factory=set)
    """Hosts."""

    def note(self, kind: str, error: str, url: str) -> None:
        """How a job ended that asked ``url``; an empty ``error`` is an answer."""
        host = urlsplit(url).hostname
        if host is None or kind not in ALWAYS_ASK or error in NOBODY_ASKED:
            return
        if error in SILENCES:
            self.silent.add(host)
        else:
            self.answered = True

    async def is_suspect(self, policy: GuardPolicy) -> bool:
        """Hosts were silent, none answered, and neither do those that nearly always do."""
        if self.answered or not self.silent:
            return False
        witnesses = settings.SYNCWATCH_WITNESSES
        return not (witnesses and await anyone_answers(witnesses, policy))


@transaction.atomic
def record(silent: Sequence[str], now: datetime) -> None:
    """Keeps that somebody answered (``silent`` is empty), or that these hosts did not and nobody else did."""
    beats = Heartbeat.objects.filter(part=PART)
    if not silent and beats.filter(detail={}, at__gt=now - WRITE_EVERY).exists():
        # The usual case, many times a second: nobody waits for anybody's lock.
        return
    row, _is_new = Heartbeat.objects.select_for_update().get_or_create(part=PART, defaults={"at": now})
    if silent:
        detail: dict[str, Any] = row.detail or {"since": now.isoformat(), "hosts": []}
        row.detail = {**detail, "hosts": sorted({*detail["hosts"], *silent})[:_KEPT_HOSTS]}
    else:
        row.at, row.detail = max(row.at, now), {}
    row.save()


def lost_since() -> datetime | None:
    """Since when nobody answers us; ``None``: somebody does, or too few were asked to tell."""
    row = Heartbeat.objects.filter(part=PART).first()
    if row is None or len(row.detail.get("hosts", ())) < FEWEST_HOSTS:
        return None
    return datetime.fromisoformat(row.detail["since"])

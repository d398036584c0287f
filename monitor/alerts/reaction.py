"""What one reaction to changed verdicts is about to store."""

from dataclasses import dataclass, field

from integrations.models import Integration
from monitor.health.records import VerdictChange
from monitor.models import Incident, Member


@dataclass(slots=True)
class Reaction:
    """What one call is about to store."""

    opened: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    joined: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    """Into an incident that was open already, or that another of the same call opens."""
    changed: list[Incident] = field(default_factory=list)
    worsened: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    left: list[tuple[Member, Integration]] = field(default_factory=list)

"""What one reaction to changed verdicts is about to store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integrations.models import Integration
from monitor.health.records import VerdictChange
from monitor.models import Incident, Member

Foretold = tuple[Incident, Sequence[int], datetime]
"""A shared incident that opens; the older incidents of single integrations that the shared cause has made
worse since a moment; and that moment. What was told of those since was the first sign of the shared one."""


@dataclass(slots=True)
class Reaction:
    """What one call is about to store."""

    opened: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    joined: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    """Into an incident that was open already, or that another of the same call opens."""
    changed: list[Incident] = field(default_factory=list)
    worsened: list[tuple[Incident, Integration, VerdictChange]] = field(default_factory=list)
    left: list[tuple[Member, Integration]] = field(default_factory=list)
    foretold: list[Foretold] = field(default_factory=list)

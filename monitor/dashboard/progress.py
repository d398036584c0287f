"""How far a refresh has come, as steps in order."""

from dataclasses import dataclass

from monitor.models import Refresh
from monitor.models.refreshes import RefreshStage, RefreshStrategy

_ASKED = [RefreshStage.QUEUED, RefreshStage.ASKING, RefreshStage.WATCHING, RefreshStage.DONE]
_WAYS = {
    RefreshStrategy.HUB_API: _ASKED,
    RefreshStrategy.PUSH_ORDERS: _ASKED,
    RefreshStrategy.NUDGE_STORE: _ASKED,
    RefreshStrategy.REPUSH_TRACKING: [RefreshStage.QUEUED, RefreshStage.ASKING, RefreshStage.DONE],
    RefreshStrategy.PANEL: [RefreshStage.WAITING, RefreshStage.WATCHING, RefreshStage.DONE],
}


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    phase: str
    """``past``, ``now`` or ``next``."""


def steps_of(refresh: Refresh) -> list[Step]:
    """The stages of a refresh's strategy and where it stands."""
    stages = _WAYS[RefreshStrategy(refresh.strategy)]
    here = stages.index(RefreshStage(refresh.stage))
    phases = ["past" if place < here else "now" if place == here else "next" for place in range(len(stages))]
    return [Step(str(stage.label), phase) for stage, phase in zip(stages, phases, strict=True)]

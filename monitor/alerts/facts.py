"""What a notice says, as it was true when its step happened; kept as JSON in ``Notice.context``."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from integrations.contracts import ConditionKind
from monitor.health.states import State


class Step(StrEnum):
    """Why a notice is written. One mail per step, incident and recipient."""

    OPENED = "opened"
    WORSENED = "worsened"
    """From a warning to a failure."""
    RECOVERED = "recovered"
    TEST = "test"


class RefreshFacts(BaseModel):
    """The refresh after which orders moved again."""

    model_config = ConfigDict(frozen=True)

    actor: str
    reason: str
    asked_at: AwareDatetime


class NoticeFacts(BaseModel):
    """The incident at one moment. After a recovery, ``state`` to ``evidence`` say what it was last."""

    model_config = ConfigDict(frozen=True)

    title: str
    """Store and account, as people call them."""
    state: State
    cause: ConditionKind
    rule: str
    evidence: dict[str, Any]
    started_at: AwareDatetime
    at: AwareDatetime
    waiting: int | None = 0
    """None: unknown, because the store cannot be read."""
    oldest_waiting_at: AwareDatetime | None = None
    peak_waiting: int = 0
    refresh: RefreshFacts | None = None

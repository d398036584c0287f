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
    REMINDER = "reminder"
    """It lasts, and nobody has acknowledged it. Numbered in ``Notice.step``: ``reminder-1``."""
    WOKEN = "woken"
    """It lasts, and the time for which it was snoozed is over. Numbered too."""
    MAINTENANCE = "maintenance"
    """What a maintenance window kept quiet, in one mail that carries the openings."""
    WEEKLY = "weekly"
    """The report of the last week."""
    TEST = "test"


def step_of(text: str) -> Step:
    """The step of a notice, without its number."""
    return Step(text.partition("-")[0])


class RefreshFacts(BaseModel):
    """The refresh after which orders moved again."""

    model_config = ConfigDict(frozen=True)

    actor: str
    reason: str
    asked_at: AwareDatetime


class MaintenanceFacts(BaseModel):
    """What a maintenance window kept quiet."""

    model_config = ConfigDict(frozen=True)

    title: str
    """What was done; empty: the window is gone."""
    at: AwareDatetime
    over: list[str]
    """Whose trouble began and ended in it."""


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
    let_in_again_at: AwareDatetime | None = None
    """Since when the store can be reached again while its hub lags behind: a refresh is suggested."""
    refresh: RefreshFacts | None = None
    unanswered_for_s: int = 0
    """Told to a second list: for so long nobody has acknowledged it."""

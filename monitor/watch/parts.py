"""The parts of Syncwatch that leave a sign of life, and for how long each may be silent."""

from datetime import timedelta
from typing import Final

from django.conf import settings

TASK: Final = "monitor."
"""How the names of our periodic tasks begin."""
WATCHDOG: Final = "watchdog"
PING: Final = "ping"


def task_part(task: str) -> str:
    """Under which part it is kept how the runs of a task end: ``task.housekeeping``."""
    return f"task.{task.rpartition('.')[2]}"[:20]


def allowed_ages() -> dict[str, timedelta]:
    """How old the last sign of life of each part may be.

    A judgement follows every reading; while nobody answers, readings are up to five minutes apart.
    """
    tick = timedelta(seconds=max(60, 6 * settings.SYNCWATCH_TICK_S))
    judge = timedelta(seconds=max(420, 3 * settings.SYNCWATCH_COLLECT_INTERVAL_S))
    return {"tick": tick, "judge": judge, "deliver": 2 * tick}

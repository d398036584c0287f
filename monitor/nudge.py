"""Waking a worker. Only a nudge: the scheduler's next tick does the same work."""

from collections.abc import Callable
from datetime import timedelta

from monitor.celery import app

EXPIRES = timedelta(seconds=60)


def nudge(task: str) -> Callable[[], None]:
    """What ``transaction.on_commit(..., robust=True)`` calls to have the named task run now.

    Robust, because a broker that is away must not undo or fail what is stored already.
    """

    def send() -> None:
        app.send_task(task, expires=EXPIRES.total_seconds(), retry=False)

    return send

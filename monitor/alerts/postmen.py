"""The threads of a worker that deliver, so that no notice waits behind what else the worker does.

Reading a slow fleet keeps every thread of a worker's pool busy for minutes, and the broker may be away; a
mail must leave all the same. So each worker has postmen of its own, who look into the outbox every second and
need no message. The task ``deliver`` only wakes them, and sees to it that they live.
"""

import time
from dataclasses import asdict
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any, Final

import structlog
from celery.signals import worker_ready, worker_shutdown
from django.db import connections
from django.utils import timezone

from monitor.alerts.carriers import Carrier, Mails
from monitor.alerts.hooks import Hooks
from monitor.alerts.outbox import Delivered, after_clock_change, drain
from monitor.models import Heartbeat

log = structlog.get_logger(__name__)

PAUSE_S: Final = 5.0
"""After an error, such as a database that is away."""
BEAT_EVERY: Final = timedelta(seconds=10)
STOP_WITHIN_S: Final = 5.0
"""What is being sent may end before the process does; otherwise it is sent again."""
CREW: Final[tuple[tuple[type[Mails] | type[Hooks], float], ...]] = (
    (Mails, 1.0),
    (Mails, 5.0),
    (Hooks, 1.0),
    (Hooks, 5.0),
)
"""And every how many seconds each looks. Two of each: where one waits for a server that answers slowly or
not at all, the other goes on."""


class Postman(Thread):
    """Delivers by one way, over and over."""

    def __init__(self, carrier: Carrier, every_s: float) -> None:
        super().__init__(daemon=True, name=f"postman {carrier.channels[0]}")
        self.wake = Event()
        self.stopping = Event()
        self._carrier = carrier
        self._every_s = every_s
        self._done = Delivered()
        self._beaten_at = timezone.now() - BEAT_EVERY

    def run(self) -> None:
        while not self.stopping.is_set():
            pause_s = self._every_s
            try:
                self._round()
            except Exception:
                # One round that fails must not be the last.
                log.exception("delivery failed", postman=self.name)
                pause_s = PAUSE_S
            finally:
                connections.close_all()
            self.wake.wait(pause_s)
            self.wake.clear()

    def _round(self) -> None:
        now = timezone.now()
        drain(self._carrier, now, self._done, self.stopping.is_set)
        # A clock that was set back must not silence the sign of life.
        if self._carrier.is_shared and abs(now - self._beaten_at) >= BEAT_EVERY:
            if freed := after_clock_change(now):
                log.warning("the clock was set back", freed=freed)
            beat(self._done)
            self._beaten_at, self._done = now, Delivered()


def beat(done: Delivered) -> None:
    """Leaves the sign of life, and what was done since the last."""
    defaults = {"at": timezone.now(), "detail": asdict(done)}
    Heartbeat.objects.update_or_create(part="deliver", defaults=defaults)


_lock = Lock()
_postmen: list[Postman] = []


def ensure() -> None:
    """Wakes the postmen of this process; starts those that do not live."""
    with _lock:
        alive = {number: one for number, one in enumerate(_postmen) if one.is_alive()}
        fresh = [
            Postman(make(), every_s) for number, (make, every_s) in enumerate(CREW) if number not in alive
        ]
        _postmen[:] = [alive.get(number) or fresh.pop(0) for number in range(len(CREW))]
        for postman in _postmen:
            if postman.ident is None:
                postman.start()
            postman.wake.set()


def stop() -> None:
    """Lets what is being sent end, and ends the postmen."""
    with _lock:
        for postman in _postmen:
            postman.stopping.set()
            postman.wake.set()
        deadline = time.monotonic() + STOP_WITHIN_S
        for postman in _postmen:
            postman.join(max(deadline - time.monotonic(), 0))
        _postmen.clear()


@worker_ready.connect
def _begin(**_kwargs: Any) -> None:
    ensure()


@worker_shutdown.connect
def _end(**_kwargs: Any) -> None:
    stop()

"""The watchdog: a small process beside worker and web server that needs neither, nor the broker.

Every half minute it looks, remembers, writes letters and, once a minute, tells an outside monitor that all is
well. While the database is away it says so once, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final, ParamSpec, Protocol, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _noop

from monitor.embedded import EmbeddedError
from monitor.health.states import State
from monitor.watch import keeping, ping
from monitor.watch.checks import ACCOUNT, Check, database_away, database_here, examine
from monitor.watch.letters import Post
from monitor.watch.memory import Memory, Person, settle
from monitor.watch.parts import PING, WATCHDOG
from monitor.watch.snapshot import take

log = structlog.get_logger(__name__)

EVERY_S: Final = 30.0
GRACE_S: Final = 60.0
"""Before the first look: what started together with us may need so long to give a sign of life."""
CONFIRMED: Final = 2
"""Looks in a row."""
PING_EVERY: Final = timedelta(seconds=55)
LOOK_S, SEND_S = 25.0, 100.0
"""How long to wait for the database, and for the mail server."""

P = ParamSpec("P")
R = TypeVar("R")


class Runs(Protocol):
    """Calls something, and returns or raises what it does."""

    def __call__(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...


class InTime:
    """Calls something in a thread of its own and waits only so long for it.

    A server that is frozen answers nothing and closes nothing, and no timeout of its own ends that. Raises
    TimeoutError; also at once while an earlier call has not come back.
    """

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._thread: Thread | None = None

    def __call__(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._thread is not None and self._thread.is_alive():
            raise TimeoutError
        future: Future[R] = Future()

        def run() -> None:
            try:
                future.set_result(call(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  # it is raised where the result is waited for
                future.set_exception(error)
            finally:
                connection.close()

        self._thread = Thread(target=run, daemon=True)
        self._thread.start()
        return future.result(self.patience_s)


class Watchdog:
    """One look after another. ``look`` and ``send`` call what may hang."""

    def __init__(self, var: Path, *, look: Runs | None = None, send: Runs | None = None) -> None:
        self.var = var
        self.memory = keeping.from_file(var)
        """Of what the database cannot keep: that it is away."""
        self._look = look or InTime(LOOK_S)
        self._send = send or InTime(SEND_S)
        self._pinged_at: datetime | None = None

    def run(self, stopping: Event) -> None:
        """Looks until ``stopping`` is set."""
        log.info("the watchdog begins", first_look_in_s=GRACE_S, then_every_s=EVERY_S)
        stopping.wait(GRACE_S)
        while not stopping.is_set():
            try:
                self.round(timezone.now())
            except Exception:
                # One look that fails must not be the last.
                log.exception("the watchdog's look failed")
            stopping.wait(EVERY_S)

    def round(self, now: datetime) -> None:
        """One look, and all that follows from it."""
        shared, own = self._observe(now)
        people = shared.people if shared else self._known_people()
        before = self.memory
        self.memory = settle(before, [own], people, now)
        self._send_own(now)
        if self.memory != before:
            keeping.to_file(self.var, self.memory)
        if shared and shared.letters:
            self._send_shared(now)
        if settings.SYNCWATCH_PING_URL:
            self._ping(now, is_well=not (is_ailing(self.memory) or (shared and is_ailing(shared))))

    def _observe(self, now: datetime) -> tuple[Memory | None, Check]:
        """What all watchdogs remember after this look, and how it went; None: there was no looking."""
        try:
            return self._look(observe, now), database_here()
        except (OperationalError, InterfaceError, EmbeddedError, TimeoutError) as error:
            log.warning("the database does not answer", error=type(error).__name__)
            return None, database_away()
        except Exception as error:
            # A watchdog that ends here would be silent about whatever comes next.
            log.exception("the watchdog could not look")
            text = _noop("Syncwatch cannot be looked at: %(error)s.")
            remedy = _noop("Look into the watchdog's log; after an update, run manage.py migrate.")
            return None, Check("database", State.FAIL, text, remedy, {"error": type(error).__name__})

    def _known_people(self) -> Sequence[Person]:
        return keeping.administrators() or self.memory.people

    def _send_own(self, now: datetime) -> None:
        post = Post()
        while self.memory.letters and post.send_one(self.memory, now):
            keeping.to_file(self.var, self.memory)
        post.close()

    def _send_shared(self, now: datetime) -> None:
        try:
            self._send(deliver, now)
        except (DatabaseError, EmbeddedError, TimeoutError):
            log.warning("letters stay for the next look", exc_info=True)

    def _ping(self, now: datetime, *, is_well: bool) -> None:
        if self._pinged_at is not None and now - self._pinged_at < PING_EVERY:
            return
        self._pinged_at = now
        error = asyncio.run(ping.ping(settings.SYNCWATCH_PING_URL, now, is_well=is_well))
        if error:
            log.warning("the outside monitor was not reached", error=error)
        try:
            self._look(ping.keep, error, now)
        except (DatabaseError, EmbeddedError, TimeoutError):
            log.warning("could not keep how the ping ended", exc_info=True)


def observe(now: datetime) -> Memory:
    """Looks at everything, and keeps what is to be told. Raises DatabaseError."""
    seen = take(now)
    checks = examine(replace(seen, beats={**seen.beats, WATCHDOG: now}))
    people = keeping.people()
    return keeping.change(now, lambda memory: settle(memory, checks, people, now))


def deliver(now: datetime) -> None:
    """Sends the letters of the memory that all watchdogs share, each mail in a transaction of its own."""
    post, goes_on = Post(), True

    def one(memory: Memory) -> Memory:
        nonlocal goes_on
        goes_on = post.send_one(memory, now)
        return memory

    try:
        while goes_on:
            keeping.change(now, one)
    finally:
        post.close()


def is_ailing(memory: Memory) -> bool:
    """Syncwatch itself has failed, and not for a moment only.

    Not the account of a hub: an outside monitor that hears "fail" for days would not tell when we die.
    """
    return any(
        held.state is State.FAIL and held.bad >= CONFIRMED and not name.startswith((ACCOUNT, PING))
        for name, held in memory.held.items()
    )

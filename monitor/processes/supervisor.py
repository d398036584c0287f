"""Starts programs, keeps them up, and ends all of them: however it ends itself."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from monitor.processes.programs import Program

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A program that lived so long starts anew with the first pause."""
GRACE_S = 10.0
"""How long programs may take to end in order before they are killed."""
READY_TIMEOUT_S = 120.0
LARGEST_LOG = 20_000_000


class StartFailed(RuntimeError):
    """A program did not come up. ``str()`` says which, and where to read why."""


class Stopped(Exception):
    """Somebody asked to stop while things were still starting."""


@dataclass(slots=True)
class Child:
    """A program with its current process."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float
    pause_s: float = FIRST_PAUSE_S
    restart_at: float | None = None
    """When a dead one is started again, in ``time.monotonic()`` seconds."""


class Supervisor:
    """The children of one ``up``. Each leads its own process group, so that Ctrl-C reaches us alone."""

    def __init__(self, var: Path, tell: Callable[[str], None]) -> None:
        self.var = var
        self.tell = tell
        self.children: list[Child] = []
        self.stopping = False
        self.chores: list[Callable[[], None]] = []
        """Done about twice a second: looking after what is no child, such as the database."""
        self._guard: subprocess.Popen[bytes] | None = None
        self._wake_r, self._wake_w = os.pipe()
        os.set_blocking(self._wake_w, False)

    # --- starting ----------------------------------------------------------------------------

    @contextmanager
    def signals(self) -> Iterator[None]:
        """While inside, SIGINT, SIGTERM and SIGHUP ask for an orderly end; a second one hurries."""
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        previous = {number: signal.signal(number, self._on_signal) for number in wanted}
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            self._end_groups(signal.SIGKILL)
        self.stopping = True

    def start(self, programs: Iterable[Program]) -> None:
        """Starts the programs and waits until those with a port answer.

        Raises StartFailed or Stopped.
        """
        self._watch_over()
        fresh = [self._spawn(program) for program in programs]
        self.children += fresh
        deadline = time.monotonic() + READY_TIMEOUT_S
        for child in fresh:
            while not self._is_ready(child):
                self._sleep(0.05)
                if self.stopping:
                    raise Stopped
                if child.process.poll() is not None or time.monotonic() > deadline:
                    raise StartFailed(
                        f"The {child.program.name} did not start. Its last words: {last_words(child.log)} "
                        f"(all of them: {child.log})"
                    )

    def _is_ready(self, child: Child) -> bool:
        if child.program.port is None:
            return True
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", child.program.port)) == 0

    def _spawn(self, program: Program) -> Child:
        log = self.var / "log" / f"{program.name}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  # our own programs
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **program.environment},
            )
        self._say_to_guard(f"+{process.pid}")
        return Child(program, log, process, started_at=time.monotonic())

    # --- keeping up --------------------------------------------------------------------------

    def run(self) -> None:
        """Keeps everything up until somebody asks to stop."""
        next_look_at_logs = 0.0
        while not self.stopping:
            self._sleep(0.5)
            self._watch_over()
            now = time.monotonic()
            for child in self.children:
                self._revive(child, now)
            for chore in self.chores:
                chore()
            if now >= next_look_at_logs:
                next_look_at_logs = now + 60
                for child in self.children:
                    shorten(child.log)

    def _revive(self, child: Child, now: float) -> None:
        code = child.process.poll()
        if code is None or self.stopping:
            return
        if child.restart_at is None:
            if now - child.started_at > STEADY_AFTER_S:
                child.pause_s = FIRST_PAUSE_S
            child.restart_at = now + child.pause_s
            self._end_group(child, signal.SIGKILL)
            self._say_to_guard(f"-{child.process.pid}")
            ending = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            self.tell(
                f"The {child.program.name} {ending}; starting it again in {child.pause_s:g} s ({child.log})."
            )
        elif now >= child.restart_at:
            child.process = self._spawn(child.program).process
            child.started_at, child.restart_at = now, None
            child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)
            self.tell(f"The {child.program.name} runs again.")

    def _sleep(self, seconds: float) -> None:
        """Sleeps, but wakes at once when a signal arrives."""
        if select.select([self._wake_r], [], [], seconds)[0]:
            os.read(self._wake_r, 1024)

    # --- ending ------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ends all children in order, or by force after the grace; nothing of their groups remains."""
        self.stopping = True
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline and any(child.process.poll() is None for child in self.children):
            self._sleep(0.05)
        self._end_groups(signal.SIGKILL)
        for child in self.children:
            child.process.wait()

    def dismiss_guard(self) -> None:
        """Everything has ended in order: nobody needs to clean up after us."""
        if self._guard is not None:
            self._say_to_guard("bye")
            self._guard.communicate()
            self._guard = None

    def _end_groups(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.restart_at is None:
                self._end_group(child, number)

    def _end_group(self, child: Child, number: signal.Signals) -> None:
        # The group outlives its leader as long as a grandchild does.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)

    # --- the guard ---------------------------------------------------------------------------

    def _watch_over(self) -> None:
        """Sees to it that the guard lives and knows the children."""
        if self._guard is not None and self._guard.poll() is None:
            return
        self._guard = subprocess.Popen(  # noqa: S603  # our own program
            (sys.executable, "-m", "monitor.processes.guard", str(self.var)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for child in self.children:
            if child.process.poll() is None:
                self._say_to_guard(f"+{child.process.pid}")

    def _say_to_guard(self, words: str) -> None:
        pipe: IO[bytes] | None = self._guard.stdin if self._guard else None
        if pipe is not None:
            with suppress(BrokenPipeError):  # it died: the next look starts another and tells it all
                pipe.write(f"{words}\n".encode())
                pipe.flush()


def last_words(log: Path) -> str:
    """The last line of a log that holds something."""
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines()[-50:] if line.strip()]
        if lines:
            return lines[-1].strip()
    return "none"


def shorten(log: Path) -> None:
    """Keeps a long log as ``….1`` and empties it; its writer appends, so it goes on at the start."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            log.with_suffix(".log.1").write_bytes(log.read_bytes())
            os.truncate(log, 0)

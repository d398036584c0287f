"""The last witness: cleans up after a supervisor that was killed before it could.

``python -m monitor.processes.guard VAR`` reads lines from its standard input, ``+PID`` and ``-PID`` for
process groups that come and go, and ``bye`` when all ended in order. When the input ends without a
``bye``, the supervisor is dead: the groups are ended, then the embedded PostgreSQL.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from monitor import embedded

PATIENCE_S = 6


def watch(lines: Iterable[str], var: Path) -> None:
    """Follows the supervisor's words until it says good-bye or falls silent for ever."""
    leaders: dict[int, psutil.Process] = {}
    for line in lines:
        word = line.strip()
        if word == "bye":
            return
        pid = int(word[1:])
        if word.startswith("-"):
            leaders.pop(pid, None)
        else:
            with suppress(psutil.NoSuchProcess):
                leaders[pid] = psutil.Process(pid)
    end_groups(leaders.values())
    deadline = time.monotonic() + PATIENCE_S
    while not embedded.stop_if_unused(var) and time.monotonic() < deadline:
        time.sleep(0.2)  # the kernel takes a moment to release what the killed held


def end_groups(leaders: Iterable[psutil.Process]) -> None:
    """Asks the groups to end and, after a while, makes them."""
    groups = [leader.pid for leader in leaders if leader.is_running()]
    for group in groups:
        _signal(group, signal.SIGTERM)
    psutil.wait_procs(list(leaders), timeout=PATIENCE_S)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin, Path(sys.argv[1]))

"""Starting and stopping the sandbox's processes."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
_STOP_WITHIN_S = 5.0


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends, even by kill -9. Does nothing where the system cannot."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the line above
        os.kill(os.getpid(), signal.SIGTERM)


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run processes until SIGTERM, SIGINT, or the end of one of them; then stop them all.

    Returns 0 when stopped, 1 when one ended by itself.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    children = [subprocess.Popen([*command, "--parent", str(os.getpid())]) for command in commands]  # noqa: S603
    while not stopping.wait(0.5):
        if any(child.poll() is not None for child in children):
            break
    # The last one first, as it asks the others: nobody meets a closed door on the way out.
    for child in reversed(children):
        child.terminate()
        try:
            child.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return 0 if stopping.is_set() else 1

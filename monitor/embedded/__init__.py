"""The PostgreSQL that comes as a wheel, for machines that have none.

Started by whichever process needs it first and stopped by the last one that leaves. Only the
programs of the wheel are used: its own Python layer opens every parent folder to all users when
root runs it, and cannot repair a half-finished start.
"""

import atexit
import fcntl
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from monitor.embedded.place import (
    ELSEWHERE,
    ROOTS_STAND_IN,
    SOCKET,
    EmbeddedError,
    belongs_to,
    data_folder,
    socket_folder,
    user_of,
)
from monitor.embedded.server import START_TIMEOUT_S, postmaster_pid, run, start

__all__ = [
    "ELSEWHERE",
    "ROOTS_STAND_IN",
    "EmbeddedError",
    "data_folder",
    "delete",
    "ensure_running",
    "is_alive",
    "is_running",
    "revive",
    "stop",
    "stop_if_unused",
    "url",
]


def url(var: Path) -> str:
    """The URL of the cluster of the installation in ``var``. Starts nothing."""
    return f"postgresql://postgres@/postgres?host={quote(str(socket_folder(data_folder(var))))}"


def is_running(var: Path) -> bool:
    """Whether the server accepts connections. A socket that others could have put there does not count."""
    data = data_folder(var)
    sockets = socket_folder(data)
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            if not belongs_to(sockets, data.stat().st_uid):
                return False
            probe.connect(str(sockets / SOCKET))
        except OSError:
            return False
    return True


def is_alive(var: Path) -> bool:
    """Whether the server's process lives; cheaper than :func:`is_running`, also true while it starts."""
    return postmaster_pid(data_folder(var)) is not None


def ensure_running(var: Path) -> None:
    """Starts the server unless it runs, and keeps it up at least as long as this process lives.

    Costs a microsecond while the server is known to live.

    Raises EmbeddedError.
    """
    known = _postmasters.get(var)
    if known is not None and psutil.pid_exists(known):
        return
    revive(var)


def revive(var: Path) -> None:
    """As :func:`ensure_running`, but looks closely.

    Raises EmbeddedError.
    """
    with _this_process:
        _join_users(var)
        with _locked(var / "postgres.lock"):
            if not is_running(var):
                start(var)
        _postmasters[var] = postmaster_pid(data_folder(var)) or 0


def stop(var: Path) -> None:
    """Stops the server, whoever uses it.

    Raises EmbeddedError.
    """
    data = data_folder(var)
    if postmaster_pid(data) is not None:
        user = user_of(data)
        run(user, "pg_ctl", "-D", data, "-m", "fast", "-w", "-t", START_TIMEOUT_S, "stop")
    _postmasters.pop(var, None)


def stop_if_unused(var: Path) -> bool:
    """Stops the server unless another process uses it; false when one does.

    Raises EmbeddedError.
    """
    if not var.exists():
        return True
    descriptor = _users.get(var) or _open_users(var)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    stop(var)
    return True


def delete(var: Path) -> None:
    """Stops the server and deletes its data."""
    if var.exists():
        stop(var)
        shutil.rmtree(data_folder(var), ignore_errors=True)
        (var / "postgres").unlink(missing_ok=True)


# --- who uses it -----------------------------------------------------------------------------

_this_process = threading.Lock()
_postmasters: dict[Path, int] = {}
_users: dict[Path, int] = {}
"""Descriptors of the shared locks this process holds, by installation."""


def _join_users(var: Path) -> None:
    """Holds a shared lock for the life of the process; the kernel releases it however it ends."""
    if var in _users:
        return
    var.mkdir(parents=True, exist_ok=True)
    descriptor = _open_users(var)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _users[var] = descriptor
    atexit.register(_leave, var, os.getpid())


def _open_users(var: Path) -> int:
    return os.open(var / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)


def _leave(var: Path, pid: int) -> None:
    """The last user to leave stops the server."""
    if pid == os.getpid():  # a fork inherits the registration
        with suppress(EmbeddedError, OSError):  # nobody is left to be told; the next start repairs
            stop_if_unused(var)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

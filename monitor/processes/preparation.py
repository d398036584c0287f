"""What must be true before the programs can start."""

import fcntl
import hashlib
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


class NotPossible(RuntimeError):
    """The product cannot start. ``str()`` says why and what to do, in one line."""


@contextmanager
def only_one(var: Path, address: str) -> Iterator[None]:
    """Holds the right to run the product in ``var``.

    Raises NotPossible while another process holds it.
    """
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        who = os.pread(descriptor, 300, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise NotPossible(
            f"Syncwatch already runs on the data in {var} ({who}). Stop that one first, or choose another "
            "folder with SYNCWATCH_VAR."
        ) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, {address}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_ports(host: str, ports: Iterable[int], *, example: str) -> None:
    """Raises NotPossible, naming the first port that is taken. ``example`` is a command that avoids it."""
    for port in ports:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((host, port))
            except PermissionError as error:
                raise NotPossible(f"Port {port} may not be used by this user. Try: {example}") from error
            except OSError as error:
                raise NotPossible(f"Port {port} cannot be used ({error.strerror}). Try: {example}") from error


def collect_static() -> None:
    """Gathers and compresses the static files, unless none has changed since the last time."""
    seal = Path(settings.STATIC_ROOT) / ".collected"
    state = _static_state()
    if seal.exists() and seal.read_text() == state:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    seal.write_text(state)


def _static_state() -> str:
    digest = hashlib.sha256(version("whitenoise").encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            about = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{about.st_mtime_ns}\0{about.st_size}\n".encode())
    return digest.hexdigest()

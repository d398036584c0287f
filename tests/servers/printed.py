"""Makes a printed change as an operator would: finds the line by the printed command, edits, checks."""

import re
import subprocess
from pathlib import Path

from integrations.access.fixes.records import Fix

_FOUND = re.compile(r"^(?P<file>/[^:]+):(?P<line>\d+):")


def run(command: str, programs: Path, *, swapped: tuple[str, str] | None = None) -> str:
    """What a printed command prints, run as it stands; programs of the folder ``programs`` come first.

    ``swapped``: a folder of the printed command, and the one that stands for it here.
    """
    if swapped is not None:
        command = command.replace(*swapped)
    return _shell(command, programs).stdout


def check(fix: Fix, programs: Path) -> None:
    """The printed check, letter by letter: ``nginx -t && systemctl reload nginx``. Raises AssertionError."""
    done = _shell(fix.check, programs)
    assert done.returncode == 0, f"{fix.text}\n{done.stdout}\n{done.stderr}"


def _shell(command: str, programs: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=20, env={"PATH": path}, check=False
    )


def found(fix: Fix, programs: Path, swapped: tuple[str, str] | None = None) -> tuple[Path, int] | None:
    """File and line number (from 1) that a fix's own command finds first; ``None``: none."""
    return next(iter(all_found(fix, programs, swapped)), None)


def all_found(fix: Fix, programs: Path, swapped: tuple[str, str] | None = None) -> list[tuple[Path, int]]:
    """Files and line numbers (from 1) that a fix's own command finds."""
    matches = (_FOUND.match(line) for line in run(fix.find, programs, swapped=swapped).splitlines())
    return [(Path(match["file"]), int(match["line"])) for match in matches if match]


def put(text: str, file: Path, line: int, *, instead: bool) -> None:
    """Puts text above a line, or in its place."""
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[line - 1 : line if instead else line - 1] = text.splitlines()
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def program(folder: Path, name: str, script: str) -> None:
    """A program of a folder that stands for the system's own."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)

"""What the list of checks of Healthchecks costs, the program whose list of checks is most like our table.

It is fetched into a folder that is removed afterwards, with the packages that it wants, and works there as
its own tests do: SQLite, and pages asked for in the process that makes them. Where it cannot be had, that is
said; its newest release wants Python 3.12.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.bench.world import ROOT, table

SOURCE = "https://github.com/healthchecks/healthchecks"
RELEASE = "v4.3"
PATIENCE_S = 600
_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")


def run(source: str, checks: int, times: int, folder: Path) -> None:
    """Prints a table. ``source``: where git gets it from, an address or a folder."""
    try:
        costs = _measured(source, checks, times, folder)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        told = str(getattr(error, "stderr", None) or error).strip().splitlines() or [type(error).__name__]
        print(f"\nHealthchecks is not measured beside it: {told[-1]}", flush=True)
        return
    rows = [
        (
            one["page"],
            f"{one['clock'][0]:.0f} / {one['clock'][1]:.0f}",
            f"{one['work'][0]:.0f} / {one['work'][1]:.0f}",
            one["queries"],
            f"{one['bytes'] / 1000:,.0f}",
        )
        for one in costs
    ]
    print(f"\nHealthchecks {RELEASE}, {checks:,} checks; ms, half / 95 % within\n")
    print(table(("page", "on the clock", "work (CPU)", "queries", "KB"), rows), flush=True)


def _measured(source: str, checks: int, times: int, folder: Path) -> list[dict[str, Any]]:
    program, python = folder / "healthchecks", folder / "venv" / "bin" / "python"
    print("\nFetching Healthchecks ...", flush=True)
    _done(["git", "clone", "-q", "--depth", "1", "--branch", RELEASE, source, str(program)], folder)
    for candidate in filter(None, map(shutil.which, _PYTHONS)):
        shutil.rmtree(folder / "venv", ignore_errors=True)
        try:
            _done([candidate, "-m", "venv", str(folder / "venv")], folder)
            _done([str(python), "-m", "pip", "install", "-q", "-r", "requirements.txt"], program)
            break
        except subprocess.CalledProcessError as error:
            failed = error
    else:
        raise failed
    script = ROOT / "tests" / "bench" / "peer_healthchecks.py"
    told = _done([str(python), str(script), str(checks), str(times)], program)
    found: list[dict[str, Any]] = json.loads(told.splitlines()[-1])
    return found


def _done(command: list[str], where: Path) -> str:
    """What the command says. Raises OSError or SubprocessError."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCWATCH", "DJANGO"))}
    kept |= {
        "GIT_TERMINAL_PROMPT": "0",
        "DEBUG": "False",
        "SECRET_KEY": "bench",
        "ALLOWED_HOSTS": "testserver",
    }
    done = subprocess.run(
        command, cwd=where, env=kept, check=True, capture_output=True, text=True, timeout=PATIENCE_S
    )
    return done.stdout

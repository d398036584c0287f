"""The watchdog as a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.processes.programs import Ports, product
from monitor.watch.keeping import from_file

pytestmark = pytest.mark.acceptance
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def watchdog(var: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCWATCH_")}
    surroundings = {"SYNCWATCH_VAR": str(var), "DATABASE_URL": NOWHERE, "SYNCWATCH_SMTP_PORT": "1"}
    command = next(one for one in product(Ports(8000), "127.0.0.1") if one.name == "watchdog").command
    return subprocess.Popen(
        [sys.executable, *command[1:], *arguments],
        env={**kept, **surroundings},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_ends_in_order_when_asked_to(tmp_path: Path):
    process = watchdog(tmp_path)
    while "the watchdog begins" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_look_without_any_database_is_remembered(tmp_path: Path):
    process = watchdog(tmp_path, "--once")
    _, said = process.communicate(timeout=90)
    assert process.returncode == 0, said
    held = from_file(tmp_path).held["database"]
    assert (held.state, held.bad) == ("fail", 1)
    assert "Traceback" not in said

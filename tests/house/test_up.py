"""``manage.py up``: one process that runs everything and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from monitor import embedded

pytestmark = pytest.mark.acceptance

FOREIGN = ("SYNCWATCH_", "DATABASE_URL", "BROKER_URL", "PYTHONUNBUFFERED")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(happened: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False


def up(var: Path, port: int) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        env={**environment, "SYNCWATCH_VAR": str(var)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"{words!r} was never said:\n{said}")


def family(process: subprocess.Popen[str], var: Path) -> list[psutil.Process]:
    members = psutil.Process(process.pid).children(recursive=True)
    server = int((embedded.data_folder(var) / "postmaster.pid").read_text().split()[0])
    return [*members, psutil.Process(server)]


def are_gone(members: list[psutil.Process]) -> bool:
    return not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in members)


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up")
    yield folder
    embedded.delete(folder)


@pytest.fixture
def running(var):
    port = free_port()
    process = up(var, port)
    try:
        said = read_until(process, "Ctrl-C")
        yield process, port, said
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_it_says_where_to_begin_and_ends_without_a_trace(running, var):
    process, port, said = running
    assert f"http://127.0.0.1:{port}/setup/" in said
    with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
    members = family(process, var)
    assert len(members) >= 6  # guard, web and its worker, worker, scheduler, PostgreSQL
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert are_gone(members)


def test_a_killed_program_and_a_killed_database_come_back(running, var):
    process, _port, _said = running
    os.kill(int((embedded.data_folder(var) / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    for child in psutil.Process(process.pid).children():
        if "beat" in child.cmdline():
            child.kill()
    assert "scheduler was killed by signal 9" in read_until(process, "The scheduler")
    read_until(process, "The scheduler runs again")
    assert eventually(lambda: embedded.is_running(var))


def test_nothing_outlives_a_killed_supervisor_for_long(running, var):
    process, _port, _said = running
    members = family(process, var)
    process.kill()
    assert eventually(lambda: are_gone(members), 30)


def test_a_second_one_on_the_same_data_is_told_about_the_first(running, var):
    process, _port, _said = running
    second = up(var, free_port())
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"already runs on the data in {var} (process {process.pid}," in said
    assert "Traceback" not in said


def test_a_taken_port_is_named_with_a_way_out(tmp_path):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        process = up(tmp_path, port)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} cannot be used (Address already in use). Try: make run PORT={port + 10}" in said
    assert "Traceback" not in said

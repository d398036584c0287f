"""Whole processes: they start, survive kill -9 with all they know, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.fleet import FleetSpec, load_or_create
from integrations.sandbox.testing import shop, small_fleet
from integrations.sandbox.threads import free_port

pytestmark = pytest.mark.acceptance


@contextmanager
def serving(state: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "integrations.sandbox",
        "serve",
        "--port",
        str(port),
        "--state",
        str(state),
    ]
    process = subprocess.Popen(command)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port + 1}/control/state", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def ask(url: str) -> Any:
    return httpx.get(url, trust_env=False).raise_for_status().json()


def children(process: subprocess.Popen[bytes]) -> list[int]:
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in text.split()]


def gone(number: int) -> bool:
    for _ in range(100):
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def fleet(tmp_path: Path) -> FleetSpec:
    made = small_fleet([shop("woo", orders_per_day=300)], now=None, history_days=2, auto=True)
    return load_or_create(tmp_path / "state", lambda: made)


def test_kill_9_loses_nothing_and_leaves_no_process(tmp_path: Path, fleet: FleetSpec):
    state, port = tmp_path / "state", free_port()
    shops, hub = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    with serving(state, port) as process:
        httpx.post(f"{shops}/control/shops/woo/orders", json={"count": 5}, trust_env=False).raise_for_status()
        httpx.post(f"{hub}/control/integrations/1/import", trust_env=False).raise_for_status()
        placed = [row[0] for row in ask(f"{shops}/control/shops/woo/orders")["orders"]]
        arrived = ask(f"{hub}/control/integrations/1/orders")["arrived"]
        offspring = children(process)
        for number in [process.pid, *offspring]:
            os.kill(number, signal.SIGKILL)
        assert all(gone(number) for number in offspring)
    with serving(state, port):
        assert [row[0] for row in ask(f"{shops}/control/shops/woo/orders")["orders"]][: len(placed)] == placed
        assert ask(f"{hub}/control/integrations/1/orders")["arrived"][: len(arrived)] == arrived


def test_its_end_is_the_end_of_its_children_even_by_kill_9(tmp_path: Path, fleet: FleetSpec):
    with serving(tmp_path / "state", free_port()) as process:
        offspring = children(process)
        assert len(offspring) == 2
        process.kill()
        assert all(gone(number) for number in offspring)


def test_sigterm_stops_it_in_order(tmp_path: Path, fleet: FleetSpec):
    with serving(tmp_path / "state", free_port()) as process:
        offspring = children(process)
        process.terminate()
        assert process.wait(10) == 0
        assert all(gone(number) for number in offspring)
    assert json.loads((tmp_path / "state" / "fleet.json").read_text())["secret"] == fleet.secret

"""One sandbox for all servers of a session, and the table at its end."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from tests.servers.confusion import as_property, markdown, rows_of
from tests.servers.laboratory import SHOPS, Laboratory, Outcome
from tests.servers.scenarios import Scenario

Run = Callable[[Scenario], None]
SBIN = "/usr/sbin"


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    fleet = small_fleet([shop(name, platform) for platform, name in SHOPS.items()], now=None)
    folder = tmp_path_factory.mktemp("laboratory")
    with running_sandbox(fleet, folder) as sandbox:
        yield Laboratory(sandbox, folder)


@pytest.fixture
def run(laboratory: Laboratory, record_property: Callable[[str, object], None]) -> Run:
    """Runs a scenario, and enters it in the table whatever becomes of it."""

    def run_it(scenario: Scenario) -> None:
        outcomes: list[Outcome] = []
        try:
            laboratory.run(scenario, outcomes)
        finally:
            for outcome in outcomes:
                record_property(*as_property(outcome))

    return run_it


@pytest.fixture(scope="session")
def installed() -> Callable[[str], str]:
    """Gives the path of a server's program, or skips the test; where SYNCWATCH_REQUIRE_SERVICES is 1 it
    fails instead."""

    def find(program: str) -> str:
        path = shutil.which(program, path=os.environ.get("PATH", "") + os.pathsep + SBIN)
        if path is not None:
            return path
        if os.environ.get("SYNCWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")

    return find


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    outcomes = [row for report in reports for row in rows_of(getattr(report, "user_properties", []))]
    if not outcomes:
        return
    text = markdown(outcomes)
    folder = Path(config.rootpath) / "var" / "test-servers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "confusion.md").write_text(text, encoding="utf-8")
    terminalreporter.section("what was set up, and what was named")
    terminalreporter.write_line(text)

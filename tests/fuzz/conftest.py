"""The world of these tests, and the count of bad answers at the end of the run."""

import os
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.fuzz.world import World, running_world

LONG = int(os.environ.get("SYNCWATCH_FUZZ", "0"))
"""At least so many bad answers are tried; 0: as many as fit into a minute."""


@pytest.fixture
def world(
    transactional_db: None,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[World]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.SYNCWATCH_EXAMINE_PAUSE_S = 0
    settings.SYNCWATCH_WITNESSES = ()
    with running_world(tmp_path, monkeypatch) as world:
        yield world
    # A property of the report, for those travel from the workers to where the summary is written.
    request.node.user_properties.append(
        (
            "fuzz",
            f"{request.node.name}: {world.tried} requests were answered badly in {world.batches} batches; "
            f"the longest took {world.longest_s:.1f} s, the largest {world.largest_mb:.0f} MB",
        )
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, line in getattr(report, "user_properties", ()):
                if name == "fuzz" and report.when == "teardown":
                    terminalreporter.write_line(f"fuzz: {line}")

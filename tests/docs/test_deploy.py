"""The units and the containers start the programs that ``manage.py up`` starts."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.processes.programs import Ports, Program, product
from tests.docs.pages import ROOT

pytestmark = pytest.mark.unit

DEPLOY = ROOT / "deploy"
UNITS = {
    "web": "syncwatch-web.service",
    "worker": "syncwatch-worker@.service",
    "scheduler": "syncwatch-scheduler.service",
    "watchdog": "syncwatch-watchdog.service",
}
PROGRAMS = {program.name: program for program in product(Ports(8000), "127.0.0.1")}
DIFFERS = {"1", "127.0.0.1", ""}
"""Values that a machine of one's own may choose otherwise: one web process, the address to listen on."""


def essence(program: Program) -> set[str]:
    return {Path(word).name for word in program.command[1:]} - DIFFERS - {"--pidfile"}


def words(command: str) -> set[str]:
    return {Path(word).name for word in re.split(r"[ =]", command)}


def compose() -> Any:
    return YAML(typ="safe").load(DEPLOY / "compose.yaml")


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_the_unit_starts_the_same(name: str) -> None:
    text = (DEPLOY / "systemd" / UNITS[name]).read_text()
    [command] = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert essence(PROGRAMS[name]) <= words(command)
    assert "Restart=always" in text


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_the_container_starts_the_same(name: str) -> None:
    command = compose()["services"][name]["command"]
    assert essence(PROGRAMS[name]) <= words(" ".join(command))


def test_nothing_is_started_before_the_tables_are_there_but_the_watchdog() -> None:
    for name, unit in UNITS.items():
        text = (DEPLOY / "systemd" / unit).read_text()
        assert ("Requires=syncwatch-prepare.service" in text) is (name != "watchdog")
    services = compose()["services"]
    for name in PROGRAMS:
        assert services[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_whoever_starts_all_after_an_upgrade_gets_its_tables_too() -> None:
    for path in (DEPLOY / "systemd").glob("*.service"):
        assert "PartOf=syncwatch.target" in path.read_text(), path


def test_commands_by_hand_run_as_the_services_do() -> None:
    common = dict(
        line.split("=", 1)
        for line in (DEPLOY / "systemd/syncwatch-.service.d/common.conf").read_text().splitlines()
        if "=" in line
    )
    wrapper = (DEPLOY / "syncwatch").read_text()
    assert f"--uid={common['User']} --gid={common['Group']}" in wrapper
    assert f"EnvironmentFile={common['EnvironmentFile']}" in wrapper
    assert f"UMask={common['UMask']}" in wrapper
    assert f"--setenv={common['Environment'].split()[0]} " in wrapper
    assert f"--working-directory={common['WorkingDirectory']} " in wrapper


def test_no_container_of_ours_may_do_more_than_it_needs() -> None:
    services = compose()["services"]
    for name in (*PROGRAMS, "prepare"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    opened = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert opened == {"web": ["127.0.0.1:8000:8000"]}

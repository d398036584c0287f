"""The arrows between the rooms, and the habits of the house."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations import registry

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 400
FORBIDDEN = (
    "/wo" + "rk/",
    "shared" + "/facts",
    "shared" + "/design",
    "TO" + "DO",
    "FIX" + "ME",
)
"""Words of a workplace, and of work left undone (split, so that this file may stand)."""


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: -node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def offenders(paths: Iterator[Path], is_allowed) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path)
        if not is_allowed(path, name)
    ]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_integrations_know_nothing_of_the_monitor():
    assert not offenders(python_files("integrations"), lambda _path, name: not within(name, "monitor"))


def test_judging_is_pure():
    def is_allowed(_path: Path, name: str) -> bool:
        own = within(name, "monitor.health", "integrations.contracts")
        return own or name.split(".", maxsplit=1)[0] in sys.stdlib_module_names

    assert not offenders(python_files("monitor/health"), is_allowed)


def test_only_the_demo_and_tests_know_the_sandbox():
    def is_allowed(path: Path, name: str) -> bool:
        return path.is_relative_to(ROOT / "integrations/sandbox") or not within(name, "integrations.sandbox")

    assert not offenders(python_files("integrations", "monitor"), is_allowed)


def test_the_sandbox_needs_no_django():
    def is_allowed(_path: Path, name: str) -> bool:
        foreign = within(name, "django", "monitor")
        ours = within(name, "integrations") and not within(
            name, "integrations.sandbox", "integrations.contracts"
        )
        return not foreign and (not ours or name == "integrations")

    assert not offenders(python_files("integrations/sandbox"), is_allowed)


def test_http_clients_are_made_in_one_place():
    # The second gives django-allauth its session for the OpenID Connect provider, behind the address guard.
    allowed = {ROOT / "integrations/http.py", ROOT / "monitor/people/provider.py"}

    def is_allowed(path: Path, name: str) -> bool:
        if path in allowed or path.is_relative_to(ROOT / "integrations/sandbox"):
            return True
        return not within(name, "httpx.AsyncClient", "httpx.Client", "requests", "urllib.request", "aiohttp")

    assert not offenders(python_files("integrations", "monitor"), is_allowed)


def test_every_adapter_is_registered_and_every_registration_has_an_adapter():
    folders = {path.parent.name for path in (ROOT / "integrations").glob("*/adapter.py")}
    assert folders == {*registry.STORES, *registry.HUBS, *registry.EDGES}
    for kind in folders:
        adapter = registry.adapter_class(kind)
        assert adapter.Credentials
        assert adapter.Settings
        assert adapter.label


def test_every_adapter_has_tests_of_its_own():
    names = " ".join(path.name for path in python_files("tests/integrations"))
    kinds = {*registry.STORES, *registry.HUBS, *registry.EDGES}
    missing = {kind for kind in kinds if kind not in names}
    assert not missing


def test_files_stay_small():
    folders = ("integrations", "monitor", "tests")
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files(*folders)
        if "migrations" not in path.parts and (lines := path.read_text().count("\n")) > LONGEST_FILE
    }
    assert not long


def test_no_file_names_the_place_it_was_written_in_or_is_left_undone():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    found = []
    for name in listed.split("\0"):
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".html", ".css", ".js", ".sh", ".toml", ".in", ".txt", ".po"}
            and path.is_file()
        ):
            text = path.read_text(errors="replace")
            found += [f"{name}: {word}" for word in FORBIDDEN if word in text]
    assert not found

"""What is locked is enough on every Python that Syncwatch runs on, not only on the one that locked it."""

import re
from importlib.metadata import metadata, requires

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.docs.pages import ROOT

pytestmark = pytest.mark.unit

OLDEST_TO_NEWEST = ("3.11.0", "3.11.2", "3.12.0", "3.13.0")
"""Debian 12 has 3.11.2: there redis needs a package that later Pythons make needless."""


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {canonicalize_name(found) for found in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def asked_for(name: str) -> set[str]:
    """The extras of packages that a list names, which bring more."""
    text = "".join(path.read_text() for path in (ROOT / "requirements").glob("*.in"))
    found = re.search(rf"^{re.escape(name)}\[([^]]+)]", text, re.MULTILINE)
    return {"", *(found[1].split(",") if found else ())}


def is_needed(needed: Requirement, python: str, extras: set[str]) -> bool:
    minor = python.rpartition(".")[0]
    return needed.marker is None or any(
        needed.marker.evaluate({"python_version": minor, "python_full_version": python, "extra": extra})
        for extra in extras
    )


@pytest.mark.parametrize("python", OLDEST_TO_NEWEST)
@pytest.mark.parametrize("name", ["base", "docs", "demo"])
def test_everything_that_a_python_needs_is_locked_and_runs_on_it(name: str, python: str) -> None:
    here = locked(name)
    refused = {
        one
        for one in here
        for versions in metadata(one).get_all("Requires-Python") or ()
        if python not in SpecifierSet(versions)
    }
    assert refused == set()
    missing = {
        f"{package}: {needed}"
        for package in here
        for text in requires(package) or ()
        if is_needed(needed := Requirement(text), python, asked_for(package))
        and canonicalize_name(needed.name) not in here
    }
    assert missing == set()

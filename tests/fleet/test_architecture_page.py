"""The page that operators configure by names every variable, and only those that exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.unit

BASE = Path(settings.BASE_DIR)


def test_every_environment_variable_is_documented_and_no_other():
    settings_file = (BASE / "monitor" / "settings.py").read_text()
    read = set(re.findall(r"(?:env\.\w+|_networks)\(\s*\"([A-Z_]+)\"", settings_file))
    page = (BASE / "docs" / "architecture.md").read_text().split("## Configuration")[1]
    documented = {
        name
        for line in page.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", line.split("|")[1])
    }
    assert documented == read

"""What all acceptance tests share."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _static_root(settings: Settings, tmp_path: Path) -> None:
    """An empty place for collected files: WhiteNoise warns when there is none."""
    settings.STATIC_ROOT = tmp_path

"""What all acceptance tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where a whole installation may write; its database does not outlive the test."""
    # PostgreSQL runs as another user, who must get in; into pytest's own folders nobody may.
    with tempfile.TemporaryDirectory(prefix="syncwatch-") as name:
        Path(name).chmod(0o755)
        yield Path(name)

"""Programs of the machine that a test runs."""

import os
import shutil

import pytest


def need(program: str) -> None:
    """Skips the test where the program is missing; where SYNCWATCH_REQUIRE_SERVICES is 1 it fails."""
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        if os.environ.get("SYNCWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

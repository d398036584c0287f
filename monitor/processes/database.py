"""Keeping the embedded PostgreSQL up beside the children."""

import time
from collections.abc import Callable
from pathlib import Path

from monitor import embedded

PAUSE_S = 5.0
"""Between attempts that fail."""


class DatabaseKeeper:
    """Starts the server again when somebody killed it. Called about twice a second."""

    def __init__(self, var: Path, tell: Callable[[str], None]) -> None:
        self.var = var
        self.tell = tell
        self.not_before = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self.not_before or embedded.is_alive(self.var):
            return
        self.tell("PostgreSQL died; starting it again.")
        try:
            embedded.revive(self.var)
        except embedded.EmbeddedError as error:
            self.not_before = time.monotonic() + PAUSE_S
            self.tell(f"{error} Trying again in {PAUSE_S:g} s.")
        else:
            self.tell("PostgreSQL runs again.")

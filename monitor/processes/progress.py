"""Short lines that say what is being done: on standard error, results go to standard output."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone


class Progress:
    """Numbers the steps of a start: ``[2/7] Bringing the tables up to date ... 1.2 s``."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.done += 1
        print(f"[{self.done}/{self.total}] {what} ...", end="", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            yield
        except BaseException:
            print(file=sys.stderr, flush=True)
            raise
        print(f" {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


def tell(sentence: str) -> None:
    """One line about something that happened while all is running, with the time."""
    print(f"{timezone.localtime():%H:%M:%S} {sentence}", file=sys.stderr, flush=True)

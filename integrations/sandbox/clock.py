"""The sandbox's time: real, shifted, or standing still. Seconds since the epoch."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Tells the time and wakes who waits for it when somebody moves the hands."""

    def __init__(self, *, offset_s: float = 0.0, frozen_at: float | None = None) -> None:
        self.offset_s = offset_s
        self.frozen_at = frozen_at
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self.frozen_at if self.frozen_at is not None else time.time() + self.offset_s

    def freeze(self, at: float) -> None:
        """Stand still at ``at``. Raises ValueError when that lies in the past: orders were made since."""
        if at < self.now():
            raise ValueError("The clock cannot go back: orders were made since then.")
        self.frozen_at = at
        self._moved.set()

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("The clock cannot go back: orders were made since then.")
        if self.frozen_at is not None:
            self.frozen_at += seconds
        else:
            self.offset_s += seconds
        self._moved.set()

    def run(self) -> None:
        """Go on from where the clock stands."""
        if self.frozen_at is not None:
            self.offset_s = self.frozen_at - time.time()
            self.frozen_at = None
        self._moved.set()

    def wake(self) -> None:
        """End every wait, because something else than the time changed."""
        self._moved.set()

    async def wait_until(self, at: float, *, at_most_s: float = 30.0) -> None:
        """Return when it is ``at``, when the hands were moved, or after ``at_most_s`` of real time."""
        self._moved.clear()
        wait_s = at_most_s if self.frozen_at is not None else min(at - self.now(), at_most_s)
        if wait_s <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._moved.wait()
        except TimeoutError:
            return

    def to_json(self) -> dict[str, float | None]:
        return {"offset_s": self.offset_s, "frozen_at": self.frozen_at}


def iso(at: float) -> str:
    """``2026-11-22T07:40:40Z``"""
    return datetime.fromtimestamp(int(at), UTC).isoformat()[:19] + "Z"


def iso_ms(at: float) -> str:
    """``2026-11-22T07:40:40.123Z``"""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> float:
    """Seconds of an ISO 8601 time; a time without zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

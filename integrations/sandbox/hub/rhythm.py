"""When the hub asks a shop again: its rhythm, its back-off, and how it gets and stays throttled.

Pure: the live importer and the simulation of the past follow the same rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

Draw = Callable[[], float]
"""A number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    every_s: float
    jitter: float
    throttled_every_s: float
    throttle_after: int
    """So many refusals for maintenance in a row slow the hub down until somebody presses Refresh."""
    back_off_cap_s: float

    def wait_s(self, draw: Draw) -> float:
        return self.every_s * (1 + self.jitter * (2 * draw() - 1))


@dataclass(frozen=True, slots=True)
class Pulse:
    """Where an integration stands. Times in seconds since the epoch."""

    next_fetch_at: float
    last_fetched_at: float | None = None
    failing_since: float | None = None
    failures: int = 0
    throttled: bool = False


def after_success(pulse: Pulse, at: float, rhythm: Rhythm, draw: Draw) -> Pulse:
    wait_s = rhythm.throttled_every_s if pulse.throttled else rhythm.wait_s(draw)
    return replace(pulse, next_fetch_at=at + wait_s, last_fetched_at=at, failing_since=None, failures=0)


def after_failure(pulse: Pulse, at: float, rhythm: Rhythm, draw: Draw, *, maintenance: bool) -> Pulse:
    failures = pulse.failures + 1
    throttled = pulse.throttled or (maintenance and failures >= rhythm.throttle_after)
    backing_off_s = min(rhythm.wait_s(draw) * 2 ** min(failures - 1, 16), rhythm.back_off_cap_s)
    return replace(
        pulse,
        next_fetch_at=at + (rhythm.throttled_every_s if throttled else backing_off_s),
        failing_since=pulse.failing_since if pulse.failing_since is not None else at,
        failures=failures,
        throttled=throttled,
    )


def after_refresh(pulse: Pulse, at: float) -> Pulse:
    """Somebody pressed Refresh: fetch at once, and no longer slowed."""
    return replace(pulse, next_fetch_at=at, throttled=False)

"""What a stretch of time amounts to: seconds in each state, and orders in time. No database."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum


class Kind(StrEnum):
    """What a moment counts as. A moment counts once: what stands further down here comes first."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Nothing could be said, or Syncwatch itself did not run."""
    MAINTENANCE = "maintenance"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds by :class:`Kind`, and the orders placed in that time."""

    ok_s: int = 0
    warn_s: int = 0
    fail_s: int = 0
    unknown_s: int = 0
    maintenance_s: int = 0
    paused_s: int = 0
    orders: int = 0
    """Arrived, or waiting for longer than the tolerance."""
    on_time: int = 0
    """Arrived within the tolerance."""

    @property
    def total_s(self) -> int:
        """All seconds in which the integration existed."""
        return sum(getattr(self, f"{kind}_s") for kind in Kind)

    @property
    def known_s(self) -> int:
        """The seconds that availability speaks of."""
        return self.ok_s + self.warn_s + self.fail_s

    @property
    def availability(self) -> float | None:
        """0 to 1: of the known time, what was not a failure. None when nothing is known."""
        return (self.ok_s + self.warn_s) / self.known_s if self.known_s else None

    @property
    def unknown_share(self) -> float | None:
        """0 to 1: of the time that should be known (neither paused nor in maintenance), what is not."""
        asked = self.known_s + self.unknown_s
        return self.unknown_s / asked if asked else None

    @property
    def on_time_share(self) -> float | None:
        """0 to 1; None without orders."""
        return self.on_time / self.orders if self.orders else None


def total(figures: Iterable[Figures]) -> Figures:
    """The sum: of days as a month, of integrations as a fleet."""
    sums = dict.fromkeys((field.name for field in fields(Figures)), 0)
    for one in figures:
        for name in sums:
            sums[name] += getattr(one, name)
    return Figures(**sums)

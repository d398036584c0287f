"""How orders come: a Poisson process whose rate follows the hours of the week, with special days.

Times are seconds since the simulation's beginning, a Monday at midnight UTC.
"""

import math
from dataclasses import dataclass, field
from random import Random

HOUR, DAY, WEEK = 3_600.0, 86_400.0, 604_800.0
_SHAPES = {
    "day": (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 12, 12, 12, 12, 13, 14, 13, 10, 6, 3),
    "evening": (3, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 7, 7, 7, 8, 10, 13, 17, 19, 18, 12, 7),
    "office": (0, 0, 0, 0, 0, 0, 1, 5, 14, 18, 18, 16, 10, 14, 18, 17, 13, 6, 2, 1, 1, 0, 0, 0),
    "flat": (1,) * 24,
}
"""Share of each hour of the day, by the kind of shop."""


@dataclass(slots=True)
class Traffic:
    """The orders of one store."""

    rng: Random
    per_week: float
    shape: str
    weekend: float
    """Rate of Saturday and Sunday against the other days."""
    shift_h: int
    """The shop's zone against UTC; changes by one in a night of summer time."""
    dst_day: int
    """The day on which its clock is put back; -1: none."""
    special: dict[int, float] = field(default_factory=dict)
    """Factor by day: campaigns above 1, holidays below."""
    _rates: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        shape = _SHAPES[self.shape]
        days = [1.0] * 5 + [self.weekend] * 2
        weights = [shape[(hour - self.shift_h) % 24] * days[day] for day in range(7) for hour in range(24)]
        total = sum(weights)
        self._rates = tuple(self.per_week * weight / total / HOUR for weight in weights)

    def rate(self, moment: float) -> float:
        """Orders per second."""
        day = int(moment // DAY)
        hour = int(moment // HOUR) + (1 if 0 <= self.dst_day <= day else 0)
        return self._rates[hour % 168] * self.special.get(day, 1.0)

    def expected(self, start: float, end: float) -> float:
        total, moment = 0.0, start
        while moment < end:
            until = min(end, (moment // HOUR + 1) * HOUR)
            total += self.rate(moment) * (until - moment)
            moment = until
        return total

    def first_after(self, moment: float, end: float) -> float:
        """When the next order comes; ``end`` when none comes before that."""
        left = self.rng.expovariate(1.0)
        while moment < end:
            until = (moment // HOUR + 1) * HOUR
            rate = self.rate(moment)
            if rate > 0 and rate * (until - moment) >= left:
                return min(end, moment + left / rate)
            left -= rate * (until - moment)
            moment = until
        return end

    def count(self, start: float, end: float) -> int:
        """How many come between two moments."""
        return poisson(self.rng, self.expected(start, end))


def poisson(rng: Random, mean: float) -> int:
    """A Poisson number; from 40 on by the normal approximation, which nothing here can tell apart."""
    if mean <= 0:
        return 0
    if mean > 40:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count

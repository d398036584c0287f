"""What a shop usually sells in each hour of the week, learned as the product learns it."""

from collections import defaultdict

from monitor.health import learning
from monitor.health.records import SilenceProfile
from monitor.laboratory.traffic import DAY, HOUR, WEEK

MOST_WEEKS = 4
"""As the collector has it (:mod:`monitor.collect.facts`)."""
HOURS_PER_WEEK = 168


class Weeks:
    """Counts the orders that arrive, by the hour in which they were placed."""

    def __init__(self) -> None:
        self._hours: defaultdict[int, int] = defaultdict(int)
        self._known: tuple[int, SilenceProfile | None] = (-1, None)

    def count(self, first: float, last: float, orders: int) -> None:
        """So many orders of one import, placed between two moments; all count for the hour in the middle."""
        self._hours[int((first + last) / 2 // HOUR)] += orders

    def profile(self, moment: float) -> SilenceProfile | None:
        """What is usual by what is known at a moment; learned anew each hour. None before a week is over."""
        hour = int(moment // HOUR)
        if self._known[0] != hour:
            self._known = hour, self._learned(hour)
        return self._known[1]

    def _learned(self, hour: int) -> SilenceProfile | None:
        begun = min(self._hours, default=hour)
        weeks = min(int(((hour - begun) * HOUR + DAY) // WEEK), MOST_WEEKS)
        if weeks < 1:
            return None
        counts = [0.0] * HOURS_PER_WEEK
        for placed in range(hour - weeks * HOURS_PER_WEEK, hour):
            counts[placed % HOURS_PER_WEEK] += self._hours.get(placed, 0)
        return learning.silence_profile(counts, weeks)

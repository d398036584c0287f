"""Latency quantiles from few numbers: DDSketch, and Kaplan-Meier for orders still waiting.

Bucket ``i`` counts latencies in (GAMMA^(i-1), GAMMA^i] seconds. Every quantile is within
ACCURACY of the truth, and merging is adding counts, so a roll-up of roll-ups keeps that bound
(Masson, Rim, Lee: DDSketch, VLDB 12(12), 2019).
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

ACCURACY = 0.01
"""Largest relative error of a quantile."""
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GAMMA = math.log(GAMMA)
SHORTEST_S = 1.0
LONGEST_S = 7 * 86_400.0
"""Latencies outside are counted as the nearest of these two."""

_ROUNDING = 1e-9
"""Keeps 0.07 * 100 from being rank 8."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """``n`` latencies: ascending bucket numbers and, in parallel, how many fell into each."""

    n: int = 0
    buckets: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile in seconds, or, while too many orders are still waiting, what it is at least."""

    value_s: float
    is_lower_bound: bool = False


def bucket(seconds: float) -> int:
    """The number of the bucket a latency falls into, 0 to 666."""
    return math.ceil(math.log(min(max(seconds, SHORTEST_S), LONGEST_S)) / LOG_GAMMA)


def estimate(number: int) -> float:
    """The latency in seconds that stands for all of a bucket."""
    return 2 * math.exp(number * LOG_GAMMA) / (GAMMA + 1)


def sketch_of(latencies_s: Iterable[float]) -> Sketch:
    return _from_counter(Counter(map(bucket, latencies_s)))


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of everything that went into the given ones."""
    total: Counter[int] = Counter()
    for sketch in sketches:
        for number, count in zip(sketch.buckets, sketch.counts, strict=True):
            total[number] += count
    return _from_counter(total)


def count_within(sketch: Sketch, seconds: float) -> int:
    """How many latencies were at most so long, as exactly as the buckets are."""
    longest = bucket(seconds)
    return sum(
        count for number, count in zip(sketch.buckets, sketch.counts, strict=True) if number <= longest
    )


def quantile(sketch: Sketch, q: float) -> float | None:
    """The nearest-rank quantile in seconds of orders that arrived; None when none did.

    Beside a backlog it looks better than the truth: see :func:`kaplan_meier_quantile`.
    """
    rank = max(1, math.ceil((q - _ROUNDING) * sketch.n))
    seen = 0
    for number, count in zip(sketch.buckets, sketch.counts, strict=True):
        seen += count
        if seen >= rank:
            return estimate(number)
    return None


def kaplan_meier_quantile(sketch: Sketch, waiting_ages_s: Iterable[float], q: float) -> Quantile | None:
    """The quantile when the waiting orders count as "at least this long"; None without any order.

    Product-limit estimate (Kaplan, Meier 1958); an order still waiting at the very moment
    another one arrives counts as waiting longer. Without waiting orders it equals :func:`quantile`.
    """
    waiting = sorted(map(bucket, waiting_ages_s))
    at_risk = sketch.n + len(waiting)
    survival = 1.0
    passed = 0
    for number, count in zip(sketch.buckets, sketch.counts, strict=True):
        while passed < len(waiting) and waiting[passed] < number:
            passed += 1
            at_risk -= 1
        survival *= 1 - count / at_risk
        at_risk -= count
        if 1 - survival >= q - _ROUNDING:
            return Quantile(estimate(number))
    longest = max(waiting[-1:] + list(sketch.buckets[-1:]), default=None)
    return None if longest is None else Quantile(estimate(longest), is_lower_bound=True)


def _from_counter(counter: Counter[int]) -> Sketch:
    numbers = tuple(sorted(counter))
    return Sketch(counter.total(), numbers, tuple(counter[number] for number in numbers))

"""Figures of figures."""

from collections.abc import Sequence


def quantile(values: Sequence[float], q: float) -> float | None:
    """The value at rank ``q`` (0 to 1); None of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(q * len(ranked)))] if ranked else None


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

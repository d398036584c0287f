"""Order traffic of a shop: the same seed always gives the same orders.

Arrivals are a Poisson process whose rate follows the hour of the week in the shop's time zone.
The unit of generation is one UTC hour, so that any stretch of time can be made again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR_S = 3600

# Share of a day's orders per local hour: quiet nights, a lunch bump, the evening peak.
_HOURS = (4, 2, 1, 1, 1, 2, 6, 14, 24, 34, 40, 42, 46, 42, 38, 38, 40, 44, 50, 58, 64, 56, 34, 14)
_WEEKDAYS = (1.08, 1.0, 0.98, 0.98, 1.0, 0.9, 1.06)


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order and everything that will happen to it, in seconds since the epoch."""

    at: float
    total_cents: int
    gap: int
    """How many ids other things of the shop took since the last order."""
    paid_after_s: int
    """0: paid at once."""
    end: str
    """``completed``, ``cancelled``, ``refunded`` or ``failed``."""
    end_after_s: int


@lru_cache(maxsize=1024)
def rate_per_s(time_zone: str | None, orders_per_day: float, hour: int) -> float:
    """Orders per second in a UTC hour (counted since the epoch); without a zone always the same."""
    if time_zone is None:
        return orders_per_day / (24 * HOUR_S)
    local = datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(ZoneInfo(time_zone))
    share = _HOURS[local.hour] / sum(_HOURS) * _WEEKDAYS[local.weekday()]
    return orders_per_day * share / HOUR_S


def orders_of_hour(
    shop: str, seed: str, time_zone: str | None, orders_per_day: float, hour: int
) -> list[PlannedOrder]:
    """The orders of one UTC hour, oldest first."""
    rate = rate_per_s(time_zone, orders_per_day, hour)
    if rate <= 0:
        return []
    draw = random.Random(f"{seed}/{shop}/{hour}")
    orders = []
    at = draw.expovariate(rate)
    while at < HOUR_S:
        orders.append(_plan(hour * HOUR_S + at, draw))
        at += draw.expovariate(rate)
    return orders


def _plan(at: float, draw: random.Random) -> PlannedOrder:
    paid_after_s = 0 if draw.random() < 0.94 else int(draw.uniform(60, 900))
    fate = draw.random()
    if fate < 0.955:
        end, end_after_s = "completed", int(draw.uniform(7, 34) * HOUR_S)
    elif fate < 0.985:
        end, end_after_s = "cancelled", int(draw.uniform(0.5, 9) * HOUR_S)
    elif fate < 0.995:
        end, end_after_s = "refunded", int(draw.uniform(24, 90) * HOUR_S)
    else:
        end, end_after_s = "failed", int(draw.uniform(2, 30) * 60)
    if end == "failed":
        paid_after_s = end_after_s  # it stays pending until the payment fails
    return PlannedOrder(
        at=at,
        total_cents=int(draw.lognormvariate(3.9, 0.6) * 100),
        gap=draw.choice((0, 0, 0, 1, 1, 3)),
        paid_after_s=paid_after_s,
        end=end,
        end_after_s=end_after_s,
    )


def orders_between(
    shop: str, seed: str, time_zone: str | None, orders_per_day: float, *, after: float, until: float
) -> Iterator[PlannedOrder]:
    """The orders with ``after < at <= until``, oldest first."""
    for hour in range(int(after // HOUR_S), int(until // HOUR_S) + 1):
        for order in orders_of_hour(shop, seed, time_zone, orders_per_day, hour):
            if after < order.at <= until:
                yield order

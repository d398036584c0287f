"""What pages and reports ask: how available integrations were, and how many orders came in time.

Days (UTC) that are over are read from their stored rows. Today, and days that have none yet, are worked out
on the spot in the same way.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from integrations.models import Integration
from monitor.collect.facts import tolerance_of
from monitor.history import past, punctual
from monitor.history.figures import Figures, Kind, total
from monitor.history.pieces import DAY, Past, figures, figures_by_day, midnight
from monitor.models import StateDay

__all__ = ["Figures", "days", "days_of", "months", "over", "total", "worked_out"]

_STORED = (*(f"{kind}_s" for kind in Kind), "orders", "on_time")


def days(
    integration_ids: Collection[int], since: date, until: date, *, now: datetime
) -> dict[int, dict[date, Figures]]:
    """By integration and day, from ``since`` to the day before ``until``; only days in which it existed.

    One query for days that are over, five for those that are not.
    """
    found: dict[int, dict[date, Figures]] = {pk: {} for pk in integration_ids}
    today = now.date()
    rows = StateDay.objects.filter(integration__in=found, day__gte=since, day__lt=min(until, today))
    newest: date | None = None
    for pk, day, *values in rows.order_by("day").values_list("integration_id", "day", *_STORED):
        found[pk][day] = Figures(*values)
        newest = day
    first = newest + DAY if newest else since
    for pk, live in worked_out(found, first, min(until, today + DAY), now=now).items():
        found[pk] |= live
    return found


def months(by_day: dict[date, Figures]) -> dict[date, Figures]:
    """The sums of calendar months, by their first day."""
    grouped: dict[date, list[Figures]] = {}
    for day, one in by_day.items():
        grouped.setdefault(day.replace(day=1), []).append(one)
    return {month: total(parts) for month, parts in grouped.items()}


def over(
    integration_ids: Collection[int], start: datetime, end: datetime, *, now: datetime
) -> dict[int, Figures]:
    """By integration, of any time: seconds exactly, orders by the hours that begin in it.

    Reads the history itself, so it reaches as far back as that is kept.
    """
    end = min(end, now)
    in_force = punctual.tolerances(list(integration_ids))
    orders = punctual.between(in_force, start, end, now=now)
    found = {}
    for pk, one in past.load(integration_ids, start, end).items():
        placed, on_time = orders.get(pk, (0, 0))
        found[pk] = replace(figures(one, start, end), orders=placed, on_time=on_time)
    return found


def days_of(integration: Integration, since: date, *, known: Past, now: datetime) -> dict[date, Figures]:
    """The days of one integration up to today, whose past since the last day that is stored is known.

    Its store and progress are loaded. One query.
    """
    progress = getattr(integration, "progress", None)
    learned = (progress.learned_tolerance_s, progress.learned_rhythm_s) if progress else (None, None)
    in_force = round(tolerance_of(integration.tolerance_s, *learned)[0].total_seconds())
    found, counted = punctual.stored_or_counted(integration.pk, in_force, since, now=now)
    seconds = figures_by_day(known, max(found, default=since - DAY) + DAY, now.date() + DAY, now=now)
    orders = {(integration.pk, day): figures for day, figures in counted.items()}
    return found | _with_orders(integration.pk, seconds, orders)


def worked_out(
    integration_ids: Collection[int], first: date, until: date, *, now: datetime
) -> dict[int, dict[date, Figures]]:
    """The same as :func:`days`, from the history itself."""
    if first >= until:
        return {}
    in_force = punctual.tolerances(list(integration_ids))
    orders = punctual.by_day(in_force, first, until, now=now)
    found: dict[int, dict[date, Figures]] = {}
    for pk, one in past.load(integration_ids, midnight(first), midnight(until)).items():
        found[pk] = _with_orders(pk, figures_by_day(one, first, until, now=now), orders)
    return found


def _with_orders(
    pk: int, seconds: dict[date, Figures], orders: Mapping[tuple[int, date], tuple[int, int]]
) -> dict[date, Figures]:
    """Only the days in which it existed."""
    found = {}
    for day, one in seconds.items():
        if one.total_s:
            placed, on_time = orders.get((pk, day), (0, 0))
            found[day] = replace(one, orders=placed, on_time=on_time)
    return found

"""Do a shop's orders reach a marketing hub as events? Counts per hour against the shop's own orders.

Hubs of this kind tell no single event and cannot split counts by store, so what is compared is the
whole workspace with the sum of its stores. Some orders never send an event and some send two: the
usual ratio is learned, and only what chance hardly explains is blamed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.contracts import CheckState, ConditionKind
from monitor.health.readings import iso
from monitor.health.records import CheckFact, Finding, Reading
from monitor.health.states import State

HOUR = timedelta(hours=1)
MAIN_MEANINGS = ("order_placed", "order_paid")
"""What is compared with orders: the first that the hub counts at all."""
LEARNED_FROM_DAYS = 14
ENOUGH_ORDERS = 30
"""In the days a ratio is learned from."""
FEWEST_ORDERS = 10
"""In a window that is compared."""
SHORT_SHARE = 0.8
"""Of the usual ratio: below it events are missing."""
HALF = 0.5
SILENT_HOURS = 2
CHANCE = 0.001
"""What is likelier than this by chance alone is not blamed."""
SURE = 0.05
"""So unlikely must it be that events are missing, for the newest orders to prove that all is well."""
MANY = 1_000
"""Means from which a Poisson distribution is as good as normal."""
SUREST = 0.95
"""No order is surer to send an event, however high the ratio: some send two."""
SEVERAL_STORES = {"info": State.OK, "warn": State.WARN, "fail": State.FAIL}


@dataclass(frozen=True, slots=True)
class HourFigures:
    """An hour of the workspace."""

    start: datetime
    orders: int | None
    """Orders placed in that hour in all its stores; None: a store was not read so far."""
    events: Mapping[str, int]
    """Counts by meaning; a meaning that is not known for this hour is left out."""


@dataclass(frozen=True, slots=True)
class EventWindow:
    """What is known of a workspace and its stores, for the last two days."""

    reading: Reading
    """Reading the hub's counts."""
    hours: tuple[HourFigures, ...] = ()
    """Oldest first, each once."""
    settled_until: datetime | None = None
    """Hours that end later may still grow."""
    usual_ratio: float | None = None
    """Events per order, see :func:`learn_ratio`; None: not learned."""
    learned_days: float = 0.0
    """For how long counts and orders have been known."""
    store_count: int = 1
    """Watched stores in the workspace."""
    workspace_count: int = 1
    """Workspaces that this integration's store is in."""
    several_stores: str = "info"
    """The rule for more than one store in a workspace: ``info``, ``warn`` or ``fail``."""
    checks: tuple[CheckFact, ...] = field(default=())
    """Of the account, kind ``events``."""
    stale_after: timedelta = timedelta(minutes=45)


def judge_events(window: EventWindow, now: datetime) -> Finding:
    """Flowing, short, stopped, wrongly set up, learning, or why that cannot be told.

    A store in two workspaces is wrong under every rule that the hub ever had. Trouble of the counts
    goes before trouble of the settings.
    """
    reading = window.reading
    if window.workspace_count > 1:
        figures = {"workspace_count": window.workspace_count}
        return _finding(window, State.FAIL, "two_workspaces", now, figures, conclusive=True)
    if reading.tried_at is None:
        return _finding(window, State.UNKNOWN, "not_read_yet", None)
    if reading.ok_at is None or now - reading.ok_at > window.stale_after:
        trouble = {"error": reading.error, "message": reading.message, "last_ok_at": iso(reading.ok_at)}
        observed_at = reading.tried_at if reading.error else now
        return _finding(window, State.UNKNOWN, "hub_unreadable", observed_at, trouble)
    flow = _judge_flow(window)
    return flow if flow.state.is_bad else _bad_check(window) or _several_stores(window) or flow


def learn_ratio(days: Sequence[tuple[int, int]]) -> float | None:
    """Events per order of the usual days among ``(orders, events)`` of at least two weeks.

    Days with less than half or more than twice the ratio of all are left out: those of an outage, and
    of a backfill. None for fewer days, fewer than 30 orders, or where hardly any event came at all.
    """
    if len(days) < LEARNED_FROM_DAYS:
        return None
    ratios = sorted(events / orders for orders, events in days if orders)
    if not ratios:
        return None
    middle = ratios[len(ratios) // 2]
    usual = [day for day in days if day[0] and middle / 2 <= day[1] / day[0] <= middle * 2]
    orders, events = (sum(day[side] for day in usual) for side in (0, 1))
    return events / orders if orders >= ENOUGH_ORDERS and events else None


@dataclass(frozen=True, slots=True)
class _Hour:
    """An hour of which both sides are known."""

    start: datetime
    orders: int
    events: int
    is_settled: bool


def _judge_flow(window: EventWindow) -> Finding:
    observed_at = window.reading.ok_at
    meaning = next((m for m in MAIN_MEANINGS if any(m in hour.events for hour in window.hours)), None)
    if meaning is None or window.settled_until is None:
        return _finding(window, State.UNKNOWN, "no_figures", observed_at)
    counted = [hour for hour in window.hours if meaning in hour.events]
    hours = [
        _Hour(h.start, h.orders, h.events[meaning], h.start + HOUR <= window.settled_until)
        for h in counted
        if h.orders is not None
    ]
    settled = [hour for hour in hours if hour.is_settled]
    figures: dict[str, Any] = {"meaning": meaning, **_sums(settled)}
    if not settled:
        rule = "no_figures" if not any(h.orders is None for h in counted) else "store_unreadable"
        return _finding(window, State.UNKNOWN, rule, observed_at, figures)
    usual = window.usual_ratio or None
    last_event_at = max((hour.start for hour in counted if hour.events[meaning]), default=None)
    silent = _silence(hours, last_event_at, usual)
    if silent:
        figures |= {**_sums(silent), "last_event_before": iso(silent[0].start)}
        return _finding(
            window, State.FAIL, "events_stopped", observed_at, figures, since=silent[0].start, conclusive=True
        )
    if usual is None:
        if figures["orders"] >= FEWEST_ORDERS and figures["events"] >= SHORT_SHARE * figures["orders"]:
            # Whatever turns out to be usual: nearly every order has brought one.
            return _finding(window, State.OK, "flows", observed_at, figures, conclusive=True)
        if window.learned_days < LEARNED_FROM_DAYS:
            return _finding(window, State.UNKNOWN, "learning", observed_at, figures)
        # Two weeks brought too few orders to know a ratio: an event is all the proof there can be.
        state, rule = (State.OK, "flows") if figures["events"] else (State.UNKNOWN, "few_orders")
        return _finding(window, state, rule, observed_at, figures)
    short = _shortage(hours, usual)
    if short:
        figures |= _sums(short)
        is_half_gone = figures["events"] < HALF * usual * figures["orders"]
        state = State.FAIL if is_half_gone else State.WARN
        return _finding(
            window, state, "events_short", observed_at, figures, since=short[0].start, conclusive=True
        )
    return _finding(window, State.OK, "flows", observed_at, figures, conclusive=True)


def _silence(hours: Sequence[_Hour], last_event_at: datetime | None, usual: float | None) -> list[_Hour]:
    """The settled hours after the last event, if so many orders are hardly ever silent by chance.

    Without a learned ratio the hours before the silence tell one. An hour that is not settled yet ends
    a silence with its first event: counts only grow.
    """
    before = [hour for hour in hours if last_event_at is not None and hour.start <= last_event_at]
    silent = [hour for hour in hours[len(before) :] if hour.is_settled]
    if len(silent) < SILENT_HOURS:
        return []
    known = _sums(before)
    if usual is None and known["orders"] >= FEWEST_ORDERS:
        usual = known["events"] / known["orders"]
    if usual is None:
        return []
    by_chance = (1 - min(usual, SUREST)) ** sum(hour.orders for hour in silent)
    return silent if by_chance < CHANCE else []


def _shortage(hours: Sequence[_Hour], usual: float) -> list[_Hour]:
    """The newest hours in which events are missing, if they are.

    Looks back only until the newest orders prove that all is well, so that an outage is over when it is
    over; and from the hours that may still grow takes only good news.
    """
    growing = [hour for hour in hours if not hour.is_settled]
    if _is_well(growing, usual):
        return []
    settled = [hour for hour in hours if hour.is_settled]
    for length in range(SILENT_HOURS, len(settled) + 1):
        newest = settled[-length:]
        sums = _sums(newest)
        if sums["orders"] < FEWEST_ORDERS:
            continue
        expected = usual * sums["orders"]
        if sums["events"] < SHORT_SHARE * expected and _poisson_tail(sums["events"], expected) < CHANCE:
            return newest
        if _is_well(newest, usual):
            return []
    return []


def _is_well(hours: Sequence[_Hour], usual: float) -> bool:
    sums = _sums(hours)
    if sums["orders"] < FEWEST_ORDERS:
        return False
    return 1 - _poisson_tail(sums["events"] - 1, SHORT_SHARE * usual * sums["orders"]) < SURE


def _poisson_tail(count: int, mean: float) -> float:
    """The probability of ``count`` or fewer where ``mean`` are expected.

    Wider than chance really is where each order sends one event or none: fewer false alarms.
    """
    if mean > MANY:
        return math.erfc((mean - count - 0.5) / math.sqrt(2 * mean)) / 2
    # Beyond this all terms together are below 1e-38 (Chernoff), however many a hub says that it counted.
    last = min(count, math.ceil(mean + 20 * math.sqrt(mean)) + 60)
    log_terms = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(last + 1)]
    return math.fsum(math.exp(term) for term in log_terms)


def _sums(hours: Sequence[_Hour]) -> dict[str, int]:
    return {
        "orders": sum(hour.orders for hour in hours),
        "events": sum(hour.events for hour in hours),
        "hours": len(hours),
    }


def _bad_check(window: EventWindow) -> Finding | None:
    """What the account's settings leave to be desired, the worst first."""
    bad = [
        check
        for state in (CheckState.FAIL, CheckState.WARN)
        for check in window.checks
        if check.state is state
    ]
    if not bad:
        return None
    told = [
        {
            "code": check.code,
            "state": check.state.value,
            "text": check.text,
            "values": dict(check.values),
            "remedy": check.remedy,
        }
        for check in bad
    ]
    state = State(bad[0].state.value)
    rule = "check_failed" if state is State.FAIL else "check_warned"
    since = min(check.since for check in bad if check.state is bad[0].state)
    return _finding(window, state, rule, window.reading.ok_at, {"checks": told}, since=since)


def _several_stores(window: EventWindow) -> Finding | None:
    state = SEVERAL_STORES[window.several_stores]
    if window.store_count < 2 or not state.is_bad:
        return None
    return _finding(window, state, "several_stores", window.reading.ok_at)


def _finding(
    window: EventWindow,
    state: State,
    rule: str,
    observed_at: datetime | None,
    more: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
    conclusive: bool = False,
) -> Finding:
    figures: dict[str, Any] = {
        "usual_ratio": window.usual_ratio,
        "learned_days": window.learned_days,
        "settled_until": iso(window.settled_until),
        "store_count": window.store_count,
        **(more or {}),
    }
    return Finding(ConditionKind.EVENTS, state, rule, observed_at, figures, since, conclusive)

"""Whole days, minute by minute: what people would have been told, and when."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from monitor.health.hysteresis import nothing_known, settle
from monitor.health.records import Judgement, Reading
from monitor.health.verdict import JUDGED, conclude, judge
from tests.health.world import NOON, facts

pytestmark = pytest.mark.unit

MINUTE = timedelta(minutes=1)


@dataclass
class Day:
    """A shop with an order every few minutes and a hub that fetches at given minutes."""

    orders: list[int]
    fetches: list[int]
    skips: frozenset[int] = frozenset()
    told: list[tuple[int, str]] = field(default_factory=list)
    """Changes of the verdict: minute, and the rule or ``ok``."""

    def live(self, minutes: int) -> list[tuple[int, str]]:
        helds = {kind: nothing_known(kind, NOON) for kind in JUDGED}
        verdict: Judgement | None = None
        for minute in range(minutes):
            now = NOON + minute * MINUTE
            known = self.facts_at(minute)
            for finding in judge(known):
                helds[finding.kind] = settle(helds[finding.kind], finding, now=now)
            verdict = conclude(helds.values(), verdict, now)
            word = verdict.rule if verdict.state.is_bad else verdict.state.value
            if not self.told or self.told[-1][1] != word:
                self.told.append((minute, word))
        return self.told

    def facts_at(self, minute: int):
        done = [at for at in self.fetches if at <= minute]
        last = max(done, default=-10)
        placed = [at for at in self.orders if at <= minute]
        arrived = [at for at in placed if at <= last and at not in self.skips]
        waiting = [at for at in placed if at not in arrived]
        newest = max(arrived, default=None)
        tail = [at for at in waiting if newest is None or at > newest]
        time = lambda at: None if at is None else NOON + at * MINUTE  # noqa: E731
        reading = Reading(time(minute), time(minute), caught_up=True)
        return facts(
            now=time(minute),
            store=reading, hub=reading, hub_state=reading,
            waiting_count=len(waiting),
            late_count=sum(minute - at > 60 for at in waiting),
            oldest_waiting_at=time(min(waiting, default=None)),
            newest_eligible_at=time(max(placed, default=None)),
            newest_arrived_at=time(max((min(f for f in done if f >= at) for at in arrived), default=None)),
            newest_arrived_eligible_at=time(newest),
            tail_count=len(tail),
            tail_oldest_at=time(min(tail, default=None)),
            last_fetched_at=time(last),
            previous_fetched_at=time(sorted([-25, -10, *done])[-2]),
            probes=(),
        )  # fmt: skip


def every(step, start, stop):
    return list(range(start, stop, step))


def test_a_normal_day_is_told_once():
    assert Day(every(7, 0, 600), every(15, 0, 600)).live(600) == [(0, "ok")]


def test_a_quiet_night_with_rare_fetches_is_normal():
    assert Day([5, 290], [15, 300]).live(299) == [(0, "ok")]


def test_a_stall_is_told_in_the_minute_it_passes_its_tolerance_and_once():
    """The hub still says that it fetches, but brings nothing."""
    day = Day(every(10, 1, 400), every(15, 0, 400), skips=frozenset(range(101, 250)))
    told = day.live(240)
    assert told == [(0, "ok"), (101 + 61, "stalled")]


def test_a_throttled_hub_is_told_once_although_it_fetches_now_and_then():
    day = Day(every(10, 1, 900), [*every(15, 0, 121), 250, 380, 510, 640, 770])
    told = day.live(900)
    assert told[0] == (0, "ok")
    assert [word for _, word in told[1:]] == ["throttled"]


def test_a_refreshed_hub_is_well_once_it_keeps_its_rhythm_again():
    day = Day(every(10, 1, 600), [*every(15, 0, 121), 300, *every(15, 310, 600)])
    told = day.live(600)
    assert [word for _, word in told] == ["ok", "throttled", "ok"]
    assert 310 <= told[-1][0] <= 312


def test_single_lost_orders_are_a_gap_and_not_a_stall():
    day = Day(every(10, 1, 400), every(15, 0, 400), skips=frozenset({101, 131}))
    assert [word for _, word in day.live(400)] == ["ok", "gap"]


def test_a_stall_behind_lost_orders_is_told_as_a_stall():
    day = Day(every(10, 1, 600), every(15, 0, 600), skips=frozenset({101, *range(300, 600)}))
    assert [word for _, word in day.live(500)] == ["ok", "gap", "stalled"]

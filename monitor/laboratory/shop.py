"""One simulated integration: its orders, its hub's imports, what we would read of both, and the real judge.

The judge is asked whenever asking can change an answer: after an import while something is wrong, at
the moments that the judge itself names, and twice where it wants to see a thing twice. Between those moments
the product asks every minute and hears the same.
"""

import math
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from integrations.contracts import HubFailure, Outcome
from monitor.health import learning, verdict
from monitor.health.hysteresis import nothing_known, settle
from monitor.health.records import Facts, Held, Judgement, Reading, VerdictChange
from monitor.health.sketch import Sketch, sketch_of
from monitor.health.states import State
from monitor.laboratory.fleet import Fault, Kind, Subject
from monitor.laboratory.traffic import DAY, HOUR

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday: second 0 of every simulation."""
TICK_S = 5.0
"""How late a due job is noticed at most."""
AGAIN_S = 15.0
COLLECT = timedelta(seconds=60)
STALE_AFTER = 3 * COLLECT
MAINTENANCE_S = HOUR
SAMPLED = 3
"""Latencies that are learned from, per import."""
NEVER = math.inf


def at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


@dataclass(frozen=True, slots=True)
class Episode:
    """Orders that waited longer than the tolerance: what must be noticed."""

    kind: Kind | None
    """None: no fault, only an unlucky hub."""
    due: float
    """When the first of them passed its tolerance."""
    over: float


@dataclass(slots=True)
class Course:
    """What happened to one integration, and what the judge said."""

    number: int
    changes: list[tuple[float, VerdictChange]] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    imports: "array[float]" = field(default_factory=lambda: array("d"))
    """When orders arrived."""
    firsts: "array[float]" = field(default_factory=lambda: array("d"))
    """In parallel: the first order after that import."""
    rhythm_s: float = 0.0
    tolerance_s: float = 0.0
    wait_s: float = 0.0
    """From an import to the next order, the median: how long silence says nothing."""
    judgements: int = 0


class Shop:
    """Runs a subject through time."""

    def __init__(self, subject: Subject, end: float) -> None:
        self.subject, self.end = subject, end
        self.rng, self.traffic = subject.rng, subject.traffic
        self.course = Course(subject.number)
        self.fetched = self.fetched_before = -subject.rhythm
        self.arrived: float | None = None
        self.arrived_order: float | None = None
        self.first = self.traffic.first_after(0.0, end)
        """The oldest order that nothing newer has overtaken; ``end``: none any more."""
        self.skipped: deque[float] = deque()
        self.failing_since: float | None = None
        self.failures: tuple[HubFailure, ...] = ()
        self.tolerance, self.rhythm = learning.DEFAULT_TOLERANCE, learning.DEFAULT_RHYTHM
        self.day: list[float] = []
        self.days: deque[Sketch] = deque(maxlen=14)
        self.fetches: deque[float] = deque(maxlen=60)
        self.waits: list[float] = []
        self.held: dict[str, Held] = {}
        self.heard = 0.0
        """The last of the moments named by the judge at which it was asked."""
        self.judgement = Judgement(State.UNKNOWN, None, "not_read_yet", EPOCH)
        self.base = _facts_of(subject)

    # --- time ---

    def run(self, judged_from: float) -> Course:
        """From the beginning to the end; judged from a moment on."""
        self.held = {kind: nothing_known(kind, at(judged_from)) for kind in verdict.JUDGED}
        moment, midnight = 0.0, DAY
        cuts = iter(sorted({*self._cuts(judged_from), NEVER}))
        cut = next(cuts)
        fetch = self.rng.uniform(0, self.subject.rhythm)
        while moment < self.end:
            step = min(fetch, midnight, cut, self.end)
            if step > judged_from:
                self._judge_between(max(moment, judged_from), step)
            moment = step
            if step == midnight:
                self._learn()
                midnight += DAY
            elif step == cut:
                if step >= judged_from:
                    self._judge(step)
                cut = next(cuts)
            elif step == fetch:
                fetch = self._fetch(fetch)
                if step >= judged_from and self.judgement.state is not State.OK:
                    self._judge(step + TICK_S)
        self.course.rhythm_s = self.rhythm.total_seconds()
        self.course.tolerance_s = self.tolerance.total_seconds()
        self.course.wait_s = sorted(self.waits)[len(self.waits) // 2] if self.waits else 0.0
        return self.course

    def _cuts(self, judged_from: float) -> Iterator[float]:
        """Moments at which we look because something changes for us: the first look, faults that we see."""
        yield judged_from
        for fault in self.subject.faults:
            ends = []
            if fault.kind is Kind.UPLINK:
                ends = [fault.start, fault.start + 240, fault.end]
            elif fault.kind is Kind.THROTTLE:
                ends = [fault.start, fault.start + MAINTENANCE_S]
            for end in ends:
                yield from (end + TICK_S, end + TICK_S + AGAIN_S, end + 65, end + 130)

    def _judge_between(self, start: float, end: float) -> None:
        """At the moments, before the next import, that the judge names itself; each once."""
        tolerance = self.tolerance.total_seconds() + self.subject.skew
        named = [self._overdue_at()]
        if self.first < self.end:
            named.append(self.first + tolerance)
        if self.skipped:
            named.append(self.skipped[0] + tolerance)
        for moment in sorted(named):
            due = max(moment + 1, start) + TICK_S
            if moment > self.heard and due < end:
                self._judge(due)
                self.heard = moment

    def _overdue_at(self) -> float:
        limit = max(3 * self.rhythm.total_seconds(), 900.0)
        return max(self.fetched, self.first) + limit if self.first < self.end else NEVER

    # --- the hub ---

    def _fetch(self, moment: float) -> float:
        """One import, or what a fault makes of it; returns when the next one is."""
        subject = self.subject
        fault = next((f for f in subject.faults if f.active(moment) and f.kind is not Kind.UPLINK), None)
        kind = fault.kind if fault else None
        gap = subject.rhythm * self.rng.uniform(1 - subject.jitter, 1 + subject.jitter)
        if self.rng.random() < 0.004:
            gap *= self.rng.uniform(1.2, 2.0)  # every hub is busy at times
        if fault is not None and kind in (Kind.STALL, Kind.HUB):
            return fault.end + self.rng.uniform(0, subject.rhythm)
        if fault is not None and kind is Kind.FLAPPING:
            phase = 2 * self.tolerance.total_seconds() + 60
            if int((moment - fault.start) // phase) % 2 == 0:
                return min(fault.end, fault.start + ((moment - fault.start) // phase + 1) * phase) + 1
        if fault is not None and kind is Kind.THROTTLE:
            if moment < fault.start + MAINTENANCE_S:
                self._refused(moment, Outcome.MAINTENANCE)
                return fault.start + MAINTENANCE_S + 8 * gap
            gap = min(max(8 * gap, 2 * HOUR), max(fault.end - moment, gap))
        if kind is Kind.KEY:
            self._refused(moment, Outcome.REFUSED)
            return moment + gap
        if fault is not None and kind is Kind.DRIFT:
            gap *= 1 + 15 * (moment - fault.start) / (fault.end - fault.start)
        self._import(moment, fault)
        return moment + gap

    def _refused(self, moment: float, outcome: Outcome) -> None:
        self.failing_since = self.failing_since or moment
        row = HubFailure(
            str(int(moment)), None, "", at(moment), "GET", "/orders", 401, "HTTPError", outcome, "", ""
        )
        self.failures = (row, *self.failures)[:20]

    def _import(self, moment: float, fault: Fault | None) -> None:
        self.failing_since, self.failures = None, ()
        self.fetched_before, self.fetched = self.fetched, moment
        self.fetches.append(moment)
        first = self.first
        if first >= moment:
            return
        count = 1 + self.traffic.count(first, moment)
        last = first if count == 1 else first + (moment - first) * self.rng.random() ** (1 / (count - 1))
        seen = moment + self.subject.takes + self.subject.late_listing
        self._note_wait(first, seen, fault)
        skipped = self._skip(first, count, fault)
        self.first = self.traffic.first_after(moment, self.end)
        if skipped < count:
            self.waits.append(max(0.0, self.first - moment))
            self.arrived, self.arrived_order = moment + self.subject.takes, last
            self.course.imports.append(self.arrived)
            self.course.firsts.append(self.first)
            for _sample in range(min(count, SAMPLED)):
                self.day.append(seen - self.rng.uniform(first, moment))

    def _note_wait(self, first: float, seen: float, fault: Fault | None) -> None:
        due = first + self.tolerance.total_seconds()
        if seen > due + 60:
            recent = [
                f
                for f in self.subject.faults
                if f.kind is not Kind.UPLINK and f.start <= due and first <= f.end
            ]
            kind = recent[0].kind if recent else (fault.kind if fault else None)
            self.course.episodes.append(Episode(kind, due, seen))

    def _skip(self, first: float, count: int, fault: Fault | None) -> int:
        """Orders that this import leaves out for good."""
        if fault is None or fault.kind not in (Kind.PARTIAL, Kind.GAP):
            return 0
        share = 1 / 3 if fault.kind is Kind.PARTIAL else 0.02
        skipped = sum(self.rng.random() < share for _order in range(min(count, 60)))
        if skipped and (count > 1 or fault.kind is Kind.PARTIAL):
            if not self.skipped:
                due = first + self.tolerance.total_seconds()
                self.course.episodes.append(Episode(fault.kind, due, fault.end + DAY))
            self.skipped.append(first)
            return skipped
        return 0

    # --- the product ---

    def _learn(self) -> None:
        self.days.append(sketch_of(self.day))
        self.day = []
        self.tolerance = learning.learn_tolerance(self.days) or self.tolerance
        self.rhythm = learning.learn_rhythm([at(fetch) for fetch in self.fetches]) or self.rhythm

    def _judge(self, moment: float) -> None:
        """One round of the real judge, and another where it wants to see something twice."""
        for again in range(3):
            facts = self._facts(moment + again * AGAIN_S)
            self._conclude(facts, moment + again * AGAIN_S)
            if not any(held.candidate_count for held in self.held.values()):
                return

    def _conclude(self, facts: Facts, moment: float) -> None:
        self.course.judgements += 1
        for finding in verdict.judge(facts):
            self.held[finding.kind] = settle(self.held[finding.kind], finding, now=facts.now)
        old, new = self.judgement, verdict.conclude(self.held.values(), self.judgement, facts.now)
        self.judgement = new
        if old.state is not new.state or old.cause is not new.cause or old.rule != new.rule:
            waiting = None if facts.store.error else facts.waiting_count
            change = VerdictChange(self.subject.number, old, new, waiting, facts.oldest_waiting_at)
            self.course.changes.append((moment, change))

    def _facts(self, moment: float) -> Facts:
        now, skew = at(moment), timedelta(seconds=self.subject.skew)
        while self.skipped and self.skipped[0] < moment - 2 * DAY:
            self.skipped.popleft()
        tail = self.first if self.first <= moment else None
        ages = [*self.skipped, *([tail] if tail is not None else [])]
        tail_count = 0 if tail is None else 1 + round(self.traffic.expected(tail, moment))
        store, hub = self._readings(moment)
        limit = moment - self.tolerance.total_seconds()
        newest = max([*ages, self.arrived_order or 0.0])
        return replace(
            self.base,
            now=now,
            store=store,
            hub=hub,
            hub_state=hub,
            waiting_count=tail_count + len(self.skipped),
            late_count=sum(age < limit for age in ages),
            oldest_waiting_at=at(min(ages)) + skew if ages else None,
            newest_eligible_at=at(newest) + skew if newest else None,
            newest_arrived_at=at(self.arrived) if self.arrived is not None else None,
            newest_arrived_eligible_at=at(self.arrived_order) + skew
            if self.arrived_order is not None
            else None,
            tolerance=self.tolerance,
            tolerance_source="learned",
            failing_since=at(self.failing_since) if self.failing_since else None,
            last_fetched_at=at(self.fetched),
            previous_fetched_at=at(self.fetched_before),
            rhythm=self.rhythm,
            rhythm_source="learned",
            hub_failures=self.failures,
            tail_count=tail_count,
            tail_oldest_at=at(tail) + skew if tail is not None else None,
            network_lost_since=self._network_lost_since(moment),
        )

    def _network_lost_since(self, moment: float) -> datetime | None:
        """As the collector tells it: two unrelated hosts are enough, and in a fleet that is at once."""
        lost = [f for f in self.subject.faults if f.kind is Kind.UPLINK and f.active(moment)]
        return at(lost[0].start) if lost else None

    def _readings(self, moment: float) -> tuple[Reading, Reading]:
        """How reading the store and the hub went just now."""
        now = at(moment)
        well = Reading(now, now, caught_up=True, every=COLLECT)
        for fault in self.subject.faults:
            if not fault.active(moment):
                continue
            if fault.kind is Kind.UPLINK:
                lost = Reading(at(fault.start), now, "ConnectionFailed", "", 2, caught_up=True, every=COLLECT)
                return lost, lost
            if fault.kind is Kind.THROTTLE and moment < fault.start + MAINTENANCE_S:
                closed = Reading(at(fault.start), now, "InMaintenance", "", 2, caught_up=True, every=COLLECT)
                return closed, well
        return well, well


def _facts_of(subject: Subject) -> Facts:
    """What never changes about an integration; the rest is filled in at each judgement."""
    nothing = Reading(None, None)
    return Facts(
        now=EPOCH,
        platform=subject.platform,
        hub_kind="sendcloud",
        hub_system=subject.platform,
        store=nothing,
        hub=nothing,
        hub_state=nothing,
        waiting_count=0,
        late_count=0,
        oldest_waiting_at=None,
        newest_eligible_at=None,
        newest_arrived_at=None,
        newest_arrived_eligible_at=None,
        tolerance=learning.DEFAULT_TOLERANCE,
        tolerance_source="default",
        silence=None,
        is_listed=True,
        failing_since=None,
        last_fetched_at=None,
        rhythm=learning.DEFAULT_RHYTHM,
        rhythm_source="default",
        stale_after=STALE_AFTER,
    )

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
from datetime import timedelta
from operator import itemgetter

from integrations.contracts import HubFailure, Outcome
from monitor.health import learning, verdict
from monitor.health.hysteresis import nothing_known, settle
from monitor.health.records import Facts, Held, Judgement, Reading, VerdictChange
from monitor.health.sketch import Sketch, sketch_of
from monitor.health.states import State
from monitor.laboratory.fleet import Fault, Kind, Subject
from monitor.laboratory.readings import AGAIN_S, COLLECT_S, EPOCH, MAINTENANCE_S, at, changes, read
from monitor.laboratory.traffic import DAY, HOUR
from monitor.laboratory.weeks import Weeks

SECOND_S = 1.0
STALE_AFTER = timedelta(seconds=3 * COLLECT_S)
JUDGING_WINDOW_S = 7 * DAY
"""As the collector has it (:mod:`monitor.collect.waiting`): for so long a skipped order counts."""
SAMPLED = 3
"""Latencies that are learned from, per import."""
SHORTEST_EPISODE_S = COLLECT_S
"""Nobody can notice what is over before the next look."""
MOST_GAPS = 3
NEVER = math.inf


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
    troubles: list[Fault] = field(default_factory=list)
    """What was wrong with the hub or with reading, each until the hub (or we) were back at work."""
    imports: "array[float]" = field(default_factory=lambda: array("d"))
    """When arrived orders were seen in the hub."""
    firsts: "array[float]" = field(default_factory=lambda: array("d"))
    """In parallel: the first order after that import."""
    rhythm_s: float = 0.0
    tolerance_s: float = 0.0
    waits: "array[float]" = field(default_factory=lambda: array("d"))
    """From imports to the next order, the 101 percentiles: how long silence says nothing."""
    judgements: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the hub's list tells."""

    first: float
    """The oldest order that nothing newer has overtaken and that is not in the list."""
    arrived: float | None = None
    arrived_order: float | None = None
    """When the newest of the arrived orders was placed."""


class Shop:
    """Runs a subject through time.

    :param every: judge so often as well (seconds), however little happens; 0: only where it can matter.
    """

    def __init__(self, subject: Subject, end: float, *, every: float = 0.0) -> None:
        self.subject, self.end, self.every = subject, end, every
        self.rng, self.traffic = subject.rng, subject.traffic
        self.course = Course(subject.number)
        self.fetched = self.fetched_before = -subject.rhythm
        self.first = self.traffic.first_after(0.0, end)
        """The oldest order that no import has come to; ``end``: none any more."""
        self.shown = Shown(self.first)
        self.coming: tuple[float, Shown] | None = None
        """An import that the hub's list will show from a moment on."""
        self.trouble: Fault | None = None
        self.gaps = 0
        self.skipped: deque[float] = deque()
        self.failing_since: float | None = None
        self.failures: tuple[HubFailure, ...] = ()
        self.tolerance, self.rhythm = learning.DEFAULT_TOLERANCE, learning.DEFAULT_RHYTHM
        self.day: list[float] = []
        self.days: deque[Sketch] = deque(maxlen=14)
        self.fetches: deque[float] = deque(maxlen=60)
        self.waits: list[float] = []
        self.weeks = Weeks()
        self.held: dict[str, Held] = {}
        self.heard: dict[str, float] = {}
        """The last of the moments named by the judge at which it was asked, by what they are about."""
        self.judgement = Judgement(State.UNKNOWN, None, "not_read_yet", EPOCH)
        self.base = _facts_of(subject)

    # --- time ---

    def run(self, judged_from: float) -> Course:
        """From the beginning to the end; judged from a moment on."""
        self.held = {kind: nothing_known(kind, at(judged_from)) for kind in verdict.JUDGED}
        moment, midnight, look = 0.0, DAY, NEVER
        regular = judged_from + self.every if self.every else NEVER
        cuts = iter(sorted({*self._cuts(judged_from), NEVER}))
        cut = next(cuts)
        fetch = self.rng.uniform(0, self.subject.rhythm)
        while moment < self.end:
            seen = self.coming[0] if self.coming else NEVER
            step = min(fetch, seen, midnight, cut, regular, look, self.end)
            if step > judged_from:
                self._judge_between(max(moment, judged_from), step)
            moment = step
            if step == midnight:
                self._learn()
                midnight += DAY
            elif step in (cut, regular):
                if step >= judged_from:
                    self._judge(step)
                cut, regular = (next(cuts), regular) if step == cut else (cut, regular + self.every)
            elif step in (fetch, seen):
                if step == fetch:
                    fetch = self._fetch(fetch)
                else:
                    self._show()
                if step >= judged_from and (self.failing_since or self.judgement.state is not State.OK):
                    look = min(look, step + self.subject.phase)
            elif step == look:
                look = NEVER
                self._judge(step)
        self._sum_up()
        return self.course

    def _sum_up(self) -> None:
        self._end_trouble(self.end)
        for fault in self.subject.faults:
            if fault.kind is Kind.OWN_KEY:
                # It is seen by reading, so that there is no tolerance: whatever delay there is counts.
                self.course.episodes.append(Episode(fault.kind, fault.start, fault.end))
                self.course.troubles.append(fault)
        self.course.rhythm_s = self.rhythm.total_seconds()
        self.course.tolerance_s = self.tolerance.total_seconds()
        ranked = sorted(self.waits)
        self.course.waits = array(
            "d", (ranked[min(len(ranked) - 1, len(ranked) * q // 100)] if ranked else 0.0 for q in range(101))
        )

    def _cuts(self, judged_from: float) -> Iterator[float]:
        """The first look, and moments at which something changes for us."""
        yield judged_from
        for moment in changes(self.subject):
            yield from (moment + SECOND_S, moment + SECOND_S + AGAIN_S)

    def _judge_between(self, start: float, end: float) -> None:
        """At the moments, before the next event, that the judge names itself; each once."""
        late_after = self.tolerance.total_seconds() + self.subject.skew
        too_rare = max(3 * self.rhythm.total_seconds(), 900.0)
        named = {
            "rare": self.fetched + too_rare,
            "overdue": max(self.fetched, self.shown.first + self.subject.skew) + too_rare,
            "tail": self.shown.first + late_after,
        }
        if self.skipped:
            named["skipped"] = self.skipped[0] + late_after
        for name, moment in sorted(named.items(), key=itemgetter(1)):
            due = max(moment + SECOND_S, start) + self.subject.reading
            if due < end and self.heard.get(name) != moment:
                self._judge(due)
                self.heard[name] = moment

    # --- the hub ---

    def _fetch(self, moment: float) -> float:
        """One import, or what a fault makes of it; returns when the next one is."""
        subject = self.subject
        active = [f for f in subject.faults if f.active(moment) and f.kind is not Kind.UPLINK]
        # An outage of the hub spares nobody, whatever else is wrong.
        fault = next((f for f in active if f.kind is Kind.HUB), active[0] if active else None)
        if fault is not None and fault.kind in (Kind.OWN_KEY, Kind.BLIND):
            fault = None  # we are refused, or do not understand the store; the hub goes on
        kind = fault.kind if fault else None
        if self.trouble is not None and self.trouble is not fault:
            self._end_trouble(moment)
        self.trouble = fault
        gap = subject.rhythm * self.rng.uniform(1 - subject.jitter, 1 + subject.jitter)
        if self.rng.random() < 0.004:
            gap *= self.rng.uniform(1.2, 2.0)  # every hub is busy at times
        if fault is not None and kind in (Kind.STALL, Kind.UNSEEN, Kind.HUB):
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

    def _end_trouble(self, moment: float) -> None:
        if self.trouble is not None:
            self.course.troubles.append(replace(self.trouble, end=max(moment, self.trouble.end)))
        self.trouble = None

    def _import(self, moment: float, fault: Fault | None) -> None:
        if self.coming:
            self._show()
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
        self.weeks.count(first, moment, count - skipped)
        self.first = self.traffic.first_after(moment, self.end)
        if skipped == count:
            self.shown = replace(self.shown, first=self.first)
            return
        self.waits.append(max(0.0, self.first - moment))
        self.coming = (seen, Shown(self.first, moment + self.subject.takes, last))
        self.course.imports.append(seen)
        self.course.firsts.append(self.first)
        for _sample in range(min(count, SAMPLED)):
            self.day.append(seen - self.rng.uniform(first, moment))

    def _show(self) -> None:
        assert self.coming is not None
        self.shown, self.coming = self.coming[1], None

    def _note_wait(self, first: float, seen: float, fault: Fault | None) -> None:
        due = first + self.tolerance.total_seconds()
        if seen > due + SHORTEST_EPISODE_S:
            recent = [
                f
                for f in self.subject.faults
                if f.kind not in (Kind.UPLINK, Kind.BLIND) and f.start <= due and first <= f.end
            ]
            kind = recent[0].kind if recent else (fault.kind if fault else None)
            self.course.episodes.append(Episode(kind, due, seen))

    def _skip(self, first: float, count: int, fault: Fault | None) -> int:
        """Orders that this import leaves out for good."""
        skipped = 0
        if fault is not None and fault.kind is Kind.PARTIAL:
            skipped = sum(self.rng.random() < 1 / 3 for _order in range(min(count, 60)))
        elif fault is not None and fault.kind is Kind.GAP and self.gaps < MOST_GAPS:
            skipped = int(self.rng.random() < 0.5)
            self.gaps += skipped
        if skipped and fault is not None:
            if not self.skipped:
                due = first + self.tolerance.total_seconds()
                self.course.episodes.append(Episode(fault.kind, due, first + JUDGING_WINDOW_S))
            self.skipped.append(first)
        return skipped

    # --- the product ---

    def _learn(self) -> None:
        self.days.append(sketch_of(self.day))
        self.day = []
        self.rhythm = learning.learn_rhythm([at(fetch) for fetch in self.fetches]) or self.rhythm
        self.tolerance = learning.learn_tolerance(self.days) or learning.default_tolerance(self.rhythm)

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
        is_news = old.state is not new.state or (new.state is not State.OK and old.rule != new.rule)
        if is_news or old.cause is not new.cause:
            waiting = None if facts.store.error else facts.waiting_count
            change = VerdictChange(self.subject.number, old, new, waiting, facts.oldest_waiting_at)
            self.course.changes.append((moment, change))

    def _facts(self, moment: float) -> Facts:
        now, skew = at(moment), timedelta(seconds=self.subject.skew)
        while self.skipped and self.skipped[0] < moment - JUDGING_WINDOW_S:
            self.skipped.popleft()
        world, shown = read(self.subject, moment), self.shown
        known = min(moment, world.store_known_until)
        skipped = [order for order in self.skipped if order <= known]
        newest_arrived = -1.0 if shown.arrived_order is None else shown.arrived_order
        tail = [order for order in skipped if order > newest_arrived]
        count = len(skipped)
        if shown.first <= known:
            tail.append(shown.first)
            count += 1 + round(self.traffic.expected(shown.first, known))
        ages = sorted({*skipped, *tail})
        limit = moment - self.tolerance.total_seconds()
        newest = max([*ages, shown.arrived_order or 0.0])
        return replace(
            self.base,
            now=now,
            store=world.store,
            hub=world.hub,
            hub_state=world.hub,
            waiting_count=count,
            late_count=sum(age < limit for age in ages),
            oldest_waiting_at=at(ages[0]) + skew if ages else None,
            newest_eligible_at=at(newest) + skew if newest else None,
            newest_arrived_at=at(shown.arrived) if shown.arrived is not None else None,
            newest_arrived_eligible_at=at(shown.arrived_order) + skew
            if shown.arrived_order is not None
            else None,
            tolerance=self.tolerance,
            tolerance_source="learned",
            failing_since=at(self.failing_since) if self.failing_since else None,
            last_fetched_at=at(self.fetched),
            previous_fetched_at=at(self.fetched_before),
            rhythm=self.rhythm,
            rhythm_source="learned",
            hub_failures=self.failures,
            tail_count=len(tail),
            tail_oldest_at=at(min(tail)) + skew if tail else None,
            network_lost_since=world.network_lost_since,
            silence=self.weeks.profile(moment) if world.store.error else None,
        )


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

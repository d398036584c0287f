"""Whether orders arrive: the table of situations and answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts import Outcome
from monitor.health.imports import judge_imports
from monitor.health.records import Reading, SilenceProfile
from monitor.health.states import State
from tests.health.world import NEVER, NOON, ago, facts, failing, log, read, waiting

pytestmark = pytest.mark.unit

BUSY = SilenceProfile(mean_per_hour=(20.0,) * 168, weeks=4)
VERY_BUSY = SilenceProfile(mean_per_hour=(2_000.0,) * 168, weeks=4)
SKIPPED = {"waiting_count": 4, "late_count": 4, "oldest_waiting_at": ago(180)}

STARTED = Reading(ok_at=None, tried_at=ago(20))
SITUATIONS = [
    ("all orders have arrived", facts(), State.OK, "nothing_waiting"),
    ("a quiet shop: no order for two days", facts(newest_eligible_at=ago(2880), newest_arrived_at=ago(2870)),
     State.OK, "nothing_waiting"),
    ("a shop without any order yet", facts(newest_eligible_at=None, newest_arrived_at=None,
     newest_arrived_eligible_at=None), State.OK, "nothing_waiting"),
    ("orders wait, none longer than usual", waiting(oldest=40), State.OK, "within_tolerance"),
    ("the oldest is exactly at its tolerance when the hub is read", waiting(oldest=61),
     State.OK, "within_tolerance"),
    ("the oldest has passed it", waiting(oldest=61.5), State.FAIL, "stalled"),
    ("no order has ever arrived", waiting(oldest=90, newest_arrived_at=None, newest_arrived_eligible_at=None),
     State.FAIL, "stalled"),
    ("it passed its tolerance after the hub was last read", waiting(oldest=61.5, hub=read(4)),
     State.OK, "within_tolerance"),
    ("arriving in order, but two hours late", waiting(oldest=120, newest_arrived_at=ago(3)),
     State.WARN, "late"),
    ("the last arrival came just after it was placed", waiting(oldest=62, newest_arrived_at=ago(58)),
     State.FAIL, "stalled"),
    ("newer orders arrive, some were skipped", facts(**SKIPPED), State.WARN, "gap"),
    ("a stall behind skipped orders", facts(**{**SKIPPED, "waiting_count": 9, "tail_count": 5,
     "tail_oldest_at": ago(90), "newest_arrived_at": ago(100), "newest_arrived_eligible_at": ago(110)}),
     State.FAIL, "stalled"),
    ("skipped orders, the newest still in time", facts(**{**SKIPPED, "waiting_count": 5, "tail_count": 1,
     "tail_oldest_at": ago(5)}), State.WARN, "gap"),
    ("the hub says it fails, nothing is late", facts(failing_since=ago(9)), State.WARN, "hub_failing"),
    ("the hub fails to give feedback only", facts(failing_since=ago(9),
     hub_failures=log(Outcome.BLOCKED, [2, 5], method="PUT")), State.OK, "nothing_waiting"),
    ("one call was refused just now: the next fetch tells", facts(failing_since=ago(3),
     hub_failures=log(Outcome.REFUSED, [3])), State.OK, "nothing_waiting"),
    ("one call was refused, late orders are late", waiting(oldest=90, failing_since=ago(3),
     hub_failures=log(Outcome.REFUSED, [3])), State.FAIL, "stalled"),
    ("refused twice", facts(failing_since=ago(9), hub_failures=log(Outcome.REFUSED, [2, 9])),
     State.WARN, "hub_failing"),
    ("the hub has fetched since it began to fail", facts(failing_since=ago(30)), State.OK, "nothing_waiting"),
    ("the hub no longer lists it", facts(is_listed=False), State.FAIL, "not_listed"),
    ("the hub's list was never read", facts(is_listed=False, hub_state=NEVER), State.OK, "nothing_waiting"),
    ("the hub cannot be read", facts(hub=failing("TimedOut")), State.UNKNOWN, "hub_unreadable"),
    ("the hub cannot be read, orders seem late", waiting(oldest=90, hub=failing("TimedOut")),
     State.UNKNOWN, "hub_unreadable"),
    ("one attempt on the hub failed just now", facts(hub=failing("TimedOut", last_ok=2)),
     State.OK, "nothing_waiting"),
    ("nobody has read the hub for long", facts(hub=read(30)), State.UNKNOWN, "hub_unreadable"),
    ("nothing was read yet", facts(hub=NEVER, store=NEVER, hub_state=NEVER), State.UNKNOWN, "not_read_yet"),
    ("the hub's history is being read", waiting(oldest=900, hub=read(caught_up=False)),
     State.UNKNOWN, "reading_history"),
    ("the store's history is being read", waiting(oldest=900, store=read(caught_up=False)),
     State.UNKNOWN, "reading_history"),
    ("the store is being read for the first time", waiting(oldest=900, store=STARTED), State.UNKNOWN,
     "reading_history"),
    ("the first reading of the store broke off", waiting(oldest=900, store=failing("Blocked", last_ok=None)),
     State.UNKNOWN, "store_unreadable"),
    ("the hub is being read for the first time", waiting(oldest=900, hub=STARTED), State.UNKNOWN,
     "reading_history"),
    ("the store is unreadable", facts(store=failing("Blocked")), State.UNKNOWN, "store_unreadable"),
    ("the store slows us down", facts(store=failing("RateLimited")), State.UNKNOWN, "store_unreadable"),
    ("the store was never readable", facts(store=failing("Blocked", last_ok=None)),
     State.UNKNOWN, "store_unreadable"),
    ("known orders are late in an unreadable store", waiting(oldest=90, store=failing("Blocked")),
     State.FAIL, "stalled"),
    ("an unreadable busy store, three hours of silence", facts(store=failing("Blocked"), silence=BUSY,
     newest_arrived_at=ago(180)), State.WARN, "silent"),
    ("an unreadable busy store, a short silence", facts(store=failing("Blocked"), silence=BUSY,
     newest_arrived_at=ago(12)), State.UNKNOWN, "store_unreadable"),
    ("an unreadable store that sells so much that half an hour is too long, but its hub comes each quarter",
     facts(store=failing("Blocked"), silence=VERY_BUSY, newest_arrived_at=ago(40)), State.UNKNOWN,
     "store_unreadable"),
    ("the same after more than three of its rhythms", facts(store=failing("Blocked"), silence=VERY_BUSY,
     newest_arrived_at=ago(50)), State.WARN, "silent"),
    ("an unreadable store known for days only", facts(store=failing("Blocked"), newest_arrived_at=ago(180),
     silence=replace(BUSY, weeks=0.5)), State.UNKNOWN, "store_unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "state", "rule"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_orders_arriving_is_judged_by_both_sides(known, state, rule):
    finding = judge_imports(known)
    assert (finding.state, finding.rule) == (state, rule)


def test_a_stall_is_dated_from_the_oldest_order_and_needs_one_look_only():
    finding = judge_imports(waiting(oldest=90))
    assert (finding.since, finding.observed_at, finding.conclusive) == (ago(90), ago(1), True)


def test_a_stall_that_rests_on_an_unreadable_store_needs_a_second_look():
    assert not judge_imports(waiting(oldest=90, store=failing("Blocked"))).conclusive


def test_a_stall_is_found_without_the_tail_figures_too():
    assert judge_imports(waiting(oldest=90, tail_count=0, tail_oldest_at=None)).rule == "stalled"


def test_silence_says_that_it_is_a_guess_and_how_improbable_it_is():
    evidence = judge_imports(
        facts(store=failing("Blocked"), silence=BUSY, newest_arrived_at=ago(180))
    ).evidence
    assert evidence["is_guess"]
    assert evidence["probability"] < 1e-6
    assert evidence["usual_orders"] == pytest.approx(20 * 179 / 60, abs=0.1)


def test_a_shorter_tolerance_is_respected():
    known = waiting(oldest=15, tolerance=timedelta(minutes=10))
    assert judge_imports(known).rule == "stalled"
    assert known.now == NOON

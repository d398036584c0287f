"""When a hub is suspected of polling more rarely than it used to."""

from datetime import timedelta

import pytest

from integrations.contracts import Outcome
from monitor.health.states import State
from monitor.health.throttle import judge_throttle
from monitor.health.verdict import judge
from tests.health.world import NEVER, ago, facts, failing, log, read, waiting

pytestmark = pytest.mark.unit


def slow(gap=120, oldest=100, **changes):
    """No fetch for two hours instead of every 15 minutes, and orders since."""
    return waiting(oldest=oldest, last_fetched_at=ago(gap), newest_arrived_at=ago(gap), **changes)


SITUATIONS = [
    ("fetches every quarter of an hour", facts(), State.OK, "in_rhythm"),
    ("three rhythms and the reading's age have passed", slow(gap=46, oldest=30), State.OK, "in_rhythm"),
    ("more than three rhythms have passed", slow(gap=47, oldest=60), State.FAIL, "throttled"),
    ("the first order after a quiet time is new", slow(gap=400, oldest=30), State.OK, "not_overdue"),
    ("the first order after a quiet time has waited three rhythms", slow(gap=400, oldest=47),
     State.FAIL, "throttled"),
    ("a fast hub is given a quarter of an hour", slow(gap=15, oldest=10, rhythm=timedelta(minutes=2)),
     State.OK, "in_rhythm"),
    ("a fast hub after a quarter of an hour", slow(gap=17, oldest=17, rhythm=timedelta(minutes=2)),
     State.FAIL, "throttled"),
    ("no new order to fetch at night", facts(last_fetched_at=ago(400), newest_eligible_at=ago(420)),
     State.OK, "nothing_to_fetch"),
    ("webhooks bring the orders", facts(last_fetched_at=ago(400)), State.OK, "orders_arrive_otherwise"),
    ("webhooks bring most, the newest is on its way", waiting(oldest=2, last_fetched_at=ago(400),
     newest_arrived_at=ago(8), newest_arrived_eligible_at=ago(9)), State.OK, "orders_arrive_otherwise"),
    ("only long skipped orders wait", facts(last_fetched_at=ago(400), waiting_count=2, late_count=2,
     oldest_waiting_at=ago(500)), State.OK, "orders_arrive_otherwise"),
    ("the newest order was cancelled, only a skipped one waits", slow(oldest=500, waiting_count=1,
     newest_eligible_at=ago(60), newest_arrived_eligible_at=ago(200), tail_count=0, tail_oldest_at=None),
     State.OK, "orders_arrive_otherwise"),
    ("orders are pushed by an interface", slow(hub_system="api"), State.OK, "not_applicable"),
    ("the hub is failing now", slow(failing_since=ago(90), hub_failures=log(Outcome.FAULT, [3, 18])),
     State.UNKNOWN, "hub_failing"),
    ("the hub is failing and keeps no log", slow(failing_since=ago(90)), State.UNKNOWN, "hub_failing"),
    ("the hub failed in a maintenance and has not tried since", slow(failing_since=ago(110),
     hub_failures=log(Outcome.MAINTENANCE, [90, 100])), State.FAIL, "throttled"),
    ("the store is unreadable for us", slow(store=failing("TimedOut")), State.UNKNOWN, "store_unreadable"),
    ("what arrived is unreadable", slow(hub=failing("TimedOut")), State.UNKNOWN, "hub_unreadable"),
    ("the hub's list is unreadable", slow(hub_state=failing("TimedOut")), State.UNKNOWN, "hub_unreadable"),
    ("nothing was read yet", facts(hub_state=NEVER), State.UNKNOWN, "not_read_yet"),
    ("the hub tells no fetch time", facts(last_fetched_at=None), State.UNKNOWN, "no_fetch_time"),
    ("the hub no longer lists it", facts(is_listed=False), State.UNKNOWN, "not_listed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "state", "rule"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_throttling_is_told_from_the_hubs_rhythm(known, state, rule):
    finding = judge_throttle(known, is_accessible=True)
    assert (finding.state, finding.rule) == (state, rule)


def test_a_store_that_lets_nobody_in_is_no_throttle():
    finding = judge_throttle(slow(), is_accessible=False)
    assert (finding.state, finding.rule) == (State.UNKNOWN, "store_not_accessible")


def test_refused_credentials_are_no_throttle():
    known = slow(store=failing("CredentialsRefused", last_ok=3))
    findings = {finding.kind: finding.rule for finding in judge(known)}
    assert findings["throttle"] == "store_not_accessible"


def test_it_is_dated_from_the_last_fetch_and_sure_once_an_order_is_late():
    early, late = (judge_throttle(slow(oldest=age), is_accessible=True) for age in (50, 100))
    assert early.since == late.since == ago(120)
    assert (early.conclusive, late.conclusive) == (False, True)


def test_one_fetch_or_one_order_after_a_long_gap_neither_raises_nor_clears():
    once = facts(last_fetched_at=ago(5), previous_fetched_at=ago(125))
    twice = facts(last_fetched_at=ago(5), previous_fetched_at=ago(20))
    assert judge_throttle(once, is_accessible=True).observed_at is None
    assert judge_throttle(slow(gap=400, oldest=30), is_accessible=True).observed_at is None
    assert judge_throttle(twice, is_accessible=True).observed_at == read().ok_at

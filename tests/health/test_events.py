"""When events of a marketing hub are missing: counts per hour against the shop's own orders."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.contracts import CheckState, ConditionKind
from monitor.health.events import EventWindow, HourFigures, judge_events, learn_ratio
from monitor.health.records import CheckFact
from monitor.health.states import State
from tests.health.world import NEVER, NOON, ago, failing, read

pytestmark = pytest.mark.unit
HOUR = timedelta(hours=1)
SETTLED = NOON - timedelta(minutes=90)


def hours(orders, events, meaning="order_placed"):
    """Hours up to the one that begins at 11:00; the last two, from 10:00, may still grow."""
    count = len(orders)
    return tuple(
        HourFigures(NOON - (count - place) * HOUR, placed, {} if seen is None else {meaning: seen})
        for place, (placed, seen) in enumerate(zip(orders, events, strict=True))
    )


def window(orders=(), events=(), **changes):
    base = EventWindow(
        read(), hours(orders, events), SETTLED, usual_ratio=0.9, learned_days=20, several_stores="info"
    )
    return replace(base, **changes)


def check(state, minutes=500):
    return CheckFact(
        ConditionKind.EVENTS,
        "catalog_missing",
        state,
        "The catalog is gone.",
        {},
        "Switch it on.",
        ago(minutes),
        ago(1),
    )


def judged(known):
    finding = judge_events(known, NOON)
    assert finding.kind is ConditionKind.EVENTS
    return finding.state, finding.rule


GOOD = [10] * 48, [9] * 48
SITUATIONS = [
    ("nine of ten orders send an event", window(*GOOD), State.OK, "flows"),
    ("more events than orders", window([10] * 48, [14] * 48), State.OK, "flows"),
    ("a hub that says it counted as many as a number can hold takes no memory for each",
     window([10] * 48, [9] * 47 + [2**31 - 1]), State.OK, "flows"),
    ("nothing for two complete hours and the shop sells",
     window([10] * 48, [9] * 44 + [0] * 4), State.FAIL, "events_stopped"),
    ("the hours without events are not complete", window([10] * 48, [9] * 46 + [0] * 2), State.OK, "flows"),
    ("an event in the running hour ends a silence, but what is missing is missing",
     window([10] * 48, [9] * 40 + [0] * 7 + [3]), State.FAIL, "events_short"),
    ("an event ends a silence in an hour of which the orders are not known yet",
     window([1] * 47 + [None], [1] * 40 + [0] * 7 + [1]), State.OK, "flows"),
    ("it flows again in the hours that may still grow",
     window([40] * 48, [36] * 40 + [0] * 6 + [36] * 2), State.OK, "flows"),
    ("it flows again, the outage before is over",
     window([40] * 48, [36] * 30 + [0] * 12 + [36] * 6), State.OK, "flows"),
    ("two thirds of the usual events", window([20] * 48, [12] * 48), State.WARN, "events_short"),
    ("a third of the usual events", window([20] * 48, [6] * 48), State.FAIL, "events_short"),
    ("seven of ten orders is what chance does", window([10, 0, 0, 0], [7, 0, 0, 0]), State.OK, "flows"),
    ("the shop is quiet at night", window([10] * 40 + [0] * 8, [9] * 40 + [0] * 8), State.OK, "flows"),
    ("one order in the night sent none",
     window([10] * 40 + [0] * 5 + [1, 0, 0], [9] * 40 + [0] * 8), State.OK, "flows"),
    ("half of the orders never send one, five of them in a row",
     window([4] * 44 + [2, 2, 1, 0], [2] * 44 + [0] * 4, usual_ratio=0.5), State.OK, "flows"),
    ("the shop sells nothing at all", window([0] * 48, [0] * 48), State.OK, "flows"),
    ("learning, and nearly every order brings one", window(*GOOD, usual_ratio=None, learned_days=3),
     State.OK, "flows"),
    ("learning, and half of them bring one", window([10] * 48, [5] * 48, usual_ratio=None, learned_days=3),
     State.UNKNOWN, "learning"),
    ("learning, and they stopped", window([10] * 48, [9] * 40 + [0] * 8, usual_ratio=None, learned_days=3),
     State.FAIL, "events_stopped"),
    ("learning, and none ever came", window([10] * 48, [0] * 48, usual_ratio=None, learned_days=3),
     State.UNKNOWN, "learning"),
    ("too quiet to learn from, but an event came", window([0] * 48, [1] + [0] * 47, usual_ratio=None),
     State.OK, "flows"),
    ("too quiet to learn from", window([0] * 48, [0] * 48, usual_ratio=None), State.UNKNOWN, "few_orders"),
    ("only paid orders are counted", window(hours=hours([10] * 48, [0] * 48, "order_paid")),
     State.FAIL, "events_stopped"),
    ("Braze counts nothing that can be compared", window(hours=hours([10] * 48, [5] * 48, "session")),
     State.UNKNOWN, "no_figures"),
    ("hours that Braze leaves out are not zero", window([10] * 48, [9] * 40 + [None] * 8), State.OK, "flows"),
    ("the store was not read", window([None] * 48, [0] * 48), State.UNKNOWN, "store_unreadable"),
    ("the store was not read lately", window([10] * 40 + [None] * 8, [9] * 40 + [0] * 8), State.OK, "flows"),
    ("nothing was read yet", window(reading=NEVER), State.UNKNOWN, "not_read_yet"),
    ("the key was revoked", window(*GOOD, reading=failing("CredentialsRefused", last_ok=60)),
     State.UNKNOWN, "hub_unreadable"),
    ("the store is in two workspaces", window(*GOOD, workspace_count=2), State.FAIL, "two_workspaces"),
    ("several stores, which is allowed today", window(*GOOD, store_count=3), State.OK, "flows"),
    ("several stores, under the older rule", window(*GOOD, store_count=3, several_stores="fail"),
     State.FAIL, "several_stores"),
    ("one store under the older rule", window(*GOOD, several_stores="fail"), State.OK, "flows"),
    ("the catalog is gone", window(*GOOD, checks=(check(CheckState.FAIL),)), State.FAIL, "check_failed"),
    ("the catalog is small", window(*GOOD, checks=(check(CheckState.WARN), check(CheckState.INFO))),
     State.WARN, "check_warned"),
    ("what is only shown", window(*GOOD, checks=(check(CheckState.INFO), check(CheckState.UNKNOWN))),
     State.OK, "flows"),
    ("events stopped and the catalog is gone",
     window([10] * 48, [9] * 40 + [0] * 8, checks=(check(CheckState.FAIL),)), State.FAIL, "events_stopped"),
    ("nothing to compare, and the settings say why",
     window(hours=(), checks=(check(CheckState.FAIL),)), State.FAIL, "check_failed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "state", "rule"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_events_are_compared_with_the_shops_orders(known, state, rule):
    assert judged(known) == (state, rule)


def test_a_silence_is_dated_from_its_first_hour_and_tells_its_figures():
    finding = judge_events(window([10] * 48, [9] * 40 + [0] * 8), NOON)
    assert finding.since == NOON - 8 * HOUR
    assert (finding.evidence["orders"], finding.evidence["events"], finding.evidence["hours"]) == (60, 0, 6)
    assert finding.observed_at == read().ok_at


def test_the_same_reading_is_the_same_observation():
    """Judging again without reading again must not confirm an alarm."""
    known = window([10] * 48, [9] * 40 + [0] * 8)
    assert judge_events(known, NOON).observed_at == judge_events(known, NOON + HOUR / 3).observed_at


def test_settings_are_blamed_since_the_worst_of_them():
    known = window(*GOOD, checks=(check(CheckState.WARN, 900), check(CheckState.FAIL, 100)))
    finding = judge_events(known, NOON)
    assert finding.since == ago(100)
    assert [told["state"] for told in finding.evidence["checks"]] == ["fail", "warn"]


def test_the_usual_ratio_is_learned_without_outages_and_backfills():
    usual = [(100, 90)] * 12
    assert learn_ratio([*usual, (100, 0), (100, 20)]) == pytest.approx(0.9)
    assert learn_ratio([*usual, (100, 900), (0, 0)]) == pytest.approx(0.9)


def test_nothing_is_learned_from_too_little():
    assert learn_ratio([(100, 90)] * 13) is None
    assert learn_ratio([(2, 2)] * 14) is None
    assert learn_ratio([(0, 0)] * 20) is None
    assert learn_ratio([(50, 0)] * 20) is None


counts = st.integers(0, 300)
figures = st.lists(st.tuples(st.none() | counts, st.none() | counts), max_size=50)


@given(figures, st.none() | st.floats(0.01, 5), st.integers(0, 30), st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_every_window_has_an_answer_that_can_be_stored(rows, usual, days, settled):
    orders, events = ([row[side] for row in rows] for side in (0, 1))
    known = window(orders, events, usual_ratio=usual, learned_days=days, settled_until=ago(settled))
    finding = judge_events(known, NOON)
    assert orjson.dumps(finding.evidence)
    assert finding.since is None or finding.since <= NOON


@given(st.lists(st.integers(0, 1), min_size=48, max_size=48), st.floats(0.01, 5))
@settings(max_examples=100, deadline=None)
def test_a_shop_that_sells_next_to_nothing_is_never_blamed(orders, usual):
    few = [order if sum(orders[place:]) <= 2 else 0 for place, order in enumerate(orders)]
    assert not judge_events(window(few, [0] * 48, usual_ratio=usual), NOON).state.is_bad


@given(st.lists(counts, min_size=1, max_size=48), st.floats(0.05, 3))
@settings(max_examples=100, deadline=None)
def test_as_many_events_as_usual_are_never_blamed(orders, usual):
    events = [-int(-order * usual // 1) for order in orders]
    assert not judge_events(window(orders, events, usual_ratio=usual), NOON).state.is_bad


@given(st.lists(counts, min_size=4, max_size=48), st.data())
@settings(max_examples=100, deadline=None)
def test_more_events_never_raise_an_alarm(orders, data):
    events = data.draw(st.lists(counts, min_size=len(orders), max_size=len(orders)))
    more = [count + data.draw(st.integers(0, 50)) for count in events]
    before, after = (judge_events(window(orders, seen), NOON) for seen in (events, more))
    assert before.state.is_bad or not after.state.is_bad

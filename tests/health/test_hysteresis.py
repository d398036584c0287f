"""Believing only what was seen twice."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contracts import ConditionKind
from monitor.health.hysteresis import nothing_known, settle
from monitor.health.records import Finding, Held
from monitor.health.states import State
from tests.health.world import NOON

pytestmark = pytest.mark.unit

OK, WARN, FAIL, UNKNOWN = State.OK, State.WARN, State.FAIL, State.UNKNOWN
LATER = NOON + timedelta(days=1)


def at(minute):
    return NOON + timedelta(minutes=minute)


def seen(state, minute, *, since=None, conclusive=False, rule=""):
    return Finding(
        ConditionKind.IMPORTS,
        state,
        rule or state.value,
        None if minute is None else at(minute),
        {"minute": minute},
        None if since is None else at(since),
        conclusive,
    )


def holding(state, minute=0):
    return Held(ConditionKind.IMPORTS, state, state.value, at(minute), {}, at(minute))


def after(held, *findings):
    for finding in findings:
        held = settle(held, finding, now=LATER)
    return held


SEQUENCES = [
    ("one bad look changes nothing", OK, [seen(FAIL, 1)], OK),
    ("two in a row confirm", OK, [seen(FAIL, 1), seen(FAIL, 2)], FAIL),
    ("a good look between them starts over", OK, [seen(FAIL, 1), seen(OK, 2), seen(FAIL, 3)], OK),
    ("one conclusive look is enough", OK, [seen(FAIL, 1, conclusive=True)], FAIL),
    ("one good look clears nothing", FAIL, [seen(OK, 1)], FAIL),
    ("two good looks clear", FAIL, [seen(OK, 1), seen(OK, 2)], OK),
    ("both kinds of bad confirm each other", OK, [seen(WARN, 1), seen(FAIL, 2)], FAIL),
    ("alternating warn and fail is not healthy", OK, [seen(FAIL, 1), seen(WARN, 2)], WARN),
    ("bad and unknown do not confirm each other", OK, [seen(FAIL, 1), seen(UNKNOWN, 2)], OK),
    ("not knowing once changes nothing", FAIL, [seen(UNKNOWN, 1)], FAIL),
    ("not knowing twice is unknown", FAIL, [seen(UNKNOWN, 1), seen(UNKNOWN, 2)], UNKNOWN),
    ("the same look twice counts once", OK, [seen(FAIL, 1), seen(FAIL, 1)], OK),
    ("an older look is not believed over a newer", OK, [seen(OK, 5), seen(FAIL, 3), seen(FAIL, 4)], OK),
    ("without an observation there is nothing to count", OK, [seen(FAIL, None), seen(FAIL, None)], OK),
    ("not even a conclusive one", OK, [seen(FAIL, None, conclusive=True)], OK),
]


@pytest.mark.parametrize(
    ("start", "findings", "end"), [row[1:] for row in SEQUENCES], ids=[row[0] for row in SEQUENCES]
)
def test_what_a_sequence_of_looks_leads_to(start, findings, end):
    assert after(holding(start), *findings).state is end


def test_the_first_answer_is_taken_at_once_unless_it_is_an_alarm():
    start = nothing_known(ConditionKind.IMPORTS, NOON)
    assert after(start, seen(OK, 1)).state is OK
    assert after(start, seen(FAIL, 1)).state is UNKNOWN
    assert after(start, seen(FAIL, 1), seen(FAIL, 2)).state is FAIL


def test_it_began_with_the_first_look_or_as_far_back_as_the_evidence_reaches():
    assert after(holding(OK), seen(FAIL, 10), seen(FAIL, 11)).since == at(10)
    assert after(holding(OK), seen(FAIL, 10, since=4), seen(FAIL, 11, since=4)).since == at(4)
    assert after(holding(OK), seen(FAIL, 10), seen(FAIL, 11, since=2)).since == at(2)
    assert after(holding(OK), seen(FAIL, 10, since=99, conclusive=True)).since == at(10)


def test_the_beginning_survives_doubt_and_moving_evidence():
    failing = after(holding(OK), seen(FAIL, 10, since=4, conclusive=True))
    assert after(failing, seen(UNKNOWN, 11), seen(FAIL, 12)).since == at(4)
    assert after(failing, seen(FAIL, 12, since=9)).since == at(4)
    assert after(failing, seen(FAIL, 12, since=1)).since == at(1)


def test_the_same_state_brings_its_rule_and_evidence_up_to_date():
    held = after(holding(FAIL), seen(FAIL, 3, rule="other"))
    assert (held.rule, held.evidence, held.since) == ("other", {"minute": 3}, at(0))


def test_evidence_of_the_held_state_is_kept_while_another_is_only_suspected():
    assert after(holding(OK), seen(FAIL, 3)).evidence == {}


def test_a_clock_ahead_of_ours_does_not_hide_what_follows():
    held = settle(holding(OK), seen(OK, 600), now=at(1))
    held = settle(held, seen(FAIL, 2), now=at(2))
    assert settle(held, seen(FAIL, 3), now=at(3)).state is FAIL


looks = st.builds(seen, st.sampled_from(State), st.integers(1, 30), since=st.none() | st.integers(-60, 30))
helds = st.builds(holding, st.sampled_from(State))


@given(helds, looks)
def test_a_single_inconclusive_look_never_flips_a_state(held, look):
    assert after(held, look).state is held.state


@given(helds, st.lists(looks, max_size=12))
def test_a_repeated_look_changes_nothing(held, sequence):
    once = held
    twice = held
    for look in sequence:
        once = after(once, look)
        twice = after(twice, look, look)
    assert once == twice


@given(helds, st.lists(looks, max_size=8), looks)
def test_a_look_that_comes_late_changes_nothing(held, sequence, late):
    held = after(held, *sequence, seen(OK, 31))
    assert after(held, late) is held


@given(helds, st.lists(looks, max_size=12))
def test_nothing_begins_after_it_was_seen(held, sequence):
    held = after(held, *sequence)
    assert held.since <= held.observed_at
    assert (held.candidate_state is None) == (held.candidate_count == 0)

"""What holds whatever the facts are."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.contracts import ConditionKind, Outcome
from integrations.errors import RemoteError
from monitor.health.access import PASSING, RULE_OF_ERROR, RULE_OF_PROBE
from monitor.health.hysteresis import nothing_known, settle
from monitor.health.imports import judge_imports, tail_oldest_at
from monitor.health.readings import CREDENTIAL_ERRORS, is_fresh
from monitor.health.records import Facts, Reading, SilenceProfile
from monitor.health.states import State
from monitor.health.verdict import JUDGED, conclude, judge, next_check_at
from monitor.wording import PHRASES
from tests.health.world import (
    HUB_AGENT,
    NEUTRAL,
    NOON,
    OTHER_HUB_AGENT,
    ago,
    facts,
    log,
    probe,
    read,
    waiting,
)

pytestmark = pytest.mark.unit


def error_names(tree=RemoteError):
    # An adapter may have errors of its own, between its own modules only.
    public = [branch for branch in tree.__subclasses__() if branch.__module__ == "integrations.errors"]
    return [name for branch in public for name in (branch.__name__, *error_names(branch))]


ERRORS = ["", "SomethingNew", *error_names()]
BADNESS = {State.OK: 0, State.WARN: 1, State.FAIL: 2}

moments = st.integers(0, 600).map(ago)
maybe = st.none() | moments


@st.composite
def readings(draw):
    error = draw(st.sampled_from(ERRORS))
    ok_at = draw(maybe)
    tried_at = draw(maybe) if ok_at is None else draw(st.integers(0, 60).map(ago))
    if ok_at is not None and tried_at is not None:
        tried_at = max(ok_at, tried_at)
    if tried_at is None:
        return Reading(None, None)
    return Reading(ok_at, tried_at, error, "It went wrong.", draw(st.integers(0, 5)), draw(st.booleans()))


@st.composite
def all_facts(draw):
    count = draw(st.integers(0, 3))
    oldest = draw(moments) if count else None
    tail = draw(st.booleans()) if count else False
    agents = draw(st.lists(st.sampled_from([HUB_AGENT, OTHER_HUB_AGENT, NEUTRAL]), unique=True))
    outcomes = st.sampled_from(Outcome)
    return Facts(
        now=NOON,
        platform="shopify",
        hub_kind=draw(st.sampled_from(["sendcloud", "generic"])),
        hub_system=draw(st.sampled_from(["shopify", "api"])),
        store=draw(readings()),
        hub=draw(readings()),
        hub_state=draw(readings()),
        waiting_count=count,
        late_count=min(count, draw(st.integers(0, 3))),
        oldest_waiting_at=oldest,
        newest_eligible_at=draw(maybe),
        newest_arrived_at=draw(maybe),
        newest_arrived_eligible_at=draw(maybe),
        tolerance=timedelta(minutes=draw(st.integers(10, 360))),
        tolerance_source="learned",
        silence=draw(st.none() | st.just(SilenceProfile((9.0,) * 168, 4))),
        is_listed=draw(st.booleans()),
        failing_since=draw(maybe),
        last_fetched_at=draw(maybe),
        rhythm=timedelta(minutes=draw(st.integers(1, 60))),
        rhythm_source="learned",
        probes=tuple(probe(agent, draw(outcomes), draw(st.integers(0, 30))) for agent in agents),
        hub_failures=log(draw(outcomes), draw(st.lists(st.integers(0, 200), max_size=3))),
        tail_count=count if tail else 0,
        tail_oldest_at=oldest if tail else None,
        previous_fetched_at=draw(maybe),
    )


def test_every_error_and_outcome_has_a_rule():
    assert set(error_names()) == set(RULE_OF_ERROR) | CREDENTIAL_ERRORS
    assert set(Outcome) == set(RULE_OF_PROBE) | PASSING


@settings(max_examples=200)
@given(all_facts())
def test_every_answer_can_be_stored_explained_and_dated(known):
    findings = judge(known)
    assert tuple(finding.kind for finding in findings) == JUDGED
    for finding in findings:
        orjson.dumps(finding.evidence)
        assert PHRASES[finding.kind][finding.rule]
        for moment in (finding.observed_at, finding.since):
            assert moment is None or moment <= NOON
        if finding.state.is_bad:
            assert finding.observed_at is not None


@settings(max_examples=200)
@given(all_facts())
def test_imports_are_never_fine_unless_both_sides_were_read_lately(known):
    if judge_imports(known).state is State.OK:
        assert is_fresh(known, known.store)
        assert is_fresh(known, known.hub)
        assert known.store.caught_up
        assert known.hub.caught_up


@settings(max_examples=200)
@given(all_facts())
def test_nothing_is_said_of_a_store_that_nobody_could_ask(known):
    blind = replace(
        known, store=Reading(None, None), hub=Reading(None, None), hub_state=Reading(None, None),
        probes=(), hub_failures=(),
    )  # fmt: skip
    assert {finding.state for finding in judge(blind)} <= {State.UNKNOWN, State.OK}
    assert all(finding.state is State.UNKNOWN or finding.observed_at is None for finding in judge(blind))


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(10, 360))
def test_a_silent_quiet_shop_never_stalls(silence, no_fetch, tolerance):
    quiet = facts(
        newest_eligible_at=ago(silence + no_fetch),
        newest_arrived_at=ago(silence),
        newest_arrived_eligible_at=ago(silence + no_fetch),
        last_fetched_at=ago(no_fetch if no_fetch < silence else silence),
        tolerance=timedelta(minutes=tolerance),
    )
    assert not any(finding.state.is_bad for finding in judge(quiet))


@given(st.integers(1, 3000), st.integers(10, 360), st.integers(0, 4), st.data())
def test_a_stall_that_outlasts_its_tolerance_is_always_caught_at_once(over, tolerance, read_ago, data):
    oldest = tolerance + over + read_ago
    known = waiting(
        oldest=oldest,
        tolerance=timedelta(minutes=tolerance),
        hub=read(read_ago),
        store=read(data.draw(st.integers(0, 4))),
        last_fetched_at=data.draw(maybe),
        failing_since=data.draw(maybe),
    )
    helds = [settle(nothing_known(finding.kind, NOON), finding, now=NOON) for finding in judge(known)]
    assert conclude(helds, None, NOON).state is State.FAIL


@given(st.integers(1, 600), st.integers(0, 600), st.integers(10, 360))
def test_waiting_longer_is_never_better(age, more, tolerance):
    shorter, longer = (
        BADNESS[judge_imports(waiting(oldest=oldest, tolerance=timedelta(minutes=tolerance))).state]
        for oldest in (age, age + more)
    )
    assert longer >= shorter


@given(all_facts())
def test_one_more_skipped_order_never_looks_better(known):
    known = replace(known, hub=read(), store=read())
    before = judge_imports(known)
    skipped = replace(
        known,
        waiting_count=known.waiting_count + 1,
        late_count=known.late_count + 1,
        oldest_waiting_at=ago(5000),
        tail_oldest_at=tail_oldest_at(known),
    )
    assert BADNESS[judge_imports(skipped).state] >= min(BADNESS[before.state], BADNESS[State.WARN])


@given(all_facts())
def test_asking_again_is_always_in_the_future(known):
    moment = next_check_at(known)
    assert moment is None or moment > NOON


@given(st.lists(all_facts(), min_size=1, max_size=6))
def test_a_verdict_is_as_bad_as_its_worst_condition_and_never_healthy_by_ignorance(rounds):
    helds = {kind: nothing_known(kind, ago(700)) for kind in JUDGED}
    verdict = None
    for known in rounds:
        for finding in judge(known):
            helds[finding.kind] = settle(helds[finding.kind], finding, now=NOON)
        verdict = conclude(helds.values(), verdict, NOON)
        worst = max((BADNESS.get(held.state, 0) for held in helds.values()), default=0)
        assert BADNESS.get(verdict.state, 0) == worst
        if verdict.state is State.OK:
            assert helds[ConditionKind.IMPORTS].state is State.OK
        assert verdict.since <= NOON

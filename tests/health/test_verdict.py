"""One verdict with its root cause."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from integrations.contracts import ConditionKind, Outcome
from monitor.health.records import Held, Judgement
from monitor.health.states import State
from monitor.health.verdict import conclude, judge, next_check_at, seen_well_at
from monitor.wording import explain
from tests.health.world import NOON, ago, facts, failing, log, probes, waiting

pytestmark = pytest.mark.unit

OK, WARN, FAIL, UNKNOWN = State.OK, State.WARN, State.FAIL, State.UNKNOWN
ACCESS, CREDENTIALS = ConditionKind.ACCESS, ConditionKind.CREDENTIALS
THROTTLE, IMPORTS = ConditionKind.THROTTLE, ConditionKind.IMPORTS
NOTHING_ELSE = (OK, OK, OK, OK)


def helds(access=OK, credentials=OK, throttle=OK, imports=OK, since=10):
    states = {ACCESS: access, CREDENTIALS: credentials, THROTTLE: throttle, IMPORTS: imports}
    figures = {"waiting_count": 7, "oldest_waiting_at": ago(90).isoformat()}
    return [
        Held(kind, state, f"{kind}_rule", ago(since), figures if kind is IMPORTS else {}, ago(1))
        for kind, state in states.items()
    ]


SITUATIONS = [
    ("all is well", helds(), OK, None),
    ("a stall of its own", helds(imports=FAIL), FAIL, IMPORTS),
    ("skipped orders only", helds(imports=WARN), WARN, IMPORTS),
    ("a throttle explains the stall", helds(throttle=FAIL, imports=FAIL), FAIL, THROTTLE),
    ("refused keys explain the throttle",
     helds(credentials=FAIL, throttle=FAIL, imports=FAIL), FAIL, CREDENTIALS),
    ("a block explains everything", helds(FAIL, UNKNOWN, UNKNOWN, FAIL), FAIL, ACCESS),
    ("a warning whose consequence is a stall is as bad as the stall",
     helds(access=WARN, imports=FAIL), FAIL, ACCESS),
    ("refused keys, nothing else can be known", helds(OK, FAIL, UNKNOWN, UNKNOWN), FAIL, CREDENTIALS),
    ("imports unknown, no reason above", helds(imports=UNKNOWN), UNKNOWN, IMPORTS),
    ("imports unknown because access is", helds(access=UNKNOWN, imports=UNKNOWN), UNKNOWN, ACCESS),
    ("what is unknown does not matter when orders provably arrive",
     helds(UNKNOWN, UNKNOWN, UNKNOWN, OK), OK, None),
    ("nothing is known at all", [], UNKNOWN, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "state", "cause"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_the_verdict_names_the_root_cause(answers, state, cause):
    verdict = conclude(answers, None, NOON)
    assert (verdict.state, verdict.cause) == (state, cause)


def test_the_order_in_which_conditions_are_given_does_not_matter():
    answers = helds(throttle=FAIL, imports=FAIL)
    assert conclude(answers, None, NOON) == conclude(answers[::-1], None, NOON)


def test_the_evidence_says_how_many_wait_and_what_else_is_explained():
    evidence = conclude(helds(access=FAIL, imports=FAIL), None, NOON).evidence
    assert evidence["waiting_count"] == 7
    assert evidence["explains"] == [{"kind": "imports", "state": "fail", "rule": "imports_rule"}]


def test_what_was_seen_well_once_is_said_until_it_is_believed():
    (*others, imports) = helds(imports=FAIL)
    seen = replace(imports, candidate_state=OK, candidate_count=1, observed_at=ago(2))
    verdict = conclude([*others, seen], None, NOON)
    assert verdict.state is FAIL
    assert seen_well_at(verdict, [*others, seen]) == ago(2)
    assert seen_well_at(verdict, [*others, imports]) is None
    evidence = {**verdict.evidence, "seen_well_at": ago(2).isoformat()}
    words = explain(IMPORTS, "stalled", evidence, now=NOON, tz=UTC)
    assert words.why.startswith("It looked well at 11:58; the next look confirms it.")
    assert "looked well" not in explain(IMPORTS, "stalled", verdict.evidence, now=NOON, tz=UTC).why


def test_a_refusal_to_write_says_which_numbers_it_costs():
    late = {"late_tracking_count": 2, "oldest_due_at": ago(12).isoformat()}
    refused = Held(ACCESS, WARN, "method_blocked", ago(12), {"hub": "sendcloud", "method": "PUT"})
    stopped = Held(ConditionKind.TRACKING, FAIL, "stopped", ago(12), late)
    verdict = conclude([refused, stopped], None, NOON)
    assert (verdict.state, verdict.cause) == (FAIL, ACCESS)
    words = explain(ACCESS, verdict.rule, verdict.evidence, now=NOON, tz=UTC)
    assert "2 tracking numbers did not reach the store" in words.why
    assert any(step.startswith("Write the 2 tracking numbers to the store") for step in words.steps)
    alone = conclude([refused], None, NOON)
    words = explain(ACCESS, alone.rule, alone.evidence, now=NOON, tz=UTC)
    assert "tracking" not in words.why + " ".join(words.steps)


def test_it_stays_bad_since_it_first_was_when_the_cause_changes():
    blocked = Judgement(FAIL, ACCESS, "blocked", ago(200))
    assert conclude(helds(throttle=FAIL, since=10), blocked, NOON).since == ago(200)
    healthy = Judgement(OK, None, "nothing_waiting", ago(200))
    assert conclude(helds(throttle=FAIL, since=10), healthy, NOON).since == ago(10)


def test_it_is_healthy_since_the_last_condition_recovered_and_stays_so():
    answers = [*helds(since=50)[:-1], helds(since=10)[-1]]
    recovered = conclude(answers, Judgement(FAIL, IMPORTS, "stalled", ago(90)), NOON)
    assert recovered.since == ago(10)
    assert conclude(helds(since=1), recovered, NOON).since == ago(10)


def first_bad(known):
    return next((f.rule for f in judge(known) if f.state.is_bad), None)


STORIES = [
    ("quiet at night",
     facts(newest_eligible_at=ago(600), newest_arrived_at=ago(590), last_fetched_at=ago(5)), None),
    ("a firewall refuses the hub's User-Agent", waiting(70, probes=probes(Outcome.BLOCKED, Outcome.PASSED),
     hub_failures=log(Outcome.BLOCKED, [3, 18, 33]), failing_since=ago(40), last_fetched_at=ago(75)),
     "blocked_user_agent"),
    ("throttled after a maintenance", waiting(100, last_fetched_at=ago(105)), "throttled"),
    ("the key was deleted",
     waiting(70, store=failing("CredentialsRefused", last_ok=75), last_fetched_at=ago(80),
     hub_failures=log(Outcome.REFUSED, [3, 18]), probes=probes(Outcome.REFUSED, Outcome.REFUSED)),
     "hub_key_refused"),
    ("single orders are lost", facts(waiting_count=4, late_count=4, oldest_waiting_at=ago(300)), "gap"),
    ("closed for maintenance",
     waiting(20, store=failing("InMaintenance", last_ok=20), last_fetched_at=ago(30),
     probes=probes(Outcome.MAINTENANCE, Outcome.MAINTENANCE), hub_failures=log(Outcome.MAINTENANCE, [3, 18]),
     failing_since=ago(18)), "maintenance"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "rule"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES])
def test_each_story_is_told_by_its_root_cause(known, rule):
    assert first_bad(known) == rule


def test_it_looks_again_when_an_order_passes_its_tolerance():
    known = waiting(59)
    expected = NOON + timedelta(minutes=1, seconds=1)
    assert next_check_at(known) == expected
    assert next_check_at(facts(**{**_fields(known), "now": expected})) > expected


def test_it_looks_again_when_a_reading_becomes_too_old():
    assert next_check_at(facts()) == NOON + timedelta(minutes=4, seconds=1)


def test_it_looks_again_when_the_hub_exceeds_its_rhythm():
    assert next_check_at(facts(last_fetched_at=ago(44))) == NOON + timedelta(minutes=1, seconds=1)


def test_there_is_nothing_to_wait_for_when_nothing_is_known():
    known = facts(store=failing("TimedOut"), hub=failing("TimedOut"), hub_state=failing("TimedOut"))
    assert next_check_at(facts(**{**_fields(known), "last_fetched_at": None})) is None


def _fields(known):
    return {name: getattr(known, name) for name in known.__slots__}

"""Conditions that rest on checks, and what they may do to a verdict."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts import CheckState, ConditionKind, Outcome
from monitor.health.checked import judge_edge, judge_webhooks
from monitor.health.hysteresis import nothing_known, settle
from monitor.health.records import CheckFact, Held
from monitor.health.states import State
from monitor.health.verdict import conclude, judge
from monitor.wording import explain
from tests.health import test_tracking
from tests.health.world import HEALTHY, NOON, ago, facts, probes, read

pytestmark = pytest.mark.unit
EDGE, WEBHOOKS, CREDENTIALS = ConditionKind.EDGE, ConditionKind.WEBHOOKS, ConditionKind.CREDENTIALS


def check(kind, state, code="some_check", text="The %(what)s is off.", **more):
    values = {"what": "light"}
    return CheckFact(kind, code, state, text, values, "Switch it on.", ago(50), ago(5), **more)


def checked(*checks, **changes):
    return facts(checks=checks, has_edge=True, **changes)


SHUT_OUT = {"last_fetched_at": ago(600)}
SITUATIONS = [
    ("no zone", facts(), State.UNKNOWN, "not_connected"),
    ("a zone not yet looked at", checked(), State.UNKNOWN, "not_checked_yet"),
    ("a quiet zone", checked(check(EDGE, CheckState.OK)), State.OK, "checks_pass"),
    ("things to know only", checked(check(EDGE, CheckState.INFO)), State.UNKNOWN, "not_checked_yet"),
    ("no right to look", checked(check(EDGE, CheckState.UNKNOWN)), State.UNKNOWN, "checks_unknown"),
    ("a doubtful setting", checked(check(EDGE, CheckState.WARN)), State.WARN, "check_warned"),
    ("a wrong setting", checked(check(EDGE, CheckState.FAIL), **SHUT_OUT), State.FAIL, "check_failed"),
    (
        "a wrong setting that stops nobody",
        checked(check(EDGE, CheckState.FAIL)),
        State.WARN,
        "might_stop_hub",
    ),
    ("no webhooks at all", facts(), State.UNKNOWN, "no_webhooks"),
    ("webhooks are on", checked(check(WEBHOOKS, CheckState.OK)), State.OK, "checks_pass"),
    ("one is disabled", checked(check(WEBHOOKS, CheckState.WARN)), State.WARN, "check_warned"),
    ("all are gone", checked(check(WEBHOOKS, CheckState.FAIL)), State.FAIL, "check_failed"),
    ("they cannot be read", checked(check(WEBHOOKS, CheckState.UNKNOWN)), State.UNKNOWN, "checks_unknown"),
]


@pytest.mark.parametrize(("situation", "known", "state", "rule"), SITUATIONS)
def test_each_situation_has_its_answer(situation, known, state, rule):
    found = {(finding.state, finding.rule) for finding in (judge_edge(known), judge_webhooks(known))}
    assert (state, rule) in found, situation


def test_a_condition_tells_the_worst_check_in_its_own_words():
    known = checked(
        check(WEBHOOKS, CheckState.WARN, "mild", "Mild."), check(WEBHOOKS, CheckState.FAIL, "bad")
    )
    finding = judge_webhooks(known)
    words = explain(WEBHOOKS, finding.rule, finding.evidence, now=NOON, tz=NOON.tzinfo)
    assert words.headline == "The light is off."
    assert words.steps[0] == "Switch it on."
    assert words.why == "1 other check is bad too."


BAD_CHECKS = [
    (checked(check(kind, state)), kind, state)
    for kind in (ConditionKind.ACCESS, CREDENTIALS, ConditionKind.IMPORTS)
    for state in (CheckState.WARN, CheckState.FAIL)
] + [
    (replace(known, checks=(check(ConditionKind.TRACKING, state),)), ConditionKind.TRACKING, state)
    for known in (test_tracking.parcels(),)
    for state in (CheckState.WARN, CheckState.FAIL)
]


@pytest.mark.parametrize(("known", "kind", "state"), BAD_CHECKS)
def test_a_bad_check_makes_a_condition_bad_that_was_well_and_no_other(known, kind, state):
    findings = {finding.kind: finding for finding in judge(known)}
    assert findings.pop(kind).state == State(state.value)
    assert not any(finding.state.is_bad for finding in findings.values())


def verdict_of(known):
    helds = [
        settle(nothing_known(finding.kind, ago(90)), replace(finding, conclusive=True), now=NOON)
        for finding in judge(known)
    ]
    return conclude(helds, None, NOON)


@pytest.mark.parametrize("kind", [EDGE, WEBHOOKS])
def test_a_warning_about_settings_alarms_nobody_while_orders_arrive(kind):
    assert verdict_of(checked(check(kind, CheckState.WARN))).state is State.OK


def test_what_nobody_set_out_to_watch_is_no_reason_for_an_unknown_verdict():
    assert verdict_of(HEALTHY).state is State.OK


def test_disconnected_webhooks_are_a_verdict_of_their_own():
    verdict = verdict_of(checked(check(WEBHOOKS, CheckState.FAIL)))
    assert (verdict.state, verdict.cause) == (State.FAIL, WEBHOOKS)


@pytest.mark.parametrize("kind", [ConditionKind.ACCESS, CREDENTIALS, ConditionKind.TRACKING])
def test_advice_of_a_check_alarms_nobody_whatever_it_is_about(kind):
    known = replace(test_tracking.parcels(), checks=(check(kind, CheckState.WARN),))
    assert verdict_of(known).state is State.OK


def test_an_alarm_that_is_over_does_not_stay_because_of_an_older_check():
    """Checks are made every quarter of an hour, readings every minute."""
    stalled = Held(ConditionKind.ACCESS, State.FAIL, "blocked", ago(60), {}, ago(4))
    known = checked(check(ConditionKind.ACCESS, CheckState.WARN))
    assert known.checks[0].checked_at < ago(4)
    held, states = stalled, []
    for minutes in (0, 2):
        later = replace(
            known,
            now=NOON + timedelta(minutes=minutes),
            store=read(-minutes),
            probes=probes(Outcome.PASSED, Outcome.PASSED, minutes=-minutes),
        )
        found = next(one for one in judge(later) if one.kind is ConditionKind.ACCESS)
        held = settle(held, found, now=later.now)
        states.append(held.state)
    assert states == [State.FAIL, State.WARN]

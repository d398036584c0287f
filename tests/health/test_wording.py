"""The sentences: complete, filled, and said as a person would."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.contracts import ConditionKind, Outcome
from monitor.health.events import judge_events
from monitor.health.states import State
from monitor.health.verdict import judge
from monitor.wording import PHRASES, clock, duration, explain, headline, since, state_word
from tests.health import (
    test_access,
    test_checked,
    test_credentials,
    test_events,
    test_imports,
    test_throttle,
    test_tracking,
)
from tests.health.world import NOON, ago, facts, log, probes, waiting

pytestmark = pytest.mark.unit

PARIS = ZoneInfo("Europe/Paris")
EVERY_RULE = [(kind, rule) for kind, phrases in PHRASES.items() for rule in phrases]


def said(finding):
    return explain(finding.kind, finding.rule, finding.evidence, now=NOON, tz=PARIS)


def answer(kind, known):
    return next(finding for finding in judge(known) if finding.kind is kind)


@pytest.mark.parametrize(("kind", "rule"), EVERY_RULE)
def test_every_rule_can_be_said_even_without_any_figure(kind, rule):
    words = explain(kind, rule, {}, now=NOON, tz=UTC)
    for sentence in (words.headline, *words.steps, *([words.why] if words.why else [])):
        assert sentence[0].isupper() or sentence[0] in "“0123456789"
        assert sentence.endswith((".", "?"))
        assert "%(" not in sentence
        assert "_" not in sentence.replace("SYNCWATCH_ALLOWED_NETWORKS", "")
    assert len(words.steps) <= 3
    if PHRASES[kind][rule].state.is_bad:
        assert words.steps, "trouble without anything to do about it"


def test_every_rule_of_the_tables_is_explained_and_every_phrase_is_used():
    used = set()
    tables = (test_access, test_checked, test_credentials, test_imports, test_throttle, test_tracking)
    for known in (row[1] for table in tables for row in table.SITUATIONS):
        used |= {(finding.kind, finding.rule) for finding in judge(known)}
    for known in (test_throttle.slow(store=test_throttle.failing("CredentialsRefused", last_ok=3)),):
        used |= {(finding.kind, finding.rule) for finding in judge(known)}
    used |= {(finding.kind, finding.rule) for row in test_checked.BAD_CHECKS for finding in judge(row[0])}
    used |= {(ConditionKind.EVENTS, judge_events(row[1], NOON).rule) for row in test_events.SITUATIONS}
    # What only incidents of many integrations say.
    used |= {(ConditionKind.IMPORTS, "account_stalled"), (ConditionKind.ACCESS, "host_fails")}
    used |= {(ConditionKind.EDGE, "zone_fails")}
    # How a condition begins, before anything was looked at.
    used |= {(kind, "not_read_yet") for kind in PHRASES}
    assert used == set(EVERY_RULE)


def test_a_stall_in_words():
    words = said(answer(ConditionKind.IMPORTS, waiting(oldest=72, count=31)))
    assert words.state_word == "stalled"
    assert words.headline == (
        "Orders have stopped arriving in Sendcloud: 31 orders are waiting, "
        "the oldest since 11:48 (1 h 12 min)."
    )
    assert "Orders usually arrive within 1 h." in words.why
    assert words.action == "force_refresh"


def test_a_block_in_words():
    known = facts(
        probes=probes(Outcome.BLOCKED, Outcome.PASSED, other=Outcome.PASSED),
        last_fetched_at=ago(60),
        hub_failures=log(Outcome.BLOCKED, [2, 5]),
    )
    words = said(answer(ConditionKind.ACCESS, known))
    assert words.state_word == "blocked"
    assert words.headline == (
        "The shop's nginx refuses Sendcloud by its User-Agent “Sendcloud/1.0.0”; other visitors pass."
    )
    assert words.action == "show_fix"


def test_a_throttle_is_only_suspected():
    words = said(answer(ConditionKind.THROTTLE, waiting(oldest=100, count=1, last_fetched_at=ago(105))))
    assert words.state_word == "throttled"
    assert "no fetch since 11:15 (1 h 45 min), usual is every 15 min" in words.headline
    assert "1 order is waiting" in words.why
    assert "suspected" in words.why


def test_a_verdict_without_a_cause_speaks_of_imports():
    assert explain("", "nothing_waiting", {"hub": "sendcloud"}, now=NOON, tz=UTC).headline == (
        "Every order of the store is in Sendcloud."
    )


def test_a_verdict_without_a_cause_of_a_hub_that_counts_events_speaks_of_them():
    words = explain("", "flows", {"hub": "braze"}, now=NOON, tz=UTC)
    assert words.headline == "The shop's orders arrive in Braze as events."
    assert headline("", "flows", {"hub": "braze"}, now=NOON, tz=UTC) == words.headline


def test_a_rule_of_former_times_does_not_break_a_page():
    assert explain("imports", "of_old", {}, now=NOON, tz=UTC).state_word == "unknown"
    assert explain(ConditionKind.TRACKING, "whatever", {}, now=NOON, tz=UTC).headline


@pytest.mark.parametrize(
    ("state", "rule", "word"),
    [
        (State.OK, "nothing_waiting", "healthy"),
        (State.WARN, "gap", "late"),
        (State.FAIL, "stalled", "stalled"),
        (State.FAIL, "blocked_user_agent", "blocked"),
        (State.FAIL, "hub_key_refused", "refused"),
        (State.FAIL, "throttled", "throttled"),
        (State.FAIL, "timed_out", "unreachable"),
        (State.WARN, "maintenance", "maintenance"),
        (State.FAIL, "maintenance", "maintenance"),
        (State.WARN, "hub_failing", "at risk"),
        (State.UNKNOWN, "store_unreadable", "unknown"),
    ],
)
def test_one_word_per_state(state, rule, word):
    assert state_word(state, rule) == word


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (45, "45 s"), (60, "1 min"), (47 * 60 + 59, "47 min"), (3600, "1 h"), (4320, "1 h 12 min"),
     (3 * 86_400, "3 d"), (3 * 86_400 + 4 * 3600, "3 d 4 h")],
)  # fmt: skip
def test_durations_as_people_say_them(seconds, text):
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 18, 10, 42, tzinfo=UTC), "11:42"),
        (datetime(2026, 11, 17, 22, 59, tzinfo=UTC), "17 Nov, 23:59"),
        (datetime(2026, 11, 17, 23, 1, tzinfo=UTC), "00:01"),
        (datetime(2025, 12, 24, 10, 42, tzinfo=UTC), "24 Dec 2025, 11:42"),
    ],
)
def test_times_in_the_readers_zone_with_the_date_only_when_needed(at, text):
    assert clock(at, now=NOON, tz=PARIS) == text


def test_since_when_says_both():
    assert since(ago(47), now=NOON, tz=PARIS) == "12:13 (47 min)"

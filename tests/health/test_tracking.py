"""Whether tracking numbers reach the store: each situation and its answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts import ConditionKind, Outcome
from monitor.health.access import judge_access
from monitor.health.records import TrackingFigures
from monitor.health.states import State
from monitor.health.tracking import judge_tracking
from monitor.wording import explain
from tests.health.world import HEALTHY, NEVER, NOON, ago, facts, failing, log, read

pytestmark = pytest.mark.unit

FINE = TrackingFigures(
    parcels=read(3),
    store=read(2),
    missing_count=0,
    late_count=0,
    oldest_due_at=None,
    oldest_missing_at=None,
    newest_reached_due_at=ago(20),
    tolerance=timedelta(hours=1),
    stale_after=timedelta(minutes=15),
)


def parcels(**changes):
    return facts(feedback="eager", tracking=replace(FINE, **changes))


def late(*, reached=400, oldest=180, count=4, writes=(), **changes):
    """Numbers that are missing for too long; the newest that arrived was due ``reached`` minutes ago."""
    figures = {
        "missing_count": count,
        "late_count": count,
        "oldest_due_at": ago(oldest),
        "oldest_missing_at": ago(oldest),
        "newest_reached_due_at": None if reached is None else ago(reached),
        "tail_oldest_at": ago(oldest) if reached is None or reached > oldest else None,
        "main_reason": "not_shipped",
    }
    return replace(parcels(**{**figures, **changes}), feedback_failures=tuple(writes))


SITUATIONS = [
    ("all arrived", parcels(), State.OK, "reaches"),
    (
        "on the way",
        parcels(missing_count=2, oldest_missing_at=ago(20)),
        State.OK,
        "within_tolerance",
    ),
    ("nothing gets there any more", late(), State.FAIL, "stopped"),
    ("nothing ever got there", late(reached=None), State.FAIL, "stopped"),
    ("single ones are missing", late(reached=30), State.WARN, "missing"),
    ("all, after a single one", late(reached=200, oldest=900, tail_oldest_at=ago(90)), State.FAIL, "stopped"),
    ("switched off on purpose", replace(late(), feedback="none"), State.OK, "feedback_off"),
    (
        "nothing ever got there, and nobody knows whether it should",
        replace(late(reached=None), feedback=""),
        State.UNKNOWN,
        "feedback_unknown",
    ),
    ("it stopped, whatever the hub is set to", replace(late(), feedback=""), State.FAIL, "stopped"),
    ("nobody tells of parcels", facts(tracking=None), State.UNKNOWN, "not_watched"),
    ("not read yet", parcels(parcels=NEVER), State.UNKNOWN, "not_read_yet"),
    (
        "the hub does not answer",
        parcels(parcels=failing("TimedOut", last_ok=90)),
        State.UNKNOWN,
        "hub_unreadable",
    ),
    (
        "the store does not answer",
        late(store=failing("Blocked", last_ok=90)),
        State.UNKNOWN,
        "store_unreadable",
    ),
]


@pytest.mark.parametrize(("situation", "known", "state", "rule"), SITUATIONS)
def test_each_situation_has_its_answer(situation, known, state, rule):
    finding = judge_tracking(known)
    assert (finding.state, finding.rule) == (state, rule), situation
    assert finding.kind is ConditionKind.TRACKING


def test_the_trouble_began_when_the_oldest_number_was_due():
    assert judge_tracking(late(oldest=180)).since == ago(180)


def test_behind_a_number_that_got_lost_earlier_the_stop_began_with_the_first_that_is_missing_since():
    assert judge_tracking(late(reached=200, oldest=900, tail_oldest_at=ago(90))).since == ago(90)


def test_an_account_so_large_that_its_parcels_are_read_rarely_is_judged_all_the_same():
    read_rarely = replace(read(50), every=timedelta(minutes=33))
    assert judge_tracking(parcels(parcels=read_rarely)).rule == "reaches"


def test_the_hubs_own_log_says_who_refuses_to_be_written_to():
    known = late(writes=log(Outcome.BLOCKED, [10, 70], method="PUT"))
    words = explain("tracking", "stopped", judge_tracking(known).evidence, now=NOON, tz=NOON.tzinfo)
    assert words.headline.startswith("Tracking numbers no longer reach the store: 4 tracking numbers")
    assert "403 to PUT" in words.why
    assert "not marked as shipped" in words.why


def test_a_failed_fetch_explains_no_missing_number():
    known = late(writes=log(Outcome.BLOCKED, [10], method="GET"))
    assert "method" not in judge_tracking(known).evidence


def test_refused_writes_stay_a_block_although_fetching_goes_on():
    blocked = log(Outcome.BLOCKED, [10, 70], method="PUT")
    finding = judge_access(replace(late(writes=blocked), last_fetched_at=ago(1)))
    assert (finding.state, finding.rule) == (State.WARN, "method_blocked")
    assert finding.evidence["method"] == "PUT"


@pytest.mark.parametrize(
    "known",
    [
        late(writes=log(Outcome.BLOCKED, [10], method="PUT")),
        late(writes=log(Outcome.REFUSED, [10, 20], method="PUT")),
        replace(parcels(), feedback_failures=log(Outcome.BLOCKED, [10, 20], method="PUT")),
    ],
    ids=["a single refusal", "refused by the shop itself", "all numbers arrived since"],
)
def test_what_is_no_block_of_writes(known):
    assert judge_access(replace(known, last_fetched_at=HEALTHY.last_fetched_at)).rule == "passes"

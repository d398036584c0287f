"""Each fault does to a shop what it says, and the judge is asked whenever asking changes anything."""

import pytest

from monitor.collect.waiting import JUDGING_WINDOW
from monitor.laboratory.fleet import Kind
from monitor.laboratory.shop import JUDGING_WINDOW_S
from monitor.laboratory.traffic import HOUR
from tests.laboratory.made import NOON, bad, fault, run, subject, told

pytestmark = pytest.mark.unit


def test_the_laboratory_keeps_skipped_orders_as_long_as_the_collector():
    assert JUDGING_WINDOW.total_seconds() == JUDGING_WINDOW_S


def test_without_a_fault_nothing_is_late_and_nothing_is_said():
    course = run(subject())
    assert not course.episodes
    assert not bad(course)
    assert len(course.imports) > 17 * 24 * 3


def test_a_stall_imports_nothing_and_is_noticed():
    course = run(subject(fault(Kind.STALL)))
    assert not [moment for moment in course.imports if NOON + 60 < moment < NOON + 4 * HOUR]
    [episode] = course.episodes
    assert NOON < episode.due < NOON + 2 * HOUR
    assert bad(course) <= {"stalled", "throttled"}
    failed = min(moment for moment, change in course.changes if change.new.state == "fail")
    assert failed <= episode.due + 60
    assert told(course)[-1][0] == "ok"


def test_a_key_that_the_store_refuses_is_the_cause_and_told_once_it_is_sure():
    course = run(subject(fault(Kind.KEY)))
    assert bad(course) == {"hub_key_refused"}
    assert [state for state, _ in told(course)][-2:] == ["fail", "ok"], "no warning before it"


def test_a_stall_behind_a_store_that_cannot_be_read_is_noticed_by_its_silence():
    course = run(subject(fault(Kind.UNSEEN, hours=10)))
    assert next(rule for state, rule in told(course) if state in ("warn", "fail")) == "silent"
    assert not [moment for moment in course.imports if NOON + 60 < moment < NOON + 10 * HOUR]


@pytest.mark.parametrize(("per_week", "rhythm"), [(30_000, 3_600.0), (2_000, 900.0), (20, 900.0)])
def test_a_store_that_cannot_be_read_while_its_hub_goes_on_is_unknown_and_nobody_is_blamed(per_week, rhythm):
    course = run(subject(fault(Kind.BLIND, hours=30), per_week=per_week, rhythm=rhythm), 4)
    assert not bad(course)
    assert ("unknown", "unexpected_answer") in told(course) or ("unknown", "store_unreadable") in told(course)
    assert not course.troubles, "so that any notice counts as false"


def test_an_outage_of_the_hub_spares_nobody_whatever_else_is_wrong():
    course = run(subject(fault(Kind.GAP, hours=10), fault(Kind.HUB, hours=4, start=NOON + HOUR)))
    assert not [moment for moment in course.imports if NOON + HOUR + 60 < moment < NOON + 5 * HOUR]


def test_a_key_of_ours_that_is_refused_is_told_as_such_and_once():
    course = run(subject(fault(Kind.OWN_KEY)))
    assert bad(course) == {"store_key_refused"}
    assert len([state for state, _ in told(course) if state == "fail"]) == 1
    assert [episode.kind for episode in course.episodes] == [Kind.OWN_KEY]
    assert [moment for moment in course.imports if NOON < moment < NOON + 4 * HOUR], "the hub went on"


@pytest.mark.parametrize("kind", [Kind.GAP, Kind.PARTIAL])
def test_orders_that_are_skipped_are_a_gap(kind):
    course = run(subject(fault(kind)))
    assert "gap" in bad(course)
    assert [moment for moment in course.imports if NOON < moment < NOON + 4 * HOUR], "others arrive"


def test_a_hub_that_stays_away_after_a_maintenance_is_throttled():
    course = run(subject(fault(Kind.THROTTLE, hours=20)))
    assert {"maintenance", "throttled"} & bad(course) >= {"throttled"}
    gaps = [
        b - a for a, b in zip(course.imports, course.imports[1:], strict=False) if NOON < a < NOON + 15 * HOUR
    ]
    assert min(gaps) > HOUR


def test_a_drift_makes_the_hub_rarer_and_rarer():
    course = run(subject(fault(Kind.DRIFT, hours=30)))
    gaps = [
        b - a for a, b in zip(course.imports, course.imports[1:], strict=False) if NOON < a < NOON + 28 * HOUR
    ]
    assert gaps[-1] > 2 * gaps[0]
    assert bad(course)


def test_flapping_stalls_again_and_again():
    course = run(subject(fault(Kind.FLAPPING, hours=20)))
    assert len([e for e in course.episodes if e.kind is Kind.FLAPPING]) >= 3


def test_while_nobody_answers_us_the_shop_is_unknown_and_the_hub_goes_on():
    course = run(subject(fault(Kind.UPLINK, hours=1)))
    assert not bad(course)
    assert ("unknown", "own_network") in told(course)
    assert [moment for moment in course.imports if NOON < moment < NOON + HOUR]
    assert told(course)[-1][0] == "ok"


def test_a_list_that_lags_shows_arrivals_later():
    punctual, lagging = (run(subject(late_listing=late)).imports[50] for late in (0.0, 120.0))
    assert lagging - punctual == pytest.approx(120)


@pytest.mark.parametrize("kind", Kind)
def test_asking_every_minute_hears_the_same(kind):
    """The laboratory asks only when asking can change an answer; the product asks each minute."""
    seldom = run(subject(fault(kind), per_week=300, skew=40.0, late_listing=60.0), 2)
    often = run(subject(fault(kind), per_week=300, skew=40.0, late_listing=60.0), 2, every=60.0)
    assert often.judgements > 10 * seldom.judgements

    def alarms(course):
        return [
            (change.new.state, change.new.rule) for _, change in course.changes if change.new.state.is_bad
        ]

    assert alarms(seldom) == alarms(often)
    for (one, _), (other, _) in zip(seldom.changes, often.changes, strict=False):
        assert abs(one - other) <= 120

"""What is counted, on courses made by hand."""

from array import array

import pytest

from monitor.health.records import Judgement, VerdictChange
from monitor.health.states import State
from monitor.laboratory.fleet import Fault, Kind
from monitor.laboratory.pipeline import Story, Told
from monitor.laboratory.readings import at
from monitor.laboratory.rivals import delays, false_alarms, limits, tuned
from monitor.laboratory.scoring import score
from monitor.laboratory.shop import Course, Episode
from monitor.laboratory.traffic import HOUR
from monitor.laboratory.truth import seen_at
from tests.laboratory.made import START, fleet_of, subject

pytestmark = pytest.mark.unit
STALL = Fault(Kind.STALL, START + 10 * HOUR, START + 16 * HOUR)
EPISODE = Episode(Kind.STALL, START + 11 * HOUR, START + 16 * HOUR)


def course(*changes: tuple[float, State], hourly_until: int = 10) -> Course:
    """Imports every hour, then none until the stall is over, then every hour again."""
    made = Course(0, tolerance_s=1_800.0, rhythm_s=900.0)
    hours = [*range(hourly_until + 1), *range(16, 40)]
    made.imports = array("d", (START + hour * HOUR for hour in hours))
    made.waits = array("d", [600.0] * 100 + [3_000.0])
    made.episodes = [EPISODE]
    made.troubles = [STALL]
    state = State.UNKNOWN
    for moment, new in changes:
        verdicts = [Judgement(each, None, "", at(moment)) for each in (state, new)]
        made.changes.append((moment, VerdictChange(0, verdicts[0], verdicts[1], 0, None)))
        state = new
    return made


def told(moment: float, step: str = "opened", scope: str = "integration:1") -> Told:
    return Told(moment, step, 1, scope, (0,))


def scored(one: Course, *notices: Told, spans=()):
    return score(fleet_of(subject()), [one], Story([*notices], {0: [*spans]}))


def test_a_stall_is_caught_when_it_is_in_an_incident_as_a_failure():
    seen = EPISODE.due + 30
    table = scored(course((seen, State.FAIL)), told(seen), spans=[(seen, EPISODE.over, 1)])
    assert table["kinds"]["stall"] | {"notices": 0} == {
        "episodes": 1,
        "caught": 1,
        "missed": 0,
        "median_delay_s": 30.0,
        "p95_delay_s": 30.0,
        "notices": 0,
    }
    assert table["false_notices"] == 0


def test_an_older_milder_incident_is_no_merit():
    warned = course((START + HOUR, State.WARN))
    assert seen_at(warned, EPISODE, [(START + HOUR, EPISODE.over, 1)]) is None
    later = course((START + HOUR, State.WARN), (EPISODE.due + 90, State.FAIL))
    assert seen_at(later, EPISODE, [(START + HOUR, EPISODE.over, 1)]) == EPISODE.due + 90


def test_a_failure_that_nobody_is_told_of_is_missed():
    assert scored(course((EPISODE.due, State.FAIL)))["kinds"]["stall"]["missed"] == 1


@pytest.mark.parametrize(("hour", "false"), [(9.9, 1), (10.1, 0), (15.9, 0), (16.05, 0), (16.2, 1), (30, 1)])
def test_a_notice_is_false_when_nothing_is_wrong_at_that_moment(hour, false):
    assert scored(course(), told(START + hour * HOUR))["false_notices"] == false
    assert scored(course(), told(START + hour * HOUR, step="worsened"))["false_notices"] == false


def test_only_bad_news_can_be_false():
    assert scored(course(), told(START + 30 * HOUR, step="recovered"))["false_notices"] == 0


def test_a_shared_notice_without_a_shared_outage_is_wrongly_shared():
    assert scored(course(), told(START + 11 * HOUR, scope="account:1"))["wrongly_shared"] == 1


def test_the_heartbeats_delay_runs_from_the_first_late_order():
    fleet, one = fleet_of(subject()), course()
    assert delays(fleet, [one], [2 * HOUR]) == [HOUR]
    assert delays(fleet, [one], [HOUR / 2]) == [0.0], "an alarm that is on already is no delay"
    assert delays(fleet, [one], [7 * HOUR]) == [], "it is over before the alarm"


def test_the_heartbeats_false_alarms_are_those_while_nothing_was_wrong():
    fleet, one = fleet_of(subject()), course()
    # 0:30 to 9:30, and 16:30 to 38:30; 10:30 is in the stall.
    assert false_alarms(fleet, [one], [HOUR / 2]) == 10 + 23
    assert false_alarms(fleet, [one], [HOUR + 1]) == 0


def test_the_heartbeat_is_as_patient_as_the_wanted_delay_allows():
    fleet, one = fleet_of(subject()), course()
    assert limits([one], 0) == [2_400.0]
    assert tuned(fleet, [one], 0.0) == [2_400.0]
    assert tuned(fleet, [one], 2 * HOUR) == [4_800.0]

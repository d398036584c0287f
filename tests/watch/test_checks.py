"""What each check says of a snapshot: pure, one fault at a time."""

from datetime import timedelta

import pytest

from monitor.health.states import State
from monitor.watch.checks import Check, examine
from monitor.watch.snapshot import Hooks, Mails, Periodic, Queue, Snapshot, UnreadAccount
from monitor.watch.words import TITLES, sentence, title
from tests.watch.conftest import NOW, well

pytestmark = pytest.mark.unit

LONG_AGO = NOW - timedelta(minutes=20)


def without(part: str) -> dict:
    return {name: at for name, at in well().beats.items() if name != part}


def silent(part: str) -> dict:
    return {**well().beats, part: LONG_AGO}


def bad(seen: Snapshot) -> dict[str, Check]:
    return {check.name: check for check in examine(seen) if check.state.is_bad}


def test_nothing_is_bad_when_all_is_well():
    assert bad(well()) == {}


FAULTS = [
    ("broker", State.FAIL, {"broker": None}),
    ("schedule", State.FAIL, {"schedule": [Periodic("collect", "monitor.x.tick", False, None)]}),
    ("tick", State.FAIL, {"beats": silent("tick")}),
    ("tick", State.FAIL, {"beats": without("tick")}),
    ("tick", State.WARN, {"beats": silent("tick"), "leased": 3}),
    ("judge", State.FAIL, {"beats": silent("judge"), "watched": 4, "watched_since": LONG_AGO}),
    ("judge", State.FAIL, {"beats": without("judge"), "watched": 4, "watched_since": LONG_AGO}),
    ("verdicts", State.FAIL, {"unjudged": 2, "judged_before": LONG_AGO}),
    ("deliver", State.FAIL, {"beats": silent("deliver")}),
    ("deliver", State.FAIL, {"mails": Mails(waiting=Queue(3, LONG_AGO))}),
    ("mail", State.FAIL, {"mails": Mails(failing=3, failing_since=LONG_AGO, answer="451 greylisted")}),
    ("mail", State.WARN, {"mails": Mails(refused=1)}),
    ("hooks", State.WARN, {"hooks": Hooks(("Ops room",), 2, LONG_AGO, "HTTP 503")}),
    ("addresses", State.WARN, {"mails": Mails(bounced=("a@b.example",), bounced_since=LONG_AGO)}),
    ("refresh", State.FAIL, {"refreshes": Queue(1, LONG_AGO)}),
    ("jobs", State.WARN, {"jobs": Queue(12, LONG_AGO)}),
    ("rollup", State.WARN, {"newest_completed_at": NOW, "newest_rollup_hour": NOW - timedelta(hours=2)}),
    ("rollup", State.WARN, {"newest_completed_at": NOW}),
    ("disk", State.WARN, {"disk_free": 1 << 30}),
    ("disk", State.FAIL, {"disk_free": 100 << 20}),
    ("clock", State.WARN, {"clock_skew": timedelta(seconds=-6)}),
    ("clock", State.FAIL, {"clock_skew": timedelta(minutes=2)}),
    ("clock", State.WARN, {"shops_skew": timedelta(minutes=-3)}),
    ("network", State.FAIL, {"details": {"network": {"hosts": ["a", "b"], "since": NOW.isoformat()}}}),
    ("watchdog", State.FAIL, {"beats": silent("watchdog")}),
    ("listeners", State.WARN, {"told": 0}),
    (
        "ping",
        State.WARN,
        {
            "pings": True,
            "beats": well().beats | {"ping": LONG_AGO},
            "details": {"ping": {"error": "HTTP 500"}},
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "state", "fault"), FAULTS)
def test_each_fault_is_one_bad_check_with_what_to_do(name: str, state: State, fault: dict):
    found = bad(well(**fault))
    assert list(found) == [name]
    assert found[name].state is state
    assert found[name].remedy
    assert "?" not in sentence(found[name].text, found[name].values, now=NOW, tz=NOW.tzinfo)


@pytest.mark.parametrize(
    "harmless",
    [
        {"beats": without("judge")},  # nothing is watched
        {"beats": without("judge"), "watched": 4, "watched_since": NOW},
        {
            "beats": {**well().beats, "judge": NOW - timedelta(minutes=6)},
            "watched": 4,
        },  # remotes rest so long
        {"jobs": Queue(400, NOW - timedelta(minutes=2))},
        {"mails": Mails(failing=3, failing_since=NOW - timedelta(minutes=5))},
        {"newest_completed_at": NOW, "newest_rollup_hour": NOW.replace(minute=0)},
        {"clock_skew": timedelta(seconds=2), "shops_skew": timedelta(seconds=20)},
        {"details": {"network": {"hosts": ["a"], "since": NOW.isoformat()}}},
        {"broker": 5_000},
    ],
)
def test_what_passes_by_itself_is_not_bad(harmless: dict):
    assert bad(well(**harmless)) == {}


def test_a_dead_worker_explains_what_it_leaves_undone():
    beats = dict.fromkeys(("tick", "judge", "deliver", "refresh"), LONG_AGO) | {"watchdog": NOW}
    found = bad(
        well(
            beats=beats,
            watched=4,
            watched_since=LONG_AGO,
            jobs=Queue(12, LONG_AGO),
            refreshes=Queue(1, LONG_AGO),
        )
    )
    assert {name: check.because for name, check in found.items()} == {
        "tick": "", "judge": "tick", "deliver": "tick", "refresh": "tick", "jobs": "tick",
    }  # fmt: skip


def test_messages_that_pile_up_tell_the_worker_from_the_scheduler():
    assert "worker does nothing" in bad(well(beats=silent("tick"), broker=40))["tick"].text
    assert "scheduler and the worker" in bad(well(beats=silent("tick"), broker=0))["tick"].remedy


def test_a_periodic_task_that_fails_is_named_with_its_error():
    row = Periodic("housekeeping", "monitor.collect.tasks.housekeeping", True, timedelta(hours=1))
    detail = {"since": LONG_AGO.isoformat(), "error": "OperationalError"}
    check = bad(well(schedule=[row], details={"task.housekeeping": detail}))["task:housekeeping"]
    said = sentence(check.text, check.values, now=NOW, tz=NOW.tzinfo)
    assert said == "The periodic task “housekeeping” fails with OperationalError."
    assert check.since == LONG_AGO


def test_a_periodic_task_that_did_not_run_for_three_intervals_is_late():
    row = Periodic("housekeeping", "monitor.collect.tasks.housekeeping", True, timedelta(hours=1))
    ran = {**well().beats, "task.housekeeping": NOW - timedelta(hours=4)}
    assert list(bad(well(schedule=[row], beats=ran))) == ["task:housekeeping"]
    ran["task.housekeeping"] = NOW - timedelta(hours=2)
    assert bad(well(schedule=[row], beats=ran)) == {}


def unread(error: str, read_until=LONG_AGO) -> UnreadAccount:
    return UnreadAccount("eu", "Sendcloud EU", 14, error, "The keys were not accepted.", 2, read_until)


def test_a_refused_key_is_told_at_once_with_its_integrations():
    check = bad(well(accounts=[unread("CredentialsRefused", NOW)]))["account:eu"]
    assert check.state is State.FAIL
    said = sentence(check.text, check.values, now=NOW, tz=NOW.tzinfo)
    assert said.startswith("Sendcloud EU does not accept our key any more")
    assert "(14). The keys were not accepted." in said


def test_a_hub_that_is_away_is_told_after_half_an_hour():
    assert bad(well(accounts=[unread("RemoteFault", LONG_AGO)])) == {}
    assert "account:eu" in bad(well(accounts=[unread("RemoteFault", NOW - timedelta(hours=1))]))


def test_our_own_network_explains_a_silent_hub_but_no_refused_key():
    lost = {"network": {"hosts": ["a", "b"], "since": NOW.isoformat()}}
    silent_hub = unread("TimedOut", NOW - timedelta(hours=1))
    assert bad(well(details=lost, accounts=[silent_hub]))["account:eu"].because == "network"
    refused = unread("CredentialsRefused")
    assert bad(well(details=lost, accounts=[refused]))["account:eu"].because == ""


def test_every_check_has_a_title():
    schedule = [Periodic("collect", "monitor.collect.tasks.tick", True, None)]
    seen = well(schedule=schedule, pings=True, told=0, accounts=[unread("TimedOut")])
    names = {check.name.partition(":")[0] for check in examine(seen)} | {"database"}
    assert names == set(TITLES)
    assert title("task:collect") == "Periodic task: collect"

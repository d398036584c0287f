"""Trouble that comes and goes is one incident, told when that is clear and when it is over."""

import threading
from datetime import timedelta
from email.header import decode_header, make_header

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from monitor.alerts.answering import Person, acknowledge
from monitor.alerts.mails import write
from monitor.alerts.react import react
from monitor.alerts.reminding import follow_up
from monitor.alerts.settling import settle
from monitor.alerts.unhushing import unhush
from monitor.models import Incident, Maintenance, Member, Notice, Unwatched
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, UNKNOWN, change, subscribe
from tests.alerts.test_react import steps
from tests.alerts.test_shared import known, stalled, waits

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def tell(integration, *story, start=NOW):
    """Judgements at so many minutes after the start; settled before each, as the product does."""
    for minutes, new in story:
        settle(start + minutes * MINUTE)
        react([change(integration, new)], now=start + minutes * MINUTE)


def the_open_one() -> Incident:
    return Incident.objects.get(closed_at=None)


THRICE = ((0, STALLED), (20, FINE), (120, STALLED), (140, FINE), (240, STALLED))
"""With pauses of 100 min."""


@pytest.mark.parametrize(
    ("story", "flaps"),
    [
        ([(0, STALLED)], False),
        ([(0, STALLED), (20, FINE), (81, STALLED)], False),
        ([(0, STALLED), (20, FINE), (79, STALLED)], True),
        (THRICE, True),
        ([(0, STALLED), (20, FINE), (400, STALLED), (420, FINE), (719, STALLED)], True),
        ([(0, STALLED), (20, FINE), (400, STALLED), (420, FINE), (721, STALLED)], False),
        ([(0, LATE), (20, FINE), (120, STALLED), (140, FINE), (240, LATE)], True),
    ],
    ids=[
        "once",
        "back after an hour of calm",
        "back before an hour of calm",
        "the third time",
        "the third time within half a day",
        "the third time, later than that",
        "warnings count",
    ],
)
def test_an_incident_flaps_when(integration, story, flaps):
    tell(integration, *story)
    assert (the_open_one().flapping_since is not None) == flaps


def test_it_is_told_three_times_more_at_most_however_often_it_goes_on(integration):
    subscribe()
    tell(integration, *THRICE)
    for round_ in range(10):
        tell(integration, (260 + 120 * round_, FINE), (360 + 120 * round_, STALLED))
    assert steps() == ["opened", "recovered", "opened", "recovered", "opened"]
    assert Incident.objects.count() == 3
    tell(integration, (1460, FINE))
    assert settle(NOW + (1460 + 149) * MINUTE) == 0, "it must be calm for half as long again as it ever was"
    assert settle(NOW + (1460 + 150) * MINUTE) == 1
    assert steps()[5:] == ["recovered"]
    incident = Incident.objects.latest("pk")
    assert incident.closed_at == Member.objects.latest("pk").left_at == NOW + 1610 * MINUTE
    assert incident.evidence["flapping"]["times"] == 13


def test_the_mails_say_that_it_comes_and_goes_and_how_it_ended(integration):
    subscribe()
    tell(integration, *THRICE)
    begun = write(Notice.objects.latest("pk"), now=NOW).body
    assert "It comes and goes: it has failed 3 times since 12:55." in begun
    assert "You will hear again when it has been calm for 2 h 30 min." in begun
    tell(integration, (260, FINE), (300, LATE), (320, FINE))
    settle(NOW + 500 * MINUTE)
    mail = write(Notice.objects.latest("pk"), now=NOW)
    assert "It came and went: it failed 4 times between 12:55 and 19:02" in mail.body
    assert "after coming and going for 6 h 7 min" in str(make_header(decode_header(mail.subject)))


def test_who_came_back_within_minutes_must_be_calm_for_an_hour(integration):
    subscribe()
    tell(integration, (0, STALLED), (20, FINE), (30, STALLED), (40, FINE))
    assert settle(NOW + 99 * MINUTE) == 0
    assert settle(NOW + 100 * MINUTE) == 1
    assert settle(NOW + 100 * MINUTE) == 0
    assert steps() == ["opened", "recovered", "opened", "recovered"]


def test_a_pause_in_which_nobody_could_look_was_not_calm(integration):
    tell(integration, *THRICE, (260, FINE), (300, UNKNOWN))
    assert settle(NOW + 1000 * MINUTE) == 0
    tell(integration, (1000, FINE))
    assert the_open_one().calm_since == NOW + 1000 * MINUTE
    assert the_open_one().evidence["flapping"]["times"] == 3
    tell(integration, (1010, UNKNOWN), (1020, STALLED))
    assert (the_open_one().calm_since, the_open_one().evidence["flapping"]["times"]) == (None, 4)


def test_a_time_in_which_syncwatch_was_off_was_not_calm(integration):
    tell(integration, *THRICE, (260, FINE))
    until = NOW + 1000 * MINUTE
    assert settle(until, last_here=NOW + 262 * MINUTE) == 0, "nobody knows how it was in between"
    assert the_open_one().calm_since == until
    assert settle(until + 149 * MINUTE, last_here=until + 148 * MINUTE) == 0
    assert settle(until + 150 * MINUTE, last_here=until + 149 * MINUTE) == 1


@pytest.mark.parametrize("ended", [True, False])
def test_a_time_in_which_nothing_was_judged_was_not_calm(integration, ended):
    tell(integration, *THRICE, (260, FINE))
    until = NOW + 500 * MINUTE
    Unwatched.objects.create(start_at=NOW + 300 * MINUTE, end_at=until if ended else None)
    assert settle(until, last_here=until - MINUTE) == 0
    assert the_open_one().calm_since == until


def test_who_flapped_lately_flaps_at_once_and_what_was_counted_goes_on(integration):
    tell(integration, (0, STALLED), (20, FINE), (30, STALLED), (40, FINE), (300, STALLED))
    incident = the_open_one()
    assert (incident.flapping_since, incident.evidence["flapping"]["times"]) == (NOW + 300 * MINUTE, 3)
    assert Incident.objects.count() == 3


def test_who_came_and_went_for_weeks_flaps_at_once(integration):
    day = 24 * 60
    tell(integration, *THRICE)
    for number in range(10):
        tell(integration, (number * day + 260, FINE), (number * day + 400, STALLED))
    tell(integration, (10 * day, FINE), (10 * day + 300, FINE), (10 * day + 600, STALLED))
    assert Incident.objects.count() == 4
    assert the_open_one().flapping_since == NOW + (10 * day + 600) * MINUTE


def test_judging_the_same_again_changes_nothing(integration):
    subscribe()
    for minutes, new in (*THRICE, (260, FINE), (300, STALLED)):
        for _ in range(2):
            react([change(integration, new)], now=NOW + minutes * MINUTE)
    assert the_open_one().evidence["flapping"]["times"] == 4
    assert steps() == ["opened", "recovered", "opened", "recovered", "opened"]


def test_it_does_not_become_worse_for_those_who_know_and_begins_for_those_who_do_not(integration):
    subscribe("all@ops.example")
    subscribe("calm@ops.example", include_warnings=False)
    tell(integration, (0, LATE), (20, FINE), (30, LATE), (40, STALLED), (50, FINE), (60, LATE), (70, STALLED))
    assert steps(recipient="all@ops.example") == ["opened", "recovered", "opened"]
    assert steps(recipient="calm@ops.example") == ["opened"]


def test_nobody_is_reminded_while_it_is_calm(integration):
    subscribe()
    tell(integration, *THRICE)
    Notice.objects.update(sent_at=NOW)
    tell(integration, (250, FINE))
    follow_up(NOW + 310 * MINUTE)
    assert "reminder-1" not in steps()
    tell(integration, (320, STALLED))
    follow_up(NOW + 330 * MINUTE)
    assert "reminder-1" in steps()


def test_who_has_it_in_hand_keeps_it_until_it_is_over(integration):
    tell(integration, *THRICE)
    acknowledge(the_open_one().pk, Person(None, "ops@ops.example"), NOW + 241 * MINUTE)
    tell(integration, (260, FINE), (300, STALLED))
    assert the_open_one().acknowledged_at is not None


def test_what_comes_and_goes_in_a_maintenance_is_told_only_if_it_goes_on(integration):
    subscribe()
    Maintenance.objects.create(title="x", starts_at=NOW - MINUTE, ends_at=NOW + 5 * HOUR, created_at=NOW)
    tell(integration, (0, STALLED), (20, FINE), (30, STALLED), (50, FINE), (290, STALLED), (295, FINE))
    assert Incident.objects.exclude(flapping_since=None).count() == 0, "in a maintenance this is expected"
    tell(integration, (310, STALLED), (320, FINE), (330, STALLED), (340, FINE))
    unhush(NOW + 341 * MINUTE)
    assert [step for step in steps() if step != "maintenance"] == ["opened", "recovered", "opened"]


def test_what_flaps_in_a_maintenance_is_made_up_for_when_it_is_back(integration):
    subscribe()
    tell(integration, (0, STALLED), (20, FINE))
    Maintenance.objects.create(
        title="x", starts_at=NOW + 25 * MINUTE, ends_at=NOW + 60 * MINUTE, created_at=NOW
    )
    tell(integration, (30, STALLED), (50, FINE))
    unhush(NOW + 61 * MINUTE)
    assert steps() == ["opened", "recovered"], "it is calm, and may be over"
    tell(integration, (70, STALLED))
    unhush(NOW + 71 * MINUTE)
    assert steps() == ["opened", "recovered", "maintenance", "opened"]


def test_a_hub_that_comes_and_goes_is_told_for_all(make_integration):
    subscribe()
    shops = [make_integration(name) for name in ("lyon", "paris", "nice")]
    peers = known(waits(), waits(), waits())

    def at(minutes, *news):
        settle(NOW + minutes * MINUTE)
        react(list(news), now=NOW + minutes * MINUTE, peers=peers)

    fine = [change(one, FINE) for one in shops]
    bad = [stalled(one) for one in shops]
    at(0, *bad)
    at(10, *fine)
    at(20, *bad)
    incident = the_open_one()
    assert (incident.scope[:8], incident.flapping_since) == ("account:", NOW + 20 * MINUTE)
    at(30, *fine[:2])
    assert the_open_one().calm_since is None
    at(31, fine[2])
    assert the_open_one().calm_since == NOW + 31 * MINUTE
    at(50, bad[1])
    assert (the_open_one().calm_since, the_open_one().evidence["flapping"]["times"]) == (None, 3)
    at(60, fine[1])
    assert settle(NOW + 119 * MINUTE) == 0
    assert settle(NOW + 120 * MINUTE) == 1
    assert steps() == ["opened", "recovered", "opened", "recovered"]


def test_while_a_flapping_hub_is_calm_a_store_has_a_stall_of_its_own(make_integration):
    shops = [make_integration(name) for name in ("lyon", "paris", "nice")]
    for minutes, news in ((0, stalled), (10, None), (20, stalled), (30, None)):
        changes = [news(one) if news else change(one, FINE) for one in shops]
        react(changes, now=NOW + minutes * MINUTE, peers=known(waits(), waits(), waits()))
    react([stalled(shops[0])], now=NOW + 40 * MINUTE, peers=known())
    assert Incident.objects.filter(closed_at=None, scope=f"integration:{shops[0].pk}").count() == 1
    assert Incident.objects.get(scope__startswith="account:", closed_at=None).calm_since is not None


def test_whoever_was_told_of_a_stall_that_was_the_hubs_hears_its_end(make_integration):
    shops = [make_integration(name, tags=(name,)) for name in ("lyon", "paris", "nice")]
    subscribe("paris@ops.example", tags=["paris"])
    all_wait = known(waits(), waits(), waits())

    def at(minutes, *news, peers=all_wait):
        settle(NOW + minutes * MINUTE)
        react(list(news), now=NOW + minutes * MINUTE, peers=peers)

    for minutes in (0, 20):
        at(minutes, stalled(shops[0]), stalled(shops[2]))
        at(minutes + 10, change(shops[0], FINE), change(shops[2], FINE))
    at(40, stalled(shops[1]), peers=known())
    at(45, stalled(shops[0]))
    assert the_open_one().members.filter(left_at=None).count() == 2
    at(60, *(change(one, FINE) for one in shops[:2]))
    assert settle(NOW + 200 * MINUTE) == 1
    assert steps(recipient="paris@ops.example") == ["opened", "recovered"]


def test_looking_for_what_is_over_is_two_queries_when_nothing_is(integration):
    tell(integration, *THRICE)
    with CaptureQueriesContext(connection) as captured:
        settle(NOW + 2000 * MINUTE)
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_being_judged_in_this_moment_is_left_alone(integration):
    """A reaction holds the integration's row: it may be about to open what would be closed."""
    tell(integration, *THRICE, (260, FINE))
    settled = []

    def other():
        settled.append(settle(NOW + 2000 * MINUTE))
        connections.close_all()

    with transaction.atomic():
        react([change(integration, STALLED)], now=NOW + 1999 * MINUTE)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert settled == [0]
    assert the_open_one().calm_since is None

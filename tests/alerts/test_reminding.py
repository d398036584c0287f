"""Reminders become rarer and stop; a second list hears of what nobody acknowledges."""

from datetime import timedelta

import pytest

from monitor.alerts.answering import Person, acknowledge, snooze
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.alerts.reminding import follow_up, reminders_due
from monitor.models import Incident, Notice, Recovery, Subscription, Verdict
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, Postbox, change, subscribe
from tests.alerts.test_mails import text_of
from tests.alerts.test_react import steps

HOUR = timedelta(hours=1)
PERSON = Person(None, "ops@ops.example")

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def told(integration, postbox: Postbox) -> Incident:
    """An incident that ops was told of at NOW."""
    subscribe()
    react([change(integration, STALLED, waiting=3)], now=NOW)
    deliver_due(NOW)
    return Incident.objects.get()


@pytest.mark.parametrize(
    ("hours", "count"), [(0.9, 0), (1, 1), (4.9, 1), (5, 2), (16.9, 2), (17, 3), (41, 4), (65, 5)]
)
def test_the_gaps_grow_to_a_day(hours, count):
    assert reminders_due(NOW, NOW + hours * HOUR) == count


def test_each_reminder_is_told_once_and_in_the_thread(told, postbox: Postbox):
    for hours in (0.5, 1, 1.5, 5, 5.1, 17):
        follow_up(NOW + hours * HOUR)
        follow_up(NOW + hours * HOUR)
        deliver_due(NOW + hours * HOUR)
    assert steps() == ["opened", "reminder-1", "reminder-2", "reminder-3"]
    assert postbox.subjects()[1].startswith("[still stalled] Boutique Lyon → Sendcloud: ")
    assert "Nobody has acknowledged it yet." in text_of(postbox.mails[1])
    assert {mail["In-Reply-To"] for mail in postbox.mails[1:]} == {postbox.mails[0]["Message-ID"]}


def test_after_a_long_pause_only_the_last_reminder_is_sent(told):
    assert follow_up(NOW + 18 * HOUR) == 1
    assert steps() == ["opened", "reminder-3"]


@pytest.mark.parametrize("why", ["acknowledged", "over", "not sent yet", "subscription off"])
def test_nobody_is_reminded(told, integration, why):
    if why == "acknowledged":
        acknowledge(told.pk, PERSON, NOW)
    if why == "over":
        react([change(integration, FINE)], now=NOW)
    if why == "not sent yet":
        Notice.objects.update(sent_at=None)
    if why == "subscription off":
        Subscription.objects.update(is_active=False)
    assert follow_up(NOW + 2 * HOUR) == 0


def test_a_snooze_is_silent_and_tells_again_at_its_end(told, postbox: Postbox):
    snooze(told.pk, PERSON, NOW, until=NOW + 3 * HOUR, text="The host is on it")
    assert follow_up(NOW + 2 * HOUR) == 0
    assert follow_up(NOW + 3 * HOUR) == 1
    assert follow_up(NOW + 4 * HOUR) == 0
    assert follow_up(NOW + 5 * HOUR) == 1
    assert steps() == ["opened", "woken-1", "reminder-2"]


def test_a_second_list_hears_when_nobody_acknowledges(integration, postbox: Postbox):
    subscribe()
    subscribe("boss@ops.example", escalates_after=30)
    react([change(integration, STALLED)], now=NOW)
    assert follow_up(NOW + HOUR * 0.4) == 0
    assert follow_up(NOW + HOUR / 2) == 1
    assert follow_up(NOW + HOUR * 0.6) == 0
    deliver_due(NOW + HOUR)
    (mail,) = postbox.to("boss@ops.example")
    assert "Nobody has acknowledged it for 30 min, so you are told too." in text_of(mail)
    react([change(integration, FINE)], now=NOW + HOUR)
    assert steps(recipient="boss@ops.example") == ["opened", "recovered"]


def test_a_second_list_hears_nothing_of_what_is_acknowledged_or_none_of_its_business(integration):
    subscribe("boss@ops.example", escalates_after=30, include_warnings=False)
    react([change(integration, LATE)], now=NOW)
    assert follow_up(NOW + HOUR) == 0
    react([change(integration, STALLED)], now=NOW + HOUR)
    acknowledge(Incident.objects.get().pk, PERSON, NOW + HOUR)
    assert follow_up(NOW + 2 * HOUR) == 0
    assert steps() == []


def test_a_reminder_says_that_a_refresh_would_help(told, integration, postbox: Postbox):
    Verdict.objects.update_or_create(
        integration=integration,
        defaults={"state": "fail", "cause": "throttle", "rule": "throttled", "since": NOW, "judged_at": NOW},
    )
    Recovery.objects.create(
        integration=integration, recovered_at=NOW, due_at=NOW, decided_at=NOW, decision="suggested"
    )
    follow_up(NOW + HOUR)
    deliver_due(NOW + HOUR)
    assert "but the hub still lags behind: force a refresh now." in text_of(postbox.mails[1])

"""What people may ask for, and what they are told when it cannot be."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from monitor.models import Audit, Refresh, User
from monitor.refresh import RefreshRefused, cancel, person_pressed, request
from tests.refresh.conftest import NOW

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SOON = NOW + timedelta(seconds=30)


def ask(integration, now=NOW, **more) -> Refresh:
    asking = {"user": None, "actor": "ann", "reason": "after maintenance", **more}
    return request(integration, now=now, **asking)


def test_it_records_who_why_and_how_things_stood(integration):
    refresh = ask(integration)
    assert (refresh.actor, refresh.reason, refresh.requested_at) == ("ann", "after maintenance", NOW)
    assert refresh.before["waiting"] == 3
    assert refresh.before["state"] == "fail"
    assert refresh.before["last_fetched_at"] == "2026-03-10T10:42:00Z"
    assert refresh.before["oldest_waiting_at"] == "2026-03-10T11:42:00Z"


def test_it_takes_the_hubs_request_where_there_is_one_and_the_panel_elsewhere(integration, panel_integration):
    asked = ask(integration)
    assert (asked.strategy, asked.stage, asked.due_at) == ("hub_api", "queued", NOW)
    by_hand = ask(panel_integration)
    assert (by_hand.strategy, by_hand.stage) == ("panel", "waiting")
    assert by_hand.give_up_at == NOW + timedelta(hours=24)


def test_the_panel_may_be_chosen_although_there_is_a_request(integration):
    assert ask(integration, strategy="panel").strategy == "panel"


def test_a_strategy_the_account_lacks_is_refused_in_words(panel_integration):
    with pytest.raises(RefreshRefused, match="no refresh request set up"):
        ask(panel_integration, strategy="hub_api")


def test_credentials_that_cannot_be_used_are_refused_in_words(integration):
    integration.account.credentials = {}
    integration.account.save()
    with pytest.raises(RefreshRefused, match=r"\w+"):
        ask(integration)


@pytest.mark.parametrize("what", ["integration", "store", "account"])
def test_what_is_paused_is_not_refreshed(integration, what):
    row = integration if what == "integration" else getattr(integration, what)
    setattr(row, "is_paused" if what == "integration" else "is_active", what == "integration")
    row.save()
    with pytest.raises(RefreshRefused, match="paused"):
        ask(integration)


def test_a_second_refresh_waits_for_the_first(integration):
    ask(integration)
    with pytest.raises(RefreshRefused, match="ann asked for at 12:42 UTC is still under way"):
        ask(integration, now=SOON)


def test_after_the_hub_was_asked_it_is_left_alone_for_the_cool_down(panel_integration):
    person_pressed(ask(panel_integration), NOW)
    Refresh.objects.update(stage="done", outcome="moved", finished_at=SOON)
    with pytest.raises(RefreshRefused, match="possible from 12:47"):
        ask(panel_integration, now=NOW + timedelta(seconds=299))
    assert ask(panel_integration, now=NOW + timedelta(seconds=300))


def test_one_that_failed_or_was_cancelled_unasked_may_be_repeated_at_once(panel_integration):
    cancel(ask(panel_integration), user=None, now=NOW)
    second = ask(panel_integration)
    Refresh.objects.filter(pk=second.pk).update(stage="done", outcome="failed", asked_at=NOW, finished_at=NOW)
    assert ask(panel_integration)


def test_cancelling_ends_it_once_and_says_whether_the_hub_was_asked(panel_integration):
    refresh = ask(panel_integration)
    ended = cancel(refresh, user=None, now=SOON)
    assert (ended.stage, ended.outcome, ended.finished_at) == ("done", "cancelled", SOON)
    assert ended.detail == "Cancelled by ann before anything was asked."
    with pytest.raises(RefreshRefused, match="already ended"):
        cancel(refresh, user=None, now=SOON)


def test_pressing_twice_counts_once(panel_integration):
    refresh = ask(panel_integration)
    first = person_pressed(refresh, SOON)
    second = person_pressed(refresh, SOON + timedelta(minutes=1))
    assert first.stage == second.stage == "watching"
    assert second.asked_at == SOON
    assert second.give_up_at == SOON + timedelta(minutes=10)


def test_every_act_is_in_the_audit(panel_integration):
    ann = User.objects.create(username="ann")
    bob = User.objects.create(username="bob")
    refresh = ask(panel_integration, user=ann)
    person_pressed(refresh, NOW, user=bob)
    cancel(refresh, user=bob, now=SOON)
    rows = Audit.objects.order_by("pk").values_list("action", "actor")
    assert list(rows) == [("refresh.request", "ann"), ("refresh.press", "bob"), ("refresh.cancel", "bob")]


def test_a_worker_is_woken_after_the_commit(integration, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ask(integration)
        assert nudges == []
    assert nudges == ["monitor.refresh.tasks.advance"]


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_is_told_of_the_other(integration):
    at_once, said = Barrier(2), []

    def press(name: str) -> None:
        at_once.wait()
        try:
            ask(integration, actor=name)
        except RefreshRefused as refused:
            said.append(str(refused))
        finally:
            connection.close()

    people = [Thread(target=press, args=(name,)) for name in ("ann", "bob")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    refresh = Refresh.objects.get()
    assert len(said) == 1
    assert f"that {refresh.actor} asked for" in said[0]

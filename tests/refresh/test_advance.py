"""The life of a refresh, with a hub that answers over HTTP."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection

from monitor.models import Call, Heartbeat, Job, Refresh
from monitor.refresh import advance as moving
from monitor.refresh import cancel, person_pressed, request
from monitor.refresh.advance import LEASE, advance
from monitor.refresh.tasks import advance as task
from tests.refresh.conftest import AN_HOUR_AGO, IN_AN_HOUR, NOW, hub_fetched, hub_says, orders_arrived

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

SOON = NOW + timedelta(seconds=20)


def ask(integration, **more) -> Refresh:
    return request(integration, user=None, actor="ann", reason="after maintenance", now=NOW, **more)


def current(refresh: Refresh) -> Refresh:
    refresh.refresh_from_db()
    return refresh


def asked(integration) -> Refresh:
    refresh = ask(integration)
    advance(NOW)
    return current(refresh)


def test_the_hub_is_asked_once_and_then_watched(integration, hub):
    refresh = asked(integration)
    assert hub.asked == ["/refresh/77-lyon"]
    assert (refresh.stage, refresh.attempts, refresh.lease_token) == ("watching", 1, None)
    assert NOW <= refresh.asked_at < NOW + timedelta(seconds=5)
    assert "202" in refresh.detail
    advance(SOON)
    advance(SOON + timedelta(seconds=20))
    assert len(hub.asked) == 1


def test_while_it_is_watched_the_account_is_read_often(integration):
    asked(integration)
    advance(SOON)
    assert all(due_at < IN_AN_HOUR for due_at in Job.objects.values_list("due_at", flat=True))


def test_watching_leaves_running_and_just_run_jobs_alone(integration):
    Job.objects.filter(kind="hub_state").update(lease_until=IN_AN_HOUR)
    Job.objects.filter(kind="hub_arrivals").update(last_started_at=NOW)
    asked(integration)
    assert set(Job.objects.values_list("due_at", flat=True)) == {IN_AN_HOUR}


def test_it_has_moved_when_the_waiting_orders_arrive(integration):
    refresh = asked(integration)
    hub_fetched(integration, SOON)
    orders_arrived(integration, SOON)
    advance(SOON)
    refresh = current(refresh)
    assert (refresh.stage, refresh.outcome) == ("done", "moved")
    assert refresh.finished_at >= SOON
    assert (refresh.before["waiting"], refresh.after["waiting"]) == (3, 0)
    assert refresh.after["last_fetched_at"] == "2026-03-10T12:42:20Z"
    assert refresh.detail == "3 of 3 waiting orders have arrived."


def test_after_the_first_sign_the_orders_get_a_minute_to_arrive(integration):
    refresh = asked(integration)
    hub_fetched(integration, SOON)
    advance(SOON)
    assert current(refresh).finished_at is None
    orders_arrived(integration, SOON, how_many=2)
    advance(SOON + timedelta(seconds=30))
    assert current(refresh).detail == "2 of 3 waiting orders have arrived."
    assert refresh.finished_at is None
    advance(SOON + timedelta(seconds=61))
    assert current(refresh).outcome == "moved"
    assert refresh.after["waiting"] == 1
    assert refresh.after["moved_at"].startswith("2026-03-10T12:42:20")


def test_what_the_hub_did_before_it_was_asked_is_not_credited(integration):
    refresh = asked(integration)
    hub_fetched(integration, NOW - timedelta(seconds=30))
    orders_arrived(integration, NOW - timedelta(seconds=30), how_many=1)
    advance(SOON)
    assert current(refresh).outcome == ""


def test_without_movement_in_ten_minutes_it_had_no_effect(integration):
    refresh = asked(integration)
    advance(NOW + timedelta(minutes=9))
    assert current(refresh).outcome == ""
    advance(NOW + timedelta(minutes=10, seconds=10))
    assert current(refresh).outcome == "no_effect"
    assert refresh.after["waiting"] == 3


def test_a_hub_that_stops_failing_has_moved(integration):
    hub_says(integration, NOW, AN_HOUR_AGO, failing_since=NOW - timedelta(minutes=50))
    refresh = asked(integration)
    hub_says(integration, SOON, AN_HOUR_AGO)
    advance(SOON)
    advance(SOON + timedelta(minutes=2))
    assert current(refresh).outcome == "moved"
    assert "no longer reports" in refresh.detail


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_refusal_ends_it_in_words_and_keeps_the_answer(integration, hub, status):
    hub.status = status
    refresh = asked(integration)
    assert (refresh.stage, refresh.outcome) == ("done", "failed")
    assert len(refresh.detail) > 20
    assert refresh.after["waiting"] == 3
    assert hub.asked == ["/refresh/77-lyon"]
    assert Call.objects.get().status == status


def test_a_hub_that_asks_for_patience_is_asked_again_later(integration, hub):
    hub.status, hub.headers = 429, {"Retry-After": "40"}
    refresh = asked(integration)
    assert refresh.stage == "queued"
    hub.status = 202
    advance(NOW + timedelta(seconds=25))
    assert len(hub.asked) == 1
    advance(NOW + timedelta(seconds=60))
    assert current(refresh).stage == "watching"
    assert refresh.attempts == 2


def test_asking_in_vain_ends(integration, hub):
    hub.status = 429
    refresh = ask(integration)
    for minutes in range(0, 60, 5):
        advance(NOW + timedelta(minutes=minutes))
    assert current(refresh).outcome == "failed"
    assert len(hub.asked) == 3


def test_a_person_presses_in_the_panel_and_the_effect_is_watched(panel_integration, hub):
    refresh = ask(panel_integration)
    advance(NOW + timedelta(hours=2))
    assert current(refresh).stage == "waiting"
    pressed_at = NOW + timedelta(hours=3)
    person_pressed(refresh, pressed_at)
    advance(pressed_at + timedelta(seconds=10))
    assert current(refresh).stage == "watching"
    hub_fetched(panel_integration, pressed_at + timedelta(seconds=15))
    orders_arrived(panel_integration, pressed_at + timedelta(seconds=15))
    advance(pressed_at + timedelta(seconds=20))
    assert current(refresh).outcome == "moved"
    assert hub.asked == []


def test_a_panel_nobody_presses_is_given_up_after_a_day(panel_integration):
    refresh = ask(panel_integration)
    advance(NOW + timedelta(hours=24))
    assert current(refresh).outcome == "cancelled"
    assert "Nobody pressed" in refresh.detail


def test_a_worker_killed_while_asking_loses_nothing(integration, hub, monkeypatch):
    """Whether it died just before or just after the request cannot be known, so it is made again."""

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    refresh = ask(integration)
    with monkeypatch.context() as dying:
        dying.setattr(moving, "_record", die)
        with pytest.raises(Killed):
            advance(NOW)
    assert current(refresh).stage == "asking"
    advance(NOW + LEASE / 2)
    assert len(hub.asked) == 1
    advance(NOW + LEASE * 2)
    assert current(refresh).stage == "watching"
    assert refresh.attempts == len(hub.asked) == 2


def test_a_worker_killed_while_watching_leaves_the_refresh_as_it_was(integration, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    refresh = asked(integration)
    orders_arrived(integration, SOON)
    with monkeypatch.context() as dying:
        dying.setattr("monitor.refresh.watching._moved", die)
        with pytest.raises(Killed):
            advance(SOON)
    assert current(refresh).stage == "watching"
    advance(SOON)
    assert current(refresh).outcome == "moved"


def test_cancelled_while_the_hub_is_being_asked_stays_cancelled(integration, hub):
    hub.gate = Event()
    refresh = ask(integration)
    worker = _in_thread(NOW)
    assert hub.reached.wait(10)
    cancel(refresh, user=None, now=SOON)
    hub.gate.set()
    worker.join()
    assert current(refresh).outcome == "cancelled"
    assert "What had been sent by then is not taken back." in refresh.detail


def test_workers_at_once_ask_once_each_and_at_most_two_of_an_account(make_integration, hub):
    hub.gate = Event()
    refreshes = [ask(make_integration(f"shop-{n}")) for n in range(5)]
    workers = [_in_thread(NOW) for _ in range(2)]
    while len(hub.asked) < 2:
        hub.gate.wait(0.02)
    late = _in_thread(NOW)
    late.join()
    assert len(hub.asked) == 2
    hub.gate.set()
    for worker in workers:
        worker.join()
    for seconds in (10, 20, 30):
        advance(NOW + timedelta(seconds=seconds))
    assert sorted(hub.asked) == [f"/refresh/77-shop-{n}" for n in range(5)]
    assert {current(refresh).stage for refresh in refreshes} == {"watching"}


def test_an_integration_paused_meanwhile_is_not_refreshed(integration, hub):
    refresh = ask(integration)
    integration.is_paused = True
    integration.save()
    advance(NOW)
    assert current(refresh).outcome == "cancelled"
    assert hub.asked == []


def test_the_task_leaves_a_heartbeat(db):
    task()
    assert Heartbeat.objects.get(part="refresh").detail == {"steps": 0}


def _in_thread(now) -> Thread:
    def run() -> None:
        try:
            advance(now)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread

"""Refreshing several at once: what it would do, its pace, what is refused, and stopping the rest."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from integrations.models import Account
from monitor.models import Audit, BulkRefresh, Refresh
from monitor.refresh import request
from monitor.refresh.advance import advance
from monitor.refresh.bulk import cancel_rest, plan, request_many
from tests.refresh.conftest import NOW, hub_fetched, orders_arrived

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

SECOND = timedelta(seconds=1)


@pytest.fixture
def three(make_integration):
    rows = [make_integration(name) for name in ("arles", "brest", "calais")]
    # At 60 a minute half of the budget is one refresh every two seconds.
    Account.objects.update(requests_per_minute=60)
    for row in rows:
        row.account.refresh_from_db()
    return rows


def ask(integrations, actor="ann") -> BulkRefresh:
    return request_many(integrations, user=None, actor=actor, reason="after maintenance", now=NOW)


def test_the_plan_says_how_and_when_each_has_its_turn_and_asks_nobody(three, panel_integration, hub):
    planned = plan([*three, panel_integration], NOW)
    assert [row.way for row in planned.rows] == ["hub_api", "hub_api", "hub_api", "panel"]
    assert [row.starts_in / SECOND for row in planned.rows] == [0, 2, 4, 0]
    assert (planned.lasts, planned.by_person, planned.refused) == (4 * SECOND, 1, [])
    assert hub.asked == []
    assert not Refresh.objects.exists()


def test_what_cannot_be_refreshed_is_named_with_the_reason_and_keeps_no_other(three):
    request(three[1], user=None, actor="bob", reason="x", now=NOW)
    three[2].is_paused = True
    three[2].save()
    planned = plan(three, NOW)
    assert [row.integration.name for row in planned.asked] == ["arles"]
    assert [row.integration.name for row in planned.refused] == ["brest", "calais"]
    bulk = ask(three)
    assert [one.integration.name for one in bulk.refreshes.all()] == ["arles"]
    brest, calais = bulk.refused
    assert brest["reason"] == "A refresh that bob asked for at 12:42 UTC is still under way."
    assert "paused" in calais["reason"]


def test_the_hub_is_asked_no_faster_than_half_of_its_accounts_limit(three, hub):
    ask(three)
    asked = []
    for seconds in range(6):
        advance(NOW + seconds * SECOND)
        asked.append(len(hub.asked))
    assert asked == [1, 1, 2, 2, 3, 3]


def test_a_second_bulk_queues_behind_the_first(three, make_integration):
    ask(three[:2])
    later = make_integration("dijon")
    later.account.refresh_from_db()
    assert plan([later], NOW).lasts == 4 * SECOND


def test_the_rest_can_be_cancelled_and_what_moved_stays_moved(three, hub):
    bulk = ask(three)
    advance(NOW)
    first = bulk.refreshes.get(integration=three[0])
    hub_fetched(three[0], NOW + SECOND)
    orders_arrived(three[0], NOW + SECOND)
    Refresh.objects.filter(pk=first.pk).update(due_at=NOW + SECOND)
    advance(NOW + SECOND)
    assert cancel_rest(bulk, user=None, actor="bob", now=NOW + SECOND) == 2
    first.refresh_from_db()
    assert first.outcome == "moved"
    others = bulk.refreshes.exclude(pk=first.pk)
    assert {one.detail for one in others} == {"Cancelled by bob before anything was asked."}
    advance(NOW + timedelta(minutes=1))
    assert len(hub.asked) == 1
    assert cancel_rest(bulk, user=None, now=NOW) == 0


def test_every_step_is_in_the_audit(three):
    bulk = ask(three)
    cancel_rest(bulk, user=None, actor="bob", now=NOW)
    rows = list(Audit.objects.order_by("pk").values_list("action", "actor"))
    assert (
        rows == [("refresh.request", "ann")] * 3 + [("refresh.bulk", "ann")] + [("refresh.cancel", "bob")] * 3
    )
    assert Audit.objects.get(action="refresh.bulk").after["asked"] == 3


def test_of_two_people_who_choose_the_same_at_once_one_asks_and_the_other_is_told(three):
    at_once = Barrier(2)

    def press(name: str, rows) -> None:
        at_once.wait()
        ask(rows, name)
        connection.close()

    people = [
        Thread(target=press, args=("ann", three)),
        Thread(target=press, args=("bob", list(reversed(three)))),
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert Refresh.objects.count() == 3
    winner, other = BulkRefresh.objects.order_by("refused__0")
    if winner.refused:
        winner, other = other, winner
    assert {one.actor for one in Refresh.objects.all()} == {winner.actor}
    assert len(other.refused) == 3
    assert all(f"that {winner.actor} asked for at 12:42 UTC" in one["reason"] for one in other.refused)


def test_every_attempt_is_kept_with_what_came_of_it(integration, hub):
    hub.status, hub.headers = 429, {"Retry-After": "40"}
    refresh = request(integration, user=None, actor="ann", reason="x", now=NOW)
    advance(NOW)
    hub.status = 202
    advance(NOW + timedelta(minutes=2))
    refresh.refresh_from_db()
    first, second = refresh.tries
    assert first["at"].startswith("2026-03-10T12:42")
    assert second["at"].startswith("2026-03-10T12:44")
    assert "202" in second["said"]

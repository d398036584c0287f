"""The threads of a worker that deliver: alive, woken, and ended in order."""

from collections.abc import Iterator
from datetime import timedelta
from time import monotonic, sleep

import pytest
from django.utils import timezone

from monitor.alerts import notices, postmen
from monitor.alerts.tasks import deliver
from monitor.models import Heartbeat, Notice
from tests.alerts.conftest import Postbox, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def crew(server) -> Iterator[None]:
    deliver()
    yield
    postmen.stop()


def until(true) -> None:
    began = monotonic()
    while not true():
        assert monotonic() - began < 20, "in vain"
        sleep(0.02)


def test_what_is_due_leaves_without_any_message(crew, postbox: Postbox):
    row = subscribe()
    notices.send_test_to(row, now=timezone.now())
    until(lambda: Notice.objects.filter(sent_at__isnull=False).exists())
    assert len(postbox.to(row.email)) == 1


def test_they_leave_a_sign_of_life(crew):
    until(Heartbeat.objects.filter(part="deliver").exists)
    row = Heartbeat.objects.get(part="deliver")
    assert row.detail.keys() == {"sent", "retried", "given_up"}
    assert timezone.now() - row.at < timedelta(seconds=30)


def test_the_task_replaces_one_that_has_died(crew, postbox: Postbox, monkeypatch):
    for postman in postmen._postmen:
        postman.stopping.set()
        postman.wake.set()
    until(lambda: not any(postman.is_alive() for postman in postmen._postmen))
    deliver()
    assert all(postman.is_alive() for postman in postmen._postmen)
    assert len(postmen._postmen) == len(postmen.CREW)


def test_a_round_that_fails_is_not_the_last(server, postbox: Postbox, monkeypatch):
    drain, failures = postmen.drain, []

    def fail_first(*given):
        if not failures:
            failures.append(given)
            raise RuntimeError("the database is away")
        drain(*given)

    monkeypatch.setattr(postmen, "drain", fail_first)
    monkeypatch.setattr(postmen, "PAUSE_S", 0.1)
    notices.send_test_to(subscribe(), now=timezone.now())
    deliver()
    try:
        until(lambda: postbox.mails)
    finally:
        postmen.stop()
    assert failures

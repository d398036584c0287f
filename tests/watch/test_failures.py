"""How periodic tasks end is kept by Celery's own signals."""

from datetime import timedelta

import pytest
from celery import shared_task
from django.utils import timezone

from monitor.celery import app
from monitor.models import Heartbeat

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PART = "task.trial"


class KeyRing(Exception):
    pass


@shared_task(name="monitor.watch.tests.trial")
def trial(fails: bool) -> None:
    if fails:
        raise KeyRing("password=hunter2")


def run(*, fails: bool) -> Heartbeat:
    app.tasks[trial.name].apply([fails])
    return Heartbeat.objects.get(part=PART)


def test_a_failure_is_kept_by_name_only_and_since_the_first():
    first = run(fails=True)
    again = run(fails=True)
    assert first.detail["error"] == "KeyRing"
    assert again.detail["since"] == first.detail["since"]
    assert "hunter2" not in str(again.detail)


def test_a_success_ends_it():
    run(fails=True)
    assert run(fails=False).detail == {}
    assert run(fails=True).detail["since"]


def test_a_failure_leaves_the_last_success_as_it_was():
    run(fails=False)
    long_ago = timezone.now() - timedelta(hours=3)
    Heartbeat.objects.filter(part=PART).update(at=long_ago)
    assert run(fails=True).at == long_ago


def test_successes_are_written_once_a_minute():
    at = run(fails=False).at
    assert run(fails=False).at == at
    Heartbeat.objects.filter(part=PART).update(at=at - timedelta(minutes=2))
    assert run(fails=False).at >= at

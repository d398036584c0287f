"""Periodic tasks are rows that belong to the operators."""

import pytest
from django.utils.module_loading import import_string
from django_celery_beat.models import PeriodicTask

from monitor.schedule import SCHEDULE, ensure_schedule

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_every_periodic_task_exists_and_its_messages_expire():
    ensure_schedule()
    rows = {row.name: row for row in PeriodicTask.objects.select_related("interval")}
    assert set(rows) == {periodic.name for periodic in SCHEDULE}
    for row in rows.values():
        assert import_string(row.task).name == row.task
        assert row.expire_seconds == row.interval.every


def test_what_an_operator_changed_stays_changed():
    ensure_schedule()
    PeriodicTask.objects.filter(name="housekeeping").update(enabled=False, expire_seconds=7)
    PeriodicTask.objects.filter(name="collect").update(task="old.path")
    ensure_schedule()
    housekeeping = PeriodicTask.objects.get(name="housekeeping")
    assert (housekeeping.enabled, housekeeping.expire_seconds) == (False, 7)
    assert PeriodicTask.objects.get(name="collect").task == "monitor.collect.tasks.tick"
    assert PeriodicTask.objects.count() == len(SCHEDULE)

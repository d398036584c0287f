"""Integrations with a past."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Integration
from monitor.health.sketch import sketch_of
from monitor.models import LatencyDay, LatencyHour, Transition
from tests.dashboard import factories as make
from tests.dashboard.conftest import browser, now, operator, today, viewer, visit  # noqa: F401

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
H = timedelta(hours=1)
DAY = timedelta(days=1)


def watched(title: str = "Boutique Lyon", *, days: int = 10, **changes) -> Integration:
    """One that is healthy and was added so many days ago, at midnight."""
    one = make.watched(title, NOW, created=NOW - TODAY + days * DAY, **changes)
    changed(one, TODAY - days * DAY + H, "unknown", "ok")
    return one


def changed(one: Integration, at: datetime, old: str, new: str) -> Transition:
    rules = {"fail": "stalled", "warn": "gap", "unknown": "hub_unreadable", "ok": "nothing_waiting"}
    return Transition.objects.create(
        integration=one,
        kind="verdict",
        at=at,
        old_state=old,
        new_state=new,
        old_rule=rules[old],
        new_rule=rules[new],
        evidence={"cause": "imports"},
        rules_version=1,
    )


def outage(one: Integration, at: datetime, length: timedelta) -> None:
    changed(one, at, "ok", "fail")
    changed(one, at + length, "fail", "ok")


def took(one: Integration, hour: datetime, seconds: list[float]) -> None:
    """Orders placed in that hour, and how long each took."""
    sketch = sketch_of(seconds)
    values = {"n": sketch.n, "buckets": list(sketch.buckets), "counts": list(sketch.counts)}
    LatencyHour.objects.create(integration=one, hour=hour, **values)
    LatencyDay.objects.create(integration=one, day=hour.date(), **values)


@pytest.fixture
def lyon(db) -> Integration:
    return watched()

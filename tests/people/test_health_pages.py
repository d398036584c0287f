"""Whether Syncwatch is well, as load balancers ask it; and the headers on every page."""

import re
from datetime import timedelta

import pytest
from celery import Celery
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.dashboard import health_pages
from monitor.dashboard.health_pages import readiness
from monitor.models import Heartbeat
from tests.people.conftest import NOW, Fleet

pytestmark = pytest.mark.integration


def beat(**ages_s: int) -> None:
    for part, age_s in ages_s.items():
        Heartbeat.objects.update_or_create(part=part, defaults={"at": NOW - timedelta(seconds=age_s)})


def test_process_answers_without_a_database() -> None:
    assert Client().get(reverse("healthz")).json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_when_every_part_showed_life_lately() -> None:
    beat(tick=3, deliver=4, judge=20)
    report, problems = readiness(NOW)
    assert problems == []
    assert report["ages_s"] == {"tick": 3, "judge": 20, "deliver": 4}
    assert (report["database"], report["broker"]) == ("ok", "ok")


@pytest.mark.django_db
def test_late_tick_is_named_with_its_age() -> None:
    beat(tick=300, deliver=4)
    _, problems = readiness(NOW)
    assert problems == ["The last tick was 300 s ago; at most 60 s are allowed."]


def test_late_judge_matters_only_when_there_is_something_to_judge(fleet: Fleet) -> None:
    beat(tick=3, deliver=4, judge=9999)
    assert len(readiness(NOW)[1]) == 1
    fleet.integration.is_paused = True
    fleet.integration.save()
    assert readiness(NOW)[1] == []


@pytest.mark.django_db
def test_not_ready_is_a_503_with_the_reason() -> None:
    answer = Client().get(reverse("readyz"))
    assert answer.status_code == 503
    assert "The last tick is unknown: it never ran." in answer.json()["problems"]


@pytest.mark.django_db
def test_ready_is_a_200() -> None:
    for part in ("tick", "deliver"):
        Heartbeat.objects.create(part=part, at=timezone.now())
    assert Client().get(reverse("readyz")).status_code == 200


@pytest.mark.django_db
def test_broker_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_pages, "app", Celery(broker="redis://127.0.0.1:1/0", set_as_current=False))
    beat(tick=3, deliver=4)
    report, problems = readiness(NOW)
    assert report["broker"] == "no answer"
    assert problems == ["The message broker does not answer."]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["login", "healthz", "connect", "admin:index"])
def test_every_answer_carries_the_safety_headers(name: str, admin: Client) -> None:
    headers = admin.get(reverse(name)).headers
    policy = {part.split()[0]: part.split()[1:] for part in headers["Content-Security-Policy"].split("; ")}
    assert policy["script-src"] == policy["default-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "name",
    [
        "login",
        "connect",
        "settings",
        "audit",
        "admin:index",
        "admin:monitor_user_add",
        "admin:integrations_store_changelist",
        "admin:django_celery_beat_periodictask_add",
    ],
)
def test_pages_have_no_inline_script(name: str, admin: Client) -> None:
    page = admin.get(reverse(name), follow=True).content.decode()
    tags = re.findall(r"<script[^>]*>", page)
    assert [tag for tag in tags if "src=" not in tag and "application/json" not in tag] == []
    assert " onclick=" not in page
    assert "javascript:" not in page

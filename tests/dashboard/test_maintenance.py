"""Planning maintenance: by people who may, in their zone, and shown wherever it matters."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import Audit, Incident, Maintenance
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[str]:
    """No broker runs here; the names of the tasks that were asked for."""
    names: list[str] = []
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: names.append(name))
    return names


def form(**changes: str) -> dict[str, str]:
    """Filled in on 22 November 2026 at 13:42 in Paris."""
    values = {
        "title": "New server", "scope": "all:", "starts_at": "", "ends_at": "2026-11-22T15:00",
        "time_zone": "Europe/Paris", "repeats": "", "rule": "",
    }  # fmt: skip
    return values | changes


def test_a_window_begins_now_and_is_seen_everywhere(operator, now) -> None:
    one = make.watched("Boutique Lyon", now, "stalled", waiting=5)
    make.watched("Osaka Denim", now)
    answer = operator.post("/maintenance/", form(scope=f"store:{one.store_id}"), follow=True)
    assert "nobody is told" in answer.content.decode()
    window = Maintenance.objects.get()
    assert (window.store, window.starts_at, window.ends_at) == (
        one.store, now, datetime(2026, 11, 22, 14, tzinfo=UTC),
    )  # fmt: skip
    assert Audit.objects.get(action="maintenance.plan").actor == "operator"
    overview = text_of(operator)
    assert "1 in maintenance" in overview
    assert "needs you" not in overview
    assert "In maintenance until" in text_of(operator, f"/integrations/{one.name}/")
    assert "In maintenance until" not in text_of(operator, "/integrations/osaka-denim-sendcloud-eu/")


def test_times_are_in_the_chosen_zone(operator, now) -> None:
    operator.post(
        "/maintenance/",
        form(
            time_zone="Asia/Tokyo",
            starts_at="2026-11-23T01:00",
            ends_at="2026-11-23T05:00",
            repeats="FREQ=WEEKLY",
        ),
    )
    window = Maintenance.objects.get()
    assert window.starts_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert (window.recurrence, window.time_zone) == ("FREQ=WEEKLY", "Asia/Tokyo")
    assert "Every week" in text_of(operator, "/maintenance/")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_at": "2026-11-22T13:00"}, "It ends before it begins"),
        ({"ends_at": "2027-11-22T13:00"}, "A month is the longest"),
        ({"repeats": "own", "rule": "every sunday"}, "Begin the rule with FREQ="),
        ({"repeats": "own", "rule": "FREQ=DAILY;INTERVAL=0"}, "INTERVAL must be"),
        ({"scope": "store:999"}, "Select a valid choice"),
        ({"time_zone": "Mars/Base"}, "Select a valid choice"),
        ({"title": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_planned_is_said_at_the_form(operator, now, changes, words) -> None:
    answer = operator.post("/maintenance/", form(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Maintenance.objects.exists()


def test_ending_one_counts_from_now_on_and_asks_for_its_note(
    operator, now, asked, django_capture_on_commit_callbacks
) -> None:
    window = Maintenance.objects.create(
        title="-", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), created_at=now,
        recurrence="FREQ=DAILY",
    )  # fmt: skip
    Incident.objects.create(
        scope="integration:1", cause="imports", rule="stalled", state="fail", opened_at=now, started_at=now,
        hushed_at=now, hushed_by=window,
    )  # fmt: skip
    assert "1 incident not told" in text_of(operator, "/maintenance/")
    with django_capture_on_commit_callbacks(execute=True):
        operator.post(f"/maintenance/{window.pk}/end/")
    assert asked == ["monitor.alerts.tasks.follow_up"]
    page = text_of(operator, "/maintenance/")
    assert "End it now" not in page
    window.refresh_from_db()
    ended_at = window.cut_at
    again = operator.post(f"/maintenance/{window.pk}/end/", follow=True).content.decode()
    assert "Cancelled: it will not take place." not in again
    window.refresh_from_db()
    assert window.cut_at == ended_at
    said = operator.post(f"/maintenance/{window.pk}/end/", {"all": "1"}, follow=True).content.decode()
    assert "Cancelled: it will not take place." not in said
    assert "Cancel for good" not in text_of(operator, "/maintenance/")
    assert Audit.objects.filter(action="maintenance.end").count() == 2


def test_calling_one_off_before_it_begins_says_cancelled_not_ended(operator, now, asked) -> None:
    window = Maintenance.objects.create(
        title="New server", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2),
        created_at=now,
    )  # fmt: skip
    answer = operator.post(f"/maintenance/{window.pk}/end/", {"all": "1"}, follow=True).content.decode()
    assert "Cancelled: it will not take place." in answer
    assert "Ended." not in answer
    assert "· cancelled</td>" in answer.partition('id="past-title"')[2]


def test_viewers_see_windows_but_plan_and_end_none(now, db) -> None:
    viewer = signed_in("viewer")
    window = Maintenance.objects.create(
        title="New server", starts_at=now, ends_at=now + timedelta(hours=1), created_at=now
    )
    page = text_of(viewer, "/maintenance/")
    assert "New server" in page
    assert "End it now" not in page
    viewer.post("/maintenance/", form())
    assert Maintenance.objects.count() == 1
    assert viewer.post(f"/maintenance/{window.pk}/end/").status_code == 403

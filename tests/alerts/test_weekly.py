"""The report of a week: once, on Monday at seven by the recipient's clock, and true."""

from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Integration
from monitor.access_control import VIEWER
from monitor.alerts import notices
from monitor.alerts.outbox import deliver_due
from monitor.alerts.weekly.report import Fleet, facts_of, span_of
from monitor.alerts.weekly.telling import tell, tell_due, week_due
from monitor.health.sketch import sketch_of
from monitor.models import (
    Arrival,
    Incident,
    LatencyDay,
    LatencyHour,
    Member,
    Notice,
    Refresh,
    Role,
    Shipment,
    Subscription,
    Transition,
    User,
    Verdict,
)
from tests.alerts.conftest import Postbox, subscribe
from tests.alerts.test_mails import text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
"""Seven in the morning in Paris."""
WEEK = date(2026, 3, 2)
BEGINS = datetime(2026, 3, 1, 23, tzinfo=UTC)
"""The first hour of that week in Paris."""


@pytest.fixture
def lyon(make_integration) -> Integration:
    return watched(make_integration(tags=("fr",)))


def watched(one: Integration, state: str = "ok") -> Integration:
    """Watched for a long time, and in one state ever since."""
    Integration.objects.filter(pk=one.pk).update(created_at=BEGINS - timedelta(days=60))
    Transition.objects.create(
        integration=one, kind="verdict", at=BEGINS - timedelta(days=50), old_state="unknown", new_state=state,
        rules_version=1,
    )  # fmt: skip
    Verdict.objects.create(integration=one, state=state, since=BEGINS, judged_at=MONDAY)
    return one


def changed(one: Integration, at: datetime, state: str) -> None:
    Transition.objects.create(
        integration=one, kind="verdict", at=at, old_state="unknown", new_state=state, rules_version=1
    )


def latency(one: Integration, at: datetime, seconds: list[float]) -> None:
    """Orders of an hour that took so long, in both roll-ups."""
    sketch = sketch_of(seconds)
    values = {"n": sketch.n, "buckets": list(sketch.buckets), "counts": list(sketch.counts)}
    LatencyHour.objects.create(integration=one, hour=at, **values)
    LatencyDay.objects.update_or_create(integration=one, day=at.date(), defaults=values)


def happened(one: Integration, at: datetime, lasted: timedelta | None, **changes) -> Incident:
    values = {"scope": f"integration:{one.pk}", "cause": "imports", "rule": "stalled", "state": "fail"}
    incident = Incident.objects.create(
        opened_at=at, started_at=at, closed_at=at + lasted if lasted else None, **values | changes
    )
    Member.objects.create(
        incident=incident, integration=one, joined_at=at, left_at=at + lasted if lasted else None
    )
    return incident


def report(email: str = "ops@ops.example"):
    (row,) = notices.ready(Subscription.objects.filter(email=email))
    return facts_of(row, Fleet(span_of(WEEK, ZoneInfo(row.time_zone)), MONDAY))


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "due"),
    [
        ("Europe/Paris", MONDAY - timedelta(seconds=1), None),
        ("Europe/Paris", MONDAY, WEEK),
        ("Europe/Paris", MONDAY + timedelta(hours=47), WEEK),
        ("Europe/Paris", MONDAY + timedelta(hours=48), None),
        ("Pacific/Auckland", datetime(2026, 3, 8, 17, 59, tzinfo=UTC), None),
        ("Pacific/Auckland", datetime(2026, 3, 8, 18, tzinfo=UTC), WEEK),
        ("America/Los_Angeles", MONDAY, None),
        ("America/Los_Angeles", datetime(2026, 3, 9, 14, tzinfo=UTC), WEEK),
        # The Monday after the clocks changed.
        ("Europe/Paris", datetime(2026, 3, 30, 5, tzinfo=UTC), date(2026, 3, 23)),
    ],
)
def test_it_is_due_on_monday_at_seven_where_the_recipient_is(zone, at, due) -> None:
    assert week_due(Subscription(time_zone=zone), at) == due


def test_it_is_told_once_however_often_it_is_looked(lyon, postbox: Postbox) -> None:
    subscribe()
    assert [tell_due(MONDAY + k * HOUR) for k in range(3)] == [1, 0, 0]
    deliver_due(MONDAY)
    (mail,) = postbox.mails
    assert mail["Subject"] == "[week 10] a quiet week, no incidents"
    assert Subscription.objects.get().reported_week == WEEK
    assert tell_due(MONDAY + timedelta(days=7)) == 1
    assert Notice.objects.filter(step="weekly").count() == 2


def test_of_two_that_worked_it_out_at_once_one_tells(lyon) -> None:
    row, facts = subscribe(), report()
    assert tell(row, WEEK, facts, MONDAY)
    assert not tell(row, WEEK, facts, MONDAY)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"weekly_report": False},
        {"is_active": False},
        {"bounced_at": MONDAY},
        {"reported_week": WEEK},
        {"tags": ["es"]},
        {"channel": "webhook", "email": "", "label": "Chat"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nobody_else_is_told(lyon, changes) -> None:
    Subscription.objects.create(**{"email": "ops@ops.example", "time_zone": "Europe/Paris", **changes})
    assert tell_due(MONDAY) == 0
    assert not Notice.objects.exists()


def test_nothing_is_told_of_what_was_not_watched_then(make_integration) -> None:
    Integration.objects.filter(pk=make_integration().pk).update(created_at=MONDAY)
    subscribe()
    assert tell_due(MONDAY) == 0
    assert Subscription.objects.get().reported_week == WEEK


def test_quiet_hours_hold_it_and_it_stays_a_mail_of_its_own(lyon, postbox: Postbox) -> None:
    subscribe(quiet_from=time(22), quiet_until=time(9))
    tell_due(MONDAY)
    deliver_due(MONDAY + HOUR)
    assert postbox.mails == []
    deliver_due(MONDAY + 2 * HOUR)
    assert len(postbox.mails) == 1


# --- what -----------------------------------------------------------------------------------------


def test_its_figures_are_those_of_the_week_where_the_recipient_is(lyon, make_integration) -> None:
    subscribe()
    # Half a day bad in the week, a day in the week before.
    changed(lyon, BEGINS + 10 * HOUR, "fail")
    changed(lyon, BEGINS + 22 * HOUR, "ok")
    changed(lyon, BEGINS - 48 * HOUR, "fail")
    changed(lyon, BEGINS - 24 * HOUR, "ok")
    for at, seconds in (
        (BEGINS - HOUR, [7_000.0]),  # Sunday evening: the week before
        (BEGINS, [60.0] * 9),  # the same day in UTC, but Monday in Paris
        (BEGINS + 30 * HOUR, [100.0] * 6),
        (BEGINS + timedelta(days=7) - HOUR, [40.0] * 4),
        (BEGINS + timedelta(days=7), [9_000.0]),  # this Monday
    ):
        latency(lyon, at, seconds)
    # A shop that nobody told of would be heard of nowhere.
    watched(make_integration("porto", "Porto"))
    facts = report()
    assert facts.now.available == pytest.approx(1 - 12 / (2 * 7 * 24))
    assert facts.before.available == pytest.approx(1 - 24 / (2 * 7 * 24))
    assert (facts.now.orders, facts.before.orders) == (19, 1)
    (speed,) = facts.latencies
    assert (speed.hosting, speed.orders) == ("self-hosted", 19)
    assert speed.half.value_s == pytest.approx(60, rel=0.02)
    assert speed.tail.value_s == pytest.approx(100, rel=0.02)
    assert speed.tail_before.value_s == pytest.approx(7_000, rel=0.02)
    assert [slow.title for slow in facts.slowest] == ["Boutique Lyon → Sendcloud"]


def test_orders_that_still_wait_are_not_forgotten(lyon) -> None:
    subscribe()
    latency(lyon, BEGINS + 30 * HOUR, [60.0] * 4)
    for n in range(6):
        Arrival.objects.create(
            integration=lyon, order_key=str(n), expected=True, eligible_at=BEGINS + 40 * HOUR
        )
    (speed,) = report().latencies
    assert speed.orders == 10
    assert speed.half.is_lower_bound
    assert speed.half.value_s > 86_400


def test_incidents_refreshes_and_missing_numbers(lyon, postbox: Postbox) -> None:
    subscribe()
    happened(lyon, BEGINS + 5 * HOUR, 2 * HOUR)
    happened(lyon, BEGINS + 50 * HOUR, 9 * HOUR, cause="access", rule="no_answer")
    happened(lyon, BEGINS + 80 * HOUR, HOUR)
    happened(lyon, BEGINS - 5 * HOUR, HOUR)
    happened(lyon, BEGINS + timedelta(days=7, hours=3), None)
    Refresh.objects.create(
        integration=lyon, actor="omar", reason="-", strategy="hub_api", stage="done", outcome="moved",
        requested_at=BEGINS + HOUR, due_at=BEGINS, finished_at=BEGINS + HOUR,
    )  # fmt: skip
    for n, reached in ((1, None), (2, BEGINS + HOUR)):
        Shipment.objects.create(
            integration=lyon, hub_id=str(n), number="X", due_at=BEGINS, reached_at=reached, changed_at=BEGINS
        )
    facts = report()
    assert (facts.now.incidents, facts.before.incidents, facts.still_open_count) == (3, 1, 1)
    assert [(cause.value, count) for cause, count in facts.causes] == [("imports", 2), ("access", 1)]
    assert [one.lasted_s for one in facts.longest] == [9 * 3600, 2 * 3600, 3600]
    assert (facts.refreshes, facts.refreshes_moved, facts.numbers_missing) == (1, 1, 1)
    tell_due(MONDAY)
    deliver_due(MONDAY)
    text = text_of(postbox.mails[0])
    assert postbox.subjects() == ["[week 10] 3 incidents, 1 still open"]
    assert "1 incident is still open" in text
    assert "1 tracking number of last week is still missing in its store" in text
    assert "unreachable for 9 h" in text
    assert "1 refresh was asked for, and orders moved after it." in text
    html = postbox.mails[0].get_body(("html",)).get_content()
    assert "What to look at" in html
    assert 'content="width=device-width"' in html


def test_whoever_hears_of_failures_only_reads_of_failures_only(lyon) -> None:
    subscribe(include_warnings=False)
    happened(lyon, BEGINS + 5 * HOUR, HOUR, state="warn", rule="late")
    happened(lyon, BEGINS + 50 * HOUR, HOUR)
    assert report().now.incidents == 1


def test_a_person_reads_only_of_stores_they_may_see(lyon, make_integration) -> None:
    watched(make_integration("porto", "Porto", tags=("pt",)))
    vera = User.objects.create_user("vera")
    Role.objects.create(user=vera, group=Group.objects.get(name=VIEWER), tags=["pt"])
    subscribe(user=vera)
    happened(lyon, BEGINS + 5 * HOUR, HOUR)
    facts = report()
    assert (facts.integrations, facts.now.incidents) == (1, 0)


def test_it_is_written_in_the_recipients_language(lyon, postbox: Postbox) -> None:
    subscribe(language="fr")
    happened(lyon, BEGINS + 5 * HOUR, None)
    tell_due(MONDAY)
    deliver_due(MONDAY)
    assert 'lang="fr"' in postbox.mails[0].get_body(("html",)).get_content()


# --- cost -----------------------------------------------------------------------------------------


def test_the_fleet_is_read_once_for_all_in_a_zone(lyon, make_integration) -> None:
    def cost(people: int) -> int:
        Subscription.objects.all().delete()
        for n in range(people):
            subscribe(f"{people}-{n}@ops.example", tags=["fr"])
        with CaptureQueriesContext(connection) as queries:
            assert tell_due(MONDAY) == people
        return len([one for one in queries if "latency" in one["sql"] or "transition" in one["sql"]])

    assert cost(8) == cost(2)


def test_looking_when_nothing_is_due_is_one_query(lyon, django_assert_num_queries) -> None:
    for n in range(5):
        subscribe(f"{n}@ops.example", reported_week=WEEK)
    with django_assert_num_queries(1):
        tell_due(MONDAY + timedelta(days=4))


# --- on the command line --------------------------------------------------------------------------


def test_the_command_prints_a_week(lyon) -> None:
    subscribe()
    happened(lyon, BEGINS + 5 * HOUR, HOUR)
    out = StringIO()
    call_command("report", "OPS@ops.example", week="2026-W10", stdout=out)
    assert out.getvalue().startswith("[week 10] 1 incident")
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("email", "week", "words"),
    [
        ("nobody@ops.example", None, "has no subscription"),
        ("ops@ops.example", "47", "is no week"),
        ("ops@ops.example", "9999-W52", "is no week"),
        ("ops@ops.example", "2025-W01", "was watched in that week"),
    ],
)
def test_the_command_says_what_is_wrong(lyon, email, week, words) -> None:
    subscribe()
    with pytest.raises(CommandError, match=words) as caught:
        call_command("report", email, week=week)
    assert caught.value.returncode == 2


# --- on a page ------------------------------------------------------------------------------------


def test_whoever_sees_all_stores_reads_the_report_that_was_written(
    lyon, monkeypatch, client, django_assert_max_num_queries
) -> None:
    happened(lyon, BEGINS + 5 * HOUR, HOUR)
    subscribe("fr@ops.example", tags=["fr"])
    shared = subscribe()
    user = User.objects.create_user("vera", time_zone="Europe/Paris", language="fr")
    client.force_login(user)
    assert client.get("/week/").status_code == 403
    user.groups.add(Group.objects.get(name=VIEWER))
    assert client.get("/week/")["Location"] == "/notices/"
    tell_due(MONDAY)
    Notice.objects.filter(recipient=shared.email).update(created_at=MONDAY - HOUR)
    with django_assert_max_num_queries(6):
        page = client.get("/week/").content.decode()
    assert "la semaine précédente" in page
    assert "1 incident" in page
    # What an address with a filter was told is not about everything.
    Subscription.objects.filter(pk=shared.pk).delete()
    assert client.get("/week/")["Location"] == "/notices/"
    # Who sees some stores only might read of others: the address may have been somebody else's.
    user.groups.clear()
    Role.objects.create(user=user, group=Group.objects.get(name=VIEWER), tags=["fr"])
    Subscription.objects.update(user=user)
    assert client.get("/week/")["Location"] == "/notices/"

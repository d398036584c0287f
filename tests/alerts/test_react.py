"""What a changed judgement leads to: incidents, and notices in the outbox."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react, touch
from monitor.models import Incident, Member, Notice, Recovery, Refresh, Verdict
from tests.alerts.conftest import BLOCKED, FINE, LATE, NOW, STALLED, UNKNOWN, change, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

LATER = NOW + timedelta(minutes=20)


def steps(**filters) -> list[str]:
    return list(Notice.objects.filter(**filters).order_by("pk").values_list("step", flat=True))


def test_a_bad_verdict_opens_one_incident_and_tells_each_subscriber(integration):
    subscribe("a@ops.example")
    subscribe("b@ops.example", language="fr")
    react([change(integration, STALLED, waiting=31)], now=NOW)
    incident = Incident.objects.get()
    assert (incident.scope, incident.cause, incident.rule, incident.state) == (
        f"integration:{integration.pk}", "imports", "stalled", "fail",
    )  # fmt: skip
    assert (incident.started_at, incident.opened_at, incident.closed_at) == (STALLED.since, NOW, None)
    assert incident.peak_waiting == 31
    assert Member.objects.get().integration == integration
    assert steps() == ["opened", "opened"]
    assert Notice.objects.get(recipient="b@ops.example").language == "fr"


def test_reacting_twice_to_the_same_change_changes_nothing(integration):
    subscribe()
    for new in (STALLED, FINE):
        for _ in range(2):
            react([change(integration, new, waiting=3)], now=NOW)
    assert Incident.objects.count() == Member.objects.count() == 1
    assert steps() == ["opened", "recovered"]


def test_another_cause_while_it_is_open_updates_the_incident_without_another_mail(integration):
    subscribe()
    react([change(integration, STALLED, waiting=3)], now=NOW)
    react([change(integration, BLOCKED, waiting=9)], now=LATER)
    incident = Incident.objects.get()
    assert (incident.cause, incident.rule, incident.peak_waiting) == ("access", "user_agent_blocked", 9)
    assert incident.opened_at == NOW
    assert steps() == ["opened"]


def test_a_warning_that_becomes_a_failure_is_told_once_more(integration):
    subscribe()
    for new in (LATE, STALLED, LATE, STALLED):
        react([change(integration, new)], now=NOW)
    assert steps() == ["opened", "worsened"]


def test_who_wants_no_warnings_hears_of_the_failure_as_something_new(integration):
    subscribe("calm@ops.example", include_warnings=False)
    react([change(integration, LATE)], now=NOW)
    assert steps() == []
    react([change(integration, STALLED)], now=LATER)
    assert steps(recipient="calm@ops.example") == ["opened"]


def test_ok_closes_the_incident_and_tells_those_who_were_told(integration):
    subscribe("told@ops.example")
    react([change(integration, STALLED)], now=NOW)
    subscribe("new@ops.example")
    react([change(integration, FINE)], now=LATER)
    assert Incident.objects.get().closed_at == LATER
    assert Member.objects.get().left_at == LATER
    assert steps(recipient="told@ops.example") == ["opened", "recovered"]
    assert steps(recipient="new@ops.example") == []


def test_who_could_not_be_told_of_the_opening_is_not_told_of_the_recovery(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    Notice.objects.update(failed_at=NOW)
    react([change(integration, FINE)], now=LATER)
    assert steps() == ["opened"]


def test_a_warning_nobody_subscribed_to_recovers_silently(integration):
    subscribe(include_warnings=False)
    react([change(integration, LATE)], now=NOW)
    react([change(integration, FINE)], now=LATER)
    assert Incident.objects.get().closed_at == LATER
    assert steps() == []


def test_unknown_leaves_the_incident_open(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    react([change(integration, UNKNOWN)], now=LATER)
    assert Incident.objects.get().closed_at is None
    react([change(integration, FINE, old=UNKNOWN)], now=LATER)
    assert steps() == ["opened", "recovered"]


@pytest.mark.parametrize("state", [FINE, UNKNOWN])
def test_nothing_bad_opens_nothing(integration, state):
    subscribe()
    react([change(integration, state)], now=NOW)
    assert not Incident.objects.exists()


def test_a_paused_integration_opens_nothing_but_may_close(make_integration):
    subscribe()
    paused = make_integration("paused", is_paused=True)
    react([change(paused, STALLED)], now=NOW)
    assert not Incident.objects.exists()
    open_one = make_integration("open")
    react([change(open_one, STALLED)], now=NOW)
    open_one.is_paused = True
    open_one.save()
    react([change(open_one, FINE)], now=LATER)
    assert Incident.objects.get().closed_at == LATER


@pytest.mark.parametrize(
    ("wanted", "has", "told"),
    [
        ((), (), True),
        ((), ("vip",), True),
        (("vip",), ("vip", "fr"), True),
        (("vip",), (), False),
        (("vip",), ("fr",), False),
    ],
)
def test_tags_decide_who_is_told(make_integration, wanted, has, told):
    subscribe(tags=list(wanted))
    react([change(make_integration(tags=has), STALLED)], now=NOW)
    assert steps() == (["opened"] if told else [])


def test_a_subscription_that_is_off_is_told_nothing(integration):
    subscribe(is_active=False)
    react([change(integration, STALLED)], now=NOW)
    assert steps() == []


def test_trouble_that_comes_back_is_a_new_incident(integration):
    subscribe()
    for new in (STALLED, FINE, STALLED):
        react([change(integration, new)], now=NOW)
    assert Incident.objects.count() == 2
    assert steps() == ["opened", "recovered", "opened"]


def test_the_recovery_names_the_refresh_that_moved_it(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    Refresh.objects.create(
        integration=integration, actor="ann", reason="after maintenance", strategy="hub_api", stage="done",
        outcome="moved", requested_at=NOW, asked_at=NOW + timedelta(minutes=1), due_at=NOW, finished_at=LATER,
    )  # fmt: skip
    react([change(integration, FINE)], now=LATER)
    refresh = Notice.objects.get(step="recovered").context["refresh"]
    assert (refresh["actor"], refresh["reason"]) == ("ann", "after maintenance")


def test_a_refresh_without_effect_gets_no_credit(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    Refresh.objects.create(
        integration=integration, actor="ann", reason="-", strategy="hub_api", stage="done",
        outcome="no_effect", requested_at=NOW, asked_at=NOW, due_at=NOW, finished_at=LATER,
    )  # fmt: skip
    react([change(integration, FINE)], now=LATER)
    assert Notice.objects.get(step="recovered").context["refresh"] is None


def test_the_delivery_is_asked_for_after_the_commit_only(
    integration, nudges, django_capture_on_commit_callbacks
):
    subscribe()
    with django_capture_on_commit_callbacks(execute=True):
        react([change(integration, STALLED)], now=NOW)
        assert nudges == []
    assert nudges == ["monitor.alerts.tasks.deliver"]


def test_many_changes_cost_no_more_queries_than_two(make_integration):
    subscribe()
    integrations = [make_integration(f"shop-{n}") for n in range(40)]

    def queries(chosen, new) -> int:
        with CaptureQueriesContext(connection) as captured:
            react([change(one, new) for one in chosen], now=NOW)
        return len(captured)

    for new in (LATE, STALLED, FINE):
        assert queries(integrations[:2], new) == queries(integrations[2:], new) <= 14


def test_the_peak_of_waiting_orders_follows_the_verdicts_upwards(integration):
    react([change(integration, STALLED, waiting=5)], now=NOW)
    Verdict.objects.create(integration=integration, state="fail", since=NOW, judged_at=timezone.now())
    for waiting, peak in ((9, 9), (4, 9)):
        Verdict.objects.update(waiting_count=waiting)
        touch([integration.pk])
        assert Incident.objects.get().peak_waiting == peak


def test_the_opening_says_that_a_refresh_would_help_once_the_store_can_be_reached_again(integration, postbox):
    subscribe()
    Recovery.objects.create(integration=integration, recovered_at=NOW, due_at=NOW)
    react([change(integration, STALLED, waiting=3)], now=LATER)
    deliver_due(LATER)
    assert (
        "but the hub still lags behind: force a refresh now."
        in postbox.mails[0].get_body(("plain",)).get_content()
    )


@pytest.mark.parametrize("decision", ["left", "refreshed"])
def test_the_opening_suggests_no_refresh_where_none_would_help_or_one_was_made(integration, decision):
    subscribe()
    Recovery.objects.create(
        integration=integration, recovered_at=NOW, due_at=NOW, decided_at=NOW, decision=decision
    )
    react([change(integration, STALLED, waiting=3)], now=LATER)
    assert Notice.objects.get().context["let_in_again_at"] is None

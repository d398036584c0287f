"""Inside a maintenance window everything is watched and nobody is told; what is left is told after it."""

from datetime import timedelta

import pytest

from integrations.contracts import ConditionKind
from integrations.models import Account
from monitor.alerts.maintenance import running_now
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.alerts.reminding import follow_up
from monitor.alerts.unhushing import unhush
from monitor.health.states import State
from monitor.models import Incident, Maintenance, Notice
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, Postbox, change, judged, subscribe
from tests.alerts.test_mails import html_of, text_of
from tests.alerts.test_react import steps

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

END = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def plan(**scope) -> Maintenance:
    values = {"title": "New server", "starts_at": NOW - MINUTE, "ends_at": END, "created_at": NOW}
    return Maintenance.objects.create(**values | scope)


@pytest.mark.parametrize("covers", ["everything", "its store", "its account", "its tag"])
def test_inside_a_window_incidents_open_silently(make_integration, covers):
    one = make_integration(tags=("vip",))
    subscribe()
    scope = {
        "its store": {"store": one.store},
        "its account": {"account": one.account},
        "its tag": {"tag": "vip"},
    }
    plan(**scope.get(covers, {}))
    react([change(one, STALLED, waiting=3)], now=NOW)
    incident = Incident.objects.get()
    assert (incident.opened_at, incident.peak_waiting, incident.hushed_at) == (NOW, 3, NOW)
    assert steps() == []


@pytest.mark.parametrize("covers", ["another store", "another account", "another tag", "before", "after"])
def test_what_no_window_covers_is_told(make_integration, covers):
    one, other = make_integration(), make_integration("other", tags=("vip",))
    elsewhere = Account.objects.create(name="elsewhere", kind="sendcloud", url="https://hub2.example")
    subscribe()
    plan(
        **{
            "another store": {"store": other.store},
            "another account": {"account": elsewhere},
            "another tag": {"tag": "vip"},
            "before": {"starts_at": NOW - 2 * MINUTE, "ends_at": NOW},
            "after": {"starts_at": NOW + MINUTE},
        }[covers]
    )
    react([change(one, STALLED)], now=NOW)
    assert steps() == ["opened"]


def test_a_window_never_holds_back_a_recovery(integration):
    subscribe()
    react([change(integration, STALLED)], now=NOW - 2 * MINUTE)
    plan()
    react([change(integration, FINE)], now=NOW)
    assert Incident.objects.get().closed_at == NOW
    assert steps() == ["opened", "recovered"]


def test_at_its_end_one_mail_tells_what_is_still_bad_and_counts_what_is_over(
    make_integration, postbox: Postbox
):
    lyon, nord, osaka = (make_integration(name, title) for name, title in (
        ("lyon", "Boutique Lyon"), ("nord", "Atelier Nord"), ("osaka", "Osaka Denim"),
    ))  # fmt: skip
    subscribe()
    plan()
    react([change(lyon, STALLED), change(osaka, STALLED)], now=NOW)
    react([change(nord, LATE)], now=NOW + MINUTE)
    react([change(osaka, FINE)], now=NOW + 2 * MINUTE)
    assert unhush(END - MINUTE) == 0
    assert unhush(END) == 3
    assert unhush(END) == 0
    deliver_due(END)
    (mail,) = postbox.mails
    assert mail["Subject"] == (
        "[maintenance over] New server: 2 still not well: Boutique Lyon → Sendcloud, Atelier Nord → Sendcloud"
    )
    for body in (text_of(mail), html_of(mail)):
        assert "2 are still not well." in body
        assert "1 trouble began and ended meanwhile: Osaka Denim → Sendcloud." in body
        assert body.count("/incidents/answer/") == 2
    assert not Notice.objects.filter(sent_at=None).exists()


def test_what_comes_after_is_in_the_thread_of_that_mail(integration, postbox: Postbox):
    subscribe()
    plan()
    react([change(integration, STALLED)], now=NOW)
    unhush(END)
    deliver_due(END)
    react([change(integration, FINE)], now=END + MINUTE)
    deliver_due(END + MINUTE)
    note, recovered = postbox.mails
    assert recovered["Subject"].startswith("[recovered]")
    assert recovered["In-Reply-To"] == note["Message-ID"]


def test_a_window_in_which_nothing_happened_ends_without_a_word(integration):
    subscribe()
    plan()
    assert unhush(END) == 0
    assert steps() == []


def test_what_became_worse_in_a_window_is_told_at_its_end(integration):
    subscribe()
    react([change(integration, LATE)], now=NOW - 2 * MINUTE)
    plan()
    react([change(integration, STALLED)], now=NOW)
    assert steps() == ["opened"]
    unhush(END)
    assert steps() == ["opened", "maintenance", "worsened"]


def test_what_another_window_covers_waits_for_that_one(integration):
    subscribe()
    plan()
    longer = plan(title="Longer", ends_at=END + timedelta(hours=1), store=integration.store)
    react([change(integration, STALLED)], now=NOW)
    assert unhush(END) == 0
    assert unhush(longer.ends_at) == 1
    assert Notice.objects.get(step="maintenance").context["title"] == "Longer"


def test_ending_a_window_early_tells_at_once(integration):
    subscribe()
    window = plan()
    react([change(integration, STALLED)], now=NOW)
    window.cut_at = NOW + MINUTE
    window.save()
    assert unhush(NOW + MINUTE) == 1
    assert steps() == ["maintenance", "opened"]


def test_a_shared_incident_is_told_when_somebody_joins_whom_no_window_covers(make_integration):
    one, other = make_integration(), make_integration("other")
    for integration in (one, other):
        integration.store.url = "https://same.example/" + integration.name
        integration.store.save()
    subscribe()
    plan(store=one.store)
    away = judged(State.FAIL, ConditionKind.ACCESS, "no_answer")
    react([change(one, away)], now=NOW)
    assert steps() == []
    react([change(other, away)], now=NOW + MINUTE)
    assert steps() == ["opened"]
    assert unhush(END) == 0


def test_nobody_is_reminded_of_what_a_window_covers(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED)], now=NOW - timedelta(hours=2))
    deliver_due(NOW - timedelta(hours=2))
    plan()
    assert follow_up(NOW) == 0
    assert follow_up(END) == 1


def test_one_that_recurs_is_known_by_one_query(django_assert_num_queries, db):
    plan(recurrence="FREQ=DAILY", time_zone="Europe/Paris")
    plan(ends_at=NOW)
    with django_assert_num_queries(1):
        running_now(NOW)
    assert [one.window.recurrence for one in running_now(NOW + timedelta(days=7))] == ["FREQ=DAILY"]

"""What many suffer from together is one incident, told once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts import ConditionKind
from integrations.models import Account, Store
from monitor.alerts.mails import write
from monitor.alerts.react import react
from monitor.alerts.shared import Peer
from monitor.health.states import State
from monitor.models import Incident, Member, Notice
from tests.alerts.conftest import FINE, NOW, STALLED, change, judged, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

NOTHING_SINCE = NOW - timedelta(minutes=47)
UNREACHABLE = judged(State.FAIL, ConditionKind.ACCESS, "connection_failed", since=NOW)
RHYTHM = timedelta(minutes=10)


def stalled(integration, waiting=3):
    oldest = NOTHING_SINCE + timedelta(minutes=1)
    new = replace(STALLED, evidence={"hub": "sendcloud", "oldest_waiting_at": oldest.isoformat()})
    return change(integration, new, waiting=waiting)


def waits(minutes=40):
    return Peer(NOW - timedelta(minutes=minutes), NOTHING_SINCE, RHYTHM)


def quiet():
    return Peer(None, NOTHING_SINCE, RHYTHM)


def moving(minutes=1):
    return Peer(None, NOW - timedelta(minutes=minutes), RHYTHM)


def known(*peers):
    """What is known of the integrations of every account, in the order of their keys."""
    return lambda accounts: {account: dict(enumerate(peers, start=1)) for account in accounts}


@pytest.fixture
def four(make_integration):
    return [make_integration(name) for name in ("lyon", "paris", "nice", "lille")]


def steps():
    return list(Notice.objects.order_by("pk").values_list("step", flat=True))


def test_a_hub_that_imports_nothing_is_one_incident_from_its_first_sign_on(four, account):
    subscribe()
    peers = known(waits(), waits(), waits(), quiet())
    react([stalled(four[0])], now=NOW, peers=peers)
    incident = Incident.objects.get()
    assert (incident.scope, incident.rule) == (f"account:{account.pk}", "account_stalled")
    assert incident.evidence["affected"] == 3

    react([stalled(four[1]), stalled(four[2])], now=NOW + timedelta(minutes=9), peers=peers)
    assert Incident.objects.count() == 1
    assert incident.members.count() == 3
    assert steps() == ["opened"]
    mail = write(Notice.objects.get(), now=NOW)
    assert "Sendcloud" in mail.subject
    assert "Nothing of Sendcloud arrives" in str(mail.body)

    for place, integration in enumerate(four[:3]):
        assert not Incident.objects.filter(closed_at__isnull=False).exists()
        react([change(integration, FINE)], now=NOW + timedelta(minutes=30 + place))
    assert Incident.objects.get().closed_at == NOW + timedelta(minutes=32)
    assert steps() == ["opened", "recovered"]


@pytest.mark.parametrize(
    ("peers", "why"),
    [
        ((waits(), waits(), waits(), moving()), "another one's orders arrive"),
        ((waits(), waits(), quiet(), quiet()), "too few have anything to import"),
        ((waits(), waits(5), waits(5), quiet()), "the others are not due yet"),
        ((waits(), waits(), waits(), moving(15)), "all were overdue while another one's orders arrived"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_stall_is_one_stores_own_when(four, peers, why):
    react([stalled(four[0])], now=NOW, peers=known(*peers))
    assert Incident.objects.get().scope == f"integration:{four[0].pk}", why


def test_an_incident_that_was_the_first_sign_becomes_the_shared_one(four, account):
    subscribe()
    react([stalled(four[0])], now=NOW, peers=known(waits(), quiet(), quiet(), quiet()))
    first = Incident.objects.get()
    react([stalled(four[1])], now=NOW + timedelta(minutes=5), peers=known(waits(), waits(), quiet(), quiet()))
    incident = Incident.objects.get()
    assert (incident.pk, incident.scope) == (first.pk, f"account:{account.pk}")
    assert incident.members.count() == 2
    assert steps() == ["opened"], "nobody is told the same thing twice"


@pytest.mark.parametrize("at_once", [True, False], ids=["in the same call", "later"])
def test_who_was_ailing_before_is_not_told_of_apart_when_all_stall(four, at_once):
    subscribe()
    gap = judged(State.WARN, ConditionKind.IMPORTS, "gap", since=NOW - timedelta(days=2))
    react([change(four[3], gap)], now=NOW - timedelta(days=2))
    peers = known(waits(), waits(), waits(), waits())
    if at_once:
        react([stalled(four[0]), stalled(four[3])], now=NOW, peers=peers)
    else:
        react([stalled(four[0])], now=NOW, peers=peers)
        react([stalled(four[3])], now=NOW + timedelta(minutes=5), peers=peers)
    assert steps() == ["opened", "opened"], "of the gap, and of the hub"
    own = Incident.objects.get(scope=f"integration:{four[3].pk}")
    assert (own.state, own.closed_at) == ("fail", None)


def test_who_was_ailing_before_and_stalls_alone_is_told_of(four):
    subscribe()
    gap = judged(State.WARN, ConditionKind.IMPORTS, "gap", since=NOW - timedelta(days=2))
    react([change(four[3], gap)], now=NOW - timedelta(days=2))
    react([stalled(four[3])], now=NOW, peers=known(moving(), moving(), moving(), waits()))
    assert steps() == ["opened", "worsened"]


def the_ailing_one_stalls_first(four):
    """The fourth has had a gap for days, and is the first that stalls when the hub does."""
    gap = judged(State.WARN, ConditionKind.IMPORTS, "gap", since=NOW - timedelta(days=2))
    react([change(four[3], gap)], now=NOW - timedelta(days=2))
    react([stalled(four[3])], now=NOW, peers=known(quiet(), quiet(), quiet(), waits()))
    return Incident.objects.get()


def everybody_waits(four):
    return lambda accounts: {account: {one.pk: waits() for one in four} for account in accounts}


def test_when_the_first_sign_was_an_old_incident_that_became_worse_the_outage_is_not_told_again(four):
    subscribe()
    ailing = the_ailing_one_stalls_first(four)
    assert steps() == ["opened", "worsened"]
    react([stalled(four[0])], now=NOW + timedelta(minutes=7), peers=everybody_waits(four))
    shared = Incident.objects.get(scope__startswith="account:")
    assert steps() == ["opened", "opened"], "of the gap, and what had become worse: the outage"
    assert Notice.objects.latest("pk").incident == shared
    react([stalled(four[1])], now=NOW + timedelta(minutes=8), peers=everybody_waits(four))
    for one in four[:2]:
        react([change(one, FINE)], now=NOW + timedelta(hours=1))
    assert steps()[2:] == ["recovered"], "the outage; the gap goes on"
    ailing.refresh_from_db()
    assert (ailing.scope, ailing.closed_at) == (f"integration:{four[3].pk}", None)


def test_who_was_not_told_of_the_first_sign_is_told_of_the_outage(four):
    the_ailing_one_stalls_first(four)
    subscribe()
    react([stalled(four[0])], now=NOW + timedelta(minutes=7), peers=everybody_waits(four))
    assert steps() == ["opened"]
    assert Notice.objects.get().incident.is_shared


def test_two_that_stall_make_it_the_hub_also_when_one_of_them_was_ailing_before(four):
    the_ailing_one_stalls_first(four)

    def two_wait(accounts):
        return {account: {four[0].pk: waits(), four[3].pk: waits()} for account in accounts}

    react([stalled(four[0])], now=NOW + timedelta(minutes=7), peers=two_wait)
    assert Incident.objects.filter(scope__startswith="account:").count() == 1


def test_a_stall_that_others_have_overtaken_stays_its_own(four):
    react([stalled(four[0])], now=NOTHING_SINCE - timedelta(hours=3), peers=known(*[moving()] * 4))
    react([stalled(four[1])], now=NOW, peers=known(waits(), waits(), waits(), quiet()))
    assert Incident.objects.filter(scope__startswith="integration:").count() == 1
    assert Incident.objects.filter(scope__startswith="account:").count() == 1


def test_somebody_who_is_only_told_of_another_member_is_told_when_that_one_joins(four):
    Store.objects.filter(name="paris").update(tags=["vip"])
    four[1].store.refresh_from_db()
    subscribe("all@ops.example")
    subscribe("vip@ops.example", tags=["vip"])
    peers = known(waits(), waits(), waits(), quiet())
    react([stalled(four[0])], now=NOW, peers=peers)
    assert set(Notice.objects.values_list("recipient", flat=True)) == {"all@ops.example"}
    react([stalled(four[1])], now=NOW + timedelta(minutes=3), peers=peers)
    told = Notice.objects.order_by("pk").values_list("recipient", "step")
    assert list(told) == [("all@ops.example", "opened"), ("vip@ops.example", "opened")]


def test_shops_of_one_host_that_fail_together_are_one_incident(four):
    subscribe()
    Store.objects.filter(name__in=["lyon", "paris"]).update(url="https://host.example/shop")
    react([change(four[0], UNREACHABLE), change(four[2], UNREACHABLE)], now=NOW)
    assert Incident.objects.count() == 2
    react([change(four[1], UNREACHABLE)], now=NOW + timedelta(minutes=4))
    incident = Incident.objects.get(scope="host:host.example")
    assert set(incident.members.values_list("integration__name", flat=True)) == {"lyon", "paris"}
    assert incident.rule == "host_fails"
    assert steps() == ["opened", "opened"]


def test_shops_behind_one_zone_that_it_disturbs_are_one_incident(four):
    subscribe()
    edge = Account.objects.create(name="cloudflare", title="Our Cloudflare", kind="cloudflare")
    Store.objects.filter(name__in=["lyon", "paris", "nice"]).update(edge=edge)
    for integration in four:
        integration.store.refresh_from_db()
    disturbed = judged(State.WARN, ConditionKind.EDGE, "check_warned", since=NOW)
    react([change(four[0], disturbed), change(four[3], disturbed)], now=NOW)
    assert Incident.objects.filter(scope__startswith="integration:").count() == 2
    react([change(four[1], disturbed)], now=NOW + timedelta(minutes=50))
    react([change(four[2], disturbed)], now=NOW + timedelta(hours=9))
    incident = Incident.objects.get(scope=f"zone:{edge.pk}")
    assert set(incident.members.values_list("integration__name", flat=True)) == {"lyon", "paris", "nice"}
    assert (incident.rule, incident.shared_title) == ("zone_fails", "Our Cloudflare")
    assert steps() == ["opened", "opened"]


def test_a_member_is_in_one_open_incident_only(four):
    peers = known(waits(), waits(), waits(), quiet())
    react([stalled(four[0]), stalled(four[1])], now=NOW, peers=peers)
    react([stalled(four[0])], now=NOW + timedelta(minutes=1), peers=peers)
    assert Member.objects.filter(left_at=None).count() == 2

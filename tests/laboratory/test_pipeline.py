"""Simulated changes through the real alerting, in a database that stays as it was."""

import time

import pytest
from django.db import connection

from integrations.models import Account, Integration, Store
from monitor.laboratory.fleet import Fault, Kind, make_fleet
from monitor.laboratory.pipeline import tell
from monitor.laboratory.running import run
from monitor.laboratory.scoring import score
from monitor.laboratory.traffic import DAY, HOUR
from monitor.models import Incident, Member, Notice, Subscription
from tests.laboratory import made

pytestmark = pytest.mark.integration


def simulated(fleet):
    courses = [made.run(one, fleet.days) for one in fleet.subjects]
    return courses, tell(fleet, courses)


def outage_of(kind: Kind, count: int, hours: float):
    fault = made.fault(kind, hours)
    subjects = [made.subject(fault, number=number, account=1) for number in range(count)]
    return made.fleet_of(*subjects, outages=[(kind, 1 if kind is Kind.HUB else -1, fault)])


@pytest.mark.django_db
def test_an_outage_of_a_hub_is_told_once_at_its_start_and_once_at_its_end():
    fleet = outage_of(Kind.HUB, 12, hours=3)
    courses, story = simulated(fleet)
    assert [told.step for told in story.told] == ["opened", "recovered"]
    assert story.told[0].scope.startswith("account:")
    assert len(story.told[0].members) == 12
    [outage] = score(fleet, courses, story)["outages"]
    assert (outage["notices"], outage["integrations_in_incidents"]) == (1, 12)


@pytest.mark.django_db
def test_an_outage_of_our_own_network_blames_nobody():
    fleet = outage_of(Kind.UPLINK, 12, hours=1)
    courses, story = simulated(fleet)
    assert not story.told
    assert not story.bad
    assert {state for course in courses for state, _ in made.told(course)} == {"ok", "unknown"}


@pytest.mark.django_db
def test_a_key_of_ours_that_is_refused_is_told_once():
    fleet = made.fleet_of(made.subject(made.fault(Kind.OWN_KEY, hours=30)))
    _, story = simulated(fleet)
    assert [told.step for told in story.told] == ["opened", "recovered"]


@pytest.mark.django_db
def test_what_flaps_is_told_when_that_is_clear_and_when_it_is_over():
    fleet = made.fleet_of(made.subject(made.fault(Kind.FLAPPING, hours=20), rhythm=300.0))
    courses, story = simulated(fleet)
    steps = [told.step for told in story.told if told.step != "worsened"]
    assert steps == ["opened", "recovered", "opened", "recovered"]
    assert len([e for e in courses[0].episodes if e.kind is Kind.FLAPPING]) > 10
    assert score(fleet, courses, story)["notices_per_flapping_integration"] == len(story.told), "its end too"


@pytest.mark.django_db
def test_whoever_was_told_of_alone_before_the_outage_was_clear_counts_as_told():
    """Their incidents are merged into the shared one, but the mails were sent."""
    story = simulated(outage_of(Kind.HUB, 2, hours=3))[1]
    assert all(told.members for told in story.told)


@pytest.mark.django_db
def test_a_small_fleet_takes_seconds_and_without_faults_nobody_is_told_anything():
    began = time.process_time()
    fleet = make_fleet(15, 7, 4, faults=False)
    courses = run(fleet, 1)
    story = tell(fleet, courses)
    assert time.process_time() - began < 10
    assert score(fleet, courses, story)["false_notices"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_real_database_stays_exactly_as_it_was():
    account = Account.objects.create(name="eu", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="lyon", platform="woocommerce", url="https://lyon.example")
    Integration.objects.create(name="lyon", account=account, store=store, external_id="1")
    Subscription.objects.create(email="real@example.com")

    def everything():
        with connection.cursor() as cursor:
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
            numbering = cursor.fetchall()
        models = (Account, Store, Integration, Subscription, Incident, Member, Notice)
        return numbering, [list(model.objects.order_by("pk").values()) for model in models]

    before = everything()
    _, story = simulated(made.fleet_of(made.subject(made.fault(Kind.STALL, hours=3))))
    assert story.told, "somebody was told, in the laboratory only"
    assert everything() == before


def test_a_fleet_is_made_of_its_seed_alone():
    def sketch(seed):
        return [(s.account, s.rhythm, s.traffic.per_week, s.faults) for s in make_fleet(50, 7, seed).subjects]

    assert sketch(1) == sketch(1)
    assert sketch(1) != sketch(2)


def test_the_faults_of_a_fleet_lie_in_its_measured_days():
    fleet = make_fleet(300, 14, 5)
    faults = [fault for subject in fleet.subjects for fault in subject.faults]
    assert {fault.kind for fault in faults} == set(Kind)
    assert all(isinstance(fault, Fault) and fleet.start <= fault.start < fleet.end for fault in faults)
    assert fleet.end - fleet.start == 14 * DAY
    assert min(fault.end - fault.start for fault in faults) > HOUR / 10

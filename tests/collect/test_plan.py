"""Which work there is after something was connected, paused, resumed or removed."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.models import Account, Integration, Store
from monitor.collect import facts
from monitor.collect.checks import record_checks
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.models import CheckResult, Job, Verdict
from monitor.models.work import JobKind

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=5)


@pytest.fixture
def account() -> Account:
    return Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")


def connect(account: Account, name: str) -> Integration:
    store = Store.objects.create(name=name, platform="woocommerce", url=f"https://{name}.example")
    return Integration.objects.create(name=name, account=account, store=store, external_id=name)


def histories() -> set[int]:
    return set(Job.objects.filter(kind=JobKind.HUB_HISTORY).values_list("target_id", flat=True))


def test_what_arrived_while_an_integration_was_paused_is_read_when_it_is_resumed(account):
    connect(account, "other")
    paused = connect(account, "paused")
    ensure_jobs(NOON)
    Integration.objects.filter(pk=paused.pk).update(is_paused=True)
    ensure_jobs(NOON)
    assert not histories()

    Integration.objects.filter(pk=paused.pk).update(is_paused=False)
    ensure_jobs(LATER)

    assert histories() == {paused.pk}
    start = datetime.fromisoformat(Job.objects.get(kind=JobKind.HUB_HISTORY).cursor["at"])
    assert start < NOON


def test_only_what_joins_an_account_that_is_read_already_gets_a_reading_of_its_own(account):
    connect(account, "first")
    ensure_jobs(NOON)
    assert not histories()
    second = connect(account, "second")
    ensure_jobs(NOON)
    ensure_jobs(LATER)
    assert histories() == {second.pk}


@pytest.mark.parametrize("end", ["removed", "account switched off"])
def test_no_work_outlives_what_it_is_for(account, end):
    connect(account, "first")
    ensure_jobs(NOON)
    second = connect(account, "second")
    ensure_jobs(NOON)
    if end == "removed":
        second.delete()
    else:
        Account.objects.update(is_active=False)

    ensure_jobs(LATER)

    assert not histories()


def test_a_changed_interval_reaches_the_work_that_exists(account, settings):
    connect(account, "first")
    ensure_jobs(NOON)
    settings.SYNCWATCH_COLLECT_INTERVAL_S = 30
    ensure_jobs(LATER)
    assert Job.objects.get(kind=JobKind.STORE_ORDERS).interval_s == 30


@pytest.mark.parametrize("part", ["store", "account"])
def test_nothing_is_said_of_an_integration_whose_store_or_account_is_switched_off(account, part):
    integration = connect(account, "first")
    ensure_jobs(NOON)
    getattr(integration, part).__class__.objects.update(is_active=False)
    ensure_jobs(LATER)

    judge([integration.pk], LATER)

    assert Verdict.objects.get().judged_at == NOON


def test_what_checks_found_goes_with_the_zone_the_integration_and_the_store(account):
    zone = Account.objects.create(name="zone", kind="cloudflare", url="https://api.example")
    first, second = connect(account, "first"), connect(account, "second")
    Store.objects.filter(pk=first.store_id).update(edge=zone)
    ensure_jobs(NOON)
    shop = first.store_id
    for source, target in (
        ("store", shop),
        ("edge", shop),
        ("integration", first.pk),
        ("store", second.store_id),
    ):
        record_checks(
            CheckResult.Source(source),
            target,
            [Check(ConditionKind.ACCESS, "one", CheckState.FAIL, "No.")],
            NOON,
        )

    Store.objects.update(edge=None)
    ensure_jobs(LATER)
    assert not CheckResult.objects.filter(source="edge").exists()
    assert CheckResult.objects.count() == 3
    first.delete()
    ensure_jobs(LATER)
    assert [row.target_id for row in CheckResult.objects.all()] == [second.store_id]


def test_another_zone_account_takes_the_audit_over(account):
    zones = [Account.objects.create(name=name, kind="cloudflare", url="https://api.example") for name in "ab"]
    integration = connect(account, "first")
    for zone in zones:
        Store.objects.filter(pk=integration.store_id).update(edge=zone)
        ensure_jobs(NOON)
    assert Job.objects.get(kind=JobKind.STORE_EDGE).account_id == zones[1].pk


def test_the_integrations_of_a_large_account_take_turns(account):
    """A request every second is allowed, and one in four may be about single integrations."""
    for number in range(50):
        connect(account, f"shop-{number}")
    ensure_jobs(NOON)
    begin = Job.objects.filter(kind=JobKind.HUB_SHIPMENTS).order_by("due_at").values_list("due_at", flat=True)
    assert list(begin) == [NOON + timedelta(seconds=4 * place) for place in range(50)]
    assert Job.objects.get(kind=JobKind.HUB_ARRIVALS).due_at == NOON


def test_a_zone_that_is_not_read_any_more_is_not_judged(account):
    zone = Account.objects.create(name="zone", kind="cloudflare", url="https://api.example")
    integration = connect(account, "first")
    Store.objects.update(edge=zone)
    ensure_jobs(NOON)
    assert facts.load([integration.pk], NOON)[integration.pk].has_edge
    Account.objects.filter(pk=zone.pk).update(is_active=False)
    assert not facts.load([integration.pk], NOON)[integration.pk].has_edge

"""Which work there is after something was connected, paused, resumed or removed."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Account, Integration, Store
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.models import Job, Verdict
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

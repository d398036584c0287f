"""What a batch looks up once for all its jobs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from integrations.contracts import Outcome
from integrations.models import Account, Integration, Store
from monitor.collect.claim import Claimed
from monitor.collect.known import look_up
from monitor.models import Call
from monitor.models.work import JobKind

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def job(kind: JobKind, target_id: int) -> Claimed:
    return Claimed(1, kind, target_id, None, {}, 60, 0, None, uuid4())


@pytest.fixture
def account() -> Account:
    return Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")


@pytest.fixture
def integrations(account: Account) -> list[Integration]:
    made = []
    for name in ("lyon", "nord"):
        store = Store.objects.create(name=name, platform="woocommerce", url=f"https://{name}.example")
        made.append(Integration.objects.create(name=name, account=account, store=store, external_id=name))
    return made


def test_a_store_concerns_its_integrations_and_an_account_concerns_all_of_them(integrations, account):
    lyon, nord = integrations
    of_store, of_account = job(JobKind.STORE_ORDERS, lyon.store_id), job(JobKind.HUB_STATE, account.pk)
    known = look_up([of_store, of_account, job(JobKind.LEARN, nord.pk)], NOW)
    assert known.concerned(of_store) == {lyon.pk}
    assert known.concerned(of_account) == {lyon.pk, nord.pk}
    assert known.concerned(job(JobKind.LEARN, nord.pk)) == {nord.pk}


def test_credentials_that_cannot_be_decrypted_are_the_trouble_of_their_own_job_alone(integrations, settings):
    lyon, nord = integrations
    right = settings.SYNCWATCH_KEYS
    settings.SYNCWATCH_KEYS = [Fernet.generate_key().decode()]
    Store.objects.filter(pk=lyon.store_id).update(credentials={"consumer_key": "ck"})
    settings.SYNCWATCH_KEYS = right

    known = look_up([job(JobKind.STORE_ORDERS, item.store_id) for item in integrations], NOW)

    assert known.stores == {}  # then each job looks for itself
    assert Store.objects.get(pk=nord.store_id).name == "nord"
    with pytest.raises(ImproperlyConfigured):
        Store.objects.get(pk=lyon.store_id)


@pytest.mark.parametrize(("age_min", "is_due"), [(10, False), (40, True)])
def test_a_call_that_went_well_is_kept_now_and_then_and_once_in_a_batch(integrations, age_min, is_due):
    store = integrations[0].store_id
    Call.objects.create(store_id=store, at=NOW - timedelta(minutes=age_min), outcome=Outcome.PASSED)
    known = look_up([job(JobKind.STORE_ORDERS, store)], NOW)
    assert known.is_sample_due(store, None) is is_due
    assert not known.is_sample_due(store, None)

"""What a hub says is kept, however odd its texts."""

from datetime import UTC, datetime

import pytest

from integrations.contracts import CallRecord, HubFailure, HubIntegration, Outcome
from integrations.errors import UnexpectedAnswer
from integrations.models import Account, Integration, Store
from monitor.collect.hubs import record_calls, record_failures, record_hub_states
from monitor.collect.plan import ensure_jobs
from monitor.models import Call, HubFailureLog, HubState

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = "a\x00" + "b" * 600


@pytest.fixture
def integration() -> Integration:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    made = Integration.objects.create(name="shop-hub", account=account, store=store, external_id="7")
    ensure_jobs(NOON)
    return made


def test_the_hubs_word_for_the_shop_system_may_be_any_text(integration):
    said = HubIntegration("7", ODD, "Shop", "https://shop.example", None, NOON)
    record_hub_states(integration.account_id, [said], now=NOON)
    record_hub_states(integration.account_id, [said], now=NOON)
    assert HubState.objects.get().system.startswith("ab")


def test_rows_of_the_failure_log_are_kept_whatever_is_in_them(integration):
    odd = HubFailure(ODD, "7", ODD, NOON, ODD, ODD, -5, ODD, Outcome.BLOCKED, ODD, ODD)
    fine = HubFailure("2", "7", "", NOON, "GET", "/", 403, "", Outcome.BLOCKED)
    record_failures(integration.account_id, [odd, fine])
    assert HubFailureLog.objects.filter(integration=integration).count() == 2


def test_calls_are_kept_whatever_is_in_them(integration):
    odd = CallRecord(NOON, ODD, ODD, ODD, 999_999_999_999, Outcome.UNEXPECTED, ODD, ODD, ODD)
    record_calls([odd], store_id=integration.store_id)
    assert Call.objects.get().excerpt.startswith("ab")


def test_an_empty_list_where_several_are_watched_is_not_believed(integration):
    other = Store.objects.create(name="other", platform="shopify", url="https://other.example")
    Integration.objects.create(name="other-hub", account=integration.account, store=other, external_id="8")
    ensure_jobs(NOON)
    with pytest.raises(UnexpectedAnswer, match="lists no integration"):
        record_hub_states(integration.account_id, [], now=NOON)
    assert not HubState.objects.exists()


def test_the_only_integration_of_an_account_may_be_disconnected(integration):
    record_hub_states(integration.account_id, [], now=NOON)
    assert not HubState.objects.get().is_listed

"""An account's request budget holds for all workers together."""

from datetime import timedelta

import pytest

from integrations.models import Account
from monitor.collect.pacing import BURST, pause, reserve

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def account() -> Account:
    return Account.objects.create(
        name="hub", kind="sendcloud", url="https://hub.example", requests_per_minute=60
    )


def test_slots_follow_each_other_at_the_accounts_rate_whoever_takes_them(account):
    first, step = reserve(account.pk, 4)
    second, _ = reserve(account.pk, 4)
    assert step == 1.0
    assert first == pytest.approx(4.0, abs=0.5)
    assert second - first == pytest.approx(4.0, abs=0.5)


def test_accounts_do_not_share_a_budget(account):
    other = Account.objects.create(
        name="other", kind="sendcloud", url="https://o.example", requests_per_minute=600
    )
    reserve(account.pk, 30)
    ahead, step = reserve(other.pk, 1)
    assert ahead == pytest.approx(0.1, abs=0.1)
    assert step == pytest.approx(0.1)


def test_nobody_gets_a_slot_while_the_remote_wants_to_be_left_alone(account):
    pause(account.pk, timedelta(minutes=2))
    ahead, _ = reserve(account.pk, 1)
    assert ahead - BURST.total_seconds() >= 120


def test_a_pause_never_shortens_a_longer_one(account):
    pause(account.pk, timedelta(minutes=5))
    pause(account.pk, timedelta(seconds=1))
    ahead, _ = reserve(account.pk, 1)
    assert ahead > 300

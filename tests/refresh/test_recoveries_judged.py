"""From what was read to a recovery that is noted, by the real judge."""

from datetime import timedelta

import pytest

from integrations.contracts import CallRecord, Outcome
from integrations.http import USER_AGENT
from integrations.models import Integration
from monitor.collect import hubs
from monitor.collect.judging import judge
from monitor.models import HubState, Job, Recovery, Refresh, Verdict
from monitor.refresh.automatic import follow_up
from tests.collect.test_judging import MINUTE, NOON, connect, place_order

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

FETCHED = NOON - timedelta(hours=1)
AGENTS = (USER_AGENT, "Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")


def look(integration: Integration, minutes: int, *, lets_in: bool) -> str:
    """Everything is read and judged; returns the rule of the verdict."""
    at = NOON + minutes * MINUTE
    Job.objects.update(last_started_at=at, last_ok_at=at, caught_up_at=at, last_error="", failures=0)
    HubState.objects.create(integration=integration, at=at, last_fetched_at=FETCHED)
    status, outcome = (401, Outcome.PASSED) if lets_in else (403, Outcome.BLOCKED)
    calls = [
        CallRecord(at, "GET", "https://shop.example/", one, status, outcome, by="nginx") for one in AGENTS
    ]
    hubs.record_calls(calls, store_id=integration.store_id, is_probe=True)
    judge([integration.pk], at)
    return Verdict.objects.get().rule


def test_a_hub_that_lags_behind_once_its_store_lets_it_in_again_is_noted_once():
    shop = connect("shop")
    place_order(shop, 1, NOON - 10 * MINUTE)
    assert look(shop, 30, lets_in=True) == look(shop, 31, lets_in=True)
    assert not Recovery.objects.exists()
    look(shop, 40, lets_in=False)
    shut = look(shop, 41, lets_in=False)
    assert "blocked" in shut
    assert not Recovery.objects.exists()
    for minutes in (50, 51, 52, 60, 70):
        look(shop, minutes, lets_in=True)
    [noted] = Recovery.objects.all()
    assert NOON + 50 * MINUTE <= noted.recovered_at <= NOON + 52 * MINUTE
    follow_up(NOON + 71 * MINUTE)
    noted.refresh_from_db()
    assert noted.decision == "suggested"
    assert not Refresh.objects.exists()

"""Waiting orders that are helped from the store's side: sent to the hub, or touched in the store."""

from datetime import timedelta

import pytest

from integrations.models import Integration, Store
from monitor import refresh as refreshes
from monitor.models import Arrival
from monitor.models.refreshes import RefreshOutcome, RefreshStage
from monitor.refresh.advance import step
from tests.tracking.conftest import PLATFORMS

pytestmark = pytest.mark.integration


def ask(world, name: str, strategy: str | None):
    now = world.sandbox.now()
    integration = Integration.objects.get(store__name=name)
    refresh = refreshes.request(integration, user=None, actor="omar", reason="", strategy=strategy, now=now)
    assert step(now)
    refresh.refresh_from_db()
    return refresh


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_integration_that_fetches_nothing_is_sent_its_waiting_orders(make_world, platform):
    world = make_world(platform, system="api")
    world.sandbox.add_orders(platform, 3)
    world.look()
    assert Arrival.objects.filter(arrived_at=None).count() == 3

    refresh = ask(world, platform, None)
    assert (refresh.strategy, refresh.stage) == ("push_orders", RefreshStage.WATCHING), refresh.detail
    assert refresh.detail == "Sendcloud took 3 orders."
    world.look()
    assert not Arrival.objects.filter(arrived_at=None).exists()
    assert step(world.sandbox.now() + timedelta(minutes=1))
    refresh.refresh_from_db()
    assert refresh.outcome == RefreshOutcome.MOVED
    assert len(world.sandbox.arrived(1)) == 3


def test_orders_that_were_sent_twice_are_not_doubled(make_world):
    world = make_world("woocommerce", system="api")
    world.sandbox.add_orders("woocommerce", 2)
    world.look()
    for _again in range(2):
        refresh = ask(world, "woocommerce", "push_orders")
        refreshes.cancel(refresh, user=None, now=world.sandbox.now())
        world.sandbox.advance(timedelta(minutes=10))
    assert sorted(world.sandbox.arrived(1)) == sorted(world.sandbox.order_ids("woocommerce"))


@pytest.mark.parametrize("platform", ["woocommerce", "prestashop"])
def test_touching_waits_for_the_operators_word(make_world, platform):
    world = make_world(platform)
    world.sandbox.add_orders(platform, 1)
    world.look()
    with pytest.raises(refreshes.RefreshRefused, match="may not be nudged"):
        ask(world, platform, "nudge_store")


def test_touched_orders_change_and_stay_what_they_are(make_world):
    world = make_world("woocommerce")
    Store.objects.update(allows_nudge=True)
    world.sandbox.add_orders("woocommerce", 2)
    world.look()
    before = world.sandbox.statuses("woocommerce")
    refresh = ask(world, "woocommerce", "nudge_store")
    assert refresh.stage == RefreshStage.WATCHING, refresh.detail
    assert refresh.detail == "2 waiting orders were touched in the store."
    assert world.sandbox.statuses("woocommerce") == before

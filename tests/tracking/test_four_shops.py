"""Tracking numbers on every platform: seen when they arrive, missed when they do not, and repaired."""

from datetime import timedelta

import pytest

from integrations.models import Integration
from monitor import refresh as refreshes
from monitor.models import Shipment
from monitor.models.refreshes import RefreshOutcome
from monitor.refresh.advance import step
from tests.tracking.conftest import PLATFORMS

pytestmark = pytest.mark.integration
LATE = timedelta(hours=2)


def repush(world, name: str, only=()):
    """A refresh that writes the missing numbers, carried out to its end."""
    integration = Integration.objects.get(store__name=name)
    now = world.sandbox.now()
    refresh = refreshes.request(
        integration, user=None, actor="omar", reason="", strategy="repush_tracking", only=only, now=now
    )
    assert step(now)
    refresh.refresh_from_db()
    return refresh


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_number_that_reaches_the_order_is_seen(make_world, platform):
    world = make_world(platform)
    world.ship(platform, 3)
    world.look()
    assert Shipment.objects.filter(reached_at__isnull=False).count() == 3
    assert world.condition(platform, "tracking").rule == "reaches"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_shop_that_cannot_be_written_to_is_noticed_explained_and_repaired(make_world, platform):
    world = make_world(platform)
    integration_id = world.number_of(platform)
    world.sandbox.break_hub(integration_id, "feedback_broken")
    world.ship(platform, 3)
    world.look(after=LATE)

    condition = world.condition(platform, "tracking")
    assert (condition.state, condition.rule) == ("fail", "stopped")
    assert condition.evidence["late_tracking_count"] == 3

    refresh = repush(world, platform)
    assert refresh.outcome == RefreshOutcome.MOVED, refresh.detail
    assert refresh.detail.startswith("3 numbers were written")
    assert [order["error"] for order in refresh.after["orders"]] == ["", "", ""]
    assert (refresh.before["missing_numbers"], refresh.after["missing_numbers"]) == (3, 0)
    world.look()
    assert world.condition(platform, "tracking").rule == "reaches"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_order_that_was_sent_without_its_number_is_noticed_and_repaired(make_world, platform):
    world = make_world(platform)
    world.ship(platform, 1)
    world.look()
    world.sandbox.break_hub(world.number_of(platform), "number_lost")
    world.ship(platform, 2)
    world.sandbox.mend_hub(world.number_of(platform), "number_lost")
    world.look(after=LATE)
    assert world.condition(platform, "tracking").evidence["late_tracking_count"] == 2

    refresh = repush(world, platform)
    assert refresh.outcome == RefreshOutcome.MOVED, refresh.detail


def test_writing_twice_changes_nothing_the_second_time(make_world):
    world = make_world("magento")
    world.sandbox.break_hub(1, "feedback_broken")
    world.ship("magento", 2)
    world.look(after=LATE)
    repush(world, "magento")
    # As if the record of the first time had been lost.
    Shipment.objects.update(reached_at=None)

    again = repush(world, "magento")
    assert again.outcome == RefreshOutcome.NO_EFFECT
    assert again.detail == "Every number is in the store already."


def test_single_orders_can_be_chosen(make_world):
    world = make_world("woocommerce")
    world.sandbox.break_hub(1, "feedback_broken")
    world.ship("woocommerce", 3)
    world.look(after=LATE)
    chosen = Shipment.objects.order_by("order_key")[1].order_key

    assert repush(world, "woocommerce", only=[chosen]).detail.startswith("1 number was written")
    assert Shipment.objects.filter(reached_at=None).count() == 2


def test_an_order_that_cannot_be_written_keeps_no_other_from_it(make_world):
    world = make_world("prestashop")
    world.sandbox.break_hub(1, "feedback_broken")
    world.ship("prestashop", 2)
    world.look(after=LATE)
    gone = Shipment.objects.order_by("order_key").first()
    Shipment.objects.filter(pk=gone.pk).update(order_key="999999")

    refresh = repush(world, "prestashop")
    assert refresh.outcome == RefreshOutcome.MOVED
    assert "1 order could not be written" in refresh.detail
    assert {bool(order["error"]) for order in refresh.after["orders"]} == {True, False}


def test_orders_without_a_visible_number_are_told_apart(make_world):
    world = make_world("prestashop")
    world.sandbox.break_hub(1, "feedback_broken")
    world.ship("prestashop", 2)
    world.look(after=LATE)
    Shipment.objects.update(order_number="")

    assert repush(world, "prestashop").outcome == RefreshOutcome.MOVED
    assert not Shipment.objects.filter(reached_at=None).exists()


def test_a_firewall_that_refuses_put_is_named_as_the_cause(make_world):
    world = make_world("woocommerce")
    world.sandbox.break_shop("woocommerce", "method_refused", methods="PUT", style="apache")
    world.ship("woocommerce", 3)
    world.look(after=LATE)
    tracking = world.condition("woocommerce", "tracking")
    assert (tracking.rule, tracking.evidence["method"], tracking.evidence["status"]) == (
        "stopped",
        "PUT",
        403,
    )
    assert world.condition("woocommerce", "access").rule == "method_blocked"

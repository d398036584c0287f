"""What only the receiver knows of a store's webhooks."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.contracts import Check, CheckState, ConditionKind, StoreCheckup
from integrations.models import Store
from monitor.collect.checks import record_checkup
from monitor.models import CheckResult, Delivery, Order

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def shop() -> Store:
    return Store.objects.create(name="shop", platform="shopify", url="https://shop.example")


def checked(shop: Store, code: str, state: CheckState, now: datetime) -> dict[str, str]:
    check = Check(ConditionKind.WEBHOOKS, code, state, "Webhook.", subject="ORDERS_CREATE")
    record_checkup(shop.pk, StoreCheckup((check,)), now)
    return {row.code: row.state for row in CheckResult.objects.all()}


def delivered(shop: Store, at: datetime) -> None:
    Delivery.objects.create(store=shop, key=at.isoformat(), topic="orders/create", received_at=at)


def ordered(shop: Store, *moments: datetime) -> None:
    for number, at in enumerate(moments):
        Order.objects.create(
            store=shop,
            external_id=f"{at.isoformat()}-{number}",
            number=str(number),
            ordered_at=at,
            eligible_at=at,
            changed_at=at,
            status="paid",
            expected=True,
            first_seen_at=at,
        )


def hours(*ages: float) -> list[datetime]:
    return [NOON - timedelta(hours=age) for age in ages]


def test_a_webhook_that_was_never_made_is_only_worth_knowing(shop):
    assert checked(shop, "subscription_missing", CheckState.INFO, NOON) == {"subscription_missing": "info"}


def test_one_that_used_to_deliver_has_been_lost(shop):
    delivered(shop, NOON - timedelta(days=3))
    assert checked(shop, "subscription_missing", CheckState.INFO, NOON) == {"subscription_missing": "warn"}


def test_one_that_is_there_while_orders_come_without_a_delivery_does_not_deliver(shop):
    checked(shop, "subscription_present", CheckState.OK, NOON - timedelta(days=1))
    delivered(shop, NOON - timedelta(hours=6))
    ordered(shop, *hours(5, 4, 3))
    found = checked(shop, "subscription_present", CheckState.OK, NOON)
    assert found["deliveries_silent"] == "warn"


@pytest.mark.parametrize(
    "ages",
    [
        (30, 29, 28),  # before the webhook was there
        (5, 4, 0.5),  # the third may still be on its way
        (8, 7, 6.5),  # a delivery came since
    ],
)
def test_orders_that_prove_nothing(shop, ages):
    checked(shop, "subscription_present", CheckState.OK, NOON - timedelta(days=1))
    delivered(shop, NOON - timedelta(hours=6))
    ordered(shop, *hours(*ages))
    assert checked(shop, "subscription_present", CheckState.OK, NOON)["deliveries_arrive"] == "ok"


def test_a_webhook_that_was_made_just_now_is_not_suspected(shop):
    ordered(shop, *hours(5, 4, 3))
    assert set(checked(shop, "subscription_present", CheckState.OK, NOON)) == {"subscription_present"}

"""Sending waiting orders on and touching them: what is said of it is what came of it."""

from contextlib import asynccontextmanager

import pytest

from integrations.contracts import RefreshAnswer
from integrations.errors import NotPossible
from monitor.models import Refresh, Verdict
from monitor.refresh import request, store_side
from tests.refresh.conftest import NOW

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


class Shop:
    """Has every order but those that were deleted."""

    def __init__(self, *deleted: str) -> None:
        self.deleted = deleted
        self.touched: list[str] = []

    async def read_full_orders(self, order_ids, *, now):
        return [order_id for order_id in order_ids if order_id not in self.deleted]

    async def nudge(self, order_id, *, now):
        if order_id in self.deleted:
            raise NotPossible(f"The shop has no order {order_id} any more.")
        self.touched.append(order_id)

    def calls(self):
        return []


class Hub:
    """Answers one batch after another."""

    def __init__(self, *answers: RefreshAnswer) -> None:
        self.answers = list(answers)

    def can_push(self, system):
        return True

    async def push_orders(self, integration_id, orders, *, now):
        return self.answers.pop(0)

    def calls(self):
        return []


@pytest.fixture
def at(monkeypatch):
    """Both ends of an integration."""

    def connect(shop: Shop, hub: Hub | None = None) -> None:
        for name, adapter in (("open_store", shop), ("open_hub", hub)):

            @asynccontextmanager
            async def opened(*_args, adapter=adapter, **_more):
                yield adapter

            monkeypatch.setattr(store_side, name, opened)

    return connect


def push(integration) -> str:
    return store_side.push_orders(integration, (), system="api", now=NOW, tell=lambda _sentence: None)


def test_orders_that_the_hub_refused_are_not_called_sent(integration, at):
    said = "Sendcloud took 2 orders. Order 1 was not taken: Sendcloud takes orders in EUR, GBP and USD only."
    at(Shop(), Hub(RefreshAnswer(True, said)))
    assert push(integration) == said


def test_a_batch_that_is_refused_keeps_no_other_from_being_watched(make_integration, at):
    integration = make_integration("large", waiting=150)
    at(Shop(), Hub(RefreshAnswer(True, "Sendcloud took 100 orders."), RefreshAnswer(False, "None of them.")))
    assert push(integration) == "Sendcloud took 100 orders. None of them."


def test_what_is_refused_as_a_whole_says_why(integration, at):
    at(Shop(), Hub(RefreshAnswer(False, "None of them.")))
    with pytest.raises(NotPossible, match="None of them"):
        push(integration)


def nudge(integration) -> str:
    return store_side.nudge_store(integration, (), now=NOW, tell=lambda _sentence: None)


def test_an_order_that_was_deleted_keeps_no_other_from_being_touched(integration, at):
    shop = Shop("0")
    at(shop)
    assert nudge(integration) == "2 waiting orders were touched in the store."
    assert shop.touched == ["1", "2"]


def test_a_shop_without_a_way_is_not_asked_for_every_order(make_integration, at):
    integration = make_integration("large", waiting=50)
    shop = Shop(*map(str, range(50)))
    at(shop)
    with pytest.raises(NotPossible, match="no order"):
        nudge(integration)


def test_numbers_are_written_first_only_where_they_are_missing(integration):
    """A setting about numbers that may do harm is repaired by no writing."""
    Verdict.objects.filter(integration=integration).update(cause="tracking", rule="check_failed")
    asked: Refresh = request(integration, user=None, actor="ann", reason="", now=NOW)
    assert asked.strategy == "hub_api"
    Refresh.objects.all().delete()
    Verdict.objects.filter(integration=integration).update(rule="stopped")
    assert request(integration, user=None, actor="ann", reason="", now=NOW).strategy == "repush_tracking"

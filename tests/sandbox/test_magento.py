"""What the Magento stand-in does beyond single answers: what moves an order's stamp, and who may what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import shop, small_fleet

pytestmark = pytest.mark.integration
TRACK = {"track_number": "3SABC", "title": "PostNL", "carrier_code": "custom"}
SHIP = {"notify": False, "tracks": [TRACK]}


@pytest.fixture
def mage(start: Callable[[FleetSpec], Sandbox]) -> Sandbox:
    return start(small_fleet([shop("mage", "magento"), shop("other", "magento")]))


def ask(
    sandbox: Sandbox,
    method: str,
    path: str,
    document: Any = None,
    *,
    who: Any = "monitor",
    name: str = "mage",
) -> httpx.Response:
    token = sandbox.fleet.magento_key(name, who)[2]
    headers = {"authorization": f"Bearer {token}"}
    return sandbox.http.request(
        method, f"{sandbox.store_url('mage')}/rest/V1/{path}", json=document, headers=headers
    )


def order(sandbox: Sandbox, number: int) -> Any:
    return ask(sandbox, "GET", f"orders/{number}").json()


def shipments(sandbox: Sandbox, number: int) -> Any:
    filters = "searchCriteria[filterGroups][0][filters][0]"
    path = f"shipments?{filters}[field]=order_id&{filters}[conditionType]=in&{filters}[value]={number}"
    return ask(sandbox, "GET", path).json()["items"]


def test_shipping_a_paid_order_completes_it_and_moves_its_stamp(mage: Sandbox):
    (number,) = mage.add_orders("mage")
    before = order(mage, number)
    mage.advance(timedelta(minutes=5))
    assert isinstance(ask(mage, "POST", f"order/{number}/ship", SHIP).json(), str)
    after = order(mage, number)
    assert (before["state"], after["state"]) == ("processing", "complete")
    assert after["updated_at"] > before["updated_at"]
    assert [track["track_number"] for track in shipments(mage, number)[0]["tracks"]] == ["3SABC"]


def test_shipping_an_unpaid_order_leaves_state_and_stamp(mage: Sandbox):
    (number,) = mage.add_orders("mage", status="pending")
    before = order(mage, number)
    mage.advance(timedelta(minutes=5))
    ask(mage, "POST", f"order/{number}/ship", SHIP).raise_for_status()
    after = order(mage, number)
    assert (after["state"], after["updated_at"]) == ("new", before["updated_at"])
    assert len(shipments(mage, number)) == 1


def test_another_track_or_a_comment_moves_no_stamp(mage: Sandbox):
    (number,) = mage.add_orders("mage")
    mage.change_order("mage", number, "completed")
    before = order(mage, number)
    mage.advance(timedelta(minutes=5))
    (shipment,) = shipments(mage, number)
    entity = {**TRACK, "order_id": number, "parent_id": shipment["entity_id"]}
    for _twice in range(2):
        ask(mage, "POST", "shipment/track", {"entity": entity}).raise_for_status()
    ask(mage, "POST", f"orders/{number}/comments", {"statusHistory": {"comment": "x"}}).raise_for_status()
    assert order(mage, number)["updated_at"] == before["updated_at"]
    numbers = [track["track_number"] for track in shipments(mage, number)[0]["tracks"]]
    assert numbers.count("3SABC") == 2, "the same call twice makes two tracks"


def test_a_track_is_corrected_in_place(mage: Sandbox):
    (number,) = mage.add_orders("mage")
    ask(mage, "POST", f"order/{number}/ship", SHIP).raise_for_status()
    (shipment,) = shipments(mage, number)
    (track,) = shipment["tracks"]
    ids = {"entity_id": track["entity_id"], "order_id": number, "parent_id": shipment["entity_id"]}
    ask(
        mage, "POST", "shipment/track", {"entity": {**TRACK, **ids, "track_number": "3SNEW"}}
    ).raise_for_status()
    assert [track["track_number"] for track in shipments(mage, number)[0]["tracks"]] == ["3SNEW"]


def test_a_call_to_ship_without_a_body_ships_everything_without_a_number(mage: Sandbox):
    (number,) = mage.add_orders("mage")
    assert ask(mage, "POST", f"order/{number}/ship").status_code == 200
    assert shipments(mage, number)[0]["tracks"] == []
    assert order(mage, number)["state"] == "complete"


def test_a_tracking_number_that_is_lost_stays_lost_after_the_fault(mage: Sandbox):
    (number,) = mage.add_orders("mage")
    mage.break_shop("mage", "tracking_lost")
    mage.change_order("mage", number, "completed")
    mage.advance(timedelta(minutes=5))
    mage.mend_shop("mage", "tracking_lost")
    assert shipments(mage, number)[0]["tracks"] == []
    (later,) = mage.add_orders("mage")
    mage.change_order("mage", later, "completed")
    assert len(shipments(mage, later)[0]["tracks"]) == 1


@pytest.mark.parametrize(
    ("who", "name", "status"),
    [
        ("monitor", "mage", 200),
        ("hub", "mage", 200),
        ("read", "mage", 200),
        ("customer", "mage", 401),
        ("monitor", "other", 401),
    ],
)
def test_a_token_opens_its_own_shop_as_far_as_its_rights_go(mage: Sandbox, who: str, name: str, status: int):
    path = "orders?searchCriteria[pageSize]=1"
    assert ask(mage, "GET", path, who=who, name=name).status_code == status


def test_rows_without_a_sort_come_in_no_order_and_with_one_by_it(mage: Sandbox):
    numbers = mage.add_orders("mage", 30)

    def listed(rest: str) -> list[int]:
        path = f"orders?searchCriteria[pageSize]=50{rest}&fields=items[entity_id]"
        return [row["entity_id"] for row in ask(mage, "GET", path).json()["items"]]

    assert listed("") != numbers
    assert sorted(listed("")) == numbers
    assert listed("&searchCriteria[sortOrders][0][field]=entity_id") == numbers[::-1]
    assert (
        listed("&searchCriteria[sortOrders][0][field]=entity_id&searchCriteria[sortOrders][0][direction]=ASC")
        == numbers
    )

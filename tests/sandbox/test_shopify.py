"""The Shopify stand-in: GraphQL, throttling, versions, sign-in."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import shop, small_fleet
from tests.sandbox.conftest import recorded

pytestmark = pytest.mark.integration

ORDERS = """
query($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { legacyResourceId name updatedAt displayFulfillmentStatus cancelledAt
            fulfillments(first: 3) { trackingInfo(first: 2) { number } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def post(
    sandbox: Sandbox, text: str, /, *, version: str = "2026-10", token: str | None = None, **variables: Any
) -> httpx.Response:
    return sandbox.http.post(
        f"{sandbox.store_url('fy')}/admin/api/{version}/graphql.json",
        headers={"X-Shopify-Access-Token": token or sandbox.fleet.shopify_token("fy", "monitor")},
        json={"query": text, "variables": variables},
    )


def test_pages_by_cursor_hold_every_order_once(sandbox: Sandbox):
    ids = sandbox.add_orders("fy", 23)
    seen: list[int] = []
    after, more = None, True
    while more:
        orders = post(sandbox, ORDERS, first=10, after=after).json()["data"]["orders"]
        seen += [int(node["legacyResourceId"]) for node in orders["nodes"]]
        after, more = orders["pageInfo"]["endCursor"], orders["pageInfo"]["hasNextPage"]
    assert seen == ids


def test_a_filter_by_change_finds_only_what_changed(sandbox: Sandbox):
    _first, second = sandbox.add_orders("fy", 2)
    sandbox.advance(timedelta(minutes=5))
    sandbox.change_order("fy", second, "completed")
    orders = post(sandbox, ORDERS, first=10, query="updated_at:>='2026-11-22T12:01:00Z'").json()["data"][
        "orders"
    ]
    (node,) = orders["nodes"]
    assert node["displayFulfillmentStatus"] == "FULFILLED"
    assert node["fulfillments"][0]["trackingInfo"][0]["number"].startswith("3SYZX")


def test_an_unknown_search_field_gives_everything_and_only_a_warning_tells(sandbox: Sandbox):
    sandbox.add_orders("fy", 3)
    answer = post(sandbox, ORDERS, first=10, query="changed_at:>='2030-01-01T00:00:00Z'").json()
    assert len(answer["data"]["orders"]["nodes"]) == 3
    real = recorded("shopify.json")["search_warning_bad_field"]["extensions"]["search"][0]
    (warned,) = answer["extensions"]["search"]
    assert warned.keys() == real.keys()
    assert warned["warnings"][0]["message"] == real["warnings"][0]["message"]


def test_an_empty_bucket_answers_throttled_with_200_and_fills_with_time(sandbox: Sandbox):
    sandbox.add_orders("fy", 60)
    while (answer := post(sandbox, ORDERS, first=50).json()).get("errors") is None:
        assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 100
    real = recorded("shopify.json")["throttled_http_200"]
    assert answer["errors"] == real["errors"]
    assert answer["extensions"]["cost"].keys() == real["extensions"]["cost"].keys()
    assert answer["extensions"]["cost"]["actualQueryCost"] is None
    sandbox.advance(timedelta(seconds=10))
    assert "errors" not in post(sandbox, ORDERS, first=50).json()


def test_a_query_above_the_limit_does_not_run(sandbox: Sandbox):
    (error,) = post(sandbox, ORDERS, first=250).json()["errors"]
    real = recorded("shopify.json")["max_cost_exceeded"]["errors"][0]
    assert error["extensions"]["code"] == real["extensions"]["code"]
    assert error["extensions"].keys() == real["extensions"].keys()


def test_a_bad_token_is_told_as_a_string(sandbox: Sandbox):
    answer = post(sandbox, "{ shop { name } }", token="shpat_wrong")
    assert (answer.status_code, answer.json()) == (401, recorded("shopify.json")["bad_token_http_401"])


def test_a_retired_version_falls_back_to_the_oldest_served(sandbox: Sandbox):
    assert post(sandbox, "{ shop { name } }").headers["X-Shopify-API-Version"] == "2026-10"
    assert post(sandbox, "{ shop { name } }", version="2024-01").headers["X-Shopify-API-Version"] == "2026-01"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("shop_frozen", 402), ("scope_lost", 403), ("shop_locked", 423), ("security_rejection", 430)],
)
def test_a_stopped_shop_answers_with_its_own_status(sandbox: Sandbox, fault: str, status: int):
    sandbox.break_shop("fy", fault)
    assert post(sandbox, "{ shop { name } }").status_code == status
    sandbox.mend_shop("fy", fault)
    assert post(sandbox, "{ shop { name } }").status_code == 200


def test_a_granted_token_lives_for_a_day(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("fy", "shopify", grant="client_credentials")]))
    form = {"grant_type": "client_credentials", **sandbox.store_credentials("fy")}
    granted = sandbox.http.post(f"{sandbox.store_url('fy')}/admin/oauth/access_token", data=form).json()
    assert granted.keys() == recorded("shopify.json")["client_credentials_token"].keys()
    assert post(sandbox, "{ shop { name } }", token=granted["access_token"]).status_code == 200
    sandbox.advance(timedelta(days=1))
    assert post(sandbox, "{ shop { name } }", token=granted["access_token"]).status_code == 401


VARIABLES = {
    "first": 5,
    "after": None,
    "query": "updated_at:>'2026-01-01T00:00:00Z'",
    "id": "gid://shopify/Order/1",
    "ids": ["gid://shopify/Order/1"],
    "fulfillments": 2,
    "numbers": 2,
    "lines": 3,
    "topics": ["ORDERS_CREATE"],
    "topic": "ORDERS_CREATE",
    "subscription": {"uri": "http://127.0.0.1:1/hook", "format": "JSON"},
    "fulfillment": {
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"}]
    },
    "tracking": {"numbers": ["3S1"], "company": "PostNL"},
    "notify": False,
}


def test_it_understands_every_query_of_the_product(sandbox: Sandbox):
    folder = Path(__file__).parents[2] / "integrations/shopify/queries"
    sandbox.add_orders("fy", 2)
    for path in sorted(folder.glob("*.graphql")):
        answer = post(sandbox, path.read_text(), **VARIABLES).json()
        assert "errors" not in answer, path.name
        assert answer["data"], path.name

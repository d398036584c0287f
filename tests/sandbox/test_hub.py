"""The Sendcloud stand-in: its API's shapes, pages, limits and refusals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import ACCOUNT
from tests.sandbox.conftest import recorded

pytestmark = pytest.mark.integration

REAL = recorded("sendcloud.json")


def get(sandbox: Sandbox, path: str, **query: str) -> httpx.Response:
    url = path if "://" in path else f"{sandbox.hub_url}/api/v3{path}"
    return sandbox.http.get(url, params=query or None, auth=sandbox.fleet.sendcloud_key(ACCOUNT))


def walk(sandbox: Sandbox, path: str, **query: str) -> list[dict[str, Any]]:
    """Every row, by the Link header."""
    answer = get(sandbox, path, **query)
    rows: list[dict[str, Any]] = answer.json()["data"]
    while "next" in answer.links:
        answer = get(sandbox, answer.links["next"]["url"])
        rows += answer.json()["data"]
    return rows


def test_an_integration_has_the_fields_of_a_real_one(sandbox: Sandbox):
    listed = get(sandbox, "/integrations").json()["data"]
    assert [entry["id"] for entry in listed] == [1, 2]
    assert listed[0].keys() == REAL["v3_GET_integrations"]["data"][0].keys()
    assert get(sandbox, "/integrations/1").json()["data"] == listed[0]
    (old, _) = get(sandbox, f"{sandbox.hub_url}/api/v2/integrations").json()
    assert old.keys() == REAL["v2_GET_integrations"][0].keys()


def test_an_order_has_the_fields_of_a_real_one(sandbox: Sandbox):
    (placed,) = sandbox.add_orders("woo", at=datetime(2026, 11, 22, 11, 55, tzinfo=UTC))
    sandbox.import_now(1)
    (order,) = get(sandbox, "/orders").json()["data"]
    real = REAL["v3_GET_orders"]["data"][0]
    assert order.keys() == real.keys()
    assert order["order_details"].keys() == real["order_details"].keys()
    assert (order["order_id"], order["order_details"]["integration"]["id"]) == (str(placed), 1)
    assert order["order_details"]["order_created_at"] == "2026-11-22T11:55:00.000Z"
    assert order["created_at"] == "2026-11-22T12:00:00.000Z"


def test_pages_of_orders_lead_on_by_link_newest_first_and_hold_each_once(sandbox: Sandbox):
    sandbox.add_orders("woo", 23)
    sandbox.import_now(1)
    rows = walk(sandbox, "/orders", page_size="10")
    numbers = [int(row["id"]) for row in rows]
    assert len(set(numbers)) == 23
    assert numbers == sorted(numbers, reverse=True)


def test_a_page_stays_the_same_when_orders_arrive_meanwhile(sandbox: Sandbox):
    sandbox.add_orders("woo", 10)
    sandbox.import_now(1)
    first = get(sandbox, "/orders", page_size="5")
    sandbox.add_orders("woo", 7)
    sandbox.import_now(1)
    second = get(sandbox, first.links["next"]["url"])
    seen = [row["id"] for row in first.json()["data"] + second.json()["data"]]
    assert len(set(seen)) == 10
    back = get(sandbox, second.links["prev"]["url"]).json()["data"]
    assert back == first.json()["data"]


def test_orders_are_found_by_integration_and_by_the_shops_id(sandbox: Sandbox):
    (order, _) = sandbox.add_orders("woo", 2)
    sandbox.add_orders("fy", 3)
    sandbox.import_now(1)
    sandbox.import_now(2)
    assert len(get(sandbox, "/orders", integration="2").json()["data"]) == 3
    assert [row["order_id"] for row in get(sandbox, "/orders", order_id=str(order)).json()["data"]] == [
        str(order)
    ]
    assert get(sandbox, "/orders", order_created_at_min="2026-11-23").json()["data"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/orders?integration=99", 400, "invalid_choice"),
        ("/orders?cursor=nonsense", 404, "not_found"),
        ("/orders?page_size=500", 400, "invalid"),
        ("/orders?order_created_at_min=2026-11-22T10:00:00", 400, "invalid"),
        ("/integrations/99", 404, "not_found"),
    ],
)
def test_a_wrong_question_is_refused_in_the_hubs_own_words(
    sandbox: Sandbox, path: str, status: int, code: str
):
    answer = get(sandbox, path)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code
    assert {"status", "code", "detail"} <= REAL["v3_GET_integration_404"]["errors"][0].keys()


def test_a_wrong_key_is_refused(sandbox: Sandbox):
    answer = sandbox.http.get(f"{sandbox.hub_url}/api/v3/integrations", auth=("a", "b"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "authentication_failed")


def test_too_many_requests_of_an_account_get_an_empty_429_until_the_minute_is_over(sandbox: Sandbox):
    sandbox.break_hub(ACCOUNT, "rate_limited", per_minute=3)
    statuses = [get(sandbox, "/integrations").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert get(sandbox, "/orders").content == b""
    sandbox.advance(timedelta(minutes=1))
    assert get(sandbox, "/orders").status_code == 200


def test_the_exception_log_has_the_fields_of_a_real_one_and_pages_by_time(sandbox: Sandbox):
    sandbox.break_shop("woo", "firewall")
    for _ in range(5):
        sandbox.import_now(1)
        sandbox.advance(timedelta(minutes=1))
    rows = walk(sandbox, "/integrations/1/logs", page_size="2")
    assert len({row["id"] for row in rows}) == 5
    assert {*REAL["v3_GET_integrations_logs"]["data"][0]} <= rows[0].keys()
    assert (rows[0]["method"], rows[0]["response_code"]) == ("GET", 403)
    assert rows[0]["request"]["headers"]["User-Agent"] == "Sendcloud/1.0.0"
    assert "SECRET" in rows[0]["full_url"]
    assert walk(sandbox, "/integrations/logs", page_size="2") == rows

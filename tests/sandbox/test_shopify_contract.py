"""The Shopify stand-in answers in the shapes that Shopify's own answers have."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import shop, small_fleet
from tests.sandbox.conftest import recorded

pytestmark = pytest.mark.integration
REAL = recorded("shopify.json")
ORDERS = """query($first: Int!, $query: String) {
  orders(first: $first, query: $query) {
    nodes { id fulfillments(first: 5) { trackingInfo(first: 3) { number } } } } }"""


def post(sandbox: Sandbox, text: str, /, *, token: str | None = None, **variables: Any) -> httpx.Response:
    return sandbox.http.post(
        f"{sandbox.store_url('fy')}/admin/api/2026-10/graphql.json",
        headers={"X-Shopify-Access-Token": token or sandbox.fleet.shopify_token("fy", "monitor")},
        json={"query": text, "variables": variables},
    )


def shape(document: Any, path: str = "") -> set[str]:
    """Every path of a document with the kind of what stands there; a list counts by its first entry."""
    if isinstance(document, dict):
        return {row for key, value in document.items() for row in shape(value, f"{path}.{key}")}
    if isinstance(document, list) and document:
        return shape(document[0], f"{path}[]")
    kind = "number" if isinstance(document, int | float) else type(document).__name__
    return {f"{path}: {kind}"}


def below(document: Any, *keys: str) -> dict[str, Any]:
    return {key: document[key] for key in keys if key in document}


def throttled(sandbox: Sandbox) -> Any:
    sandbox.break_shop("fy", "throttled")
    return post(sandbox, ORDERS, first=5).json()


def too_costly(sandbox: Sandbox) -> Any:
    return post(sandbox, ORDERS, first=200).json()


def good(sandbox: Sandbox) -> Any:
    return post(sandbox, "{ shop { name } }").json()


def bad_token(sandbox: Sandbox) -> Any:
    return post(sandbox, "{ shop { name } }", token="shpat_wrong").json()


def not_approved(sandbox: Sandbox) -> Any:
    sandbox.break_shop("fy", "protected_fields")
    (order_id,) = sandbox.add_orders("fy", 1)
    text = "query($id: ID!) { order(id: $id) { shippingAddress { name } } }"
    answer = post(sandbox, text, id=f"gid://shopify/Order/{order_id}")
    assert answer.status_code == 200
    return answer.json()


def bad_filter(sandbox: Sandbox) -> Any:
    return post(sandbox, ORDERS, first=5, query="name_of_nothing:1").json()


@pytest.mark.parametrize(
    ("name", "scenario", "keys"),
    [
        ("throttled_http_200", throttled, ("errors", "extensions")),
        ("max_cost_exceeded", too_costly, ("errors", "extensions")),
        ("ok_with_cost", good, ("data", "extensions")),
        ("plus_store_seen_2025_10", good, ("extensions",)),
        ("bad_token_http_401", bad_token, ("errors",)),
        ("search_warning_bad_field", bad_filter, ("extensions",)),
    ],
)
def test_an_answer_has_the_recorded_shape(
    sandbox: Sandbox, name: str, scenario: Callable[[Sandbox], Any], keys: tuple[str, ...]
):
    ours, real = shape(below(scenario(sandbox), *keys)), shape(below(REAL[name], *keys))
    assert real
    assert real <= ours
    assert {row for row in ours - real if not row.startswith(".extensions.cost")} == set()


def test_a_field_that_is_not_approved_is_refused_beside_the_data(sandbox: Sandbox):
    answer, real = not_approved(sandbox), REAL["protected_data_not_approved_http_200"]
    assert shape(below(real, "errors")) <= shape(below(answer, "errors"))
    assert answer["data"] == {"order": {"shippingAddress": None}}
    assert answer["errors"][0]["message"].startswith("This app is not approved to access the ")


def test_a_granted_token_has_the_recorded_shape(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("fy", "shopify", grant="client_credentials")]))
    url = f"{sandbox.store_url('fy')}/admin/oauth/access_token"
    form = {"grant_type": "client_credentials", **sandbox.store_credentials("fy")}
    answer = sandbox.http.post(url, data=form).json()
    assert shape(answer) == shape(REAL["client_credentials_token"])
    assert answer["expires_in"] == REAL["client_credentials_token"]["expires_in"]
    sandbox.break_shop("fy", "grant_not_permitted")
    refused = sandbox.http.post(url, data=form)
    assert (refused.status_code, refused.json()["error"]) == (400, "shop_not_permitted")


# Writing

CREATE = """mutation($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id trackingInfo(first: 5) { number company url } } userErrors { field message } } }"""
PARTS = """query($id: ID!) { order(id: $id) { displayFulfillmentStatus updatedAt
  fulfillmentOrders(first: 5) { nodes { id status supportedActions { action } } } } }"""


def parts(sandbox: Sandbox, order_id: int) -> Any:
    return post(sandbox, PARTS, id=f"gid://shopify/Order/{order_id}").json()["data"]["order"]


def create(sandbox: Sandbox, part: str, **tracking: Any) -> Any:
    document = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part}], "trackingInfo": tracking}
    return post(sandbox, CREATE, fulfillment=document).json()["data"]["fulfillmentCreate"]


def test_a_fulfilment_closes_the_order_and_cannot_be_made_twice(sandbox: Sandbox):
    (order_id,) = sandbox.add_orders("fy", 1)
    (part,) = parts(sandbox, order_id)["fulfillmentOrders"]["nodes"]
    assert part["status"] == "OPEN"
    made = create(sandbox, part["id"], numbers=["3S1", "3S2"], company="PostNL", urls=["https://t.example/1"])
    tracking = made["fulfillment"]["trackingInfo"]
    assert [(row["number"], row["company"]) for row in tracking] == [("3S1", "PostNL"), ("3S2", "PostNL")]
    after = parts(sandbox, order_id)
    assert after["displayFulfillmentStatus"] == "FULFILLED"
    assert after["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    again = create(sandbox, part["id"], numbers=["3S1"])
    assert again["fulfillment"] is None
    assert "unfulfillable status" in again["userErrors"][0]["message"]


def test_a_missing_scope_is_refused_by_name(sandbox: Sandbox):
    sandbox.break_shop("fy", "scope_missing", scopes="write_merchant_managed_fulfillment_orders")
    (order_id,) = sandbox.add_orders("fy", 1)
    part = parts(sandbox, order_id)["fulfillmentOrders"]["nodes"][0]["id"]
    document = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part}]}
    (error,) = post(sandbox, CREATE, fulfillment=document).json()["errors"]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "`write_merchant_managed_fulfillment_orders`" in error["message"]


def test_ids_of_nothing_answer_null_in_their_place(sandbox: Sandbox):
    (order_id,) = sandbox.add_orders("fy", 1)
    ids = ["gid://shopify/Order/1", f"gid://shopify/Order/{order_id}", "gid://shopify/Product/1"]
    answer = post(sandbox, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids).json()
    assert answer["data"]["nodes"] == [None, {"id": ids[1]}, None]


# Webhooks

SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id topic uri } userErrors { field message } } }"""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), _Handler)
    server.got = []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def subscribe(sandbox: Sandbox, topic: str, uri: str) -> Any:
    answer = post(sandbox, SUBSCRIBE, topic=topic, subscription={"uri": uri}).json()
    return answer["data"]["webhookSubscriptionCreate"]


def test_a_delivery_carries_every_recorded_header(sandbox: Sandbox, receiver: Any):
    uri = f"http://127.0.0.1:{receiver.server_port}/hook"
    assert subscribe(sandbox, "ORDERS_CREATE", uri)["userErrors"] == []
    taken = subscribe(sandbox, "ORDERS_CREATE", uri)
    assert taken["webhookSubscription"] is None
    assert "already been taken" in taken["userErrors"][0]["message"]
    sandbox.add_orders("fy", 1)
    deadline = time.monotonic() + 10
    while not receiver.got:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    headers, body = receiver.got[0]
    optional = {"X-Shopify-Name"}
    real = REAL["webhook_headers_example"]
    assert [name for name in real if name not in headers and name not in optional] == []
    for name in ("X-Shopify-Hmac-Sha256", "X-Shopify-Triggered-At", "X-Shopify-Webhook-Id"):
        assert len(headers[name]) == len(real[name])
    assert headers["X-Shopify-Shop-Domain"] == "fy.myshopify.com"
    assert b"PRIVATE" in body, "real deliveries hold buyers' data; the receiver has to leave it out"

"""The WooCommerce stand-in announces orders as the real one was recorded to."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.client import Sandbox
from integrations.sandbox.threads import serving
from tests.sandbox.conftest import recorded
from tests.sandbox.woo import API, ask, basic

pytestmark = pytest.mark.integration
RECORDED_HEADERS = {
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
    "x-wc-webhook-resource",
    "x-wc-webhook-event",
    "x-wc-webhook-signature",
    "x-wc-webhook-id",
    "x-wc-webhook-delivery-id",
}


class Receiver:
    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], Any]] = []
        self.status = 200
        self.url = ""
        self.app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        is_json = request.headers["content-type"] == "application/json"
        document = await request.json() if is_json else await request.body()
        # What is set for the next one begins when this one is counted.
        answer = Response(status_code=self.status)
        self.taken.append((dict(request.headers), document))
        return answer

    def wait_for(self, count: int) -> None:
        """The shop delivers by itself, a moment later."""
        deadline = time.monotonic() + 15
        while len(self.taken) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.taken) >= count


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(receiver.app) as address:
        receiver.url = f"{address}/hook"
        yield receiver


def register(sandbox: Sandbox, receiver: Receiver, topic: str = "order.created") -> int:
    document = {"name": f"Test {topic}", "topic": topic, "delivery_url": receiver.url, "secret": "secret"}
    answer = sandbox.http.post(
        f"{sandbox.store_url('woo')}{API}/webhooks", json=document, auth=basic(sandbox, "read_write")
    )
    assert "secret" not in answer.raise_for_status().json()
    receiver.wait_for(1)
    return int(answer.json()["id"])


def hook(sandbox: Sandbox, number: int) -> dict[str, Any]:
    found: dict[str, Any] = ask(sandbox, f"/webhooks/{number}").json()
    return found


def test_a_new_webhook_is_pinged_and_a_delivery_has_the_recorded_headers_and_the_whole_order(
    sandbox: Sandbox, receiver: Receiver
):
    number = register(sandbox, receiver)
    assert receiver.taken[0][1] == f"webhook_id={number}".encode()
    assert not RECORDED_HEADERS & receiver.taken[0][0].keys()
    (order,) = sandbox.add_orders("woo")
    receiver.wait_for(2)
    headers, document = receiver.taken[1]
    assert headers.keys() >= RECORDED_HEADERS
    assert headers["user-agent"] == "WooCommerce/11.0.1 Hookshot (WordPress/7.1)"
    assert headers["x-wc-webhook-source"] == f"{sandbox.store_url('woo')}/"
    assert list(document) == list(recorded("woocommerce_order.json"))
    assert document["id"] == order


def test_the_seventh_failure_in_a_row_switches_it_off_and_a_success_forgets_the_others(
    sandbox: Sandbox, receiver: Receiver
):
    number, taken = register(sandbox, receiver), 1
    for status, times, state in (
        (500, 6, "active"),
        (204, 1, "active"),
        (500, 6, "active"),
        (500, 1, "disabled"),
    ):
        receiver.status = status
        for _each in range(times):
            taken += 1
            sandbox.add_orders("woo")
            receiver.wait_for(taken)
        settled(sandbox, number, state)
        assert hook(sandbox, number)["status"] == state
    sandbox.add_orders("woo")
    enabled = sandbox.http.put(
        f"{sandbox.store_url('woo')}{API}/webhooks/{number}",
        json={"status": "active"},
        auth=basic(sandbox, "read_write"),
    )
    assert enabled.json()["status"] == "active"
    sandbox.add_orders("woo")
    receiver.wait_for(taken + 1)
    assert len(receiver.taken) == taken + 1, "what came while it was off is never sent"


def settled(sandbox: Sandbox, number: int, state: str) -> None:
    """The shop notes an answer just after the receiver gave it."""
    for _again in range(50):
        if hook(sandbox, number)["status"] == state:
            return


def test_without_cron_nothing_goes_out_and_later_all_of_it(sandbox: Sandbox, receiver: Receiver):
    register(sandbox, receiver, "order.updated")
    orders = sandbox.add_orders("woo", 3)
    sandbox.break_shop("woo", "cron_stopped")
    for order in (*orders, orders[0]):
        sandbox.change_order("woo", order, "completed")
    assert (
        ask(sandbox, "/system_status", _fields="environment.wp_cron").json()["environment"]["wp_cron"]
        is False
    )
    assert len(receiver.taken) == 1
    sandbox.mend_shop("woo", "cron_stopped")
    receiver.wait_for(4)
    assert [document["id"] for _headers, document in receiver.taken[1:]] == orders


def test_a_written_field_moves_the_stamp_and_is_read_again(sandbox: Sandbox):
    (order,) = sandbox.add_orders("woo")
    url = f"{sandbox.store_url('woo')}{API}/orders/{order}"
    before = sandbox.http.get(url, auth=basic(sandbox, "read")).json()["date_modified_gmt"]
    sandbox.http.post(f"{sandbox.shops_url}/control/clock", json={"advance_s": 30}).raise_for_status()
    fields = {"meta_data": [{"key": "_tracking_number", "value": "3S1"}]}
    written = sandbox.http.put(url, json=fields, auth=basic(sandbox, "read_write")).json()
    assert written["date_modified_gmt"] > before
    assert [(one["key"], one["value"]) for one in written["meta_data"]] == [("_tracking_number", "3S1")]

"""Imported orders get labels, and the hub tells the shops over HTTP, or fails to as real hubs do."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec
from integrations.sandbox.testing import ACCOUNT, running_sandbox, shop, small_fleet
from tests.sandbox.conftest import recorded
from tests.sandbox.test_hub import get, walk

pytestmark = pytest.mark.integration

REAL = recorded("sendcloud.json")
PLATFORMS = ("woocommerce", "shopify", "magento", "prestashop")
NUMBERED = list(enumerate(PLATFORMS, start=1))


def shape_fits(made: Any, real: Any, path: str = "") -> None:
    """Everything that was made exists in the real answer, with values of the same kind."""
    if isinstance(made, dict) and isinstance(real, dict):
        for name, value in made.items():
            assert name in real or name in ("carrier", "errors", "problem"), f"{path}/{name}"
            shape_fits(value, real.get(name), f"{path}/{name}")
    elif isinstance(made, list) and isinstance(real, list):
        for value in made:
            shape_fits(value, real[0] if real else None, f"{path}[]")
    elif made is not None and real is not None:
        assert isinstance(made, type(real)), path


@pytest.fixture
def every_shop(start: Callable[[FleetSpec], Sandbox]) -> Sandbox:
    """A shop of every platform: integrations 1 to 4."""
    shops = [shop(name, name, behind_tls_proxy=True) for name in PLATFORMS]  # type: ignore[arg-type]
    return start(small_fleet(shops))


def shipments(sandbox: Sandbox, integration: int) -> list[dict[str, Any]]:
    return walk(sandbox, "/shipments", integration_id=str(integration))


@pytest.mark.parametrize(("integration", "name"), NUMBERED)
def test_a_shop_of_every_platform_is_read_and_told_of_its_parcels(
    every_shop: Sandbox, integration: int, name: str
):
    orders = every_shop.add_orders(name, 3)
    assert every_shop.import_now(integration) == {"new": 3, "lost": 0, "failed": None}
    assert sorted(every_shop.arrived(integration)) == sorted(str(order) for order in orders)
    assert shipments(every_shop, integration) == []
    done = every_shop.ship_now(integration)
    assert (done["labelled"], done["told"]) == (3, 3)
    found = shipments(every_shop, integration)
    assert len(found) == 3
    assert all(row["parcels"][0]["tracking_number"].startswith("3SYZX") for row in found)
    assert every_shop.statuses(name) == {"completed": 3}
    assert every_shop.integration(integration)["failing_since"] is None
    assert walk(every_shop, f"/integrations/{integration}/logs") == []
    assert every_shop.import_now(integration)["failed"] is None


@pytest.mark.parametrize(("integration", "name"), NUMBERED)
def test_a_key_that_may_not_write_shows_in_the_log_and_the_orders_stay_open(
    every_shop: Sandbox, integration: int, name: str
):
    every_shop.add_orders(name, 1)
    every_shop.import_now(integration)
    every_shop.break_hub(integration, "feedback_broken")
    assert every_shop.ship_now(integration)["failed"] == 1
    assert "completed" not in every_shop.statuses(name)
    (row,) = walk(every_shop, f"/integrations/{integration}/logs")
    assert row["method"] in ("PUT", "POST", "PATCH")
    assert row["response_code"] in (401, 403, 405)
    listed = get(every_shop, f"/integrations/{integration}").json()["data"]
    assert listed["started_failing_at"] == "2026-11-22T12:00:00Z"
    # Fetching goes on meanwhile, and does not hide it.
    assert every_shop.import_now(integration)["failed"] is None
    listed = get(every_shop, f"/integrations/{integration}").json()["data"]
    assert listed["started_failing_at"] is not None
    every_shop.mend_hub(integration, "feedback_broken")
    every_shop.advance(timedelta(minutes=2))
    assert every_shop.ship_now(integration)["told"] == 1
    assert every_shop.statuses(name) == {"completed": 1}
    assert get(every_shop, f"/integrations/{integration}").json()["data"]["started_failing_at"] is None


def test_a_server_that_refuses_put_keeps_the_number_out_of_the_order(sandbox: Sandbox):
    (order,) = sandbox.add_orders("woo")
    sandbox.import_now(1)
    sandbox.break_shop("woo", "method_refused", methods="PUT")
    assert sandbox.ship_now(1)["failed"] == 1
    (row,) = walk(sandbox, "/integrations/1/logs")
    assert (row["method"], row["response_code"]) == ("PUT", 405)
    assert f"/orders/{order}" in row["full_url"]


def test_word_to_the_shop_is_tried_again_more_and_more_rarely_and_then_given_up(sandbox: Sandbox):
    sandbox.add_orders("woo")
    sandbox.import_now(1)
    sandbox.break_hub(1, "feedback_broken")
    tries = 0
    for _minute in range(24):
        tries += sandbox.ship_now(1).get("failed", 0)
        sandbox.advance(timedelta(minutes=30))
    assert tries == 10
    assert len(walk(sandbox, "/integrations/1/logs")) == 10


@pytest.mark.parametrize(("integration", "name"), NUMBERED)
def test_a_number_may_get_lost_although_the_shop_hears_that_the_order_was_sent(
    every_shop: Sandbox, integration: int, name: str
):
    every_shop.add_orders(name, 1)
    every_shop.import_now(integration)
    every_shop.break_hub(integration, "number_lost")
    assert every_shop.ship_now(integration)["told"] == 1
    assert every_shop.statuses(name) == {"completed": 1}
    assert walk(every_shop, f"/integrations/{integration}/logs") == []


def test_a_carrier_that_refuses_gives_no_number_but_a_reason(sandbox: Sandbox):
    sandbox.add_orders("woo")
    sandbox.import_now(1)
    sandbox.break_hub(1, "carrier_refuses")
    sandbox.ship_now(1)
    (row,) = shipments(sandbox, 1)
    assert row["errors"][0]["code"] == "parcel_announcement_error"
    assert (row["parcels"][0]["tracking_number"], row["parcels"][0]["announced_at"]) == ("", None)


def feedback(kind: str) -> FleetSpec:
    spec = IntegrationSpec(1, ACCOUNT, "woo", feedback=kind)  # type: ignore[arg-type]
    return small_fleet([shop("woo")], integrations=(spec,))


def test_a_shop_may_be_told_at_the_carriers_scan_only(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(feedback("delayed"))
    sandbox.add_orders("woo")
    sandbox.import_now(1)
    assert "told" not in sandbox.ship_now(1)
    sandbox.advance(timedelta(hours=1))
    done = sandbox.ship_now(1)
    assert (done["scanned"], done["told"]) == (1, 1)
    (row,) = shipments(sandbox, 1)
    number = row["parcels"][0]["tracking_number"]
    events = get(sandbox, f"/parcels/tracking/{number}").json()["events"]
    assert [event["event_type"] for event in events] == ["internal", "carrier"]


def test_a_shop_may_be_told_nothing(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(feedback("none"))
    sandbox.add_orders("woo")
    sandbox.import_now(1)
    sandbox.ship_now(1)
    sandbox.advance(timedelta(hours=2))
    assert "told" not in sandbox.ship_now(1)
    assert len(shipments(sandbox, 1)) == 1


def test_shipments_are_found_by_their_time_of_change_and_lead_on_by_link(sandbox: Sandbox):
    sandbox.add_orders("woo", 7)
    sandbox.import_now(1)
    sandbox.ship_now(1)
    sandbox.advance(timedelta(minutes=5))
    sandbox.add_orders("woo", 3)
    sandbox.import_now(1)
    sandbox.ship_now(1)
    assert len(walk(sandbox, "/shipments", integration_id="1", page_size="4")) == 10
    later = {"updated_after": "2026-11-22T12:01:00+00:00"}
    assert len(walk(sandbox, "/shipments", integration_id="1", **later)) == 3
    assert get(sandbox, "/shipments", updated_after="yesterday").status_code == 400


def test_parcels_look_like_real_ones(every_shop: Sandbox):
    every_shop.add_orders("prestashop")
    every_shop.import_now(4)
    every_shop.ship_now(4)
    (row,) = get(every_shop, "/shipments", integration_id="4").json()["data"]
    shape_fits(row, REAL["v3_GET_shipments"]["data"][0])
    number = row["parcels"][0]["tracking_number"]
    shape_fits(get(every_shop, f"/parcels/tracking/{number}").json(), REAL["v3_GET_parcel_tracking"])
    assert get(every_shop, "/parcels/tracking/nothing").json() == {"detail": "Parcel does not exist"}
    (old,) = get(every_shop, f"{every_shop.hub_url}/api/v2/parcels").json()["parcels"]
    shape_fits({**old, "order_number": ""}, {**REAL["v2_GET_parcels"]["parcels"][0], **V2_MORE})
    orders = get(every_shop, f"{every_shop.hub_url}/api/v2/integrations/4/shipments").json()
    shape_fits(orders["results"], REAL["v2_GET_integration_shipments"]["results"])
    codes = {entry["code"] for entry in get(every_shop, "/parcels/statuses").json()["data"]}
    assert {"READY_TO_SEND", "ANNOUNCED"} <= codes


V2_MORE = {"order_number": "", "shipment_uuid": "", "is_return": False, "tracking_url": ""}
"""Fields of version 2's parcels that its own example leaves out."""


def test_the_mapping_of_a_prestashops_statuses_may_point_at_one_that_is_gone(every_shop: Sandbox):
    path = "/shop-order-statuses/mapping"
    whole = get(every_shop, path, integration_id="4").json()
    shape_fits(whole, REAL["v3_GET_shop_order_statuses_mapping"])
    assert all(row["is_valid"] for row in whole["data"]["mapping"])
    every_shop.break_hub(4, "mapping_invalid")
    broken = get(every_shop, path, integration_id="4").json()["data"]["mapping"]
    assert [row["status_category"] for row in broken if not row["is_valid"]] == ["IN_TRANSIT"]
    assert get(every_shop, path, integration_id="1").status_code == 400


# Signing in, and versions


def test_keys_are_exchanged_for_tokens_that_end(start: Callable[[FleetSpec], Sandbox]):
    account = AccountSpec(ACCOUNT, "Test hub", only_tokens=True)
    sandbox = start(small_fleet([shop("woo")], accounts=(account,)))
    assert get(sandbox, "/integrations").status_code == 401
    url = f"{sandbox.hub_url}/oauth2/token"
    form = {"grant_type": "client_credentials", "scope": "api"}
    grant = sandbox.http.post(url, data=form, auth=sandbox.fleet.sendcloud_key(ACCOUNT)).json()
    headers = {"Authorization": f"Bearer {grant['access_token']}"}
    address = f"{sandbox.hub_url}/api/v3/integrations"
    assert sandbox.http.get(address, headers=headers).status_code == 200
    sandbox.advance(timedelta(hours=1))
    assert sandbox.http.get(address, headers=headers).status_code == 401
    assert sandbox.http.post(url, data=form, auth=("a", "b")).json()["error"] == "invalid_client"


def test_an_account_may_have_no_access_to_version_3(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("woo")], accounts=(AccountSpec(ACCOUNT, "Old", only_v2=True),)))
    assert get(sandbox, "/integrations").status_code == 403
    assert len(get(sandbox, f"{sandbox.hub_url}/api/v2/integrations").json()) == 1


# Orders that are sent


def order(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        **REAL["POST_order"],
        "order_id": str(number),
        "order_number": str(number),
        **changed,
    }


def post(sandbox: Sandbox, document: Any) -> httpx.Response:
    url = f"{sandbox.hub_url}/api/v3/orders"
    return sandbox.http.post(url, json=document, auth=sandbox.fleet.sendcloud_key(ACCOUNT))


def test_orders_that_are_sent_are_saved_a_moment_later_and_never_twice(start: Callable[[FleetSpec], Sandbox]):
    spec = IntegrationSpec(7, ACCOUNT, "woo", system="api")
    sandbox = start(small_fleet([shop("woo")], integrations=(spec,)))
    answer = post(sandbox, [order(1), order(2)])
    assert answer.status_code == 201
    shape_fits(answer.json(), REAL["v3_POST_orders_201"])
    assert get(sandbox, "/orders").json()["data"] == []
    again = post(sandbox, [order(2)])
    assert "still processing" in again.json()["errors"][0]["detail"]
    sandbox.advance(timedelta(seconds=3))
    assert len(get(sandbox, "/orders").json()["data"]) == 2
    assert post(sandbox, [order(2)]).status_code == 201
    sandbox.advance(timedelta(seconds=3))
    assert len(get(sandbox, "/orders").json()["data"]) == 2
    assert get(sandbox, "/integrations/7").json()["data"]["type"] == "api"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"a": 1}, "WrongPayloadFormatRequested"),
        ([order(number) for number in range(101)], "BatchSizeLimitExceeded"),
        ([order(1), {**order(2), "order_id": ""}], "MissingOrderId"),
    ],
)
def test_one_wrong_order_keeps_all_others_out(start: Callable[[FleetSpec], Sandbox], sent: Any, name: str):
    spec = IntegrationSpec(7, ACCOUNT, "woo", system="api")
    sandbox = start(small_fleet([shop("woo")], integrations=(spec,)))
    answer = post(sandbox, sent)
    assert answer.status_code == 400
    real = REAL["v3_POST_orders_400"][name]["errors"][0]
    made = answer.json()["errors"][0]
    assert (made["code"], made["detail"]) == (real["code"], real["detail"])
    sandbox.advance(timedelta(seconds=3))
    assert get(sandbox, "/orders").json()["data"] == []


# Webhooks


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((dict(self.headers), body))
            self.send_response(200 if len(received) > 1 else 500)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()


def test_changed_parcels_are_told_signed_and_told_again_when_nobody_listened(sandbox: Sandbox):
    with listening() as (address, received):
        sandbox.set_webhook(1, address)
        sandbox.add_orders("woo")
        sandbox.import_now(1)
        assert sandbox.ship_now(1)["webhooks"] == 0
        sandbox.advance(timedelta(minutes=5))
        assert sandbox.ship_now(1)["webhooks"] == 1
    headers, body = received[1]
    _public, secret = sandbox.fleet.sendcloud_key(ACCOUNT)
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["Sendcloud-Signature"] == expected
    assert b'"action":"parcel_status_changed"' in body
    assert received[0][1] == body


# The past


def test_two_weeks_of_parcels_are_there_at_once_and_no_shop_is_called_for_them(tmp_path: Path):
    fleet = small_fleet([shop("woo", orders_per_day=40)], history_days=14)
    with running_sandbox(fleet, tmp_path) as sandbox:
        found = shipments(sandbox, 1)
        assert len(found) > 300
        completed = sandbox.statuses("woo")["completed"]
        assert abs(len(found) - completed) <= 3
        assert walk(sandbox, "/integrations/1/logs") == []
    with running_sandbox(fleet, tmp_path) as sandbox:
        assert len(shipments(sandbox, 1)) == len(found)


def test_left_alone_the_hub_makes_labels_and_tells_the_shop(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("woo")], auto=True))
    sandbox.add_orders("woo", 2)
    sandbox.advance(timedelta(minutes=3))
    while len(sandbox.arrived(1)) < 2:
        pass  # each question is a round trip: the import needs a few
    sandbox.advance(timedelta(minutes=10))
    while sandbox.statuses("woo").get("completed", 0) < 2:
        pass
    assert len(shipments(sandbox, 1)) == 2

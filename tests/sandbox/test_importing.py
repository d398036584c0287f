"""The hub really imports over HTTP: it fails, backs off, is throttled, and recovers when told to."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import FleetSpec, Platform
from integrations.sandbox.testing import ACCOUNT, running_sandbox, shop, small_fleet

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("name", "integration"), [("woo", 1), ("fy", 2)])
def test_every_order_of_the_shop_arrives_once_however_often_it_is_read(
    sandbox: Sandbox, name: str, integration: int
):
    sandbox.add_orders(name, 130)
    assert sandbox.import_now(integration)["new"] == 130
    sandbox.add_orders(name, 2)
    assert sandbox.import_now(integration)["new"] == 2
    assert sandbox.import_now(integration)["new"] == 0
    assert sorted(sandbox.arrived(integration)) == sorted(sandbox.order_ids(name))


@pytest.mark.parametrize("platform", ["woocommerce", "shopify", "magento", "prestashop"])
def test_a_shop_that_sells_nothing_for_a_while_is_no_trouble(tmp_path: Path, platform: Platform):
    with running_sandbox(small_fleet([shop("quiet", platform)]), tmp_path) as quiet:
        assert quiet.import_now(1)["new"] == 0
        quiet.add_orders("quiet", 1)
        assert quiet.import_now(1)["new"] == 1
        quiet.advance(timedelta(days=2))
        assert quiet.import_now(1) == {"new": 0, "lost": 0, "failed": None}


def test_a_firewall_that_refuses_the_hubs_name_stops_the_import_and_nothing_is_lost(sandbox: Sandbox):
    sandbox.break_shop("woo", "firewall", pattern="Sendcloud")
    sandbox.add_orders("woo", 3)
    assert sandbox.import_now(1)["failed"]["status"] == 403
    assert sandbox.integration(1)["failing_since"] == "2026-11-22T12:00:00Z"
    sandbox.mend_shop("woo", "firewall")
    sandbox.advance(timedelta(hours=3))
    assert sandbox.import_now(1)["new"] == 3
    assert sandbox.integration(1)["failing_since"] is None


@pytest.mark.parametrize(
    ("fault", "params", "status"),
    [
        ("credentials_revoked", {}, 401),
        ("maintenance", {}, 503),
        ("database_down", {}, 500),
        ("method_refused", {"methods": "GET"}, 405),
        ("early_close", {}, None),
        ("truncated", {}, None),
    ],
)
def test_a_fault_of_the_shop_is_what_the_hub_meets(
    sandbox: Sandbox, fault: str, params: dict[str, str], status: int | None
):
    sandbox.break_shop("woo", fault, **params)
    assert sandbox.import_now(1)["failed"]["status"] == status
    sandbox.mend_shop("woo", fault)
    assert sandbox.import_now(1)["failed"] is None


def test_failures_in_a_row_make_the_hub_ask_more_rarely(sandbox: Sandbox):
    sandbox.break_shop("woo", "credentials_revoked")
    waits = []
    for _ in range(4):
        sandbox.import_now(1)
        waits.append(sandbox.integration(1)["next_fetch_at"])
    assert waits == sorted(waits)
    assert waits[-1] == "2026-11-22T12:04:00Z"
    assert sandbox.integration(1)["throttled"] is False


def test_after_a_maintenance_the_hub_stays_slow_until_somebody_presses_refresh(sandbox: Sandbox):
    sandbox.break_shop("woo", "maintenance")
    for _ in range(4):
        sandbox.import_now(1)
    sandbox.mend_shop("woo", "maintenance")
    sandbox.advance(timedelta(hours=2))
    sandbox.import_now(1)
    slow = sandbox.integration(1)
    assert (slow["throttled"], slow["failing_since"], slow["next_fetch_at"]) == (
        True,
        None,
        "2026-11-22T16:00:00Z",
    )
    sandbox.add_orders("woo", 5)
    sandbox.press_refresh(1)
    well = sandbox.integration(1)
    assert (well["throttled"], well["orders"]) == (False, 5)
    assert well["next_fetch_at"] < "2026-11-22T14:03:00Z"


def test_a_refresh_of_a_shop_that_is_still_closed_changes_nothing(sandbox: Sandbox):
    sandbox.break_shop("woo", "maintenance")
    for _ in range(4):
        sandbox.import_now(1)
    sandbox.press_refresh(1)
    state = sandbox.integration(1)
    assert state["throttled"] is True
    assert state["failing_since"] is not None


def test_the_operators_request_is_heard_with_the_right_secret_only(sandbox: Sandbox):
    sandbox.add_orders("woo", 2)
    url = f"{sandbox.hub_url}/operator/refresh/1"
    refused = sandbox.http.post(url, headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, sandbox.arrived(1)) == (401, [])
    secret = sandbox.account_credentials(ACCOUNT)["refresh_secret"]
    heard = sandbox.http.post(url, headers={"Authorization": f"Bearer {secret}"})
    assert heard.status_code == 202
    assert sandbox.import_now(1)["new"] in (0, 2)  # waits for the fetch that the request began
    assert len(sandbox.arrived(1)) == 2


def test_single_orders_get_lost_and_never_come(sandbox: Sandbox):
    sandbox.break_hub(1, "loses_orders", every=5)
    sandbox.add_orders("woo", 20)
    assert sandbox.import_now(1) == {"new": 16, "lost": 4, "failed": None}
    sandbox.mend_hub(1, "loses_orders")
    assert sandbox.import_now(1)["new"] == 0
    assert sandbox.integration(1)["lost"] == 4


def test_cancelled_orders_are_not_imported(sandbox: Sandbox):
    (order, _) = sandbox.add_orders("woo", 2)
    sandbox.change_order("woo", order, "cancelled")
    assert sandbox.import_now(1)["new"] == 1


def test_left_alone_it_imports_by_its_own_rhythm(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("woo")], auto=True))
    sandbox.add_orders("woo", 3)
    sandbox.advance(timedelta(minutes=3))
    while not sandbox.arrived(1):
        pass  # each question is a round trip: the import needs a few
    assert len(sandbox.arrived(1)) == 3

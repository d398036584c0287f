"""The WooCommerce stand-in answers as the real one was recorded to."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.clock import parse_iso
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from tests.sandbox.conftest import recorded
from tests.sandbox.woo import API, ask, basic, signed

pytestmark = pytest.mark.integration

REFUSALS = recorded("woocommerce_refusals.json")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    fleet = small_fleet([shop("woo", behind_tls_proxy=True)])
    with running_sandbox(fleet, tmp_path_factory.mktemp("shared")) as sandbox:
        sandbox.add_orders("woo", 4)
        yield sandbox


def _label(row: dict[str, Any]) -> str:
    return " ".join([row["state"], row["credential"], row["method"], row["path"].removeprefix(API)])


@pytest.mark.parametrize("row", REFUSALS, ids=_label)
def test_it_answers_each_verb_and_credential_as_recorded(shared: Sandbox, row: dict[str, Any]):
    sandbox = shared
    for state in ("maintenance", "database_down", "rewrite_gone"):
        sandbox.mend_shop("woo", state)
    if row["state"] != "normal":
        sandbox.break_shop("woo", row["state"])
    answer = sandbox.http.request(
        row["method"],
        sandbox.store_url("woo") + row["path"],
        headers=row["headers"],
        content=row["sent"],
        auth=basic(sandbox, row["credential"]),
    )
    assert answer.status_code == row["status"]
    if row["error"] is not None:
        error = answer.json()
        assert error["code"] == row["error"]["code"]
        assert error["message"] == row["error"]["message"]
        assert error["data"].keys() == row["error"]["data"].keys()
    for name, value in row["answer_headers"].items():
        assert answer.headers.get(name) == value
    assert ("X-WP-Total" in answer.headers) == row["has_totals"]


def test_an_order_has_the_fields_of_a_real_one_in_their_order(sandbox: Sandbox):
    sandbox.add_orders("woo")
    real = recorded("woocommerce_order.json")
    (order,) = ask(sandbox, "/orders").json()
    assert list(order) == list(real)
    for part in ("billing", "shipping", "_links"):
        assert order[part].keys() == real[part].keys()
    assert order["line_items"][0].keys() == real["line_items"][0].keys()
    assert order["shipping_lines"][0].keys() == real["shipping_lines"][0].keys()
    for name in ("date_created", "date_modified_gmt", "date_paid_gmt"):
        assert len(order[name]) == len(real[name])


@pytest.mark.parametrize(
    "row", recorded("woocommerce_dates.json"), ids=lambda row: row["path"].split("&", 2)[2]
)
def test_a_date_means_what_it_meant_to_the_real_one(
    start: Callable[[FleetSpec], Sandbox], row: dict[str, Any]
):
    """The recorded shop stood in Amsterdam; its newest order was placed at 07:40:40 UTC and
    changed at 07:55:41."""
    changed_at = NOW.replace(hour=7, minute=55, second=41)
    fleet = small_fleet([shop("woo", behind_tls_proxy=True, time_zone="Europe/Amsterdam")], now=changed_at)
    sandbox = start(fleet)
    sandbox.add_orders("woo", at=NOW.replace(hour=7, minute=40, second=40))
    path = row["path"].removeprefix(f"{API}/orders?")
    answer = sandbox.http.get(f"{sandbox.store_url('woo')}{API}/orders?{path}", auth=basic(sandbox, "read"))
    assert bool(answer.json()) == bool(row["ids"])


def test_pages_hold_every_order_once_and_totals_count_them(sandbox: Sandbox):
    ids = sandbox.add_orders("woo", 23)
    seen: list[int] = []
    for page in range(1, 4):
        answer = ask(
            sandbox, "/orders", per_page="10", page=str(page), orderby="id", order="asc", _fields="id"
        )
        assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("23", "3")
        seen += [entry["id"] for entry in answer.json()]
    assert seen == ids
    past_the_end = ask(sandbox, "/orders", per_page="10", page="4")
    assert (past_the_end.json(), past_the_end.headers["X-WP-Total"]) == ([], "0")


def test_changed_orders_come_oldest_change_first(sandbox: Sandbox):
    first, second, third = sandbox.add_orders("woo", 3)
    sandbox.advance(timedelta(minutes=5))
    sandbox.change_order("woo", second, "completed")
    order = {"orderby": "modified", "order": "asc", "dates_are_gmt": "true", "_fields": "id"}
    everything = ask(sandbox, "/orders", modified_after="2026-11-22T11:59:59", **order).json()
    assert [entry["id"] for entry in everything] == [first, third, second]
    changed = ask(sandbox, "/orders", modified_after="2026-11-22T12:00:00", **order).json()
    assert [entry["id"] for entry in changed] == [second]


def test_fields_keep_personal_data_out_of_the_answer(sandbox: Sandbox):
    sandbox.add_orders("woo")
    assert "PRIVATE" in ask(sandbox, "/orders").text
    lean = ask(sandbox, "/orders", _fields="id,number,status,date_created_gmt")
    assert lean.json()[0].keys() == {"id", "number", "status", "date_created_gmt"}
    assert "PRIVATE" not in lean.text


def test_tracking_stands_in_a_note_of_a_completed_order(sandbox: Sandbox):
    (order,) = sandbox.add_orders("woo")
    sandbox.change_order("woo", order, "completed")
    notes = ask(sandbox, f"/orders/{order}/notes").json()
    assert any("3SYZX" in note["note"] for note in notes)


def test_over_plain_http_a_password_reads_as_none_and_a_signature_signs_in(
    start: Callable[[FleetSpec], Sandbox],
):
    sandbox = start(small_fleet([shop("plain")]))
    assert ask(sandbox, "/orders", name="plain").json()["code"] == "woocommerce_rest_cannot_view"
    assert signed(sandbox, "plain", at=NOW.timestamp(), status="any").status_code == 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secret": "cs_wrong"}, "Invalid signature - provided signature does not match."),
        ({"at": NOW.timestamp() - 16 * 60}, "Invalid timestamp."),
        ({"nonce": "used"}, "Invalid nonce - nonce has already been used."),
    ],
)
def test_a_bad_signature_is_refused_with_its_reason(sandbox: Sandbox, changes: dict[str, Any], message: str):
    signed(sandbox, "woo", at=NOW.timestamp(), nonce="used")
    answer = signed(sandbox, "woo", **{"at": NOW.timestamp(), **changes})
    assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_the_index_names_the_time_zone_to_anybody(sandbox: Sandbox):
    index = sandbox.http.get(f"{sandbox.store_url('woo')}/wp-json/").json()
    assert (index["timezone_string"], index["gmt_offset"]) == ("UTC", 0)
    assert "wc/v3" in index["namespaces"]


def test_a_wrong_clock_shows_in_the_date_header_and_in_new_orders(sandbox: Sandbox):
    sandbox.break_shop("woo", "clock_skew", seconds=420)
    answer = ask(sandbox, "/orders")
    assert answer.headers["Date"] == "Sun, 22 Nov 2026 12:07:00 GMT"


@pytest.mark.parametrize(
    ("style", "status", "mark"),
    [
        ("nginx", 403, "<center>nginx"),
        ("cloudflare", 403, "Sorry, you have been blocked"),
        ("siteground", 202, "sgcaptcha"),
    ],
)
def test_a_firewall_refuses_the_hub_and_lets_others_pass(
    sandbox: Sandbox, style: str, status: int, mark: str
):
    sandbox.break_shop("woo", "firewall", pattern="Sendcloud", style=style)
    url = f"{sandbox.store_url('woo')}/wp-json/"
    blocked = sandbox.http.get(url, headers={"User-Agent": "Sendcloud/1.0.0"})
    assert blocked.status_code == status
    assert mark in blocked.text
    assert sandbox.http.get(url, headers={"User-Agent": "SendCloud/1.0 (woocommerce)"}).status_code == 200
    assert sandbox.http.get(url).status_code == 200


def test_orders_placed_by_a_wrong_clock_carry_its_time(start: Callable[[FleetSpec], Sandbox]):
    sandbox = start(small_fleet([shop("busy", behind_tls_proxy=True, orders_per_day=2000)]))
    sandbox.break_shop("busy", "clock_skew", seconds=86_400)
    sandbox.advance(timedelta(hours=2))
    newest = ask(sandbox, "/orders", name="busy", per_page="1").json()[0]
    assert parse_iso(newest["date_created_gmt"]) > NOW.timestamp() + 86_400

"""The PrestaShop stand-in answers as the real one (8.2.1) was recorded to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from tests.sandbox.conftest import recorded
from tests.sandbox.presta import SHOP, authorization, basic, errors, key, shape

pytestmark = pytest.mark.integration
ZONE = "Europe/Amsterdam"
WARNING = 3
STATES = {"maintenance", "database_down", "webservice_off"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """300 orders, changed on the days on which the recorded ones were."""
    fleet = small_fleet(
        [
            shop(SHOP, "prestashop", time_zone=ZONE),
            shop("old", "prestashop", version="1.7.8.11"),
            shop("new", "prestashop", version="9.0.3"),
        ],
        now=datetime(2026, 1, 10, tzinfo=UTC),
    )
    with running_sandbox(fleet, tmp_path_factory.mktemp("shared")) as sandbox:
        sandbox.add_orders(SHOP, 292, status="delivered")
        for day, count in ((15, 2), (20, 6)):
            sandbox.set_now(datetime(2026, 11, day, 0, 46, tzinfo=UTC))
            sandbox.add_orders(SHOP, count)
        for name in ("old", "new"):
            sandbox.add_orders(name, 1)
        sandbox.change_order(SHOP, 295, "completed")
        sandbox.set_now(datetime(2026, 11, 22, 7, 47, tzinfo=UTC))
        yield sandbox


def _label(row: dict[str, Any]) -> str:
    return " ".join([row["state"], row["credential"], row["method"], row["path"]])


def call(sandbox, method, path, *, sent=None, who="all_methods", name=SHOP, **headers):
    return sandbox.http.request(
        method,
        f"{sandbox.store_url(name)}{path}",
        content=sent,
        headers={**headers, **authorization_of(sandbox, who, name)},
    )


def authorization_of(sandbox, label, name):
    if name == SHOP:
        return authorization(sandbox, label)
    return basic(f"{key(sandbox, 'write', name)}:")


@pytest.mark.parametrize("row", recorded("prestashop_recorded.json"), ids=_label)
def test_it_answers_each_recorded_request_as_the_real_one(shared: Sandbox, row: dict[str, Any]):
    faults = [row["state"]] if row["state"] in STATES else []
    if row["headers"].get("Host") == "other.example":
        faults.append("wrong_host")
    for fault in faults:
        shared.break_shop(SHOP, fault)
    try:
        path = row["path"].replace(f"<{row['credential']}>", key(shared))
        in_query = "ws_key=" in path
        answer = shared.http.request(
            row["method"],
            shared.store_url(SHOP) + quote(path, safe="/?=&%"),
            headers={
                **{name: value for name, value in row["headers"].items() if name != "Host"},
                **({} if in_query else authorization(shared, row["credential"])),
            },
            content=row["sent"],
        )
    finally:
        for fault in faults:
            shared.mend_shop(SHOP, fault)
    assert answer.status_code == row["status"]
    assert answer.headers.get("content-type") == row["content_type"]
    assert answer.headers.get("psws-version") == row["version"]
    assert ("www-authenticate" in answer.headers) == row["asks_for_key"]
    assert ("access-time" in answer.headers) == row["has_time"]
    assert answer.headers.get("retry-after") == row.get("retry_after")
    assert answer.headers.get("location") == row.get("location")
    # How many PHP warnings (code 3) ride along depends on the installation.
    found = [[code, text[:60]] for code, text in errors(answer.text) if code != WARNING]
    assert found == [error for error in row["errors"] if error[0] != WARNING]
    if "shape" in row:
        assert shape(answer.text) == row["shape"]


def test_the_root_says_what_a_key_may_do_and_patch_is_unknown_to_17(shared: Sandbox):
    new, old = call(shared, "GET", "/api/"), call(shared, "GET", "/api/", name="old")
    assert shape(new.text)[0] == "/prestashop"
    assert 'patch="true"' in new.text
    assert "patch=" not in old.text
    assert old.headers["psws-version"] == "1.7.8.11"


def test_version_17_knows_no_patch_and_keeps_empty_fields_in_json(shared: Sandbox):
    refused = call(shared, "PATCH", "/api/orders/1", sent="<prestashop/>", name="old")
    assert (refused.status_code, errors(refused.text)) == (405, [(23, "Method PATCH is not valid")])
    old = call(shared, "GET", "/api/orders/1?output_format=JSON", name="old").json()["order"]
    new = call(shared, "GET", "/api/orders/1?output_format=JSON", name="new").json()["order"]
    assert old["shipping_number"] == ""
    assert "shipping_number" not in new


def test_version_9_answers_options_without_a_key(shared: Sandbox):
    answer = shared.http.request("OPTIONS", f"{shared.store_url('new')}/api/orders/0")
    assert (answer.status_code, answer.text) == (200, "200 OK")


CARRIER = "/api/order_carriers/293"


def one(shared, path=CARRIER, **more):
    rows = call(shared, "GET", f"{path}?output_format=JSON", **more).json()
    return next(iter(rows.values()))


def xml(resource, **fields):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<prestashop><{resource}>{inner}</{resource}></prestashop>"


def test_a_patch_changes_the_number_alone_and_leaves_the_order_as_it_is(shared: Sandbox):
    before, order = one(shared), one(shared, "/api/orders/293")
    answer = call(shared, "PATCH", CARRIER, sent=xml("order_carrier", id=293, tracking_number="3SABC"))
    assert answer.status_code == 200
    assert one(shared) == {**before, "tracking_number": "3SABC"}
    after = one(shared, "/api/orders/293")
    assert after == {**order, "shipping_number": "3SABC"}
    assert after["date_upd"] == order["date_upd"]


def test_a_put_that_is_not_whole_sets_everything_else_to_nothing(shared: Sandbox):
    sent = xml("order_carrier", id=294, id_order=294, id_carrier=2, tracking_number="3SABC")
    before = one(shared, "/api/order_carriers/294")
    assert call(shared, "PUT", "/api/order_carriers/294", sent=sent).status_code == 200
    after = one(shared, "/api/order_carriers/294")
    assert before["weight"] == "0.300000"
    assert (after["weight"], after["shipping_cost_tax_excl"]) == ("0.000000", "0.000000")
    assert after["date_add"] == "2026-11-22 08:47:00"


def test_a_patch_of_an_order_moves_its_time_of_change(shared: Sandbox):
    before = one(shared, "/api/orders/296")
    call(shared, "PATCH", "/api/orders/296", sent=xml("order", id=296, shipping_number=""))
    after = one(shared, "/api/orders/296")
    assert before["date_upd"] < after["date_upd"] == "2026-11-22 08:47:00"


def test_times_are_the_shops_own_and_come_twice_in_autumn(tmp_path):
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    fleet = small_fleet([shop(SHOP, "prestashop", time_zone=ZONE)], now=first)
    with running_sandbox(fleet, tmp_path) as sandbox:
        sandbox.add_orders(SHOP)
        sandbox.advance(timedelta(hours=1))
        sandbox.add_orders(SHOP)
        path = "/api/orders?display=[id,date_add]&output_format=JSON&sort=[id_ASC]"
        rows = call(sandbox, "GET", path).json()["orders"]
        assert [row["date_add"] for row in rows] == ["2026-10-25 02:30:00"] * 2
        path += "&date=1&filter[date_upd]=[2026-10-25 02:00:00,2026-10-25 02:59:59]"
        assert len(call(sandbox, "GET", path).json()["orders"]) == 2

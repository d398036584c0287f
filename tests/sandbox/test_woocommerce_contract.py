"""The WooCommerce stand-in answers every recorded scenario in the recorded way: status, kind and shape."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from tests.sandbox.conftest import recorded
from tests.sandbox.woo import API, basic

pytestmark = pytest.mark.integration

SCENARIOS = recorded("woocommerce_contract.json")
STATES = ("maintenance", "database_down", "rewrite_gone")
SHOPS = [
    shop("woo", behind_tls_proxy=True, time_zone="Europe/Amsterdam", plugins=("fulfillments",)),
    shop("plain", time_zone="Europe/Amsterdam"),
    shop("posts", behind_tls_proxy=True, posts_storage=True),
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    fleet = small_fleet(SHOPS, integrations=())
    with running_sandbox(fleet, tmp_path_factory.mktemp("contract")) as running:
        for name in ("woo", "plain", "posts"):
            running.add_orders(name, 3)
        yield running


def _label(row: dict[str, Any]) -> str:
    path = row["path"].removeprefix(API)[:70]
    return " ".join([row["state"], row["credential"], row["sign_in"], row["method"], path])


@pytest.mark.parametrize("row", SCENARIOS, ids=_label)
def test_each_recorded_scenario_is_answered_in_the_recorded_shape(sandbox: Sandbox, row: dict[str, Any]):
    name = "posts" if row["state"] == "posts_storage" else "woo" if row["proxied"] else "plain"
    path = row["path"]
    for state in STATES:
        sandbox.mend_shop(name, state)
    if "webhooks/1" in path:
        path = path.replace("webhooks/1", f"webhooks/{_webhook(sandbox) if row['status'] == 200 else 999}")
    path = re.sub(r"/orders/21/", f"/orders/{sandbox.order_ids(name)[0]}/", path)
    if row["state"] in STATES:
        sandbox.break_shop(name, row["state"])
    answer = _ask(sandbox, name, path, row)
    assert answer.status_code == row["status"]
    assert _kind(answer.headers.get("content-type", "")) == _kind(row["content_type"])
    if isinstance(row["shape"], dict | list):
        assert differences(row["shape"], answer.json(), exact=not row["cut"]) == []
    elif row["shape"] == "none":
        assert answer.content == b""


def _ask(sandbox: Sandbox, name: str, path: str, row: dict[str, Any]) -> httpx.Response:
    url = sandbox.store_url(name) + path
    pair = basic(sandbox, row["credential"], name)
    headers = dict(row["headers"])
    auth = None
    if pair and row["sign_in"] == "query":
        url += f"&consumer_key={pair[0]}&consumer_secret={pair[1]}"
    elif pair and row["sign_in"] == "oauth":
        at, nonce = str(int(NOW.timestamp())), secrets.token_hex(8)
        signer = Client(
            pair[0], pair[1], signature_method=SIGNATURE_HMAC_SHA256, signature_type=SIGNATURE_TYPE_QUERY,
            timestamp=at, nonce=nonce,
        )  # fmt: skip
        url = signer.sign(url)[0]
    else:
        auth = pair
    return sandbox.http.request(row["method"], url, headers=headers, content=row["sent"], auth=auth)


def _webhook(sandbox: Sandbox) -> int:
    url = f"{sandbox.store_url('woo')}{API}/webhooks"
    document = {"topic": "order.updated", "delivery_url": "http://127.0.0.1:9/hook", "secret": "s" * 20}
    answer = sandbox.http.post(url, json=document, auth=basic(sandbox, "read_write"))
    return int(answer.raise_for_status().json()["id"])


def _kind(content_type: str) -> str:
    return content_type.lower().replace(" ", "")


def differences(expected: Any, found: Any, *, exact: bool, where: str = "") -> list[str]:
    """Where a document is not of the recorded shape. What was null or empty when recorded fits anything;
    of a document that was recorded in part, only what both have is compared."""
    if expected is None or found is None:
        return []
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where}: no object"]
        wrong = [f"{where}: {sorted(expected.keys() ^ found.keys())}"] if exact else []
        wrong = wrong if expected.keys() != found.keys() else []
        for key in expected.keys() & found.keys():
            wrong += differences(expected[key], found[key], exact=exact, where=f"{where}.{key}")
        return wrong
    if isinstance(expected, list):
        if not isinstance(found, list):
            return [f"{where}: no list"]
        pairs = [(expected[0], item) for item in found] if expected else []
        return [
            text for one, item in pairs for text in differences(one, item, exact=exact, where=f"{where}[]")
        ]
    kind = {bool: "bool", str: "text", int: "number", float: "number"}.get(type(found), "other")
    return [] if kind == expected else [f"{where}: {kind} instead of {expected}"]

"""The same requests as were recorded on a real Magento, asked of the stand-in: statuses, content types and
the shapes of the documents are the same, so that neither drifts from the other."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from tests.sandbox.conftest import recorded

pytestmark = pytest.mark.integration
RECORDED = recorded("magento_recorded.json")
WHO = {"sales": "hub", "orders_read": "read", "no_sales_right": "customer", "all_rights": "write"}
NOBODY = "0" * 32
REPLAYED = "the same signed request sent twice"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """As many orders as the recorded shop had, in the states that the recorded requests rely on; and a
    shop without any, of which some answers are."""
    fleet = small_fleet([shop("mage", "magento"), shop("empty", "magento")])
    with running_sandbox(fleet, tmp_path_factory.mktemp("mage")) as sandbox:
        sandbox.add_orders("mage", 296, status="completed")
        sandbox.add_orders("mage", 1)
        sandbox.add_orders("mage", 1, status="cancelled")
        sandbox.add_orders("mage", 2)
        yield sandbox


def keys(sandbox: Sandbox, credential: str, name: str = "mage") -> tuple[str, str, str, str]:
    who: Any = WHO.get(credential, "hub")
    key, secret, token, token_secret = sandbox.fleet.magento_key(name, who)
    return {
        "unknown_consumer_key": (NOBODY, secret, token, token_secret),
        "malformed_consumer_key": ("short", secret, token, token_secret),
        "unknown_token": (key, secret, NOBODY, token_secret),
        "wrong_secret": (key, NOBODY, token, token_secret),
    }.get(credential, (key, secret, token, token_secret))


def shop_of(row: dict[str, Any]) -> str:
    document = row["document"]
    is_empty = isinstance(document, dict) and document.get("total_count") == 0
    return (
        "empty"
        if row["credential"] == "all_rights" and (is_empty or "<items></items>" in row["text"])
        else "mage"
    )


def authorization(sandbox: Sandbox, row: dict[str, Any], url: str) -> str:
    key, secret, token, token_secret = keys(sandbox, row["credential"], shop_of(row))
    if row["credential"] == "empty_bearer":
        return "Bearer"
    if row["auth"] == "basic":
        return "Basic " + b64encode(b"user:password").decode()
    if row["auth"] == "bearer":
        return f"Bearer {'no.token' if row['credential'] == 'malformed_token' else token}"
    client = Client(
        key,
        client_secret=secret,
        resource_owner_key=token,
        resource_owner_secret=token_secret,
        signature_method=SIGNATURE_HMAC_SHA1 if row["auth"] == "oauth-sha1" else SIGNATURE_HMAC_SHA256,
        timestamp="1000" if "timestamp" in row.get("note", "") else None,
    )
    return client.sign(url.replace("[", "%5B").replace("]", "%5D"), http_method=row["method"])[1][
        "Authorization"
    ]


def ask(sandbox: Sandbox, row: dict[str, Any]) -> httpx.Response:
    path, sent = row["path"], row["sent"]
    if "shipment/track" in path and sent:
        found = sandbox.http.get(
            f"{sandbox.store_url('mage')}/rest/V1/shipments?searchCriteria[filterGroups][0][filters][0][field]"
            "=order_id&searchCriteria[filterGroups][0][filters][0][value]=294",
            headers={"authorization": f"Bearer {keys(sandbox, 'sales')[2]}"},
        ).json()
        entity = json.loads(sent)["entity"]
        sent = json.dumps({"entity": {**entity, "parent_id": found["items"][0]["entity_id"]}})
    path = path.replace("/shipment/200", "/shipment/700200")
    url = f"{sandbox.store_url(shop_of(row))}{path}"
    headers = {name: value for name, value in row["headers"].items() if name != "Host"}
    if row["auth"]:
        headers["Authorization"] = authorization(sandbox, row, url)
    if REPLAYED in row.get("note", ""):
        sandbox.http.request(row["method"], url, headers=headers)
    return sandbox.http.request(row["method"], url, headers=headers, content=sent)


def whole(document: Any) -> Any:
    """With the recorded order in the places that refer to it."""
    if document == "<order>":
        return RECORDED["order"]
    if isinstance(document, dict) and document.get("items") == ["<order>"]:
        return {**document, "items": [RECORDED["order"]]}
    return document


def shape(value: Any) -> Any:
    """Names and types; of a list, that of its first entry."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return repr(value)
    return "number" if isinstance(value, int | float) else "text"


def differences(real: Any, ours: Any, at: str = "") -> list[str]:
    if isinstance(real, dict) and isinstance(ours, dict):
        odd = [f"{at}.{name}" for name in real.keys() ^ ours.keys()]
        return odd + [
            line
            for name in real.keys() & ours.keys()
            for line in differences(real[name], ours[name], f"{at}.{name}")
        ]
    if isinstance(real, list) and isinstance(ours, list):
        if not (real and ours):
            return [f"{at}: nothing in it here"] if real else []
        return differences(real[0], ours[0], f"{at}[]")
    return [] if real == ours else [f"{at}: {real} there, {ours} here"]


def label(row: dict[str, Any]) -> str:
    return " ".join(
        [row["state"], row["credential"], row["auth"], row["method"], row["path"][:70], row.get("note", "")]
    )


STATES = ("maintenance", "database_down", "bearer_off")


READS = [row for row in RECORDED["answers"] if row["group"] != "tracking"]


@pytest.mark.parametrize("row", READS, ids=label)
def test_it_answers_as_the_recorded_shop(shops: Sandbox, row: dict[str, Any]):
    for state in STATES:
        shops.mend_shop("mage", state)
    if row["state"] != "normal":
        shops.break_shop("mage", row["state"])
    compare(ask(shops, row), row)


def test_tracking_is_read_and_written_as_in_the_recorded_shop(shops: Sandbox):
    """One after the other: each answer rests on what was written before."""
    for state in STATES:
        shops.mend_shop("mage", state)
    for row in (row for row in RECORDED["answers"] if row["group"] == "tracking"):
        compare(ask(shops, row), row)


def compare(answer: httpx.Response, row: dict[str, Any]) -> None:
    what = label(row)
    assert answer.status_code == row["status"], what
    assert answer.headers["content-type"].lower() == row["content_type"].lower(), what
    document = whole(row["document"])
    if document is None:
        assert row["text"] in answer.text, what
        assert bool(answer.content) == bool(row["text"]) or "/nosuch-page" in what
        return
    ours = answer.json()
    assert differences(shape(document), shape(ours)) == [], what
    if isinstance(document, dict) and "message" in document:
        assert plain(ours) == plain(document)
    if isinstance(document, dict) and document.get("items", ...) is None:
        assert ours["items"] is None, "an empty list of chosen fields is null"


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """Without the id of a report, which is always another."""
    return {**document, "message": re.sub(r"webapi-\w+", "webapi-", document["message"])}

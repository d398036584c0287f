"""The stand-in of Cloudflare's API keeps to the wire format of the real one."""

import json
from pathlib import Path

import httpx
import pytest

from integrations.sandbox.cloudflare.zones import token_of
from integrations.sandbox.shops.app import ShopsProcess
from integrations.sandbox.testing import shop, small_fleet
from integrations.sandbox.threads import serving

pytestmark = pytest.mark.integration
RECORDED = json.loads((Path(__file__).parents[1] / "integrations/fixtures/cloudflare.json").read_text())


@pytest.fixture
def fleet():
    return small_fleet([shop("fy", "shopify"), shop("woo")])


@pytest.fixture
def client(fleet, tmp_path):
    with (
        serving(ShopsProcess(fleet, tmp_path).app) as url,
        httpx.Client(
            base_url=f"{url}/cloudflare",
            headers={"Authorization": f"Bearer {token_of(fleet)}"},
            trust_env=False,
        ) as client,
    ):
        yield client


def shape(document):
    """Keys and kinds, without values."""
    if isinstance(document, dict):
        return {key: shape(value) for key, value in document.items() if key != "_source"}
    if isinstance(document, list):
        return [shape(part) for part in document]
    return type(document).__name__


def zone_id(client, name="fy.example"):
    return client.get("/client/v4/zones", params={"name": name}).json()["result"][0]["id"]


def test_a_verified_token_answers_in_the_recorded_form(client):
    answer = client.get("/client/v4/user/tokens/verify")
    recorded = shape(RECORDED["api_token_verify_ok"])
    recorded["result"]["not_before"] = "NoneType"  # a token need not have one
    assert answer.status_code == 200
    assert shape(answer.json()) == recorded


def test_an_empty_phase_answers_in_the_recorded_form(client):
    path = f"/client/v4/zones/{zone_id(client)}/rulesets/phases/http_request_firewall_custom/entrypoint"
    answer = client.get(path)
    recorded = {
        key: value for key, value in RECORDED["api_no_rules_in_phase_http_404"].items() if key != "_source"
    }
    assert answer.status_code == 404
    assert answer.json() == recorded


def test_a_missing_permission_answers_in_the_recorded_form(client):
    client.put("/control/faults/permission_missing", json={"names": ["workers/routes"]})
    answer = client.get(f"/client/v4/zones/{zone_id(client)}/workers/routes")
    assert answer.status_code == 403
    assert shape(answer.json()) == shape(RECORDED["api_forbidden_http_403"])


def test_nothing_is_told_without_the_token(client):
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        assert client.get("/client/v4/zones", headers=headers).status_code in (400, 403)
    assert (
        client.get("/client/v4/user/tokens/verify", headers={"Authorization": "Bearer wrong"}).status_code
        == 401
    )


def test_there_is_a_zone_for_each_shop(client):
    document = client.get("/client/v4/zones").json()
    assert [zone["name"] for zone in document["result"]] == ["fy.example", "woo.example"]
    assert document["result_info"] == {"page": 1, "per_page": 20, "count": 2, "total_count": 2}


def test_page_rules_come_only_with_the_status_they_are_asked_for(client):
    client.put("/control/zones/fy.example/faults/page_rule")
    path = f"/client/v4/zones/{zone_id(client)}/pagerules"
    assert client.get(path).json()["result"] == []
    assert len(client.get(path, params={"status": "active"}).json()["result"]) == 1


def test_the_old_firewall_rules_are_gone(client):
    assert client.get(f"/client/v4/zones/{zone_id(client)}/firewall/rules").status_code == 410


def test_the_budget_is_told_and_ends(client):
    first = client.get("/client/v4/zones").headers
    second = client.get("/client/v4/zones").headers
    assert int(first["x-ratelimit-remaining"]) - int(second["x-ratelimit-remaining"]) == 1
    client.put("/control/faults/rate_limited")
    refused = client.get("/client/v4/zones")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "300"


def test_a_fault_ends_when_it_is_told_to(client):
    client.put("/control/zones/fy.example/faults/rocket_loader")
    path = f"/client/v4/zones/{zone_id(client)}/settings/rocket_loader"
    assert client.get(path).json()["result"]["value"] == "on"
    client.delete("/control/zones/fy.example/faults/rocket_loader")
    assert client.get(path).json()["result"]["value"] == "off"


def test_an_unknown_zone_or_fault_is_refused_with_what_there_is(client):
    assert "rocket_loader" in client.put("/control/zones/fy.example/faults/nonsense").json()["error"]
    assert "fy.example" in client.put("/control/zones/other.example/faults/argo").json()["error"]


def test_faults_survive_a_restart(fleet, tmp_path):
    for known in (False, True):
        with serving(ShopsProcess(fleet, tmp_path).app) as url:
            control = f"{url}/cloudflare/control"
            faults = httpx.get(f"{control}/state", trust_env=False).json()["faults"]
            assert ("under_attack" in faults["zones"].get("woo.example", {})) is known
            httpx.put(f"{control}/zones/woo.example/faults/under_attack", trust_env=False)

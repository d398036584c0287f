"""The stand-in takes rules as Cloudflare does, and refuses what Cloudflare refuses."""

import httpx
import pytest
from starlette.applications import Starlette

from integrations.sandbox.clock import Clock
from integrations.sandbox.cloudflare.app import CloudflareApi
from integrations.sandbox.cloudflare.zones import zone
from integrations.sandbox.threads import serving

pytestmark = pytest.mark.integration
CUSTOM = "http_request_firewall_custom"
RULE = {
    "action": "skip",
    "expression": "(ip.src in {192.0.2.0/28})",
    "action_parameters": {"ruleset": "current"},
}


@pytest.fixture
def api():
    return CloudflareApi([zone("shop.example", "www.shop.example")], "token", Clock())


@pytest.fixture
def client(api):
    zone_id = api.zones["shop.example"]["id"]
    with serving(Starlette(routes=api.routes())) as url:
        base, headers = f"{url}/client/v4/zones/{zone_id}/", {"Authorization": "Bearer token"}
        with httpx.Client(base_url=base, headers=headers) as found:
            yield found


def create(client, *rules):
    return client.post(
        "rulesets", json={"name": "default", "kind": "zone", "phase": CUSTOM, "rules": list(rules)}
    )


def test_a_ruleset_is_made_once_and_rules_are_put_where_they_are_wanted(client):
    made = create(client, {**RULE, "description": "one"})
    assert made.status_code == 200
    ruleset = made.json()["result"]["id"]
    client.post(f"rulesets/{ruleset}/rules", json={**RULE, "description": "last"})
    first = client.post(
        f"rulesets/{ruleset}/rules", json={"position": {"index": 1}, **RULE, "description": "first"}
    )
    assert [rule["description"] for rule in first.json()["result"]["rules"]] == ["first", "one", "last"]
    shown = client.get(f"rulesets/phases/{CUSTOM}/entrypoint").json()["result"]
    assert shown["rules"] == first.json()["result"]["rules"]
    assert len({rule["id"] for rule in shown["rules"]}) == 3
    assert create(client).json()["errors"][0]["code"] == 20217


def test_rules_of_faults_stand_where_they_stood(client, api):
    api.faults["zones"]["shop.example"] = {"custom_rule": {"expression": "true"}}
    assert create(client).status_code == 400
    (head,) = [row for row in client.get("rulesets").json()["result"] if row["phase"] == CUSTOM]
    late = client.post(f"rulesets/{head['id']}/rules", json=RULE).json()["result"]["rules"]
    assert [rule["action"] for rule in late] == ["block", "skip"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "skip", "expression": "true"},
        {**RULE, "action_parameters": {"products": ["BIC"]}},
        {**RULE, "action_parameters": {"phases": ["ddos_l7"]}},
        {**RULE, "action_parameters": {"ruleset": "all"}},
        {**RULE, "action_parameters": {"unknown": 1}},
        {**RULE, "expression": "(ip.src in {192.0.2.1)"},
        {**RULE, "expression": '(http.user_agent eq "x)'},
        {**RULE, "expression": "x" * 4097},
        {**RULE, "expression": ""},
        {"expression": "true"},
    ],
)
def test_a_rule_that_cloudflare_would_refuse_is_refused(client, wrong):
    answer = create(client, wrong)
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert client.get(f"rulesets/phases/{CUSTOM}/entrypoint").status_code == 404


@pytest.mark.parametrize("position", [{"index": 0}, {"index": 9}, {"index": "1"}, [], {}])
def test_a_position_that_does_not_exist_is_refused(client, position):
    ruleset = create(client, RULE).json()["result"]["id"]
    answer = client.post(f"rulesets/{ruleset}/rules", json={"position": position, **RULE})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("target", "value", "status"),
    [
        ("ip", "192.0.2.1", 200),
        ("ip6", "2001:db8::1", 200),
        ("ip_range", "192.0.2.0/24", 200),
        ("ip_range", "2001:db8::/48", 200),
        ("country", "NL", 200),
        ("ip_range", "192.0.2.0/28", 400),
        ("ip", "192.0.2.0/24", 400),
        ("ip", "2001:db8::1", 400),
        ("name", "x", 400),
    ],
)
def test_addresses_are_allowed_in_the_sizes_that_there_are(client, target, value, status):
    body = {"mode": "whitelist", "configuration": {"target": target, "value": value}}
    answer = client.post("firewall/access_rules/rules", json=body)
    assert answer.status_code == status
    if status == 200:
        assert (
            client.get("firewall/access_rules/rules").json()["result"][0]["configuration"]["value"] == value
        )
        again = client.post("firewall/access_rules/rules", json=body).json()
        assert again["errors"][0]["message"] == "firewallaccessrules.api.duplicate_of_existing"


def test_other_places_and_bodies_are_refused(client):
    assert client.post("dns_records", json={}).status_code == 405
    assert client.post("rulesets", content=b"no").status_code == 400
    assert client.post("rulesets", json=[]).status_code == 400
    assert client.post("rulesets/none/rules", json=RULE).status_code == 404
    assert client.post("../none/rulesets", json=RULE).status_code == 404
    refused = client.post("rulesets", json={}, headers={"Authorization": "Bearer other"})
    assert refused.status_code == 403

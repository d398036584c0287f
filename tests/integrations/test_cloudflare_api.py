"""The token, its permissions, the limit of requests, and answers of no known form."""

import asyncio
import json
from pathlib import Path

import pytest

from integrations.cloudflare.api import requests_left
from integrations.contracts import CheckState, Outcome, Target
from integrations.errors import (
    CredentialsRefused,
    RateLimited,
    RemoteError,
    RightMissing,
)
from integrations.opening import open_edge

from .cloudflare import HOSTED, NOW, SELF_HOSTED, TOKEN, Edge, running_edge, sentence
from .remote import LOCAL, Reply, json_reply, remote

pytestmark = pytest.mark.integration
RECORDED = json.loads((Path(__file__).parent / "fixtures/cloudflare.json").read_text())


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


# The token


@pytest.mark.parametrize(
    ("fault", "said"), [("token_expired", "has expired"), ("token_disabled", "is disabled")]
)
def test_a_token_that_ended_is_refused_in_so_many_words(edge, fault, said):
    edge.refuse(fault)
    with pytest.raises(CredentialsRefused, match=said) as caught:
        edge.audit()
    assert "API Tokens" in caught.value.remedy


def test_a_token_that_nobody_knows_is_refused(edge):
    with pytest.raises(CredentialsRefused, match="does not accept") as caught:
        edge.audit(token="x" * 40)
    assert "x" * 40 not in str(caught.value)


def test_a_token_of_an_account_is_asked_about_at_the_account(edge):
    edge.api.account_token = True
    assert edge.checks()["zone_active"].state is CheckState.OK
    assert any(path.startswith("accounts/") and "tokens/verify" in path for path in edge.api.asked)
    edge.refuse("token_expired")
    with pytest.raises(CredentialsRefused):
        edge.audit()


def test_the_token_shows_in_no_evidence(edge):
    edge.refuse("permission_missing", names=["dns_records"])

    async def work(adapter):
        report = await adapter.audit(HOSTED, platform="shopify", visitors=(), now=NOW)
        return report, adapter.calls()

    report, calls = edge.use(work)
    assert TOKEN not in repr((report, calls))
    assert any(call.outcome is Outcome.REFUSED for call in calls)


def test_phases_without_rules_leave_no_trace_of_failure(edge):
    async def work(adapter):
        await adapter.audit(HOSTED, platform="shopify", visitors=(), now=NOW)
        return adapter.calls()

    assert [call.outcome for call in edge.use(work)] == [Outcome.PASSED]


# Permissions

PERMISSIONS = [
    # part of the address, permission, a check that becomes unknown, the shop's host
    ("dns_records", "Zone > DNS > Read", "record_type", HOSTED),
    ("settings/", "Zone > Zone Settings > Read", "rocket_loader", HOSTED),
    ("http_request_firewall_custom", "Zone > Zone WAF > Read", "custom_rules", HOSTED),
    ("http_request_cache_settings", "Zone > Cache Rules > Read", "html_caching", HOSTED),
    ("http_config_settings", "Zone > Config Rules > Read", "other_rules", HOSTED),
    ("pagerules", "Zone > Page Rules > Read", "page_rules", HOSTED),
    ("workers/routes", "Zone > Workers Routes > Read", "workers", HOSTED),
    ("load_balancers", "Zone > Load Balancers > Read", "load_balancing", HOSTED),
    ("bot_management", "Zone > Bot Management > Read", "bot_protection", HOSTED),
    ("bot_management", "Zone > Bot Management > Read", "hub_bot_fight_mode", SELF_HOSTED),
    ("ua_rules", "Zone > Firewall Services > Read", "hub_user_agent_rule", SELF_HOSTED),
    ("lockdowns", "Zone > Firewall Services > Read", "hub_lockdown", SELF_HOSTED),
    ("accounts/", "Account > Account Firewall Access Rules > Read", "hub_address_rule", SELF_HOSTED),
]


@pytest.mark.parametrize(("name", "permission", "code", "host"), PERMISSIONS)
def test_a_missing_permission_is_named_and_its_row_unknown(edge, name, permission, code, host):
    check = edge.refuse("permission_missing", names=[name]).checks(host)[code]
    assert check.state is CheckState.UNKNOWN
    assert permission in sentence(check)
    assert permission in check.remedy % check.values
    assert "https://developers.cloudflare.com/api/resources/" in check.remedy % check.values


def test_a_phase_that_the_list_hides_is_not_taken_for_empty(edge):
    """Whether the list shows what the token may not read is not documented."""
    edge.refuse("permission_missing", names=["phases/http_request_dynamic_redirect"])
    assert edge.checks()["other_rules"].state is CheckState.UNKNOWN


def test_what_is_found_counts_even_where_another_part_is_hidden(edge):
    edge.wrong(redirect_rule={}).refuse("permission_missing", names=["http_request_transform"])
    assert edge.checks()["other_rules"].state is CheckState.WARN


def test_bot_fight_mode_is_not_condemned_while_the_exemption_cannot_be_seen(edge):
    edge.wrong(bot_fight_mode={}).refuse("permission_missing", names=["accounts/"])
    assert edge.checks(SELF_HOSTED)["hub_bot_fight_mode"].state is CheckState.UNKNOWN


def test_a_skip_rule_that_cannot_be_seen_condemns_nothing(edge):
    edge.wrong(under_attack={}).refuse("permission_missing", names=["http_request_firewall_custom"])
    assert edge.checks(SELF_HOSTED)["hub_under_attack"].state is CheckState.UNKNOWN


def test_a_token_that_may_not_list_zones_lacks_a_right(edge):
    with pytest.raises(RightMissing, match="Zone > Zone > Read"):
        edge.refuse("permission_missing", names=["zones"]).audit()


# The connection test


def report_of(edge: Edge, **kwargs):
    return edge.use(lambda adapter: adapter.test_connection(now=NOW), **kwargs)


def test_every_permission_is_listed_by_name(edge):
    report = report_of(edge)
    assert report.ok
    assert all(need.met for need in report.needs)
    assert len([need for need in report.needs if need.name.endswith("> Read")]) == 14
    assert report.facts["zone"] == "shop.example"
    assert report.facts["token expires"]


def test_a_missing_permission_is_unmet_with_the_steps_to_add_it(edge):
    report = report_of(edge.refuse("permission_missing", names=["pagerules"]))
    (need,) = [need for need in report.needs if need.met is not True]
    assert need.met is False
    assert need.name == "Zone > Page Rules > Read"
    assert "API Tokens" in need.remedy
    assert not report.ok


def test_a_permission_one_can_do_without_does_not_fail_the_test(edge):
    report = report_of(edge.refuse("permission_missing", names=["accounts/", "http_request_transform"]))
    assert [need.met for need in report.needs].count(None) == 2
    assert report.ok


@pytest.mark.parametrize(
    ("fault", "params", "unmet"),
    [
        ("token_expired", {}, "The token is accepted"),
        ("token_disabled", {}, "The token is accepted"),
        ("permission_missing", {"names": ["zones"]}, "Zones are listed"),
        ("server_error", {}, "Cloudflare answers"),
        ("rate_limited", {}, "Cloudflare answers"),
    ],
)
def test_the_test_says_where_it_ended(edge, fault, params, unmet):
    report = report_of(edge.refuse(fault, **params))
    assert [need.name for need in report.needs if need.met is False] == [unmet]
    assert not report.ok


def test_a_token_without_zones_is_told_to_get_some(edge):
    edge.api.zones.clear()
    need = report_of(edge).needs[-1]
    assert need.met is False
    assert "Zone Resources" in need.remedy


# The limit of requests


def test_an_exhausted_budget_makes_everybody_wait(edge):
    with pytest.raises(RateLimited) as caught:
        edge.refuse("rate_limited").audit()
    assert caught.value.retry_after.total_seconds() == 300
    assert edge.pacer.pauses == [300]
    assert len(edge.api.asked) == 1


def test_the_audit_stops_well_before_the_budget_is_used_up(edge):
    with pytest.raises(RateLimited, match="199"):
        edge.refuse("budget_low", left=199).audit()
    assert len(edge.api.asked) == 1
    assert edge.pacer.pauses == [300]


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ({}, None),
        ({"x-ratelimit-remaining": "42"}, 42),
        ({"x-ratelimit-remaining": "soon"}, None),
        ({"ratelimit": '"default";r=50;t=30'}, 50),
        ({"ratelimit": '"burst";r=900;t=5, "default";r=7;t=30', "x-ratelimit-remaining": "60"}, 7),
        ({"ratelimit": "r" * 100_000}, None),
    ],
)
def test_the_budget_is_read_from_either_header(headers, left):
    assert requests_left(headers) == left


def test_a_budget_that_suffices_stops_nothing(edge):
    assert edge.refuse("budget_low", left=200).checks()


# Answers of others

ZONE = {
    "id": "z" * 32,
    "name": "shop.example",
    "status": "active",
    "paused": False,
    "account": {"id": "a" * 32},
}


def good(result, **info):
    return json_reply({"success": True, "errors": [], "messages": [], "result": result, **info})


def audit_against(answer, *, host=HOSTED, platform="shopify"):
    async def go():
        async with remote(answer) as served:
            target = Target("edge", served.url, {"token": TOKEN}, {"check_dns": False})
            async with open_edge(target, "cloudflare", policy=LOCAL) as adapter:
                return await adapter.audit(host, platform=platform, visitors=(), now=NOW), served.asked

    return asyncio.run(asyncio.wait_for(go(), 30))


def test_recorded_answers_are_understood():
    def answer(asked):
        if asked.path.endswith("/user/tokens/verify"):
            verified = RECORDED["api_token_verify_ok"]
            return json_reply({key: value for key, value in verified.items() if key != "_source"})
        if asked.path.endswith("/zones"):
            return good([ZONE] if asked.query.get("name") == "shop.example" else [])
        if asked.path.endswith("/entrypoint"):
            return json_reply(RECORDED["api_no_rules_in_phase_http_404"], 404)
        return json_reply(RECORDED["api_forbidden_http_403"], 403)

    report, asked = audit_against(answer)
    checks = {check.code: check for check in report.checks}
    assert asked[0].path == "/client/v4/user/tokens/verify"
    assert checks["custom_rules"].state is CheckState.OK
    assert checks["workers"].state is CheckState.UNKNOWN
    assert checks["workers"].values["documentation_url"].startswith("https://developers.cloudflare.com/api/")


ODD = {
    "nothing": Reply(200, b""),
    "html": Reply(200, b"<html>hello</html>", {"content-type": "text/html"}),
    "another json": json_reply({"hello": "world"}),
    "a list": json_reply([1, 2]),
    "no success with a result": json_reply({"success": False, "result": {"id": "x", "value": "off"}}),
    "not found": json_reply({"success": False, "errors": [{"code": 7003, "message": "no route"}]}, 404),
    "no success": json_reply({"success": False, "errors": None, "result": None}),
    "success without result": json_reply({"success": True}),
    "null": good(None),
    "empty": good({}),
    "text": good("on"),
    "number": good(7),
    "odd rows": good([None, {"id": 1}, "x"]),
    "odd error": json_reply({"success": False, "errors": [7]}, 403),
    "gone": json_reply({"success": False, "errors": [{"code": 1, "message": "gone"}]}, 410),
    "fault": json_reply({"success": False, "errors": [{"code": "x", "message": 5}]}, 500),
    "deep": Reply(200, b'{"success":true,"result":' + b"[" * 100_000, {"content-type": "application/json"}),
    "truncated": Reply(200, b'{"success":true,"result":[{"id":"1', {"content-type": "application/json"}),
}
HOSTED_ALWAYS_KNOWN = {"zone_active", "plan"}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_no_odd_answer_of_a_part_is_judged_ok(odd, platform):
    def answer(asked):
        if asked.path.endswith("/user/tokens/verify"):
            return good({"status": "active"})
        if asked.path.endswith("/zones"):
            return good([ZONE])
        return ODD[odd]

    report, _asked = audit_against(answer, host="shop.example", platform=platform)
    known = {check.code for check in report.checks if check.state is CheckState.OK}
    assert known <= HOSTED_ALWAYS_KNOWN
    assert all(check.text % check.values for check in report.checks)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_at_the_door_is_an_error(odd):
    with pytest.raises(RemoteError):
        audit_against(lambda asked: ODD[odd])


def test_all_pages_of_a_list_are_read():
    def answer(asked):
        if asked.path.endswith("/user/tokens/verify"):
            return good({"status": "active"})
        if asked.path.endswith("/zones"):
            return good([ZONE])
        if "/access_rules/" in asked.path and "/accounts/" not in asked.path:
            page = int(asked.query.get("page", 1))
            mode = "block" if page == 3 else "whitelist"
            row = {"id": str(page), "mode": mode, "configuration": {"target": "country", "value": f"C{page}"}}
            return good([row] * 100, result_info={"page": page, "per_page": 100, "total_count": 300})
        return good([])

    report, _asked = audit_against(answer, host="shop.example", platform="woocommerce")
    assert "country C3" in next(
        check.values["places"] for check in report.checks if check.code == "hub_place_rule"
    )


def test_a_list_without_end_is_not_read_for_ever():
    def answer(asked):
        if asked.path.endswith("/user/tokens/verify"):
            return good({"status": "active"})
        if asked.path.endswith("/zones"):
            return good([ZONE])
        if "/access_rules/" in asked.path:
            row = {"id": "1", "mode": "whitelist", "configuration": {"target": "ip", "value": "192.0.2.1"}}
            return good([row], result_info={"total_count": 10**9})
        return good([])

    report, asked = audit_against(answer, host="shop.example", platform="woocommerce")
    checks = {check.code: check.state for check in report.checks}
    assert checks["hub_address_rule"] is CheckState.UNKNOWN
    assert len(asked) < 80

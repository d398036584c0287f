"""The zone in front of a self-hosted shop: does anything stop the hub?"""

import pytest

from integrations.cloudflare.severities import VISITED
from integrations.contracts import Visitor

from .cloudflare import SELF_HOSTED, SENDCLOUD, running_edge, sentence

pytestmark = pytest.mark.integration
WARN, FAIL, INFO, OK, UNKNOWN = "warn", "fail", "info", "ok", "unknown"
HUB = "(ip.src in {192.0.2.0/24})"
ALLOWED = {"mode": "whitelist", "target": "ip_range", "value": "192.0.2.0/24"}
NAMELESS = Visitor("Sendcloud", SENDCLOUD.user_agents, ())


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


def skip(expression=HUB, *, enabled=True, **parameters):
    return {"expression": expression, "action_parameters": parameters, "enabled": enabled}


# faults, check, expected state
TABLE = [
    ({"bot_fight_mode": {}}, "hub_bot_fight_mode", FAIL),
    ({"bot_fight_mode": {}, "access_rule": ALLOWED}, "hub_bot_fight_mode", OK),
    ({"bot_fight_mode": {}, "account_access_rule": ALLOWED}, "hub_bot_fight_mode", OK),
    ({"bot_fight_mode": {}, "access_rule": {**ALLOWED, "value": "192.0.2.4"}}, "hub_bot_fight_mode", FAIL),
    ({"bot_fight_mode": {}, "access_rule": {**ALLOWED, "target": "asn", "value": "AS64500"}},
     "hub_bot_fight_mode", UNKNOWN),
    # No rule of another kind exempts from plain Bot Fight Mode.
    ({"bot_fight_mode": {}, "skip_rule": skip(phases=["http_request_sbfm"])}, "hub_bot_fight_mode", FAIL),
    ({"super_bot_fight_mode": {}}, "hub_super_bot_fight_mode", FAIL),
    ({"super_bot_fight_mode": {"sbfm_definitely_automated": "allow"}}, "hub_super_bot_fight_mode", FAIL),
    ({"super_bot_fight_mode": {}, "skip_rule": skip(phases=["http_request_sbfm"])},
     "hub_super_bot_fight_mode", OK),
    ({"super_bot_fight_mode": {}, "skip_rule": skip(phases=["http_request_sbfm"], enabled=False)},
     "hub_super_bot_fight_mode", FAIL),
    ({"super_bot_fight_mode": {}, "skip_rule": skip("(ip.src in $hubs)", phases=["http_request_sbfm"])},
     "hub_super_bot_fight_mode", UNKNOWN),
    ({"super_bot_fight_mode": {}, "skip_rule": skip(products=["bic"])}, "hub_super_bot_fight_mode", FAIL),
    ({"under_attack": {}}, "hub_under_attack", FAIL),
    ({"under_attack": {}, "skip_rule": skip(products=["securityLevel"])}, "hub_under_attack", OK),
    ({"browser_check": {}}, "hub_browser_check", WARN),
    ({"browser_check": {}, "skip_rule": skip(products=["bic"])}, "hub_browser_check", OK),
    ({"custom_rule": {}}, "hub_custom_rule", WARN),
    ({"custom_rule": {"expression": '(http.request.uri.path eq "/wp-login.php")'}}, "hub_custom_rule", OK),
    ({"custom_rule": {"expression": '(http.request.uri.path contains "/wp-json")'}}, "hub_custom_rule", WARN),
    ({"custom_rule": {"expression": "true"}}, "hub_custom_rule", FAIL),
    ({"custom_rule": {"expression": "true"}, "access_rule": ALLOWED}, "hub_custom_rule", OK),
    ({"custom_rule": {"expression": "true", "action": "log"}}, "hub_custom_rule", OK),
    ({"custom_rule": {"expression": f"(not {HUB})"}}, "hub_custom_rule", OK),
    ({"skip_rule": skip(ruleset="current"), "custom_rule": {"expression": "true"}}, "hub_custom_rule", OK),
    ({"skip_rule": skip("(ip.src in $hubs)", ruleset="current"), "custom_rule": {"expression": "true"}},
     "hub_custom_rule", FAIL),
    # A rule that skips comes too late after the one that blocks.
    ({"custom_rule": {"expression": "true"}, "skip_rule": skip(ruleset="current")}, "hub_custom_rule", FAIL),
    ({"rate_limit": {}}, "hub_rate_limit", WARN),
    ({"rate_limit": {}, "skip_rule": skip(phases=["http_ratelimit"])}, "hub_rate_limit", OK),
    ({"rate_limit": {"expression": '(http.request.uri.path eq "/wp-login.php")'}}, "hub_rate_limit", OK),
    ({"user_agent_rule": {}}, "hub_user_agent_rule", FAIL),
    ({"user_agent_rule": {"paused": True}}, "hub_user_agent_rule", OK),
    ({"user_agent_rule": {"value": "curl/8"}}, "hub_user_agent_rule", OK),
    ({"user_agent_rule": {}, "skip_rule": skip(products=["uaBlock"])}, "hub_user_agent_rule", OK),
    ({"lockdown": {}}, "hub_lockdown", FAIL),
    ({"lockdown": {"addresses": ["192.0.2.0/24"]}}, "hub_lockdown", OK),
    ({"lockdown": {"urls": ["www.woo.example/wp-admin/*"]}}, "hub_lockdown", OK),
    ({"lockdown": {"paused": True}}, "hub_lockdown", OK),
    ({"access_rule": {"target": "ip", "value": "192.0.2.5"}}, "hub_address_rule", FAIL),
    ({"access_rule": {"target": "ip_range", "value": "192.0.0.0/16", "mode": "managed_challenge"}},
     "hub_address_rule", FAIL),
    ({"account_access_rule": {"target": "ip", "value": "192.0.2.5"}}, "hub_address_rule", FAIL),
    ({"access_rule": {"target": "ip", "value": "203.0.113.9"}}, "hub_address_rule", OK),
    ({"access_rule": {"target": "country", "value": "NL"}}, "hub_place_rule", INFO),
    ({"skip_rule": {}}, "trusts_user_agent", WARN),
    ({"skip_rule": skip(f'({HUB} and http.user_agent contains "endcloud")')}, "trusts_user_agent", OK),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "code", "state"), TABLE)
def test_each_protection_is_held_against_the_hub(edge, faults, code, state):
    # The order of the faults is that of the rules in the zone.
    check = edge.wrong(**faults).checks(SELF_HOSTED)[code]
    assert check.state == state, sentence(check)
    assert check.remedy or state in (OK, INFO)


def test_a_zone_in_order_stops_nobody(edge):
    checks = edge.checks(SELF_HOSTED)
    assert {check.state.value for check in checks.values()} == {OK}
    assert set(checks) == set(VISITED) - {"hub_place_rule", "hub_custom_rule_certain"}


@pytest.mark.parametrize(
    ("faults", "code", "state"),
    [
        ({"bot_fight_mode": {}}, "hub_bot_fight_mode", FAIL),
        ({"bot_fight_mode": {}, "access_rule": ALLOWED}, "hub_bot_fight_mode", UNKNOWN),
        ({"under_attack": {}, "skip_rule": skip(products=["securityLevel"])}, "hub_under_attack", UNKNOWN),
        ({"access_rule": {"target": "ip", "value": "192.0.2.5"}}, "hub_address_rule", UNKNOWN),
        ({"lockdown": {"addresses": ["192.0.2.0/24"]}}, "hub_lockdown", UNKNOWN),
        ({"lockdown": {"urls": ["www.woo.example/wp-admin/*"]}}, "hub_lockdown", OK),
    ],
)
def test_without_the_hubs_addresses_what_depends_on_them_is_unknown(edge, faults, code, state):
    assert edge.wrong(**faults).checks(SELF_HOSTED, visitors=[NAMELESS])[code].state == state


def test_an_exemption_counts_only_when_it_covers_every_address_of_the_hub(edge):
    edge.wrong(bot_fight_mode={}, access_rule=ALLOWED)
    two_places = Visitor("Sendcloud", SENDCLOUD.user_agents, ("192.0.2.0/28", "198.51.100.0/28"))
    assert edge.checks(SELF_HOSTED)["hub_bot_fight_mode"].state == OK
    assert edge.checks(SELF_HOSTED, visitors=[two_places])["hub_bot_fight_mode"].state == FAIL


def test_each_hub_is_judged_by_itself(edge):
    edge.wrong(user_agent_rule={})
    other = Visitor("Braze", ("Braze",), ("203.0.113.0/28",))
    report = edge.audit(SELF_HOSTED, visitors=[SENDCLOUD, other])
    found = {check.subject: check.state for check in report.checks if check.code == "hub_user_agent_rule"}
    assert found == {"Sendcloud": FAIL, "Braze": OK}
    keys = [(check.code, check.subject) for check in report.checks]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("fault", ["paused", "unproxied"])
def test_cloudflare_that_only_answers_dns_stops_nobody(edge, fault):
    edge.wrong(bot_fight_mode={}, under_attack={}, **{fault: {}})
    (check,) = edge.audit(SELF_HOSTED).checks
    assert check.state == INFO
    assert "stops nobody" in check.text


def test_a_rule_is_named_so_that_a_person_finds_it(edge):
    edge.wrong(custom_rule={"expression": "true", "description": "Block bots %d"})
    assert "Block bots %d" in sentence(edge.checks(SELF_HOSTED)["hub_custom_rule"])


def test_an_operator_may_choose_the_severity_of_a_rule_that_surely_stops_the_hub(edge):
    edge.wrong(custom_rule={"expression": "true"})
    chosen = edge.checks(SELF_HOSTED, severities={"hub_custom_rule_certain": "info"})
    assert chosen["hub_custom_rule"].state == INFO
    assert edge.checks(SELF_HOSTED, severities={"hub_custom_rule": "info"})["hub_custom_rule"].state == FAIL

"""The zone in front of a Shopify shop: each row of the checklist, under both rule books."""

import pytest

from integrations.cloudflare.options import Settings
from integrations.cloudflare.severities import HOSTED as ROWS
from integrations.contracts import CheckState, ConditionKind
from integrations.documents import read_document
from integrations.errors import CredentialsRefused

from .cloudflare import running_edge, sentence

pytestmark = pytest.mark.integration
WARN, FAIL, INFO, OK, UNKNOWN = "warn", "fail", "info", "ok", "unknown"


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


CUSTOM_FOR_OTHERS = {"expression": '(http.host eq "blog.shop.example.org")'}
CACHING = {"actions": [{"id": "cache_level", "value": "cache_everything"}]}
# fault, its parameters, check, older, today
FAULTS = [
    ("paused", {}, "zone_active", FAIL, FAIL),
    ("no_record", {}, "record_target", FAIL, FAIL),
    ("wrong_target", {}, "record_target", FAIL, FAIL),
    ("address_record", {}, "record_target", UNKNOWN, UNKNOWN),
    ("address_record", {}, "record_type", OK, FAIL),
    ("unproxied", {}, "record_proxied", FAIL, FAIL),
    ("caa", {}, "caa_records", WARN, FAIL),
    ("caa", {"issuer": "letsencrypt.org; validationmethods=dns-01"}, "caa_records", OK, OK),
    ("cache_everything", {}, "html_caching", FAIL, WARN),
    ("cache_everything", {"expression": '(http.host eq "a.test")'}, "html_caching", OK, OK),
    ("cache_everything", {"enabled": False}, "html_caching", OK, OK),
    ("page_rule", CACHING, "html_caching", FAIL, WARN),
    ("custom_rule", {}, "custom_rules", FAIL, WARN),
    ("custom_rule", CUSTOM_FOR_OTHERS, "custom_rules", FAIL, OK),
    ("custom_rule", {"action": "log"}, "custom_rules", FAIL, OK),
    ("custom_rule", {"enabled": False}, "custom_rules", OK, OK),
    ("custom_rule", {"action": "something_new"}, "custom_rules", FAIL, WARN),
    ("rate_limit", {}, "rate_limiting", FAIL, WARN),
    ("rate_limit", CUSTOM_FOR_OTHERS, "rate_limiting", FAIL, OK),
    ("argo", {}, "argo", FAIL, WARN),
    ("load_balancer", {}, "load_balancing", FAIL, FAIL),
    ("load_balancer", {"name": "api.shop.example"}, "load_balancing", FAIL, OK),
    ("load_balancer", {"enabled": False}, "load_balancing", OK, OK),
    ("page_rule", {}, "page_rules", WARN, WARN),
    ("page_rule", {"targets": ["blog.shop.example/*"]}, "page_rules", WARN, OK),
    ("page_rule", {"status": "disabled"}, "page_rules", OK, OK),
    ("worker", {}, "workers", WARN, WARN),
    ("worker", {"pattern": "api.shop.example/*"}, "workers", WARN, OK),
    ("worker", {"script": None}, "workers", OK, OK),
    ("redirect_rule", {}, "other_rules", INFO, WARN),
    ("rocket_loader", {}, "rocket_loader", INFO, WARN),
    ("under_attack", {}, "under_attack", INFO, WARN),
    ("browser_check", {}, "browser_check", INFO, INFO),
    ("bot_fight_mode", {}, "bot_protection", INFO, INFO),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "params", "code", "older", "today"), FAULTS)
def test_each_finding_has_the_severity_of_either_rule_book(edge, fault, params, code, older, today):
    edge.wrong(**{fault: params})
    checks = edge.checks()
    assert (checks[code].values["older"], checks[code].values["today"]) == (older, today)
    assert checks[code].state == today
    assert edge.checks(rule_book="older")[code].state == older


def test_every_check_reads_as_a_sentence_and_says_what_to_do(edge):
    for faults in ({}, {fault: params for fault, params, *_rest in FAULTS if fault != "no_record"}):
        edge.wrong(**faults)
        report = edge.audit()
        keys = [(check.code, check.subject) for check in report.checks]
        assert len(keys) == len(set(keys))
        for check in report.checks:
            assert check.kind is ConditionKind.EDGE
            assert len(check.text) <= 400
            assert len(check.remedy) <= 600
            assert sentence(check).endswith((".", ")"))
            assert check.remedy % check.values is not None
            if check.state in (CheckState.WARN, CheckState.FAIL):
                assert check.remedy


def test_a_zone_in_order_raises_no_alarm_and_every_row_is_shown(edge):
    checks = edge.checks()
    assert {check.state.value for check in checks.values()} == {OK, INFO}
    assert set(checks) == set(ROWS) - {"caa_dns"}
    assert checks["ipv6"].values["older"] == FAIL


def test_an_enterprise_plan_satisfies_the_older_article(edge):
    assert edge.checks()["plan"].values["older"] == FAIL
    edge.wrong(paused={"paused": False, "plan": "enterprise"})
    assert edge.checks()["plan"].values["older"] == OK


def test_following_the_advice_for_a_rule_ends_its_warning(edge):
    edge.wrong(custom_rule={"expression": '(ip.src.country ne "FR")'})
    assert edge.checks()["custom_rules"].state is CheckState.WARN
    edge.wrong(custom_rule={"expression": '(ip.src.country ne "FR" and http.host in {"blog.test"})'})
    assert edge.checks()["custom_rules"].state is CheckState.OK


def test_an_operator_may_choose_severities(edge):
    edge.wrong(rocket_loader={}, argo={})
    checks = edge.checks(severities={"rocket_loader": "info", "argo": "fail"})
    assert (checks["rocket_loader"].state, checks["argo"].state) == (INFO, FAIL)


def test_a_severity_for_a_check_that_does_not_exist_is_refused_by_name():
    with pytest.raises(CredentialsRefused, match="no check rocket"):
        read_document(Settings, {"severities": {"rocket": "info"}}, "edge")


def test_the_zone_is_found_by_walking_up_the_hosts_labels(edge):
    edge.api.zones["shop.example"]["dns_records"][0]["name"] = "a.b.c.shop.example"
    checks = edge.checks("A.b.c.shop.example.")
    assert "record_target" not in checks  # this host's platform is another one
    asked = [path for path in edge.api.asked if path.startswith("zones?")]
    assert asked[-1] == "zones?name=shop.example"


def test_a_zone_that_the_token_does_not_see_is_unknown_and_not_well(edge):
    report = edge.audit("www.elsewhere.example")
    (check,) = report.checks
    assert (check.code, check.state) == ("zone_active", CheckState.UNKNOWN)
    assert "Zone Resources" in check.remedy
    assert report.snapshot == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", ""])
def test_a_host_that_is_no_name_in_a_zone_is_unknown(edge, host):
    (check,) = edge.audit(host).checks
    assert check.state is CheckState.UNKNOWN


def test_an_audit_takes_about_25_calls_and_only_reads(edge):
    edge.wrong(custom_rule={}, rate_limit={}, cache_everything={})
    edge.audit()
    assert 20 <= len(edge.api.asked) <= 30
    assert edge.pacer.acquired == len(edge.api.asked)

"""The printed call is run as it is printed; then our own audit finds that nothing stops the hub."""

import os
import subprocess
from dataclasses import replace

import pytest

from integrations.access.fixes import cloudflare
from integrations.access.fixes.cloudflare_calls import allowing, expression
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject
from tests.integrations.cloudflare import SELF_HOSTED, SENDCLOUD, TOKEN, running_edge, sentence
from tests.needs import need

pytestmark = pytest.mark.integration
GUEST = Guest(
    SENDCLOUD.name, SENDCLOUD.user_agents, SENDCLOUD.addresses, SELF_HOSTED, "/wp-json/wc", "woocommerce"
)
NAMELESS = Guest(SENDCLOUD.name, SENDCLOUD.user_agents, (), SELF_HOSTED, "/wp-json/wc", "woocommerce")


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


def found(cause=Cause.EVERYBODY_REFUSED, subject=Subject.EVERYTHING, **more):
    return Diagnosis(
        cause, Layer.EDGE, subject, Confidence.CERTAIN, Severity.FAIL, product="Cloudflare", **more
    )


CHALLENGE = found(Cause.CHALLENGE)
BY_AGENT = found(Cause.USER_AGENT_RULE, Subject.USER_AGENT)
BY_METHOD = found(Cause.METHOD_RULE, Subject.METHOD, methods=("PUT",))
INTEGRITY = found(Cause.USER_AGENT_RULE, Subject.USER_AGENT, sign="cloudflare_1010", rule_id="1010")
RATE = found(Cause.RATE_LIMIT, Subject.RATE, sign="cloudflare_1015", rule_id="1015")
BANNED = found(Cause.ADDRESS_RULE, Subject.ADDRESS, sign="cloudflare_1006", rule_id="1006")
BLOCK_ALL = {"custom_rule": {"expression": "true"}}
BLOCK_PUT = {"custom_rule": {"expression": '(http.request.method eq "PUT")'}}

# what is wrong in the zone, what is diagnosed, which check turns green
CURED = [
    (BLOCK_ALL, found(), "hub_custom_rule"),
    (BLOCK_PUT, BY_METHOD, "hub_custom_rule"),
    (BLOCK_ALL, CHALLENGE, "hub_custom_rule"),
    ({"super_bot_fight_mode": {}}, CHALLENGE, "hub_super_bot_fight_mode"),
    ({"super_bot_fight_mode": {}}, BY_AGENT, "hub_super_bot_fight_mode"),
    ({"under_attack": {}}, CHALLENGE, "hub_under_attack"),
    ({"browser_check": {}}, INTEGRITY, "hub_browser_check"),
    ({"user_agent_rule": {}}, BY_AGENT, "hub_user_agent_rule"),
    ({"user_agent_rule": {}}, CHALLENGE, "hub_user_agent_rule"),
    ({"rate_limit": {}}, RATE, "hub_rate_limit"),
    ({"lockdown": {}}, found(), "hub_lockdown"),
]


def run(edge, fix):
    """In a shell as it stands, but for the host."""
    need("curl")
    assert fix.place is Place.SHELL
    assert "https://api.cloudflare.com/client/v4/" in fix.text
    script = fix.text.replace("https://api.cloudflare.com", edge.url)
    zone = edge.api.zones["woo.example"]["id"]
    variables = {"PATH": os.environ["PATH"], "CLOUDFLARE_API_TOKEN": TOKEN, "ZONE_ID": zone}
    done = subprocess.run(
        ["sh", "-euc", script], env=variables, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"success": true' in done.stdout, done.stdout
    assert '"success": false' not in done.stdout, done.stdout
    return done.stdout


def state(edge, code, **kwargs):
    return edge.checks(SELF_HOSTED, **kwargs)[code].state


@pytest.mark.parametrize(("faults", "diagnosis", "code"), CURED)
def test_the_printed_call_lets_the_hub_through(edge, faults, diagnosis, code):
    edge.wrong(**faults)
    assert state(edge, code) in ("fail", "warn")
    run(edge, cloudflare.fixes(diagnosis, GUEST)[0])
    checks = edge.checks(SELF_HOSTED)
    assert checks[code].state == "ok", sentence(checks[code])
    assert checks["trusts_user_agent"].state == "ok"


def test_bot_fight_mode_takes_the_rule_for_addresses(edge):
    edge.wrong(bot_fight_mode={})
    first, _clicks, allow = cloudflare.fixes(CHALLENGE, GUEST)
    run(edge, first)
    assert state(edge, "hub_bot_fight_mode") == "fail"
    assert allow.is_guess
    run(edge, allow)
    assert state(edge, "hub_bot_fight_mode") == "ok"


def test_a_ban_is_answered_by_allowing_the_hubs_addresses(edge):
    edge.wrong(bot_fight_mode={})
    find, allow = cloudflare.fixes(BANNED, GUEST)
    assert find.place is Place.PANEL
    assert "per_page" in find.find
    run(edge, allow)
    assert state(edge, "hub_bot_fight_mode") == "ok"


def test_rules_that_are_there_stay_and_come_after(edge):
    edge.wrong(**BLOCK_ALL)
    fix = cloudflare.fixes(found(), GUEST)[0]
    run(edge, fix)
    second = run(edge, fix)
    assert second.count('"action": "skip"') == 2
    assert second.index('"action": "skip"') < second.index('"action": "block"')


def test_others_stay_stopped(edge):
    """Whoever comes from elsewhere, and the hub's own requests outside the interface."""
    edge.wrong(**BLOCK_ALL)
    run(edge, cloudflare.fixes(found(), GUEST)[0])
    stranger = type(SENDCLOUD)(SENDCLOUD.name, SENDCLOUD.user_agents, ("203.0.113.0/28",))
    assert state(edge, "hub_custom_rule", visitors=(stranger,)) == "fail"
    assert 'starts_with(http.request.uri.path, "/wp-json/wc")' in expression(GUEST)


def test_without_addresses_it_goes_by_the_user_agent_and_says_what_that_means(edge):
    edge.wrong(**BLOCK_ALL)
    fix = cloudflare.fixes(found(), NAMELESS)[0]
    assert "which anyone can send" in fix.note
    run(edge, fix)
    assert state(edge, "hub_custom_rule") == "ok"
    assert state(edge, "trusts_user_agent") == "warn"
    assert not any("whitelist" in fix.text for fix in cloudflare.fixes(CHALLENGE, NAMELESS))


@pytest.mark.parametrize(
    "name", ["O'Brien & \"Söhne\" `id` $(id) \\", "x'; exit 3; '", 'Sendcloud"}, {"action": "block'],
)  # fmt: skip
def test_no_name_breaks_out_of_the_printed_call(edge, name):
    edge.wrong(bot_fight_mode={}, **BLOCK_ALL)
    odd = Guest(name, (name, "Sendcloud/1.0.0"), (), SELF_HOSTED, "/wp-json/wc", "woocommerce")
    shown = run(edge, cloudflare.fixes(found(), odd)[0])
    assert shown.count('"action": "skip"') == 1
    known = Guest(name, (name,), ("192.0.2.0/28", "not; an address", "2001:db8::1"), path="/api")
    run(edge, cloudflare.fixes(CHALLENGE, known)[2])
    assert state(edge, "hub_bot_fight_mode") == "ok"


@pytest.mark.parametrize(
    ("address", "target", "count"),
    [
        ("192.0.2.7", "ip", 1),
        ("192.0.2.0/28", "ip", 16),
        ("192.0.2.0/24", "ip_range", 1),
        ("198.51.96.0/20", "ip_range", 16),
        ("10.0.0.0/15", "ip_range", 2),
        ("2001:db8::1", "ip6", 1),
        ("2001:db8::/48", "ip_range", 1),
        ("2001:db8::/80", "", 0),
        ("192.0.2.0/25", "", 0),
        ("nonsense", "", 0),
    ],
)
def test_addresses_are_allowed_in_sizes_that_cloudflare_knows(address, target, count):
    text = allowing(Guest("Sendcloud", (), (address,)))
    if not count:
        assert text == ""
        return
    values = text.partition("for value in ")[2].partition(";")[0].split()
    assert (len(values), f'"target": "{target}"' in text) == (count, True)


def test_examinations_pass_too_where_it_is_known_from_where_they_come(edge):
    edge.wrong(**BLOCK_ALL)
    both = replace(GUEST, own_addresses=("198.51.100.9",))
    fix = cloudflare.fixes(found(), both)[0]
    assert "ip.src in {192.0.2.0/28 198.51.100.9}" in expression(both)
    assert "and of Syncwatch" in fix.note
    run(edge, fix)
    assert state(edge, "hub_custom_rule") == "ok"
    assert "198.51.100.9" not in expression(replace(both, addresses=()))


def test_an_origin_that_is_not_reached_is_cured_at_the_origin():
    for status in (520, 521, 522, 523, 524, 525, 526, 530):
        told = cloudflare.fixes(found(Cause.ORIGIN_FAULT, status=status), GUEST)
        assert told, status
        assert not any("api.cloudflare.com" in fix.text for fix in told)
    assert "cloudflare.com/ips-v4" in cloudflare.fixes(found(Cause.ORIGIN_FAULT, status=521), GUEST)[0].text


def test_other_products_are_not_its_affair():
    other = Diagnosis(Cause.CHALLENGE, Layer.EDGE, Subject.EVERYTHING, Confidence.CERTAIN, Severity.FAIL)
    assert cloudflare.fixes(other, GUEST) == []

"""What is printed for Apache and ModSecurity: for the hub on the interface, and for nobody else. That it does
let the hub through is tried on real servers."""

import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.access.fixes import apache, modsecurity
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject

pytestmark = pytest.mark.unit

GUEST = Guest(
    "Sendcloud",
    ("Sendcloud/1.0.0", "SendCloud/1.0 (WooCommerce; https://www.sendcloud.sc)"),
    addresses=("192.0.2.0/28",),
    host="shop.example",
    path="/wp-json/wc",
    platform="woocommerce",
    own_addresses=("198.51.100.7/32",),
)
UNKNOWN = replace(GUEST, addresses=(), own_addresses=())
REFUSING = (
    Cause.USER_AGENT_RULE,
    Cause.METHOD_RULE,
    Cause.PATH_RULE,
    Cause.ADDRESS_RULE,
    Cause.EVERYBODY_REFUSED,
    Cause.SIGN_IN,
)


def found(cause=Cause.METHOD_RULE, **fields):
    given = {"methods": ("PUT", "PATCH"), "status": 403, "product": "Apache", "path": "/wp-json/wc/v3/orders"}
    return Diagnosis(
        cause,
        Layer.SERVER,
        Subject.METHOD,
        Confidence.POSSIBLE,
        Severity.FAIL,
        **{**given, **fields},
    )


def request_line(text):
    """The expression that a request's first line must match."""
    found = re.search(r'THE_REQUEST\} (?:=~ m#(.*?)#|"(.*?)"\n)', text)
    return re.compile(found[1] or found[2])


@pytest.mark.parametrize("cause", REFUSING)
@pytest.mark.parametrize("guest", [GUEST, UNKNOWN])
def test_every_change_opens_the_interface_alone_for_the_hub_alone(cause, guest):
    for fix in apache.fixes(found(cause), guest):
        line = request_line(fix.text)
        assert line.search("PUT /wp-json/wc/v3/orders/0 HTTP/1.1")
        for other in (
            "PUT /wp-json/wp/v2/users HTTP/1.1",
            "PUT /wp-json/wcx HTTP/1.1",
            "PUT /x/wp-json/wc/v3/orders HTTP/1.1",
            "PUT /wp-json/wc/../../wp-admin HTTP/1.1",
            "PUT /wp-json/wc/%2e%2E/wp HTTP/1.1",
            "PUT /index.php?x=/wp-json/wc/v3 HTTP/1.1",
        ):
            assert not line.search(other), other
        by_address = cause in (Cause.ADDRESS_RULE, Cause.EVERYBODY_REFUSED) and guest.addresses
        assert ("-R '192.0.2.0/28'" if by_address else "Sendcloud/1") in fix.text


def test_a_rule_against_methods_is_opened_for_those_methods():
    line = request_line(apache.fixes(found(), GUEST)[0].text)
    assert line.search("PATCH /wp-json/wc/v3/orders/0 HTTP/1.1")
    assert not line.search("DELETE /wp-json/wc/v3/orders/0 HTTP/1.1")


def test_litespeed_gets_only_what_it_surely_reads():
    (fix,) = apache.fixes(found(product="LiteSpeed"), GUEST)
    assert fix.place is Place.APACHE_ABOVE
    assert "expr" not in fix.text


def test_without_the_hubs_addresses_nothing_is_opened_by_address():
    assert "-R" not in "".join(fix.text for fix in apache.fixes(found(Cause.ADDRESS_RULE), UNKNOWN))
    rules = found(Cause.ADDRESS_RULE, rule_id="50001")
    assert "ipMatch" not in modsecurity.fixes(rules, UNKNOWN)[0].text


@pytest.mark.parametrize(
    ("logged", "line"),
    [("require", "Require all granted"), ("deny", "Allow from all"), ("methods", "AllowMethods PUT PATCH")],
)
def test_where_the_log_names_the_directive_only_that_is_answered(logged, line):
    (fix,) = apache.fixes(found(values={"log": logged}), GUEST)
    assert line in fix.text
    assert "IfModule" not in fix.text


@pytest.mark.parametrize("cause", [*REFUSING, Cause.HEADER_LOST, Cause.API_NOT_FOUND, Cause.CONTENT_RULE])
@pytest.mark.parametrize("path", ["", "/", "wp-json", "/a b", '/a"b', "/a#b", "/a\nb", "/a$(reboot)"])
def test_a_path_that_could_say_more_than_a_path_gives_no_text(cause, path):
    guest = replace(GUEST, path=path)
    diagnosis = found(cause, rule_id="911100")
    assert apache.fixes(diagnosis, guest) == []
    assert modsecurity.fixes(diagnosis, guest) == []


@given(st.text(max_size=30).filter(lambda text: set(text) & set("'\"\\%{}\n\r\x00`é")))
def test_a_user_agent_that_could_end_its_quotation_stands_in_no_rule(agent):
    guest = replace(UNKNOWN, agents=(agent,))
    assert apache.fixes(found(), guest) == []
    assert modsecurity.fixes(found(rule_id="911100"), guest) == []


def test_exclusions_name_each_rule_and_only_what_the_hub_fills():
    diagnosis = found(
        Cause.CONTENT_RULE,
        rule_id="920273 931130 942100",
        values={"log": "rule", "variables": "ARGS:note ARGS:meta_data.value -"},
    )
    (fix,) = modsecurity.fixes(diagnosis, GUEST)
    assert fix.place is Place.MODSECURITY_BEFORE
    assert "ctl:ruleRemoveById=920273" in fix.text
    assert "ctl:ruleRemoveTargetById=931130;ARGS:meta_data.value" in fix.text
    assert "ctl:ruleRemoveById=942100" in fix.text
    assert "SecRuleEngine" not in fix.text


def test_our_own_rules_have_numbers_of_the_range_that_is_free():
    numbers = set()
    for rule in ("911100", "50001", "942100"):
        for guest in (GUEST, replace(GUEST, path="/rest/V1")):
            (fix,) = modsecurity.fixes(found(rule_id=rule), guest)
            number = int(re.search(r'"id:(\d+),', fix.text)[1])
            assert number in modsecurity.OUR_NUMBERS
            assert str(number) in fix.note
            numbers.add(number)
    assert len(numbers) == 6
    assert modsecurity.fixes(found(rule_id="911100"), GUEST) == modsecurity.fixes(
        found(rule_id="911100"), GUEST
    )


def test_single_addresses_are_written_as_modsecurity_takes_them():
    guest = replace(GUEST, addresses=("192.0.2.7/32", "192.0.2.128/28", "2001:db8::1/128"))
    (fix,) = modsecurity.fixes(found(Cause.EVERYBODY_REFUSED, rule_id="920350"), guest)
    assert '"@ipMatch 192.0.2.7,192.0.2.128/28,2001:db8::1,198.51.100.7"' in fix.text


def test_modsecurity_inside_nginx_is_reloaded_by_nginx():
    (fix,) = modsecurity.fixes(found(rule_id="911100", sign="nginx_page"), GUEST)
    assert fix.check == "nginx -t && systemctl reload nginx"
    assert "/etc/nginx" in fix.find


def test_without_a_number_the_way_to_it_is_printed():
    (fix,) = modsecurity.fixes(found(Cause.USER_AGENT_RULE), GUEST)
    assert fix.place is Place.SHELL
    assert fix.text.startswith("grep ")
    assert "--server-log" in fix.note


def test_the_commands_are_commands():
    every = [
        fix
        for cause in Cause
        for diagnosis in (
            found(cause),
            found(cause, status=405),
            found(cause, status=500),
            found(cause, rule_id="1"),
        )
        for module in (apache, modsecurity)
        for fix in module.fixes(diagnosis, GUEST)
    ]
    commands = {fix.find for fix in every} | {fix.check for fix in every}
    commands |= {fix.text for fix in every if fix.place is Place.SHELL}
    for command in sorted(commands):
        done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


CONFIGURATION = """\
RewriteEngine On
RewriteCond %{HTTP_HOST} !^www
RewriteRule ^(.*)$ https://www.shop.example/$1 [R=301,L]
RewriteCond %{REQUEST_METHOD} ^TRAC[EK]
RewriteRule .* - [L,R=405]
RewriteCond %{HTTP_USER_AGENT} sqlmap [OR]
RewriteCond %{HTTP_USER_AGENT} sendcloud [NC]
RewriteRule .* - [F,L]
# RewriteRule .* - [F]
RewriteRule ^old - [G]
"""


def test_the_command_finds_the_beginning_of_each_rewrite_rule_that_refuses(tmp_path):
    (tmp_path / "shop.conf").write_text(CONFIGURATION)
    fix = next(fix for fix in apache.fixes(found(), GUEST) if fix.place is Place.APACHE_ABOVE)
    command = fix.find.replace("/etc/apache2", str(tmp_path)).replace("/var/www", str(tmp_path / "none"))
    shown = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout
    lines = [line.split(":")[1] for line in shown.splitlines()]
    assert lines == ["6", "10"]

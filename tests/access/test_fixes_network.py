"""What is printed for name, connection, redirect and certificate; that it works is shown in tests/servers."""

import subprocess

import pytest

from integrations.access.fixes import Fix, Guest, Place
from integrations.access.fixes.network import final_address, fixes
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject

pytestmark = pytest.mark.unit

GUEST = Guest(
    name="Sendcloud",
    agents=("Sendcloud/1.0.0",),
    addresses=("192.0.2.0/28", "2001:db8::/64"),
    host="shop.example",
    path="/wp-json/wc",
    platform="woocommerce",
    own_addresses=("198.51.100.7/32",),
)
ASKED = "https://shop.example/wp-json/wc/v3/orders/0"


def found(cause: Cause, subject: Subject = Subject.EVERYTHING, guest: Guest = GUEST, **values) -> list[Fix]:
    product, sign = str(values.pop("product", "")), str(values.pop("sign", ""))
    diagnosis = Diagnosis(
        cause,
        Layer.NETWORK,
        subject,
        Confidence.CERTAIN,
        Severity.FAIL,
        product=product,
        sign=sign,
        values=values,
    )
    return fixes(diagnosis, guest)


EVERYTHING = [
    *((cause, Subject.CERTIFICATE, {}) for cause in Cause if cause.name.startswith("CERTIFICATE")),
    (Cause.CERTIFICATE_NAME, Subject.CERTIFICATE, {"names": "www.shop.example, mail.shop.example"}),
    (Cause.CERTIFICATE_NAME, Subject.CERTIFICATE, {"names": "*.other.example"}),
    (Cause.CERTIFICATE_CHAIN, Subject.CERTIFICATE, {"issuer_url": "http://r11.i.lencr.org/"}),
    (Cause.CERTIFICATE_UNTRUSTED, Subject.CERTIFICATE, {"issuer": "CloudFlare, Inc."}),
    (Cause.TLS_PROTOCOL, Subject.CERTIFICATE, {"protocol": "TLSv1.1"}),
    (Cause.TLS_PROTOCOL, Subject.CERTIFICATE, {"protocol": "TLSv1.2"}),
    (Cause.TLS_PROTOCOL, Subject.CERTIFICATE, {"detail": "wrong version number"}),
    (Cause.TLS_PROTOCOL, Subject.CERTIFICATE, {"detail": "tlsv1 alert no application protocol"}),
    (Cause.REDIRECT, Subject.ADDRESS_WRITTEN, {}),
    *(
        (Cause.REDIRECT, Subject.ADDRESS_WRITTEN, {"reason": reason, "location": f"{ASKED}/"})
        for reason in ("https", "http", "www", "host", "slash", "path", "loop")
    ),
    *(
        (Cause.NAME_NOT_FOUND, Subject.NAME, {"error": error, "aliases": "gone.example"})
        for error in ("no_such_name", "no_address", "no_answer", "")
    ),
    (Cause.CONNECTION_REFUSED, Subject.EVERYTHING, {}),
    (Cause.CONNECTION_REFUSED, Subject.NAME, {"addresses": "2001:db8::7"}),
    (Cause.CONNECTION_REFUSED, Subject.NAME, {"addresses": "192.0.2.9 2001:db8::7"}),
    (Cause.TIMED_OUT, Subject.EVERYTHING, {}),
    (Cause.CLOSED_EARLY, Subject.EVERYTHING, {}),
    (Cause.DROPPED, Subject.METHOD, {}),
    (Cause.EVERYBODY_REFUSED, Subject.EVERYTHING, {"sign": "client_certificate"}),
]


@pytest.mark.parametrize(("cause", "subject", "values"), EVERYTHING)
def test_each_fault_of_the_network_has_a_change_that_says_where_and_what(cause, subject, values):
    changes = found(cause, subject, **values)
    assert changes
    for fix in changes:
        assert fix.title
        assert fix.where
        assert fix.text or fix.steps
        assert fix.language or not fix.text
        assert "%(" not in "".join((fix.title, fix.where, fix.text, fix.note, *fix.steps))
        if fix.place in (Place.NGINX_LINE, Place.NGINX_ABOVE, Place.APACHE_LINE):
            assert fix.find
            assert fix.check


@pytest.mark.parametrize(("cause", "subject", "values"), EVERYTHING)
def test_commands_are_ones_a_shell_can_read(cause, subject, values):
    for fix in found(cause, subject, **values):
        for command in (fix.find, fix.check, fix.text if fix.language == "shell" else ""):
            done = subprocess.run(["sh", "-n"], input=command, text=True, capture_output=True, check=False)
            assert not done.stderr, command


def test_no_fix_takes_a_protection_away():
    for cause, subject, values in EVERYTHING:
        for fix in found(cause, subject, **values):
            told = "\n".join((fix.text, *fix.steps)).lower()
            for word in ("ufw disable", "flush ruleset", "--insecure", "-k ", "verify=false", "0.0.0.0/0"):
                assert word not in told


EVIL = "x;reboot$(reboot)`reboot`'\"|reboot"


@pytest.mark.parametrize(("cause", "subject", "given"), EVERYTHING)
def test_nothing_a_server_says_of_itself_becomes_part_of_a_command(cause, subject, given):
    values = {"sign": given.get("sign", "")} | dict.fromkeys(
        ("names", "issuer", "aliases", "addresses", "detail", "protocol"), EVIL
    )
    values |= {"issuer_url": f"http://ca.example/{EVIL}", "location": f"https://{EVIL}/wp-json/wc/v3"}
    for guest in (GUEST, Guest("Sendcloud", GUEST.agents, (EVIL,), EVIL, "/wp-json/wc")):
        for fix in found(cause, subject, guest, **values, error="no_such_name", reason="path"):
            assert "reboot" not in fix.find
            assert "reboot" not in fix.check
            assert "reboot" not in (fix.text if fix.language != "text" else "")


@pytest.mark.parametrize(
    ("location", "path", "address"),
    [
        ("https://www.shop.example/wp-json/wc/v3/orders/0", "/wp-json/wc", "https://www.shop.example"),
        ("https://shop.example/fr/wp-json/wc/v3/orders/0/", "/wp-json/wc", "https://shop.example/fr"),
        ("https://shop.example:8443/rest/V1/orders/0", "/rest", "https://shop.example:8443"),
        ("https://[2001:db8::1]/api/orders/0", "/api", "https://[2001:db8::1]"),
        ("https://login.example/sign-in", "/api", ""),
        ("/api/orders/0", "/api", ""),
        ("https://shop.example:port/api", "/api", ""),
        ("ftp://shop.example/api", "/api", ""),
        ("", "/api", ""),
    ],
)
def test_the_address_to_enter_is_the_shops_not_the_interfaces(location, path, address):
    assert final_address(location, path) == address


def test_of_a_redirect_the_address_to_enter_is_given():
    (fix,) = found(
        Cause.REDIRECT,
        Subject.ADDRESS_WRITTEN,
        reason="www",
        location="https://www.shop.example/wp-json/wc/v3/orders/0",
    )
    assert (fix.text, fix.place) == ("https://www.shop.example", Place.PANEL)
    assert any("https://www.shop.example" in step for step in fix.steps)


def test_nobody_is_told_to_go_back_to_plain_http():
    (fix,) = found(
        Cause.REDIRECT,
        Subject.ADDRESS_WRITTEN,
        reason="http",
        location="http://shop.example/wp-json/wc/v3/orders/0",
    )
    assert "http://shop.example" not in "".join((fix.text, *fix.steps))


def test_a_new_certificate_keeps_the_names_of_the_old_one():
    fix = found(Cause.CERTIFICATE_NAME, names="mail.shop.example, www.shop.example", product="nginx")[1]
    assert fix.text == "certbot --nginx --expand -d mail.shop.example -d shop.example -d www.shop.example"


def test_another_sites_certificate_is_left_alone():
    fix = found(Cause.CERTIFICATE_NAME, names="other.example, www.other.example", product="Apache")[0]
    assert fix.text == "certbot --apache -d shop.example"


def test_where_the_certificate_is_for_www_that_address_can_be_entered():
    first = found(Cause.CERTIFICATE_NAME, names="www.shop.example")[0]
    assert first.text == "https://www.shop.example"


def test_a_known_server_gets_its_own_lines_only():
    assert {fix.language for fix in found(Cause.TLS_PROTOCOL, product="Apache")} == {"apache"}
    assert {fix.language for fix in found(Cause.TLS_PROTOCOL)} == {"apache", "nginx"}


def test_a_firewall_is_opened_to_the_hubs_addresses_and_the_web_servers_ports_only():
    ufw, nft = [fix for fix in found(Cause.TIMED_OUT) if fix.language == "shell"]
    assert ufw.text.splitlines() == [
        "ufw prepend allow proto tcp from 192.0.2.0/28 to any port 80,443",
        "ufw prepend allow proto tcp from 2001:db8::/64 to any port 80,443",
        "ufw prepend allow proto tcp from 198.51.100.7/32 to any port 80,443",
    ]
    assert "ip saddr '{ 192.0.2.0/28, 198.51.100.7/32 }'" in nft.text
    assert "ip6 saddr '{ 2001:db8::/64 }'" in nft.text


def test_without_the_hubs_addresses_no_firewall_is_opened():
    guest = Guest("Sendcloud", ("Sendcloud/1.0.0",), host="shop.example", path="/api")
    assert not [fix for fix in found(Cause.TIMED_OUT, guest=guest) if fix.language == "shell"]


def test_an_alias_that_leads_to_nothing_is_named():
    (fix,) = found(Cause.NAME_NOT_FOUND, error="no_such_name", aliases="cdn.example gone.example")
    assert "gone.example" in fix.steps[0]


def test_what_is_no_fault_of_the_network_has_no_change_here():
    assert found(Cause.METHOD_RULE, Subject.METHOD) == []

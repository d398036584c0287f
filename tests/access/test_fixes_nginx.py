"""What is printed for nginx: exactly the guest passes, and the commands find the lines that are meant."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.access.fixes import nginx, nginx_text
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject
from tests.servers import printed

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
CONFIGURATION = """\
# configuration file /etc/nginx/nginx.conf:
http {
    include sites-enabled/*;
    geo $blocked {
        default 0;
        203.0.113.0/24 1;
    }
}

# configuration file /srv/panel/sites/the shop.conf:
server {
    # if ($http_user_agent ~ off) { return 403; }
    if ($request_method = TRACE) { return 405; }
    if ($http_user_agent ~* "sqlmap|sendcloud") {
        return 403;
    }
    if ($bad) { return 403; }
    if ($query_string ~ union) { set $bad 1; }
    location ~ /\\.ht { deny all; }
    location ~* /orders {
        deny all;
    }
    location /wp-admin/ { deny all; }
    location /wp-json/ {
        limit_except GET POST {
            deny all;
        }
        deny 192.0.2.3;
        deny all;
        auth_basic "Staging";
        auth_basic_user_file /etc/nginx/users;
        proxy_set_header Authorization "";
        client_max_body_size 1k;
    }
}
"""
SHOP = "/srv/panel/sites/the shop.conf"


def diagnosis(cause: Cause, subject: Subject = Subject.EVERYTHING, **fields: object) -> Diagnosis:
    known = Diagnosis(cause, Layer.SERVER, subject, Confidence.CERTAIN, Severity.FAIL, "nginx", status=403)
    return replace(known, **fields)


def found(command: str, folder: Path) -> list[str]:
    """What a printed command finds in the configuration above: ``line: text``."""
    (folder / "dump").write_text(CONFIGURATION, encoding="utf-8")
    printed.program(folder / "programs", "nginx", f'[ "$*" = -T ] && cat {folder}/dump')
    return [
        line.removeprefix(f"{SHOP}:").replace(":     ", ":")
        for line in printed.run(command, folder / "programs").splitlines()
    ]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_whatever_a_user_agent_is_called_its_pattern_fits_it_alone_and_stays_in_its_quotes(
    agent: str,
) -> None:
    pattern = nginx_text.agents_pattern([agent])
    assert re.fullmatch(pattern, agent)
    assert not re.fullmatch(pattern, agent + "x")
    assert not re.fullmatch(pattern, agent.swapcase()) or agent.swapcase() == agent
    assert not set('"\n') & set(pattern)
    assert not re.search(r"\\[\\\"']", pattern), "nginx would take the backslash away"


@pytest.mark.parametrize(
    ("asked", "is_inside"),
    [
        ("/wp-json/wc", True),
        ("/wp-json/wc/v3/orders/0", True),
        ("/wp-json/wc/v3/orders?page=1&after=2026-01-01T00%3A00..", True),
        ("/wp-json/wcfm/v1/orders", False),
        ("/wp-json/wp/v2/users", False),
        ("/x/wp-json/wc/v3", False),
        ("/wp-json/wc/../wp/v2/users", False),
        ("/wp-json/wc/%2e%2e/wp/v2/users", False),
        ("/wp-json/wc/..%2fwp/v2/users?x=1", False),
    ],
)
def test_the_path_ends_where_the_interface_ends(asked: str, is_inside: bool) -> None:
    assert bool(re.search("^" + nginx_text.path_pattern("/wp-json/wc") + "$", asked)) is is_inside


def test_only_the_hub_and_only_at_its_interface_fits() -> None:
    pattern = nginx_text.request_pattern(GUEST, methods=("PUT", "PATCH"), ours=False)
    hub, path = GUEST.agents[0], "/wp-json/wc/v3/orders/0"
    assert re.search(pattern, f"PUT {path} {hub}")
    assert re.search(pattern, f"PATCH {path}?x=%20 {GUEST.agents[1]}")
    for request in (
        f"DELETE {path} {hub}",
        f"PUT /wp-json/wp/v2/users {hub}",
        f"PUT {path} {hub} (compatible)",
        f"PUT {path} x {hub}",
        f"PUT /wp-admin/ {path} {hub}",
        f"PUT {path}",
        f"PUT {path} Syncwatch/0.1.0",
    ):
        assert not re.search(pattern, request), request


def test_a_shop_in_a_folder_is_led_to_its_own_php() -> None:
    in_folder = replace(GUEST, path="/shop/wp-json/wc")
    assert "/shop/index.php last" in nginx_text.to_php(in_folder)
    assert nginx_text.to_php(replace(GUEST, platform="another")) == ""


def test_a_fix_that_opens_by_address_is_printed_only_where_addresses_are_known() -> None:
    unknown = replace(GUEST, addresses=(), own_addresses=())
    for cause in (Cause.ADDRESS_RULE, Cause.EVERYBODY_REFUSED):
        known = [fix.text for fix in nginx.fixes(diagnosis(cause), GUEST)]
        assert any("allow 192.0.2.0/28;" in text for text in known)
        assert not any("allow" in fix.text for fix in nginx.fixes(diagnosis(cause), unknown))


def test_what_the_hub_alone_meets_opens_to_the_hub_alone() -> None:
    inferred = diagnosis(Cause.ADDRESS_RULE, Subject.ADDRESS, is_inferred=True)
    assert nginx.fixes(inferred, GUEST)[0].text == "allow 192.0.2.0/28;"


@pytest.mark.parametrize("cause", Cause)
def test_each_change_says_where_it_goes_how_it_is_found_and_how_it_is_checked(cause: Cause) -> None:
    for subject, status, methods in itertools.product(
        Subject, (None, 200, 302, 403, 413, 502), ((), ("PUT",))
    ):
        for fix in nginx.fixes(diagnosis(cause, subject, status=status, methods=methods), GUEST):
            assert fix.title
            assert fix.where
            assert fix.find
            assert fix.text or fix.steps
            if fix.text:
                assert fix.check.startswith("nginx -t && ")
                assert fix.note
            assert "allow all" not in fix.text


def test_nothing_is_said_where_the_interface_is_not_known() -> None:
    assert nginx.fixes(diagnosis(Cause.USER_AGENT_RULE), replace(GUEST, path="")) == []


def test_nobody_passes_by_a_name_that_is_not_known() -> None:
    assert nginx.fixes(diagnosis(Cause.USER_AGENT_RULE), replace(GUEST, agents=())) == []


@pytest.mark.parametrize(
    ("said", "place", "lines"),
    [
        (
            diagnosis(Cause.USER_AGENT_RULE, Subject.USER_AGENT),
            Place.NGINX_ABOVE,
            ['4:if ($http_user_agent ~* "sqlmap|sendcloud") {', "7:if ($bad) { return 403; }"],
        ),
        (
            diagnosis(Cause.METHOD_RULE, Subject.METHOD, status=405, methods=("TRACE", "PUT")),
            Place.NGINX_ABOVE,
            ["3:if ($request_method = TRACE) { return 405; }"],
        ),
        (
            diagnosis(Cause.METHOD_RULE, Subject.METHOD, methods=("PUT",)),
            Place.NGINX_LINE,
            ["15:    limit_except GET POST {"],
        ),
        (
            diagnosis(Cause.ADDRESS_RULE, Subject.ADDRESS),
            Place.NGINX_ABOVE,
            ["11:    deny all;", "18:    deny 192.0.2.3;"],
        ),
        (diagnosis(Cause.SIGN_IN), Place.NGINX_LINE, ['20:    auth_basic "Staging";']),
        (diagnosis(Cause.HEADER_LOST), Place.NGINX_LINE, ['22:    proxy_set_header Authorization "";']),
        (
            diagnosis(Cause.CONTENT_RULE, Subject.CONTENT, status=413),
            Place.NGINX_LINE,
            ["23:    client_max_body_size 1k;"],
        ),
    ],
    ids=lambda value: value.cause if isinstance(value, Diagnosis) else "",
)
def test_the_printed_command_finds_the_lines_that_are_meant(
    said: Diagnosis, place: Place, lines: list[str], tmp_path: Path
) -> None:
    assert (place, lines) == next(
        (fix.place, places) for fix in nginx.fixes(said, GUEST) if (places := found(fix.find, tmp_path))
    )


def test_the_list_of_networks_and_the_closed_locations_are_found_too(tmp_path: Path) -> None:
    assert found(nginx_text.find_first_of_geo(), tmp_path) == ["/etc/nginx/nginx.conf:4:    default 0;"]
    assert found(nginx_text.find_closing_lines(GUEST), tmp_path) == ["11:    deny all;"]


def test_visitors_of_a_closed_shop_see_the_same_prompt_as_before() -> None:
    said = diagnosis(Cause.SIGN_IN, status=401, values={"realm": 'Basic realm="Our staging"'})
    assert any('set $syncwatch_realm "Our staging";' in fix.text for fix in nginx.fixes(said, GUEST))
    odd = diagnosis(Cause.SIGN_IN, status=401, values={"realm": 'Basic realm="a$b"'})
    assert any('set $syncwatch_realm "Restricted";' in fix.text for fix in nginx.fixes(odd, GUEST))

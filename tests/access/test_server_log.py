"""Error logs as servers write them: which rule refused the hub, and nothing of its visitors."""

import dataclasses
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject
from integrations.access.server_log import Kind, Rule, in_the_light_of, read_log

pytestmark = pytest.mark.unit

HUB = ("Sendcloud/1.0.0", "SendCloud/1.0 (WooCommerce; https://www.sendcloud.sc)")
BEGIN = "[Sun Nov 22 22:34:40.489002 2026] [security2:error] [pid 12020:tid 12020] [client 192.0.2.9:577] "
END = '[hostname "shop.example"] [uri "/wp-json/wc/v3/orders/0"] [unique_id "awNuACQ1PDG"]'
FOUND = (
    BEGIN + "[client 192.0.2.9] ModSecurity: Warning. Match of "
    '"within %{tx.allowed_methods}" against "REQUEST_METHOD" required. [file "/crs/REQUEST-911.conf"] '
    '[line "44"] [id "911100"] [msg "Method is not allowed by policy"] [data "PUT"] [severity "CRITICAL"] '
    + END
)
SMALL = (
    BEGIN
    + '[client 192.0.2.9] ModSecurity: Warning. Pattern match "^[\\\\\\\\d.:]+$" at REQUEST_HEADERS:Host. '
    '[file "/crs/REQUEST-920.conf"] [id "920350"] [msg "Host header is a numeric IP address"] '
    '[data "127.0.0.1"] [severity "WARNING"] ' + END
)
REFUSED = (
    BEGIN + "[client 192.0.2.9] ModSecurity: Access denied with code 403 (phase 2). Operator GE matched 5 at "
    'TX:anomaly_score. [file "/crs/REQUEST-949.conf"] [line "94"] [id "949110"] [msg "Inbound Anomaly Score '
    'Exceeded (Total Score: 8)"] [severity "CRITICAL"] ' + END
)
LINK = (
    BEGIN + '[client 192.0.2.9] ModSecurity: Warning. Match of "endsWith .%{request_headers.host}" against '
    '"TX:rfi_parameter_ARGS:meta_data.value.tracking_link" required. [file "/crs/REQUEST-931.conf"] '
    '[id "931130"] [msg "Off-Domain Reference/Link"] [data "Matched Data: https://t.example/?who=jane found '
    'within TX:rfi_parameter_ARGS:x: .t.example"] [severity "CRITICAL"] ' + END
)
SCANNER = (
    BEGIN
    + '[client 203.0.113.5] ModSecurity: Access denied with code 403 (phase 1). Matched phrase "sqlmap" '
    'at REQUEST_HEADERS:User-Agent. [id "50001"] [msg "Robot"] ' + END.replace("awN", "xyz")
)
OWN_RULE = (
    BEGIN + "[client 192.0.2.9] ModSecurity: Access denied with connection close (phase 1). Matched phrase "
    '"sendcloud" at REQUEST_HEADERS:user-agent. [id "50005"] ' + END
)
VERSION_3 = (
    "2026/11/22 22:34:40 [error] 123#123: *1 [client 192.0.2.9] ModSecurity: Access denied with code 403 "
    "(phase 1). Matched \"Operator `Rx' with parameter `^PUT$' against variable `REQUEST_METHOD' (Value: "
    '`PUT\' ) [file "/etc/nginx/modsec/main.conf"] [line "2"] [id "1001"] [msg "Reading only"] '
    '[hostname "shop.example"] [uri "/wp-json/wc/v3/orders/0"] [unique_id "17"] [ref "v0,3"], client: '
    '192.0.2.9, server: shop.example, request: "PUT /wp-json/wc/v3/orders/0?who=jane HTTP/1.1", host: "x"'
)
REQUIRE = (
    "[Sun Nov 22 22:30:24.762797 2026] [authz_core:error] [pid 1:tid 1] [client 192.0.2.9:53232] AH01630: "
    "client denied by server configuration: /var/www/shop/wp-json"
)
METHODS = (
    "[Sun Nov 22 22:35:59.5 2026] [allowmethods:error] [pid 1:tid 1] [client 192.0.2.9:332] AH01623: client "
    "method denied by server configuration: 'PUT' to proxy:http://127.0.0.1:44577/woo/"
)
BROKEN = (
    "[Sun Nov 22 22:36:00.686682 2026] [core:alert] [pid 1:tid 1] [client 192.0.2.9:33940] "
    "/var/www/shop/.htaccess: Invalid command 'php_value', perhaps misspelled"
)
NGINX = (
    "2026/11/22 12:00:01 [error] 31#31: *7 access forbidden by rule, client: 192.0.2.9, server: x, "
    'request: "PUT /wp-json/wc/v3/orders/0?consumer_key=ck_secret HTTP/1.1", host: "shop.example"'
)
NOISE = (
    "",
    "PHP Warning:  Undefined variable $x in /var/www/shop/index.php on line 3",
    "[Sun Nov 22 22:30:24 2026] [mpm_prefork:notice] [pid 1] AH00163: Apache/2.4 configured",
    BEGIN + "ModSecurity: ",
)


def diagnosis(cause=Cause.METHOD_RULE, subject=Subject.METHOD, **fields):
    given = {"methods": ("PUT",), "path": "/wp-json/wc/v3/orders/0", "status": 403, "product": "Apache"}
    return Diagnosis(cause, Layer.SERVER, subject, Confidence.POSSIBLE, Severity.FAIL, **{**given, **fields})


def test_the_rule_that_added_the_score_is_named_and_not_the_one_that_sums_it_up():
    seen = in_the_light_of(read_log([SMALL, FOUND, REFUSED]), diagnosis())
    assert (seen.layer, seen.product, seen.confidence) == (Layer.FIREWALL, "ModSecurity", Confidence.CERTAIN)
    # Without 911100 the score is 3, which is below 5: no more is needed.
    assert seen.rule_id == "911100"
    assert seen.values["variables"] == "REQUEST_METHOD"
    assert seen.values["message"] == "Method is not allowed by policy"


def test_warnings_alone_refuse_nobody():
    assert read_log([FOUND, SMALL]).refusals == ()


def test_a_rule_about_what_the_hub_writes_is_no_rule_about_its_address():
    inferred = diagnosis(Cause.ADDRESS_RULE, Subject.ADDRESS, is_inferred=True, path="/wp-json/wc/v3")
    seen = in_the_light_of(read_log([LINK, REFUSED], clients=["2001:db8::/32", "192.0.2.0/24"]), inferred)
    assert (seen.cause, seen.subject, seen.rule_id) == (Cause.CONTENT_RULE, Subject.CONTENT, "931130")
    assert seen.values["variables"] == "ARGS:meta_data.value.tracking_link"


@pytest.mark.parametrize(
    ("cause", "agents"),
    [(Cause.METHOD_RULE, ()), (Cause.USER_AGENT_RULE, HUB), (Cause.EVERYBODY_REFUSED, ())],
)
def test_the_refusal_of_a_scanner_says_nothing_of_the_hub(cause, agents):
    before = diagnosis(cause, agents=agents)
    assert in_the_light_of(read_log([SCANNER]), before) == before


def test_a_rule_that_hangs_up_is_found_by_the_user_agent_it_looks_for():
    before = diagnosis(Cause.DROPPED, Subject.USER_AGENT, agents=HUB, status=None, methods=())
    seen = in_the_light_of(read_log([SCANNER, OWN_RULE]), before)
    assert (seen.product, seen.rule_id) == ("ModSecurity", "50005")


def test_a_503_by_a_rule_is_no_maintenance():
    line = OWN_RULE.replace("with connection close", "with code 503")
    before = diagnosis(Cause.MAINTENANCE, Subject.USER_AGENT, agents=HUB, status=503, methods=())
    assert in_the_light_of(read_log([line]), before).cause is Cause.USER_AGENT_RULE


@pytest.mark.parametrize(
    ("line", "server", "kind", "rules", "method"),
    [
        (
            VERSION_3,
            "ModSecurity",
            Kind.RULE,
            (Rule("1001", "REQUEST_METHOD", "^PUT$", "Reading only"),),
            "PUT",
        ),
        (REQUIRE, "Apache", Kind.REQUIRE, (Rule("AH01630"),), ""),
        (METHODS, "Apache", Kind.METHODS, (Rule("AH01623"),), "PUT"),
        (BROKEN, "Apache", Kind.BROKEN, (), ""),
        (NGINX, "nginx", Kind.DENY, (), "PUT"),
    ],
)
def test_each_server_is_understood(line, server, kind, rules, method):
    (refusal,) = read_log([*NOISE, line, *NOISE]).refusals
    assert (refusal.server, refusal.kind, refusal.rules, refusal.method) == (server, kind, rules, method)
    assert refusal.client == "192.0.2.9"
    assert refusal.at.tzinfo is UTC
    assert refusal.at.date() == datetime(2026, 11, 22, tzinfo=UTC).date()


def test_the_file_that_apache_does_not_understand_is_named():
    fault = diagnosis(Cause.SERVER_FAULT, Subject.NOTHING, status=500, methods=())
    seen = in_the_light_of(read_log([BROKEN]), fault)
    assert (
        seen.values["message"] == "/var/www/shop/.htaccess: Invalid command 'php_value', perhaps misspelled"
    )


def test_two_faults_at_once_are_told_apart():
    log = read_log([REQUIRE, FOUND, REFUSED])
    by_agent = diagnosis(Cause.USER_AGENT_RULE, Subject.USER_AGENT, agents=HUB[:1])
    assert in_the_light_of(log, by_agent).rule_id == "AH01630"
    assert in_the_light_of(log, diagnosis()).rule_id == "911100"


def test_two_that_may_have_refused_decide_nothing():
    path = diagnosis(Cause.PATH_RULE, Subject.PATH)
    rule = SMALL.replace("Warning.", "Access denied with code 403 (phase 1).")
    assert in_the_light_of(read_log([rule, REQUIRE]), path) == path


def test_another_shop_of_the_same_server_is_not_meant():
    elsewhere = diagnosis(path="/blog/api/orders/0")
    assert in_the_light_of(read_log([FOUND, REFUSED]), elsewhere) == elsewhere


def test_an_attack_in_the_log_is_never_what_refuses_the_hub():
    # Whoever attacked the interface by PUT tripped two rules; only the one against methods is the hub's.
    attack = LINK.replace("awNuACQ1PDG", "attack")
    method = FOUND.replace("awNuACQ1PDG", "attack")
    refused = REFUSED.replace("awNuACQ1PDG", "attack").replace("Score: 8", "Score: 10")
    log = read_log([FOUND, REFUSED, attack, method, refused])
    assert in_the_light_of(log, diagnosis()).rule_id == "911100"
    unseen = diagnosis(Cause.ADDRESS_RULE, Subject.ADDRESS)
    assert in_the_light_of(read_log([attack, refused]), unseen) == unseen


def test_nothing_of_a_visitor_is_kept_but_the_address():
    kept = str([dataclasses.asdict(one) for one in read_log([LINK, REFUSED, VERSION_3, NGINX]).refusals])
    assert not [word for word in ("jane", "ck_secret", "?") if word in kept]


@given(
    st.lists(
        st.sampled_from([FOUND, SMALL, REFUSED, LINK, VERSION_3, REQUIRE, BROKEN, NGINX]).flatmap(
            lambda line: st.integers(0, len(line)).map(lambda cut: line[:cut] + line[cut + 3 :])
        ),
        max_size=8,
    )
)
def test_no_mangled_line_stops_the_reading(lines):
    in_the_light_of(read_log(lines), diagnosis())


@given(st.lists(st.text(max_size=120), max_size=5))
def test_no_text_stops_the_reading(lines):
    assert read_log([f"ModSecurity: {line}" for line in lines]).refusals == ()


def test_quotation_marks_that_a_visitor_sent_by_the_thousand_cost_no_time():
    """A scanner's lines stand in every log, and 50 000 lines are read."""
    line = FOUND.replace('[data "PUT"]', '[data "' + r"a\"" * 5000 + '"]')
    began = process_time()
    read_log([line] * 20)
    assert process_time() - began < 2

"""Which rules of a zone may concern a host: cautious, and never wrong in ruling one out."""

import time
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.cloudflare.expressions import Match, concerns_host, match_of, names_used
from integrations.cloudflare.fields import Visit, networks_of
from integrations.cloudflare.patterns import matches, may_match_below, may_match_host

pytestmark = pytest.mark.unit
HOST = "www.shop.example"
NEVER, MAYBE, ALWAYS = Match.NEVER, Match.MAYBE, Match.ALWAYS


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The host, a parent or a wildcard occurs.
        ('(http.host eq "www.shop.example" and ip.src.country ne "FR")', ALWAYS),
        ('(http.host in {"a.example" "WWW.shop.example"})', ALWAYS),
        ('(http.host ne "www.shop.example")', ALWAYS),
        ('(http.host eq "shop.example")', ALWAYS),
        ('(http.host wildcard "*.shop.example")', ALWAYS),
        ('http.request.full_uri wildcard r"https://www.shop.example/*"', ALWAYS),
        # No host condition.
        ("true", MAYBE),
        ('(ip.src.country ne "FR")', MAYBE),
        ("(cf.bot_management.score lt 30)", MAYBE),
        ('(http.host eq "blog.example") or (ip.src.country eq "XX")', MAYBE),
        ('not (http.host in {"blog.example"})', MAYBE),
        ('(http.host ne "blog.example")', MAYBE),
        ("(http.host in $shops)", MAYBE),
        ('(http.host matches "^www[.]")', MAYBE),
        ('(http.host contains "shop")', MAYBE),
        # Not understood.
        ("", MAYBE),
        ('(http.host eq "blog.example"', MAYBE),
        ("§$%&", MAYBE),
        ("(" * 5000 + "true" + ")" * 5000, MAYBE),
        # Other hosts only.
        ('(http.host eq "blog.example")', NEVER),
        ('(http.host in {"blog.example" "static.example"} and ip.src.country eq "FR")', NEVER),
        ('(http.host eq "a.example" and ssl) or (http.host eq "b.example")', NEVER),
        ('(lower(http.host) eq "blog.example")', NEVER),
        ('ends_with(http.host, ".blog.example") and not cf.client.bot', NEVER),
        ('(http.host wildcard "*.blog.example")', NEVER),
    ],
)  # fmt: skip
def test_a_rule_concerns_a_host_unless_it_is_for_others_only(expression, expected):
    assert concerns_host(expression, HOST) is expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_rule_is_never_ruled_out_when_the_host_occurs_in_it(before, after):
    assert concerns_host(before + HOST + after, HOST) is ALWAYS


# A small world in which expressions can be evaluated for real.

PATHS = ("/wp-json/wc/v3/orders", "/", "/shop")
AGENTS = ("Sendcloud/1.0.0", "curl/8")
HOSTS = (HOST, "blog.example")
TEXTS = (
    "www.shop.example", "blog.example", "example", "/wp-json/", "/shop", "sendcloud", "Sendcloud/1.0.0",
    "curl", "/*", "*.example",
)  # fmt: skip
FIELDS = {"http.host": 0, "http.request.uri.path": 1, "http.user_agent": 2, "cf.client.bot": 3}


def glob(pattern, text):
    return fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]").replace("?", "[?]"))


OPERATIONS = {
    "eq": lambda text, value: text == value,
    "ne": lambda text, value: text != value,
    "contains": lambda text, value: value in text,
    "wildcard": lambda text, value: glob(value, text),
}


def comparison(field, operator, value):
    test = OPERATIONS[operator]
    return f'{field} {operator} "{value}"', lambda request: test(request[FIELDS[field]], value)


def prefix(value):
    return f'starts_with(http.request.uri.path, "{value}")', lambda r: r[1].startswith(value)


def one_of(first, second):
    return f'http.host in {{"{first}" "{second}"}}', lambda r: r[0] in (first, second)


def folded(value):
    return f'lower(http.user_agent) contains "{value}"', lambda r: value in r[2].lower()


LITERALS = st.sampled_from(TEXTS)
ATOMS = st.one_of(
    st.builds(comparison, st.sampled_from([*FIELDS][:3]), st.sampled_from([*OPERATIONS]), LITERALS),
    st.builds(prefix, LITERALS),
    st.builds(one_of, LITERALS, LITERALS),
    st.builds(folded, LITERALS),
    st.just(("cf.client.bot", lambda r: r[3])),
    st.just(("true", lambda r: True)),
)


def joined(word, combine):
    def join(left, right):
        return f"({left[0]}) {word} ({right[0]})", lambda r: combine(left[1](r), right[1](r))

    return join


EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(joined("and", lambda a, b: a and b), inner, inner),
        st.builds(joined("||", lambda a, b: a or b), inner, inner),
        st.builds(joined("xor", lambda a, b: a != b), inner, inner),
        st.builds(lambda e: (f"not ({e[0]})", lambda r: not e[1](r)), inner),
    ),
    max_leaves=6,
)


def requests_of(hosts, paths=PATHS, agents=AGENTS):
    return list(product(hosts, paths, agents, (True, False)))


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS)
@example(('not (http.host eq "blog.example")', lambda r: r[0] != "blog.example"))
def test_an_expression_is_ruled_out_only_when_no_request_to_the_host_meets_it(made):
    text, evaluate = made
    if concerns_host(text, HOST) is NEVER:
        assert not any(evaluate(request) for request in requests_of([HOST]))


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, st.sampled_from(PATHS), st.sampled_from(AGENTS))
def test_what_is_said_of_a_visit_holds_for_every_request_of_it(made, path, agent):
    text, evaluate = made
    found = match_of(text, Visit((HOST,), (path,), (), (agent,)))
    outcomes = {bool(evaluate(request)) for request in requests_of([HOST], [path], [agent])}
    if found is not MAYBE:
        assert outcomes == {found is ALWAYS}


@given(st.text(max_size=200))
def test_no_expression_is_too_odd_to_be_read(text):
    assert concerns_host(text, HOST) in Match
    assert match_of(text, Visit((HOST,))) in Match


# Visits of a hub

SENDCLOUD = Visit(
    hosts=(HOST,),
    paths=("/wp-json/wc/v3/orders", "/wp-json/wc/v3/orders/1"),
    prefixes=("/wp-json/",),
    user_agents=("Sendcloud/1.0.0",),
    networks=networks_of(["192.0.2.0/28", "198.51.100.7"]),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('starts_with(http.request.uri.path, "/wp-json/")', ALWAYS),
        ('(http.request.uri.path contains "/wp-login.php")', NEVER),
        ('(http.request.uri contains "/xmlrpc.php")', NEVER),
        ('(http.request.uri.path eq "/wp-json/wc/v3/orders/batch")', MAYBE),
        ('(http.user_agent contains "curl")', NEVER),
        ('(lower(http.user_agent) contains "sendcloud")', ALWAYS),
        ('(http.user_agent eq "sendcloud/1.0.0")', MAYBE),
        ("(ip.src in {192.0.2.0/24 198.51.100.0/24})", ALWAYS),
        ("(ip.src in {192.0.2.1 203.0.113.5})", MAYBE),
        ("(ip.src in {203.0.113.0/24})", NEVER),
        ("(ip.src in $sendcloud)", MAYBE),
        ('(http.request.uri.path contains "/wp-json/" and not ip.src in {192.0.2.0/24 198.51.100.7})', NEVER),
        ('(http.host eq "blog.example")', NEVER),
        ('(http.request.method in {"PUT" "DELETE"})', MAYBE),
        ('not (http.request.uri.path wildcard r"/wp-json/\\*")', MAYBE),
        ('(http.user_agent eq "a \\"quoted\\" name")', NEVER),
        ('(http.request.uri.path strict wildcard "/WP-JSON/*")', MAYBE),
    ],
)  # fmt: skip
def test_a_rule_is_held_against_what_is_known_of_the_hub(expression, expected):
    assert match_of(expression, SENDCLOUD) is expected


def test_without_the_hubs_addresses_rules_on_addresses_cannot_be_told():
    visit = Visit(hosts=(HOST,), user_agents=("Sendcloud/1.0.0",))
    assert match_of("(ip.src in {192.0.2.0/24})", visit) is MAYBE


def test_the_fields_of_a_rule_are_known():
    assert names_used('(http.user_agent contains "x.y" and ip.src in {192.0.2.1})') == {
        "http.user_agent",
        "ip.src",
    }


# Patterns


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("*/*", True),
        ("www.shop.example/*", True),
        ("*shop.example/*", True),
        ("*.shop.example/cart*", True),
        ("http://www.shop.example/*", True),
        ("https://WWW.shop.example", True),
        ("h*p.example/*", True),
        ("*://www.shop.example/*", True),
        ("www.shop.example:8443/*", True),
        ("blog.example/*", False),
        ("www.shop.example.evil/*", False),
        ("shop.example/*", False),
        ("", False),
    ],
)
def test_a_pattern_matches_a_host(pattern, expected):
    assert may_match_host(pattern, HOST) is expected


PIECES = st.text(alphabet="ab./*", max_size=8)


@given(PIECES, st.text(alphabet="ab./", max_size=8))
def test_patterns_match_as_globs_do(pattern, text):
    assert matches(pattern, text) == glob(pattern, text)


@given(PIECES, st.text(alphabet="ab.", min_size=1, max_size=5), st.text(alphabet="ab./", max_size=5))
def test_a_pattern_is_never_ruled_out_when_an_address_on_the_host_fits_it(pattern, host, path):
    for scheme in ("", "https://"):
        if glob(pattern, f"{scheme}{host}/{path}"):
            assert may_match_host(pattern, host)
            assert may_match_below(pattern, [f"{host}/"])


def test_a_pattern_of_stars_takes_no_time():
    started = time.thread_time()
    assert not matches("*a" * 100_000 + "b", "a" * 300)
    assert may_match_host("*a" * 100_000, HOST)
    assert may_match_host("*a" * 2000, "b" * 250)
    assert time.thread_time() - started < 1

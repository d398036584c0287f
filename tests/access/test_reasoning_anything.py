"""Whatever an examination holds, reasoning answers, and never finds more where more passes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integrations.access.reasoning import diagnose
from integrations.access.reasoning.severity import rank
from integrations.access.records import (
    Cause,
    CertificateFacts,
    NameFacts,
    Question,
    Severity,
    Surroundings,
)
from integrations.access.server_log import read_log
from integrations.contracts import Outcome
from tests.access.reasoned import (
    APACHE,
    CLOUDFLARE,
    EVERYBODY,
    HTML,
    HUB,
    METHODS,
    NGINX,
    NOW,
    REFUSED_BY_RULE,
    REFUSED_BY_SHOP,
    cell,
    examination,
    failure,
    page,
    refused,
)

pytestmark = pytest.mark.unit
thorough = settings(max_examples=150, deadline=None, database=None)

ANSWERS = (
    REFUSED_BY_RULE,
    REFUSED_BY_SHOP,
    NGINX,
    APACHE,
    CLOUDFLARE,
    page(200, "Welcome"),
    page(202, "One moment", **{"sg-captcha": "challenge"}),
    page(301, "Moved", location="https://www.shop.example/wp-json/wc/v3/orders/0"),
    page(302, "Moved", location="http://[broken"),
    page(401, "Authorization Required", **{"www-authenticate": "Basic"}),
    page(404, "Not found"),
    page(405, "Method not allowed", server="Apache"),
    page(406, "Not acceptable"),
    page(413, "Too large"),
    page(418, "Teapot"),
    page(429, "Too many", **{"retry-after": "30"}),
    page(500, "Oops"),
    page(503, "Under maintenance"),
    (521, "", {"server": "cloudflare"}),
    (403, '{"cloudflare_error":true,"error_code":1010}', {}),
    (403, '{"cloudflare_error":true,"error_code":1006}', {}),
    (401, '{"code":"rest_cannot_access","data":{"status":401}}', {"content-type": "application/json"}),
    (503, '{"code":"wp_die","data":{"status":503}}', {"content-type": "application/json"}),
    (404, '{"code":"rest_no_route","data":{"status":404}}', {"content-type": "application/json"}),
    (200, "[]", {"content-type": "application/json"}),
    (200, "", {"allow": "GET,POST", **HTML}),
    "ConnectionFailed",
    "TimedOut",
    "TlsFailed",
    "NameNotFound",
    "UnexpectedAnswer",
)
ANY_CELL = st.builds(
    cell,
    st.sampled_from(METHODS),
    st.sampled_from(EVERYBODY),
    st.sampled_from(ANSWERS),
    st.sampled_from(list(Question)),
    broke_off=st.booleans(),
    wait=st.sampled_from([50.0, 9000.0]),
)
SOME_METHODS = st.just(METHODS) | st.lists(st.sampled_from(METHODS), min_size=1, unique=True)
SOME_AGENTS = st.sampled_from([EVERYBODY, HUB]) | st.lists(
    st.sampled_from(EVERYBODY), min_size=1, unique=True
)
RULES = st.lists(st.tuples(SOME_METHODS, SOME_AGENTS, st.sampled_from(ANSWERS)), max_size=4)


@st.composite
def matrices(draw):
    """What several rules at once make of a matrix, and now and then a cell that obeys none."""
    answers = {}
    for methods, agents, said in draw(RULES):
        answers |= refused(said, methods, agents)
    odd = st.tuples(st.sampled_from(METHODS), st.sampled_from(EVERYBODY))
    return answers | draw(st.dictionaries(odd, st.sampled_from(ANSWERS), max_size=3))


MATRIX = matrices()
AROUND = st.builds(
    Surroundings,
    name=st.none()
    | st.builds(
        NameFacts,
        st.just("shop.example"),
        error=st.sampled_from(["", "no_such_name"]),
        unreachable=st.sampled_from([(), ("::1",)]),
    ),
    certificate=st.none()
    | st.builds(
        CertificateFacts,
        problem=st.none() | st.sampled_from([Cause.CERTIFICATE_CHAIN, Cause.CERTIFICATE_EXPIRED]),
        expires_at=st.none() | st.integers(-5, 90).map(lambda days: NOW + timedelta(days=days)),
    ),
    own_network_works=st.none() | st.booleans(),
)
FAILURES = st.lists(
    st.builds(
        failure,
        st.sampled_from(METHODS),
        st.none() | st.sampled_from([200, 403, 495, 500, 503, 522]),
        st.sampled_from(list(Outcome)),
        st.sampled_from(["", "requests.exceptions.SSLError", "ReadTimeout"]),
        st.sampled_from(["", "nginx", "Cloudflare", "somebody"]),
    ),
    max_size=6,
)
LOG = st.none() | st.just(read_log([REFUSED_BY_RULE]))


@thorough
@given(st.lists(ANY_CELL, max_size=40), AROUND, FAILURES, LOG, st.booleans())
def test_it_answers_whatever_was_found_and_always_the_same(cells, around, failures, log, has_log):
    asked = replace(examination(), cells=tuple(cells), surroundings=around)
    found = diagnose(asked, failures, log, has_log=has_log)
    assert found == diagnose(asked, failures, log, has_log=has_log)
    assert [rank(each.severity) for each in found] == sorted(rank(each.severity) for each in found)
    for each in found:
        assert each.fingerprint
        assert all(isinstance(value, str | int | float | None) for value in each.values.values())


@thorough
@given(MATRIX, st.tuples(st.sampled_from(METHODS), st.sampled_from(EVERYBODY)))
def test_one_more_that_passes_makes_it_no_worse(answers, spot):
    before = diagnose(examination(answers))
    # An answer that nobody understands is held against nobody, until one that passes shows it to be false.
    assume(all(each.cause is not Cause.NOT_UNDERSTOOD for each in before))
    after = diagnose(examination({**answers, spot: REFUSED_BY_SHOP}))
    assert worst(after) >= worst(before), (before, after)


@thorough
@given(MATRIX)
def test_every_refused_cell_is_explained(answers):
    asked = examination(answers)
    found = diagnose(asked)
    for each in asked.cells:
        if not each.passed and each.sign not in ("options_by_server", "head_without_signature"):
            assert any(
                (not one.methods or each.method in one.methods)
                and (not one.agents or each.agent in one.agents or each.agent == asked.neutral)
                for one in found
            ), each


@thorough
@given(FAILURES, AROUND, st.booleans())
def test_without_a_fault_here_only_the_hubs_log_and_the_surroundings_speak(failures, around, has_log):
    assert diagnose(examination(), has_log=has_log) == ()
    quiet = [each for each in failures if each.outcome in (Outcome.PASSED, Outcome.REFUSED)]
    assert diagnose(examination(), quiet, has_log=has_log) == ()
    for each in diagnose(examination(surroundings=around), failures, has_log=has_log):
        assert each.is_inferred or each.cause in (
            Cause.CERTIFICATE_CHAIN,
            Cause.CERTIFICATE_EXPIRED,
            Cause.CERTIFICATE_EXPIRES,
            Cause.CONNECTION_REFUSED,
        )


def worst(found):
    """3 where nothing is wrong; the less the worse."""
    return min((rank(each.severity) for each in found), default=rank(Severity.INFO) + 1)

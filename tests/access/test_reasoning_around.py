"""What further questions, the surroundings, the hub's log and the server's log add to the matrix."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.access.reasoning import diagnose
from integrations.access.records import (
    Cause,
    CertificateFacts,
    Confidence,
    Layer,
    NameFacts,
    Question,
    Severity,
    Subject,
    Surroundings,
)
from integrations.access.server_log import read_log
from integrations.contracts import Outcome
from tests.access.reasoned import (
    APACHE,
    CLOUDFLARE,
    HTML,
    HUB,
    METHODS,
    NEUTRAL,
    NGINX,
    NOW,
    ONE,
    REFUSED_BY_RULE,
    TWO,
    cell,
    examination,
    failure,
    page,
    refused,
)

pytestmark = pytest.mark.unit
LIMIT = (503, "<center>nginx</center>", {**HTML, "server": "nginx"})


def only(found):
    assert len(found) == 1, found
    return found[0]


def certificate(days, problem=None):
    return Surroundings(
        certificate=CertificateFacts(problem, names=("shop.example",), expires_at=NOW + timedelta(days=days))
    )


# --- steadiness -------------------------------------------------------------------------------------------


def test_a_limit_shows_itself_by_when_it_begins():
    answers = refused(LIMIT, METHODS[2:])
    control = cell("GET", NEUTRAL, LIMIT, Question.CONTROL)
    key = cell("GET", ONE, LIMIT, Question.WRONG_KEY)
    found = only(diagnose(examination(answers, control, key)))
    assert (found.cause, found.subject, found.product) == (Cause.RATE_LIMIT, Subject.RATE, "nginx")
    assert (found.severity, found.values["passed_first"], found.methods) == (Severity.WARN, 6, ())


def test_whoever_is_refused_after_some_requests_may_have_been_too_quick():
    answers = refused("ConnectionFailed", METHODS[3:])
    found = only(diagnose(examination(answers, cell("GET", NEUTRAL, "ConnectionFailed", Question.CONTROL))))
    assert (found.cause, found.confidence) == (Cause.RATE_LIMIT, Confidence.POSSIBLE)


def test_nothing_is_concluded_from_what_changes():
    answers = refused(NGINX, ["PUT"]) | refused(NGINX, ["DELETE"])
    again = cell("PUT", NEUTRAL, question=Question.AGAIN)
    found = diagnose(examination(answers, again))
    assert Cause.UNSTEADY in [each.cause for each in found]
    steady = diagnose(examination(answers, cell("PUT", NEUTRAL, NGINX, Question.AGAIN)))
    assert [each.cause for each in steady] == [Cause.METHOD_RULE]


def test_a_shop_that_closes_meanwhile_is_closed():
    closed = (503, '{"code":"wp_die","data":{"status":503}}', {"content-type": "application/json"})
    answers = refused(closed, METHODS[4:])
    found = only(diagnose(examination(answers, cell("GET", NEUTRAL, closed, Question.CONTROL))))
    assert (found.cause, found.layer, found.severity) == (Cause.MAINTENANCE, Layer.APPLICATION, Severity.FAIL)


# --- further questions ------------------------------------------------------------------------------------


def test_only_the_orders_path_is_closed():
    elsewhere = cell("GET", NEUTRAL, question=Question.ELSEWHERE, path="/wp-json/wc/v3/zz-1")
    found = only(diagnose(examination(refused(APACHE), elsewhere)))
    assert (found.cause, found.subject, found.path) == (
        Cause.PATH_RULE,
        Subject.PATH,
        "/wp-json/wc/v3/orders",
    )


def test_everything_is_refused_and_the_front_page_tells_how_far():
    front = cell("GET", NEUTRAL, page(200, "Shop"), Question.FRONT, path="/")
    found = only(diagnose(examination(refused(NGINX), front)))
    assert (found.cause, found.values["front"]) == (Cause.EVERYBODY_REFUSED, "passed")
    assert found.confidence is Confidence.LIKELY


def test_what_passes_without_a_body_is_refused_for_its_body():
    answers = refused(NGINX, ["POST", "PUT", "PATCH"])
    found = only(diagnose(examination(answers, cell("POST", NEUTRAL, question=Question.BARE))))
    assert (found.cause, found.subject) == (Cause.CONTENT_RULE, Subject.CONTENT)
    steady = only(diagnose(examination(answers, cell("POST", NEUTRAL, NGINX, Question.BARE))))
    assert steady.cause is Cause.METHOD_RULE


def test_a_header_that_does_not_arrive():
    lost = replace(cell("GET", ONE, question=Question.WRONG_KEY), credentials_arrived=False)
    found = only(diagnose(examination({}, lost)))
    assert (found.cause, found.subject, found.severity) == (
        Cause.HEADER_LOST,
        Subject.CREDENTIALS,
        Severity.FAIL,
    )
    assert diagnose(examination({}, replace(lost, credentials_arrived=True))) == ()
    assert diagnose(examination({}, replace(lost, credentials_arrived=None))) == ()


def test_a_redirect_says_what_differs():
    moved = page(301, "Moved", location="https://www.shop.example/wp-json/wc/v3/orders/0", server="nginx")
    found = only(diagnose(examination(refused(moved))))
    assert (found.cause, found.subject) == (Cause.REDIRECT, Subject.ADDRESS_WRITTEN)
    assert found.values["reason"] == "www"


def test_a_redirect_to_a_sign_in_is_one():
    there = "https://team.cloudflareaccess.com/cdn-cgi/access/login/shop.example"
    found = only(diagnose(examination(refused(page(302, "", location=there)))))
    assert (found.cause, found.layer, found.product) == (Cause.SIGN_IN, Layer.EDGE, "Cloudflare")


def test_files_where_a_shop_was_expected_are_no_rule_against_methods():
    missing = (404, "<center>nginx</center>", HTML)
    answers = refused(missing) | refused((405, "<center>nginx</center>", HTML), ["POST", "PUT", "DELETE"])
    found = only(diagnose(examination(answers)))
    assert (found.cause, found.subject) == (Cause.API_NOT_FOUND, Subject.PATH)


def test_a_page_in_place_of_the_shop_is_one_thing():
    closed = (200, "<title>Hello</title>", {**HTML, "server": "Apache"})
    no = (405, "<h1>Method Not Allowed</h1>\n<p>The requested method PUT is not allowed", HTML)
    for agents, subject in ((None, Subject.EVERYTHING), (HUB, Subject.USER_AGENT)):
        who = {"agents": agents} if agents else {}
        answers = refused(closed, **who) | refused(no, ["PUT", "PATCH", "DELETE"], **who)
        found = only(diagnose(examination(answers)))
        assert (found.cause, found.subject) == (Cause.POLITE_BLOCK, subject)


def test_a_server_that_wants_a_certificate_of_whoever_asks():
    said = (400, "<center>No required SSL certificate was sent</center>", HTML)
    found = only(diagnose(examination(refused(said))))
    assert (found.cause, found.layer, found.product) == (Cause.EVERYBODY_REFUSED, Layer.SERVER, "nginx")


def test_plain_http_where_https_is_spoken_is_an_address_to_correct():
    said = (
        400,
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        {**HTML, "server": "nginx"},
    )
    found = only(diagnose(examination(refused(said))))
    assert (found.cause, found.subject, found.product) == (Cause.REDIRECT, Subject.ADDRESS_WRITTEN, "nginx")
    assert (found.values["reason"], found.confidence) == ("https", Confidence.CERTAIN)
    assert str(found.values["location"]).startswith("https://")


def test_a_route_that_the_shop_does_not_have():
    said = (404, '{"code":"rest_no_route","data":{"status":404}}', {"content-type": "application/json"})
    found = only(diagnose(examination(refused(said, ["GET"]))))
    assert (found.cause, found.layer) == (Cause.API_NOT_FOUND, Layer.APPLICATION)


def test_a_closed_rest_api_is_no_firewall():
    said = (401, '{"code":"rest_cannot_access","data":{"status":401}}', {"content-type": "application/json"})
    found = only(diagnose(examination(refused(said))))
    assert (found.cause, found.layer, found.confidence) == (Cause.API_OFF, Layer.PLUGIN, Confidence.CERTAIN)


def test_the_hubs_log_proves_which_spelling_it_uses():
    odd_type = cell("POST", NEUTRAL, question=Question.CONTENT_TYPE)
    asked = examination(refused(NGINX, agents=[ONE]), odd_type)
    assert only(diagnose(asked)).severity is Severity.WARN
    found = only(diagnose(asked, [failure("GET", by="nginx"), failure("PUT", by="nginx")], has_log=True))
    assert (found.cause, found.agents, found.is_inferred) == (Cause.USER_AGENT_RULE, (ONE,), False)
    assert (found.severity, found.confidence) == (Severity.FAIL, Confidence.CERTAIN)
    other = diagnose(asked, [failure(status=500, outcome=Outcome.FAULT)], has_log=True)
    assert [each.severity for each in other] == [Severity.WARN]


def test_a_rest_api_closed_to_visitors_may_be_open_to_who_has_a_key():
    body = '{"code":"rest_cannot_access","data":{"status":%d}}'
    visitors = examination(refused((401, body % 401, {"content-type": "application/json"})))
    assert only(diagnose(visitors)).severity is Severity.WARN
    assert only(diagnose(visitors, [], has_log=True)).severity is Severity.INFO
    assert only(diagnose(visitors, [failure(status=401)], has_log=True)).severity is Severity.FAIL
    everybody = examination(refused((403, body % 403, {"content-type": "application/json"})))
    assert only(diagnose(everybody)).severity is Severity.FAIL


def test_an_answer_to_options_that_is_not_the_shops_hinders_nobody():
    for said in ((204, "", {}), (200, "<title>Hello</title>", HTML), (200, "", {"allow": "GET"})):
        assert diagnose(examination(refused(said, ["OPTIONS"]))) == ()
    assert only(diagnose(examination(refused(CLOUDFLARE, ["OPTIONS"])))).severity is Severity.WARN


def test_503_for_the_hub_alone_is_a_rule_and_no_maintenance():
    said = (
        503,
        "<title>503 Service Unavailable</title><h1>Service Unavailable</h1>\n"
        "<p>The server is temporarily unable to service your\nrequest due to maintenance downtime",
        {**HTML, "server": "Apache"},
    )
    assert only(diagnose(examination(refused(said, agents=HUB)))).cause is Cause.USER_AGENT_RULE
    assert only(diagnose(examination(refused(said)))).cause is Cause.SERVER_FAULT


def test_an_answer_to_head_without_a_sign_is_no_finding():
    bare = (401, "", {"server": "Apache"})
    answers = refused(bare, ["HEAD"])
    assert [each.cause for each in diagnose(examination(answers))] == [Cause.SIGN_IN]
    quiet = (200, "", {"server": "Apache", **HTML})
    assert diagnose(examination(refused(quiet, ["HEAD"]))) == ()


def test_slow_is_not_refused():
    assert diagnose(examination(wait=4900)) == ()
    found = only(diagnose(examination(wait=6000)))
    assert (found.cause, found.severity, found.values["wait_s"]) == (Cause.SLOW, Severity.WARN, 6.0)


def test_each_spelling_lost_to_another_product_still_loses_the_method():
    answers = refused(NGINX, ["PUT"], [ONE]) | refused(CLOUDFLARE, ["PUT"], [TWO])
    assert {each.severity for each in diagnose(examination(answers))} == {Severity.FAIL}


# --- name, certificate, own network -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "severity"),
    [(30, None), (14, None), (13, Severity.WARN), (4, Severity.WARN), (2, Severity.FAIL)],
)
def test_a_certificate_that_ends_soon(days, severity):
    found = diagnose(examination(surroundings=certificate(days)))
    assert [each.severity for each in found] == ([severity] if severity else [])
    assert all(each.cause is Cause.CERTIFICATE_EXPIRES and each.values["days"] == days for each in found)


def test_a_rule_and_a_certificate_that_ends_soon_are_two_things():
    found = diagnose(examination(refused(NGINX, ["PUT"]), surroundings=certificate(5)))
    assert [each.cause for each in found] == [Cause.METHOD_RULE, Cause.CERTIFICATE_EXPIRES]


def test_the_problem_of_a_certificate_is_named_as_it_was_looked_at():
    around = certificate(-3.01, Cause.CERTIFICATE_EXPIRED)
    found = only(diagnose(examination(refused("TlsFailed"), surroundings=around)))
    assert (found.cause, found.subject, found.confidence) == (
        Cause.CERTIFICATE_EXPIRED,
        Subject.CERTIFICATE,
        Confidence.CERTAIN,
    )
    assert (found.values["days"], found.values["host"]) == (-3, "shop.example")


def test_a_name_that_nobody_knows():
    around = Surroundings(name=NameFacts("shop.example", error="no_such_name"))
    found = only(diagnose(examination(refused("NameNotFound"), surroundings=around)))
    assert (found.cause, found.subject) == (Cause.NAME_NOT_FOUND, Subject.NAME)
    assert found.values["error"] == "no_such_name"


def test_a_dead_address_beside_a_living_one():
    around = Surroundings(
        name=NameFacts("shop.example", ("192.0.2.1",), ("2001:db8::1",), unreachable=("2001:db8::1",))
    )
    found = only(diagnose(examination(surroundings=around)))
    assert (found.subject, found.severity, found.values["addresses"]) == (
        Subject.NAME,
        Severity.WARN,
        "2001:db8::1",
    )


def test_nobody_is_blamed_for_our_own_network():
    around = Surroundings(own_network_works=False)
    found = only(diagnose(examination(refused("TimedOut"), surroundings=around)))
    assert (found.cause, found.severity) == (Cause.OWN_NETWORK, Severity.INFO)


# --- the hub's log ----------------------------------------------------------------------------------------


def test_what_we_meet_and_the_hub_does_not_is_ours_alone():
    asked = examination(refused(NGINX))
    assert only(diagnose(asked)).severity is Severity.FAIL
    alone = only(diagnose(asked, [], has_log=True))
    assert (alone.severity, alone.values["hub"]) == (Severity.INFO, "works")
    both = only(diagnose(asked, [failure()], has_log=True))
    assert (both.severity, both.values["seen_by_hub"]) == (Severity.FAIL, 1)


def test_an_outage_that_the_hub_did_not_meet_yet_stays_a_warning():
    asked = examination(refused("TimedOut"))
    assert only(diagnose(asked)).severity is Severity.FAIL
    assert only(diagnose(asked, [], has_log=True)).severity is Severity.WARN
    closed = (503, '{"code":"wp_die","data":{"status":503}}', {"content-type": "application/json"})
    assert only(diagnose(examination(refused(closed)), [], has_log=True)).severity is Severity.FAIL


def test_an_answer_that_nobody_understands_is_no_failure():
    found = only(diagnose(examination(refused((200, "[]", {"content-type": "application/json"}), ["GET"]))))
    assert found.cause is Cause.POLITE_BLOCK
    found = only(diagnose(examination(refused((200, "{}", {"content-type": "application/json"})))))
    assert (found.cause, found.severity) == (Cause.NOT_UNDERSTOOD, Severity.WARN)


def test_a_key_on_which_the_shop_stumbles():
    broken = cell("GET", ONE, page(500, "Oops", server="Apache"), Question.WRONG_KEY)
    found = only(diagnose(examination({}, broken)))
    assert (found.cause, found.subject, found.severity) == (
        Cause.SERVER_FAULT,
        Subject.CREDENTIALS,
        Severity.WARN,
    )


def test_a_name_that_only_a_header_said_is_no_product():
    found = only(diagnose(examination(), [failure(by="varnish")]))
    assert (found.product, found.layer) == ("", Layer.UNKNOWN)
    found = only(diagnose(examination(), [failure(status=503, outcome=Outcome.MAINTENANCE, by="WordPress")]))
    assert (found.product, found.layer) == ("WordPress", Layer.APPLICATION)


def test_a_method_that_the_hub_did_not_try_yet_stays_refused():
    found = only(diagnose(examination(refused(NGINX, ["PUT"])), [], has_log=True))
    assert found.severity is Severity.FAIL


def test_credentials_that_the_shop_refuses_are_no_matter_of_access():
    assert diagnose(examination(), [failure(status=401, outcome=Outcome.REFUSED)], has_log=True) == ()


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (failure(status=503, outcome=Outcome.MAINTENANCE), Cause.MAINTENANCE),
        (failure(status=503, outcome=Outcome.FAULT), Cause.MAINTENANCE),
        (failure(status=522, outcome=Outcome.FAULT), Cause.ORIGIN_FAULT),
        (failure(status=500, outcome=Outcome.FAULT), Cause.APPLICATION_FAULT),
        (failure(outcome=Outcome.CHALLENGED), Cause.CHALLENGE),
        (failure(status=301, outcome=Outcome.REDIRECTED), Cause.REDIRECT),
        (failure(status=None, outcome=Outcome.NO_ANSWER, exception="ConnectTimeout"), Cause.DROPPED),
        (failure(status=None, outcome=Outcome.NO_ANSWER, exception="ReadTimeout"), Cause.TIMED_OUT),
    ],
)
def test_what_only_the_hub_meets_is_said_to_be_concluded(row, cause):
    found = only(diagnose(examination(), [row], has_log=True))
    assert (found.cause, found.is_inferred) == (cause, True)
    assert found.confidence is not Confidence.CERTAIN


def test_rows_for_reading_and_for_writing_are_one_thing():
    rows = [failure("PUT", minutes=1), failure("GET", minutes=2), failure("GET", minutes=3)]
    found = only(diagnose(examination(), rows, has_log=True))
    assert (found.methods, found.values["failures"], found.values["only_writes"]) == (("GET", "PUT"), 3, 0)


# --- the server's log -------------------------------------------------------------------------------------


def test_the_servers_log_names_the_rule():
    asked = examination(refused(APACHE, ["PUT"]))
    found = only(diagnose(asked, (), read_log([REFUSED_BY_RULE])))
    assert (found.product, found.rule_id, found.confidence) == ("ModSecurity", "100001", Confidence.CERTAIN)
    assert only(diagnose(asked)).product == "Apache"


def test_where_everybody_is_asked_as_nobody_ours_stands_for_all():
    asked = examination(refused(NGINX, ["PUT"], [NEUTRAL]), agents=())
    assert only(diagnose(asked)).severity is Severity.FAIL

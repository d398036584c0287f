"""From the cells of a matrix to who refuses what, going by what."""

import pytest

from integrations.access.reasoning import diagnose
from integrations.access.records import Cause, Confidence, Layer, Question, Severity, Subject
from integrations.contracts import Outcome
from tests.access.reasoned import (
    APACHE,
    CLOUDFLARE,
    HUB,
    METHODS,
    NEUTRAL,
    NGINX,
    ONE,
    SILENCE,
    TWO,
    cell,
    examination,
    failure,
    page,
    refused,
)

pytestmark = pytest.mark.unit


def only(found):
    assert len(found) == 1, found
    return found[0]


def test_nothing_is_wrong_where_everything_passes():
    assert diagnose(examination()) == ()


def test_a_rule_against_the_hubs_user_agents_is_named():
    found = only(diagnose(examination(refused(NGINX, agents=HUB))))
    assert (found.cause, found.layer, found.subject) == (
        Cause.USER_AGENT_RULE,
        Layer.SERVER,
        Subject.USER_AGENT,
    )
    assert (found.product, found.agents, found.severity) == ("nginx", HUB, Severity.FAIL)


def test_one_spelling_refused_is_a_warning_that_names_it():
    found = only(diagnose(examination(refused(NGINX, agents=[ONE]))))
    assert (found.cause, found.agents, found.severity) == (Cause.USER_AGENT_RULE, (ONE,), Severity.WARN)


def test_our_own_user_agent_refused_is_only_worth_knowing():
    found = only(diagnose(examination(refused(NGINX, agents=[NEUTRAL]))))
    assert (found.cause, found.severity) == (Cause.USER_AGENT_RULE, Severity.INFO)


@pytest.mark.parametrize(
    ("methods", "severity"),
    [
        (("PUT",), Severity.FAIL),
        (("POST",), Severity.FAIL),
        (("PATCH",), Severity.WARN),
        (("DELETE",), Severity.WARN),
        (("OPTIONS",), Severity.WARN),
        (("HEAD",), Severity.WARN),
        (("GET", "HEAD"), Severity.FAIL),
    ],
)
def test_a_rule_against_methods_weighs_what_the_hub_needs_them_for(methods, severity):
    found = only(diagnose(examination(refused(NGINX, methods))))
    assert (found.cause, found.subject, found.methods) == (Cause.METHOD_RULE, Subject.METHOD, methods)
    assert found.severity is severity


def test_two_rules_are_two_diagnoses():
    answers = refused(NGINX, agents=HUB) | refused(NGINX, ["PUT", "DELETE"])
    found = {(each.cause, each.methods) for each in diagnose(examination(answers))}
    assert found == {
        (Cause.METHOD_RULE, ("PUT", "DELETE")),
        (Cause.USER_AGENT_RULE, METHODS),
    }


def test_two_products_hide_each_other_and_are_both_named():
    answers = refused(APACHE, ["PUT"]) | refused(CLOUDFLARE, agents=HUB)
    found = {(each.product, each.cause, each.subject) for each in diagnose(examination(answers))}
    assert found == {
        ("Apache", Cause.METHOD_RULE, Subject.METHOD),
        ("Cloudflare", Cause.CHALLENGE, Subject.USER_AGENT),
    }


def test_the_mark_of_the_rule_set_is_known():
    answers = refused(APACHE, ["PUT", "PATCH", "DELETE"])
    odd = cell("POST", NEUTRAL, APACHE, Question.CONTENT_TYPE)
    found = only(diagnose(examination(answers, odd)))
    assert (found.layer, found.product, found.confidence) == (
        Layer.FIREWALL,
        "ModSecurity",
        Confidence.LIKELY,
    )
    passed = only(diagnose(examination(answers, cell("POST", NEUTRAL, question=Question.CONTENT_TYPE))))
    assert (passed.layer, passed.product) == (Layer.SERVER, "Apache")


def test_a_drop_for_some_is_a_block_and_not_an_outage():
    found = only(diagnose(examination(refused(SILENCE, ["PUT"]))))
    assert (found.cause, found.subject, found.layer) == (Cause.DROPPED, Subject.METHOD, Layer.NETWORK)


def test_maintenance_hides_nothing_that_refuses_besides():
    closed = page(503, "Closed for maintenance")
    answers = refused(closed) | refused(NGINX, ["PUT"])
    found = [(each.cause, each.methods) for each in diagnose(examination(answers))]
    assert found[0][0] is Cause.MAINTENANCE
    assert (Cause.METHOD_RULE, ("PUT",)) in found


def test_what_the_hub_meets_and_we_do_not_goes_by_its_address():
    found = only(diagnose(examination(), [failure("PUT", by="nginx")], has_log=True))
    assert (found.cause, found.is_inferred, found.methods) == (Cause.ADDRESS_RULE, True, ("PUT",))
    assert (found.severity, found.confidence) == (Severity.FAIL, Confidence.LIKELY)


def test_a_certificate_that_only_the_hub_refuses_lacks_its_chain():
    row = failure(status=495, outcome=Outcome.NO_ANSWER, exception="requests.exceptions.SSLError")
    found = only(diagnose(examination(), [row]))
    assert (found.cause, found.layer, found.is_inferred) == (Cause.CERTIFICATE_CHAIN, Layer.NETWORK, True)


def test_an_imitation_may_be_refused_for_being_one():
    asked = examination(refused(CLOUDFLARE, agents=HUB))
    assert only(diagnose(asked)).severity is Severity.FAIL
    assert only(diagnose(asked, [], has_log=True)).severity is Severity.INFO
    met = failure(outcome=Outcome.CHALLENGED, by="Cloudflare")
    assert only(diagnose(asked, [met], has_log=True)).severity is Severity.FAIL
    assert TWO in only(diagnose(asked)).agents
    assert set(only(diagnose(asked)).methods) == set(METHODS)

"""Which fixes are offered for what, in which order, and what the ticket to the host says."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integrations.access.fixes.choosing import fixes_for
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import (
    Cause,
    Cell,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Question,
    Severity,
    Subject,
)
from integrations.contracts import CallRecord, Outcome

pytestmark = pytest.mark.unit
AGENT, OURS = "Sendcloud/1.0.0", "Syncwatch/1.0"
AT = datetime(2026, 11, 22, 9, 30, 5, tzinfo=UTC)
GUEST = Guest("Sendcloud", (AGENT,), ("192.0.2.0/28",), "shop.example", "/wp-json/wc", "woocommerce")
NAMELESS = Guest("Sendcloud", (AGENT,), (), "shop.example", "/wp-json/wc", "woocommerce")


def found(cause, layer=Layer.SERVER, subject=Subject.EVERYTHING, product="", sure=Confidence.LIKELY, **more):
    values = {"severity": Severity.FAIL, **more}
    return Diagnosis(cause, layer, subject, sure, product=product, **values)


PUT_REFUSED = {"cause": Cause.METHOD_RULE, "subject": Subject.METHOD, "methods": ("PUT",), "status": 403}


def languages(diagnosis, guest=GUEST):
    return [fix.language for fix in fixes_for(diagnosis, guest)]


def test_the_likely_product_comes_first_and_both_are_guesses():
    probably_apache = found(product="Apache", **PUT_REFUSED)
    fixes = fixes_for(probably_apache, GUEST)
    assert fixes[0].language == "apache"
    assert any("modsec" in f"{fix.language}{fix.text}{fix.find}".lower() for fix in fixes)
    assert all(fix.is_guess for fix in fixes[:-1])
    rule_set = found(product="ModSecurity", layer=Layer.FIREWALL, rule_id="911100", **PUT_REFUSED)
    assert languages(rule_set)[0] == "modsecurity"


def test_a_sure_product_is_the_only_one_asked():
    sure = found(product="Apache", sure=Confidence.CERTAIN, **PUT_REFUSED)
    fixes = fixes_for(sure, GUEST)
    assert not any("modsec" in f"{fix.language}{fix.text}{fix.find}".lower() for fix in fixes)
    assert not any(fix.is_guess for fix in fixes)


def test_an_unknown_server_gets_the_fixes_of_each():
    unknown = fixes_for(found(layer=Layer.UNKNOWN, **PUT_REFUSED), GUEST)
    assert {"nginx", "apache", "text"} <= {fix.language for fix in unknown}


def test_a_server_that_names_itself_is_the_one_to_change():
    """Where the shop's own answers come through Apache, no nginx stands in front."""
    for server, expected in (("Apache/2.4.71 (Debian)", False), ("nginx", True), ("cloudflare", True)):
        passed = replace(cell("GET", AGENT, 401, Outcome.PASSED), headers={"server": server})
        examined = Examination(
            "woocommerce", "https://shop.example", "/wp-json/wc/v3/orders/0", AT, (AGENT,), OURS, (), (),
            (passed,),
        )  # fmt: skip
        lost = found(Cause.HEADER_LOST, subject=Subject.CREDENTIALS)
        fixes = fixes_for(lost, GUEST, examined)
        assert any(fix.language == "nginx" for fix in fixes) is expected, server
        assert any(fix.place in (Place.HTACCESS, Place.APACHE_HOST) for fix in fixes)


CHOSEN = [
    (found(Cause.CHALLENGE, Layer.EDGE, product="Cloudflare"), "api.cloudflare.com"),
    (found(Cause.EVERYBODY_REFUSED, Layer.PLUGIN, product="Wordfence"), "Wordfence"),
    (found(Cause.API_OFF, Layer.PLUGIN), "REST API"),
    (found(Cause.EVERYBODY_REFUSED, Layer.FIREWALL, product="Imunify360"), "imunify360-agent"),
    (found(Cause.EVERYBODY_REFUSED, Layer.EDGE, product="Akamai"), "Akamai"),
    (found(Cause.CERTIFICATE_EXPIRED, Layer.NETWORK, Subject.CERTIFICATE), "certbot"),
    (found(Cause.API_NOT_FOUND, product="Apache"), "Permalinks"),
    (found(Cause.MAINTENANCE, Layer.APPLICATION, product="WordPress"), ".maintenance"),
]


@pytest.mark.parametrize(("diagnosis", "word"), CHOSEN)
def test_what_is_found_decides_what_is_offered(diagnosis, word):
    said = " ".join(
        f"{fix.title} {fix.where} {fix.text} {' '.join(fix.steps)}" for fix in fixes_for(diagnosis, GUEST)
    )
    assert word in said


def test_the_ticket_comes_last_where_a_host_can_help():
    for cause in Cause:
        fixes = fixes_for(found(cause), GUEST)
        has_ticket = bool(fixes) and fixes[-1].text.startswith("Subject: ")
        alone = (Cause.MAINTENANCE, Cause.API_OFF, Cause.REDIRECT, Cause.OWN_NETWORK, Cause.UNSTEADY)
        assert has_ticket is (cause not in alone), cause


@pytest.mark.parametrize("cause", [Cause.OWN_NETWORK, Cause.UNSTEADY])
def test_where_nothing_is_wrong_with_the_shop_nothing_is_offered(cause):
    assert fixes_for(found(cause), GUEST) == []


def test_what_is_only_worth_knowing_needs_no_fix():
    assert fixes_for(found(severity=Severity.INFO, **PUT_REFUSED), GUEST) == []


def cell(method, agent, status, outcome):
    call = CallRecord(AT, method, "https://shop.example/wp-json/wc/v3/orders/0", agent, status, outcome)
    return Cell(Question.MATRIX, call, headers={"cf-ray": "8f2a-AMS"})


def test_the_ticket_says_what_a_host_needs_to_find_the_request():
    cells = (
        cell("PUT", OURS, 403, Outcome.BLOCKED),
        cell("GET", AGENT, 401, Outcome.PASSED),
        cell("PUT", AGENT, 403, Outcome.BLOCKED),
    )
    examined = Examination(
        "woocommerce", "https://shop.example", "/wp-json/wc/v3/orders/0", AT, (AGENT,), OURS,
        ("GET", "PUT"), ("PUT",), cells,
    )  # fmt: skip
    ticket = fixes_for(found(product="Apache", rule_id="911100", **PUT_REFUSED), GUEST, examined)[-1]
    assert (ticket.place, ticket.language) == (Place.PANEL, "text")
    assert ticket.text.splitlines()[8:] == [
        "- Time: 2026-11-22 09:30:05 UTC",
        "- Request: PUT https://shop.example/wp-json/wc/v3/orders/0",
        f"- User-Agent: {AGENT}",
        "- Answer: status 403, from Apache",
        "- Number of the rule that refused: 911100",
        "- CF-RAY: 8f2a-AMS",
        "- Sendcloud asks from: 192.0.2.0/28",
        "",
        "Please let PUT through to the shop for paths below /wp-json/wc/. All else may stay as it is.",
        "",
        "Please tell us when that is done; we will test it at once. Thank you.",
    ]


def test_a_lost_header_is_reported_with_the_request_that_showed_it():
    lost = replace(cell("GET", AGENT, 401, Outcome.PASSED), question=Question.WRONG_KEY)
    examined = Examination(
        "magento", "https://shop.example", "/rest/V1/orders/0", AT, (AGENT,), OURS, (), (), (lost,)
    )
    ticket = fixes_for(found(Cause.HEADER_LOST, subject=Subject.CREDENTIALS), GUEST, examined)[-1]
    assert "- Time: 2026-11-22 09:30:05 UTC" in ticket.text
    assert 'hand the request header "Authorization" to PHP' in ticket.text


def test_the_number_by_which_a_service_finds_the_refusal_is_in_the_ticket():
    refused = cell("GET", AGENT, 403, Outcome.BLOCKED)
    call = replace(refused.call, excerpt="Access Denied Reference #18.2d351ab8.1557333295.a4e16ab")
    examined = Examination(
        "magento", "https://shop.example", "/rest/V1/orders/0", AT, (AGENT,), OURS, (), (),
        (replace(refused, call=call),),
    )  # fmt: skip
    akamai = found(Cause.EVERYBODY_REFUSED, Layer.EDGE, product="Akamai", status=403)
    assert "18.2d351ab8.1557333295.a4e16ab" in fixes_for(akamai, GUEST, examined)[-1].text


def test_an_inference_carries_the_time_of_the_hubs_own_log():
    inferred = found(
        Cause.ADDRESS_RULE, Layer.UNKNOWN, Subject.ADDRESS, is_inferred=True,
        values={"last_at": "2026-11-22T09:00:00+00:00", "failures": 4},
    )  # fmt: skip
    assert "- Time: 2026-11-22T09:00:00+00:00" in fixes_for(inferred, GUEST)[-1].text


ANSWERED = [
    (Layer.EDGE, "Cloudflare"), (Layer.EDGE, "CloudFront"), (Layer.FIREWALL, "ModSecurity"),
    (Layer.SERVER, "nginx"), (Layer.SERVER, "Apache"), (Layer.SERVER, "LiteSpeed"),
    (Layer.PLUGIN, "Wordfence"),
    (Layer.PLUGIN, ""), (Layer.APPLICATION, "WordPress"), (Layer.UNKNOWN, ""), (Layer.NETWORK, ""),
]  # fmt: skip


def test_no_fix_turns_a_protection_off():
    forbidden = ("SecRuleEngine Off", "turn the firewall off", "disable the firewall", "setenforce 0")
    for cause, (layer, product), guest in itertools.product(Cause, ANSWERED, (GUEST, NAMELESS)):
        for fix in fixes_for(found(cause, layer, product=product), guest):
            said = f"{fix.title} {fix.text} {fix.note} {' '.join(fix.steps)}".lower()
            assert not any(word.lower() in said for word in forbidden), fix


def test_where_shopify_runs_everything_only_shopify_is_asked():
    shopify = Guest("Sendcloud", (AGENT,), (), "shop.myshopify.com", "/admin/api/2026-10", "shopify")
    blocked = found(Cause.CHALLENGE, Layer.EDGE, product="Cloudflare")
    assert [fix.title for fix in fixes_for(blocked, shopify)] == ["Ask Shopify's support"]
    moved = found(Cause.REDIRECT, values={"location": "https://shop.myshopify.com/", "reason": "host"})
    assert fixes_for(moved, shopify)[0].title != "Ask Shopify's support"

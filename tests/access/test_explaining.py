"""Every diagnosis reads as a sentence, whatever is known of it."""

import re
from datetime import UTC, datetime
from itertools import product

import pytest
from django.utils import translation

from integrations.access.explaining import explain, guest_of
from integrations.access.fixes.choosing import fixes_for
from integrations.access.fixes.records import Guest
from integrations.access.records import (
    Cause,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Severity,
    Subject,
)

pytestmark = pytest.mark.unit
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")
GUEST = Guest("Sendcloud", AGENTS, ("192.0.2.0/28",), "shop.example", "/wp-json/wc", "woocommerce")
NAMELESS = Guest("Sendcloud", AGENTS, (), "shop.example", "/rest/V1", "magento")
FULL = {
    "location": "https://www.shop.example/100%/x",
    "detail": "100% of it: certificate has expired",
    "expires_at": "2026-11-19T12:00:00+00:00",
    "starts_at": "2026-12-01T12:00:00+00:00",
    "days": 3,
    "names": "other.example, *.other.example",
    "wait_s": 60,
    "title": "Sorry %(who)s",
    "host": "shop.example",
    "reason": "https",
}


def diagnosis(cause=Cause.METHOD_RULE, layer=Layer.SERVER, subject=Subject.METHOD, **more):
    values = {"confidence": Confidence.LIKELY, "severity": Severity.FAIL, **more}
    return Diagnosis(cause, layer, subject, **values)


def every_diagnosis():
    """Every cause on every layer, with much known of it and with little."""
    known = (
        {},
        {"product": "nginx", "methods": ("PUT", "PATCH"), "status": 405, "severity": Severity.WARN},
        {
            "product": "Cloudflare",
            "methods": ("GET", "PUT"),
            "agents": AGENTS[:1],
            "values": FULL,
            "status": 403,
        },
        {"agents": ("Syncwatch/1.0",), "severity": Severity.INFO, "values": {"days": 0, "names": None}},
        {
            "values": {"days": "x", "expires_at": "soon", "reason": "loop"},
            "agents": AGENTS,
            "rule_id": "911100",
        },
    )
    for cause, layer, more in product(Cause, Layer, known):
        yield diagnosis(cause, layer, **more)


def test_every_cause_on_every_layer_is_told_in_whole_sentences():
    holes = re.compile(r"%\(|\{|\bNone\b|  |\(\)|status 0")
    for one in every_diagnosis():
        told = explain(one, GUEST)
        for text in (told.headline, told.consequence, *told.because):
            shown = text.replace("Sorry %(who)s", "")
            assert text.endswith((".", "…", "expired")), text
            assert not holes.search(shown.replace(" (status 0)", "")), (one, shown)
        assert 0 < len(told.label) <= 40
        assert len(told.headline) < 220


def test_every_diagnosis_has_fixes_that_can_be_shown():
    for one in every_diagnosis():
        for guest in (GUEST, NAMELESS):
            for fix in fixes_for(one, guest):
                assert fix.title
                assert fix.where
                assert bool(fix.text) != bool(fix.steps) or fix.steps, fix
                assert bool(fix.text) == bool(fix.language), fix


SAID = [
    (
        diagnosis(product="nginx", methods=("PUT", "PATCH")),
        "nginx refuses Sendcloud's PUT and PATCH; reading passes.",
        "Orders arrive at Sendcloud; tracking numbers do not reach the store.",
        "nginx: PUT, PATCH refused",
    ),
    (
        diagnosis(Cause.CHALLENGE, Layer.EDGE, Subject.EVERYTHING, product="Cloudflare"),
        "Cloudflare asks Sendcloud for a browser's proof (challenge).",
        "Orders do not arrive at Sendcloud, and tracking numbers do not reach the store.",
        "Cloudflare: challenge",
    ),
    (
        diagnosis(Cause.CERTIFICATE_EXPIRED, Layer.NETWORK, Subject.CERTIFICATE, values={"days": -3}),
        "The certificate of shop.example expired 3 days ago.",
        "Orders do not arrive at Sendcloud, and tracking numbers do not reach the store.",
        "certificate expired",
    ),
    (
        diagnosis(
            Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, product="Apache", agents=AGENTS[:1],
            severity=Severity.WARN,
        ),
        'Apache refuses Sendcloud\'s User-Agent "Sendcloud/1.0.0"; its others pass.',
        "Whatever Sendcloud asks under that User-Agent fails; the rest passes.",
        "Apache: User-Agent refused",
    ),
    (
        diagnosis(Cause.METHOD_RULE, Layer.UNKNOWN, methods=("DELETE",), severity=Severity.WARN),
        "Something in front of the shop refuses Sendcloud's DELETE; reading passes.",
        "Orders arrive at Sendcloud. What it does with DELETE fails; tracking numbers are not known to need "
        "that.",
        "DELETE refused",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "headline", "consequence", "label"), SAID)
def test_it_reads_as_a_person_would_say_it(one, headline, consequence, label):
    told = explain(one, GUEST)
    assert (told.headline, told.consequence, told.label) == (headline, consequence, label)


def test_an_inference_is_said_to_be_one_and_confidence_is_in_words():
    inferred = diagnosis(Cause.ADDRESS_RULE, Layer.UNKNOWN, Subject.ADDRESS, is_inferred=True, status=403)
    told = explain(inferred, GUEST)
    assert told.because[0] == "Seen in Sendcloud's own log, not by us: it is refused where we pass."
    assert told.because[-1].startswith("This is probable")
    assert explain(diagnosis(confidence=Confidence.CERTAIN), GUEST).because[-1].startswith("This is certain")


ADDED = [
    ({"seen_by_hub": 3}, "Sendcloud's log holds 3 such calls."),
    ({"hub": "works"}, "Sendcloud's own log knows of no refusal: our address alone may be meant."),
    ({"imitation": "possible"}, "We ask under Sendcloud's name from another address"),
    ({"imitation": "likely"}, "because we use its name from another address."),
    ({"realm": 'Basic realm="Staging"'}, 'It asks for a sign-in: Basic realm="Staging".'),
    ({"passed_first": 12}, "12 requests passed, and then none."),
    ({"pattern": "rule_set_methods"}, "refused by the OWASP rule set for ModSecurity"),
    ({"pattern": "status_406"}, "Status 406"),
    ({"odd_type": "refused"}, "is refused too: rule sets of firewalls do that."),
    ({"front": "refused"}, "The shop's front page is refused as well."),
    ({"behind": "Cloudflare"}, "Cloudflare stands in front and handed this answer on."),
    ({"log": "rule", "message": "Method is not allowed by policy"}, 'of itself: "Method is not allowed'),
]


@pytest.mark.parametrize(("values", "said"), ADDED)
def test_what_speaks_for_it_is_told(values, said):
    told = explain(diagnosis(values=values, rule_id="911100 949110"), GUEST)
    assert any(said in sentence for sentence in told.because), told.because
    assert "The rules that refused have the numbers 911100 and 949110." in told.because


def test_dates_are_the_readers():
    expires = diagnosis(
        Cause.CERTIFICATE_EXPIRES, Layer.NETWORK, values={"expires_at": "2026-11-19T12:00:00+00:00"}
    )
    with translation.override("fr"):
        assert "novembre" in explain(expires, GUEST).headline


@pytest.mark.parametrize(
    ("platform", "url", "path", "expected"),
    [
        ("woocommerce", "https://shop.example", "/wp-json/wc/v3/orders/0", "/wp-json/wc"),
        ("woocommerce", "https://shop.example/fr/", "/wp-json/wc/v3/orders/0", "/fr/wp-json/wc"),
        ("woocommerce", "https://shop.example", "/index.php/wp-json/wc/v3/orders/0", "/index.php/wp-json/wc"),
        ("magento", "https://shop.example:8443", "/rest/V1/orders/0", "/rest/V1"),
        ("magento", "https://shop.example/m2", "/rest/default/V1/orders/0", "/m2/rest/default/V1"),
        ("prestashop", "https://shop.example/boutique", "/api/orders/0", "/boutique/api"),
    ],
)
def test_only_the_interface_is_opened_with_the_shops_folder_in_front(platform, url, path, expected):
    examined = Examination(platform, url, path, datetime(2026, 11, 22, tzinfo=UTC), AGENTS, "us", (), (), ())
    guest = guest_of("Sendcloud", AGENTS, ["192.0.2.1"], examined)
    assert (guest.path, guest.host, guest.platform) == (expected, "shop.example", platform)

"""What is asked of hosts, and of services in front whose owner is somebody else."""

import pytest

from integrations.access.explaining import explain
from integrations.access.fixes import host
from integrations.access.fixes.choosing import fixes_for
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject

pytestmark = pytest.mark.unit
GUEST = Guest("Sendcloud", ("Sendcloud/1.0.0",), ("192.0.2.0/28",), "shop.example", "/rest/V1", "magento")
NAMELESS = Guest("Sendcloud", ("Sendcloud/1.0.0",), (), "shop.example", "/rest/V1", "magento")


def found(product, cause=Cause.EVERYBODY_REFUSED, subject=Subject.EVERYTHING):
    return Diagnosis(cause, Layer.EDGE, subject, Confidence.CERTAIN, Severity.FAIL, product=product)


PRODUCTS = [
    "Imunify360", "SiteGround", "BitNinja", "NAXSI", "AWS WAF", "CloudFront", "Akamai", "Imperva", "Sucuri",
    "",
]  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_is_asked_for_the_hubs_addresses(product):
    for guest, expected in ((GUEST, "192.0.2.0/28"), (NAMELESS, "Ask Sendcloud for the addresses")):
        fix = host.fixes(found(product), guest)[0]
        assert expected in " ".join([*fix.steps, fix.text])
        assert product.replace("CloudFront", "AWS") in f"{fix.title} {fix.where}"


def test_imunify_takes_a_command():
    (fix,) = host.fixes(found("Imunify360"), GUEST)
    assert fix.place is Place.SHELL
    assert fix.text == "imunify360-agent ip-list local add --purpose white 192.0.2.0/28\n"


def test_methods_that_cloudfront_keeps_back_are_allowed_in_its_behavior():
    fix = host.fixes(found("CloudFront", Cause.METHOD_RULE, Subject.METHOD), GUEST)[0]
    assert host.ALL_METHODS in " ".join(fix.steps)
    assert "/rest/V1/*" in fix.steps[0]


def test_akamais_reference_is_what_its_owner_needs():
    assert "reference number" in host.fixes(found("Akamai"), GUEST)[0].steps[0]


@pytest.mark.parametrize("sign", sorted(host.NOT_THE_SHOP))
def test_where_there_is_no_shop_its_software_is_not_changed(sign):
    gone = Diagnosis(
        Cause.API_NOT_FOUND, Layer.SERVER, Subject.PATH, Confidence.LIKELY, Severity.FAIL, "Apache", sign=sign
    )
    first, ticket = fixes_for(gone, GUEST)
    assert first.steps
    assert ticket.language == "text"
    assert "interface" not in explain(gone, GUEST).headline


def test_nothing_is_looked_for_where_nobody_refuses():
    assert host.fixes(found("", Cause.SLOW), GUEST) == []

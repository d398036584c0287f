"""What is to be changed in PrestaShop and Magento themselves."""

import pytest

from integrations.access.fixes import shop
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject

pytestmark = pytest.mark.unit
PRESTASHOP = Guest("Sendcloud", (), (), "shop.example", "/boutique/api", "prestashop")
MAGENTO = Guest("Sendcloud", (), ("192.0.2.7", "192.0.2.8"), "shop.example", "/rest/V1", "magento")


def found(cause, product=""):
    return Diagnosis(
        cause, Layer.APPLICATION, Subject.NOTHING, Confidence.CERTAIN, Severity.FAIL, product=product
    )


def test_a_webservice_that_is_off_is_switched_on():
    (fix,) = shop.fixes(found(Cause.API_OFF), PRESTASHOP)
    assert fix.steps[:2] == (
        "Open Advanced Parameters > Webservice.",
        'Set "Enable PrestaShop\'s webservice" to Yes and save.',
    )


def test_a_lost_header_is_looked_for_where_prestashop_can_take_it():
    cgi, rules = shop.fixes(found(Cause.HEADER_LOST), PRESTASHOP)
    assert "CGI mode" in cgi.steps[1]
    assert ".htaccess" in rules.steps[2]


def test_nginx_is_led_to_the_webservice_in_the_shops_folder():
    (fix,) = shop.fixes(found(Cause.API_NOT_FOUND, "nginx"), PRESTASHOP)
    assert fix.place is Place.NGINX_SERVER
    assert fix.text == ("rewrite ^/boutique/api/?(.*)$ /boutique/webservice/dispatcher.php?url=$1 last;\n")
    assert shop.fixes(found(Cause.API_NOT_FOUND), PRESTASHOP)[0].place is Place.PANEL


def test_magento_lets_the_hub_in_during_maintenance_by_single_addresses_only():
    end, allow = shop.fixes(found(Cause.MAINTENANCE), MAGENTO)
    assert end.text == "bin/magento maintenance:disable\n"
    assert allow.text == "bin/magento maintenance:allow-ips 192.0.2.7 192.0.2.8\n"
    network = Guest("Sendcloud", (), ("192.0.2.0/28",), "", "/rest/V1", "magento")
    assert len(shop.fixes(found(Cause.MAINTENANCE), network)) == 1


def test_magentos_token_setting_is_named_as_a_guess():
    (fix,) = shop.fixes(found(Cause.HEADER_LOST), MAGENTO)
    assert fix.is_guess
    assert "enable_integration_as_bearer 1" in fix.text


@pytest.mark.parametrize("guest", [PRESTASHOP, MAGENTO])
@pytest.mark.parametrize("cause", [Cause.MAINTENANCE, Cause.API_NOT_FOUND, Cause.APPLICATION_FAULT])
def test_faults_of_a_shop_have_a_way_to_their_cause(guest, cause):
    assert all(fix.steps or fix.text for fix in shop.fixes(found(cause), guest))
    assert shop.fixes(found(cause), guest)


def test_a_platform_that_others_run_is_not_changed():
    shopify = Guest("Sendcloud", (), (), "shop.example", "/admin/api/2026-10", "shopify")
    assert not any(shop.fixes(found(cause), shopify) for cause in Cause)

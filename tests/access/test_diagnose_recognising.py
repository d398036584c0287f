"""Whether the address that was typed is the one at which the shop answers."""

import pytest

from integrations.access.report.recognising import has_moved
from integrations.detection.records import Detected
from integrations.detection.typed import Typed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("typed", "found", "moved"),
    [
        ("https://shop.example", "https://shop.example", False),
        ("http://shop.example", "https://shop.example", True),
        ("https://shop.example", "https://www.shop.example", True),
        ("https://shop.example", "https://shop.example/boutique", True),
        ("https://shop.example/boutique", "https://shop.example/boutique", False),
        ("https://shop.example/product/hat", "https://shop.example", False),
        ("https://shop.example/boutique-2", "https://shop.example/boutique", True),
        # The same address, written otherwise.
        ("https://Shop.Example:443", "https://shop.example", False),
        ("https://müller.example", "https://xn--mller-kva.example", False),
    ],
)
def test_address_typed_in_full_that_leads_elsewhere_has_moved(typed, found, moved):
    detected = Detected("woocommerce", found, ())
    assert has_moved(Typed(typed, chose_scheme=True), detected) is moved
    assert not has_moved(Typed(typed, chose_scheme=False), detected)


def test_own_domain_of_a_shopify_shop_is_no_move():
    detected = Detected("shopify", "https://brand.myshopify.com", ())
    assert not has_moved(Typed("https://brand.example", chose_scheme=True), detected)

"""Where people open an order in the administration of its shop."""

import pytest

from integrations.links import order_page

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("platform", "given", "key", "page"),
    [
        ("shopify", {}, "42", "https://shop.example/admin/orders/42"),
        ("woocommerce", {}, "42", "https://shop.example/wp-admin/post.php?post=42&action=edit"),
        (
            "woocommerce",
            {},
            "4&x=/../1",
            "https://shop.example/wp-admin/post.php?post=4%26x%3D%2F..%2F1&action=edit",
        ),
        ("magento", {}, "42", ""),
        ("magento", {"order_page": "https://a.example/back/{order_id}"}, "42", "https://a.example/back/42"),
        ("prestashop", {"order_page": "{url}/adm/{order_id}"}, "7", "https://shop.example/adm/7"),
        ("prestashop", {"order_page": "javascript:alert({order_id})"}, "7", ""),
    ],
)
def test_the_page_of_an_order(platform, given, key, page) -> None:
    assert order_page(platform, "https://shop.example/", given, key) == page

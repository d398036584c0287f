"""The store of a hub's integration is found by its address."""

import pytest

from integrations.models import Store
from monitor.dashboard.connect.matching import store_for

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("shop_url", "store_urls", "expected"),
    [
        ("https://a.example/", ["https://a.example"], 0),
        ("https://www.a.example", ["https://a.example"], 0),
        ("http://a.example", ["https://a.example"], 0),
        ("a.example", ["https://a.example"], 0),
        ("https://a.example/shop/", ["https://a.example", "https://a.example/shop"], 1),
        ("https://a.example", ["https://a.example/shop"], 0),
        ("https://a.example", ["https://a.example/one", "https://a.example/two"], None),
        ("https://a.example/three", ["https://a.example/one"], None),
        ("http://127.0.0.1:8601/x", ["http://127.0.0.1:8602/x", "http://127.0.0.1:8601/x"], 1),
        ("https://b.example", ["https://a.example"], None),
        ("", ["https://a.example"], None),
        ("https://a.example:notaport", ["https://a.example"], None),
    ],
)
def test_store_at_an_address(shop_url: str, store_urls: list[str], expected: int | None) -> None:
    stores = [Store(pk=number, url=url) for number, url in enumerate(store_urls)]
    found = store_for(shop_url, stores)
    assert (None if found is None else found.pk) == expected

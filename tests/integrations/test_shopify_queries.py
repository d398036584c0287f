"""What is asked of Shopify fits its schema, and asks for nobody's name but where orders are passed on."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

pytestmark = pytest.mark.unit
FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(__file__).parents[2]
QUERIES = sorted((ROOT / "integrations/shopify/queries").glob("*.graphql"))
PERSONAL = {"email", "phone", "shippingAddress", "billingAddress", "displayAddress", "customer", "note"}


@pytest.fixture(scope="module")
def schema():
    return build_schema((FIXTURES / "shopify_admin_2026-10.graphql").read_text())


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_saved_query_fits_the_schema(schema, path):
    assert validate(schema, parse(path.read_text())) == []


def test_a_field_that_shopify_does_not_have_is_noticed(schema):
    assert validate(schema, parse("{ shop { ianaTimeZone } }"))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_only_orders_that_are_passed_on_are_read_with_their_buyers(path):
    asked = PERSONAL & set(path.read_text().replace("{", " ").split())
    assert bool(asked) == (path.stem == "full_orders")


def test_the_sandbox_has_no_field_that_shopify_does_not_have(schema):
    sandbox = build_schema(
        (ROOT / "integrations/sandbox/shops/shopify.graphql").read_text(), assume_valid=True
    )
    compared = 0
    for name, kind in sandbox.type_map.items():
        if name.startswith("__") or not hasattr(kind, "fields"):
            continue
        for field, ours in kind.fields.items():
            real = schema.type_map[name].fields[field]
            assert str(ours.type) == str(real.type), f"{name}.{field}"
            for argument, value in getattr(ours, "args", {}).items():
                assert str(value.type) == str(real.args[argument].type), f"{name}.{field}({argument})"
            compared += 1
    assert compared > 150

"""Who signed a delivery, and what it speaks of: each kind by its own rules."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.registry import adapter_class
from integrations.webhooks import (
    SENDERS,
    DeliveryRefused,
    Incoming,
    Malformed,
    SignatureRefused,
    Verified,
    moment_of,
    receiver,
)

pytestmark = pytest.mark.unit

SECRET, OLD, OTHER = b"new-secret", b"old-secret", b"somebody-else"
SHOP = "https://lyon.myshopify.com"
ORDER = orjson.dumps(
    {"id": 820982911946154508, "email": "jo@example.com", "updated_at": "2026-11-22T12:00:00Z"}
)
PARCEL = orjson.dumps(
    {"action": "parcel_status_changed", "timestamp": 1525271885993, "parcel": {"external_order_id": "77"}}
)


def sign(body: bytes, secret: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def shopify(body: bytes = ORDER, secret: bytes = SECRET, **changes: str) -> Incoming:
    headers = {
        "x-shopify-hmac-sha256": sign(body, secret),
        "x-shopify-shop-domain": "lyon.myshopify.com",
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-11-22T12:00:00.123456789Z",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return Incoming(headers, body, SHOP)


def woocommerce(body: bytes = ORDER, secret: bytes = SECRET, topic: str = "order.created") -> Incoming:
    headers = {"x-wc-webhook-signature": sign(body, secret), "x-wc-webhook-topic": topic}
    return Incoming(headers, body, "https://lyon.example")


def sendcloud(body: bytes = PARCEL, secret: bytes = SECRET) -> Incoming:
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return Incoming({"sendcloud-signature": signature}, body, "https://panel.sendcloud.sc")


MAKERS = {"shopify": shopify, "woocommerce": woocommerce, "sendcloud": sendcloud}


def receive(kind: str, incoming: Incoming, *secrets: bytes) -> Verified:
    return receiver(kind).receive(incoming, secrets or (SECRET, OLD))


@pytest.mark.parametrize("kind", SENDERS)
@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_the_current_and_the_previous_secret_are_accepted(kind, secret):
    assert receive(kind, MAKERS[kind](secret=secret)).topic


@pytest.mark.parametrize("kind", SENDERS)
def test_any_other_secret_is_refused_and_so_is_a_body_that_was_changed(kind):
    with pytest.raises(SignatureRefused):
        receive(kind, MAKERS[kind](secret=OTHER))
    good = MAKERS[kind]()
    with pytest.raises(SignatureRefused):
        receive(kind, Incoming(good.headers, good.body + b" ", good.url))
    with pytest.raises(SignatureRefused):
        receive(kind, Incoming({}, good.body, good.url))


@pytest.mark.parametrize("kind", SENDERS)
def test_without_any_secret_nothing_is_believed(kind):
    with pytest.raises(SignatureRefused):
        receiver(kind).receive(MAKERS[kind](secret=b""), ())


@pytest.mark.parametrize("kind", SENDERS)
def test_secrets_are_credentials_that_an_operator_can_enter(kind):
    assert set(receiver(kind).SECRETS) <= set(adapter_class(kind).Credentials.model_fields)


def test_sendclouds_own_test_vector():
    signature = "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"
    incoming = Incoming({"sendcloud-signature": signature}, b'{"key": "value"}', "")
    with pytest.raises(Malformed):  # rightly signed, and no action in it
        receive("sendcloud", incoming, b"secretkey")


def test_shopify_says_which_order_and_when():
    found = receive("shopify", shopify())
    assert found.order_key == "820982911946154508"
    assert found.triggered_at == datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
    body = orjson.dumps({"id": 5, "order_id": 7})
    assert receive("shopify", shopify(body, x_shopify_topic="fulfillments/create")).order_key == "7"
    assert receive("shopify", shopify(body, x_shopify_topic="app/uninstalled")).order_key == ""


def test_shopify_signs_for_every_shop_of_an_app_but_each_may_only_speak_for_itself():
    with pytest.raises(SignatureRefused):
        receive("shopify", shopify(x_shopify_shop_domain="paris.myshopify.com"))
    with pytest.raises(SignatureRefused):
        receive("shopify", shopify(x_shopify_shop_domain=""))
    assert receive("shopify", shopify(x_shopify_shop_domain="LYON.myshopify.com"))


def test_behind_another_address_the_last_part_of_it_names_the_shop():
    good = shopify()
    assert receive("shopify", Incoming(good.headers, good.body, "http://127.0.0.1:8601/lyon/"))
    with pytest.raises(SignatureRefused):
        receive("shopify", Incoming(good.headers, good.body, "http://127.0.0.1:8601/paris"))


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_privacy_requests_are_recognised_and_nothing_of_them_is_taken(topic):
    body = orjson.dumps({"customer": {"email": "jo@example.com"}, "orders_to_redact": [1], "id": 9})
    found = receive("shopify", shopify(body, x_shopify_topic=topic))
    assert found.is_privacy
    assert found.order_key == ""


def test_woocommerce_pings_without_signing_and_nothing_else_may():
    ping = Incoming({}, b"webhook_id=12", "")
    assert receive("woocommerce", ping).is_ping
    for body in (b"webhook_id=12&x=1", b"webhook_id=", b"webhook_id=12\n", b'{"webhook_id": 12}'):
        with pytest.raises(SignatureRefused):
            receive("woocommerce", Incoming({}, body, ""))


def test_two_woocommerce_orders_of_one_second_are_two_deliveries_and_a_repeated_one_is_one():
    first, again, second = (
        receive("woocommerce", woocommerce(orjson.dumps({"id": order}))) for order in (1, 1, 2)
    )
    assert first.key == again.key != second.key
    other = receive("woocommerce", woocommerce(orjson.dumps({"id": 1}), topic="order.updated"))
    assert other.key != first.key
    assert (first.order_key, second.order_key) == ("1", "2")


def test_sendcloud_says_which_order_and_when():
    found = receive("sendcloud", sendcloud())
    assert (found.topic, found.order_key) == ("parcel_status_changed", "77")
    assert found.triggered_at == datetime(2018, 5, 2, 14, 38, 5, 993000, tzinfo=UTC)


@pytest.mark.parametrize("topic", ["", "orders/create\n", "Orders", "a" * 81, "orders//x", "<b>"])
def test_what_is_no_topic_is_not_stored_as_one(topic):
    with pytest.raises(Malformed):
        receive("shopify", shopify(x_shopify_topic=topic))


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.integers()))
def test_no_time_however_odd_is_more_than_unknown(value):
    moment = moment_of(value)
    assert moment is None or moment.tzinfo is UTC


@given(
    st.sampled_from(SENDERS),
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "parcel", "action"]), inner),
    ).map(orjson.dumps),
)
def test_no_body_however_odd_is_more_than_refused(kind, body):
    incoming = MAKERS[kind](body)
    try:
        found = receive(kind, incoming)
    except DeliveryRefused:
        return
    assert len(found.key) <= 64
    assert len(found.topic) <= 80
    assert "\0" not in found.order_key

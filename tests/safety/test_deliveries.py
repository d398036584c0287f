"""Deliveries that are repeated, bent or from nobody: nothing follows from them, nothing is told of them."""

import base64
import hashlib
import hmac
import logging
import time

import orjson
import pytest
from django.db import connection

from integrations.models import Store
from integrations.webhooks import SENDERS, Incoming, SignatureRefused, receiver
from monitor.models import Audit, Delivery, Job
from monitor.webhooks import sources
from tests.webhooks.conftest import SECRET, client, send, shopify, webhooks, woocommerce
from tests.webhooks.test_signatures import MAKERS

pytestmark = pytest.mark.integration
__all__ = ["client", "send", "shopify", "webhooks", "woocommerce"]

BODY = {"id": 7, "email": "jane@private.example", "billing": {"first_name": "Jane Private"}}


def test_a_delivery_under_new_headers_is_the_one_that_came(send, shopify):
    """Only the body is signed: whoever holds one delivery can write any header beside it."""
    for number in range(30):
        headers = {"x_shopify_webhook_id": f"new-{number}", "x_shopify_topic": f"orders/new{number}"}
        assert send("shopify", "paris", BODY, **headers).status_code == 200
    for number in range(5):
        send("shopify", "paris", BODY, x_shopify_webhook_id=f"r{number}", x_shopify_topic="customers/redact")
    assert Delivery.objects.count() == 2
    assert Audit.objects.count() == 1


def test_a_shops_delivery_under_new_topics_is_the_one_that_came(send, woocommerce):
    for number in range(20):
        send("woocommerce", "lyon", BODY, x_wc_webhook_topic=f"order.x{number}")
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("kind", SENDERS)
@pytest.mark.parametrize("signature", ["", "=", "\xff" * 40, "a" * 100_000, "sha256=x", "\u0661\u0662"])
def test_no_form_of_a_wrong_signature_is_more_than_refused(kind, signature):
    good = MAKERS[kind]()
    name = next(name for name in receiver(kind).HEADERS if "hmac" in name or "signature" in name)
    with pytest.raises(SignatureRefused):
        receiver(kind).receive(
            Incoming({**good.headers, name: signature}, good.body, good.url), [b"new-secret"]
        )


def test_the_log_of_what_is_refused_tells_neither_body_nor_secret(send, shopify, caplog):
    caplog.set_level(logging.DEBUG)
    send("shopify", "paris", BODY, secret="guess")
    send("shopify", "paris", BODY, x_shopify_shop_domain="jane.private.example")
    send("shopify", "paris", b"{" + orjson.dumps(BODY))
    send("shopify", "paris", BODY, x_shopify_topic="jane@private.example")
    assert "a delivery was refused" in caplog.text
    for word in ("private", "Jane", "guess", SECRET):
        assert word not in caplog.text


def test_of_a_delivery_that_is_taken_nothing_of_a_person_is_stored(send, shopify, woocommerce):
    assert send("shopify", "paris", BODY, x_shopify_topic="customers/data_request").status_code == 200
    assert send("woocommerce", "lyon", BODY).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM monitor_delivery t")
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(t::text, '') FROM monitor_audit t")
        stored += cursor.fetchone()[0]
    assert "rivate" not in stored


def test_names_of_nobody_do_not_push_the_known_ones_out_of_memory_for_long(send, woocommerce, monkeypatch):
    monkeypatch.setattr(sources, "MOST_KNOWN", 5)
    for number in range(12):
        assert send("woocommerce", f"nobody-{number}", BODY).status_code == 404
    assert send("woocommerce", "lyon", BODY).status_code == 200


def test_a_secret_that_is_taken_away_signs_nothing_any_more(send, woocommerce, monkeypatch):
    assert send("woocommerce", "lyon", BODY).status_code == 200
    Store.objects.filter(pk=woocommerce.pk).update(
        credentials={"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": ""}
    )
    later = time.monotonic() + sources.FRESH_S + 0.1
    monkeypatch.setattr(sources.time, "monotonic", lambda: later)
    assert send("woocommerce", "lyon", {"id": 8}).status_code == 401


def test_a_store_that_is_gone_is_nobody_even_while_it_is_remembered(send, woocommerce):
    assert send("woocommerce", "lyon", BODY).status_code == 200
    Delivery.objects.all().delete()
    Job.objects.all().delete()
    Store.objects.all().delete()
    assert send("woocommerce", "lyon", {"id": 8}).status_code in (404, 503)
    assert not Delivery.objects.exists()


def test_checking_a_signature_looks_at_every_secret(monkeypatch):
    """How long it takes tells neither which secret it was nor how much of the signature was right."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    body = b"{}"
    good = base64.b64encode(hmac.digest(b"first", body, hashlib.sha256))
    headers = {"x-wc-webhook-signature": good.decode(), "x-wc-webhook-topic": "order.created"}
    receiver("woocommerce").receive(Incoming(headers, body, ""), [b"first", b"second", b"third"])
    assert len(compared) == 3

"""What becomes of a delivery: stored once, the next reading brought forward, answered; or refused."""

import http.client
import statistics
import time
import uuid
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction

from integrations.models import Integration, Store
from monitor.collect.claim import claim, finish
from monitor.collect.retention import delete_old
from monitor.models import Arrival, Audit, Delivery, Job
from monitor.webhooks import connections, sources, storing
from monitor.webhooks.receiver import LARGEST
from tests.webhooks.conftest import NOW

pytestmark = pytest.mark.integration

ORDER = {"id": 7, "email": "jo@example.com", "date_modified_gmt": "2026-11-22T11:59:58"}
LATER = NOW + timedelta(seconds=50)


def job(kind: str, target: int, **changes: object) -> Job:
    usual = {"due_at": LATER, "interval_s": 60, "last_started_at": NOW - timedelta(seconds=20)}
    return Job.objects.create(kind=kind, target_id=target, **{**usual, **changes})


def due(row: Job) -> datetime:
    row.refresh_from_db()
    return row.due_at


def test_a_delivery_is_stored_without_its_body_and_the_next_reading_brought_forward(send, woocommerce):
    orders, other = job("store_orders", woocommerce.pk), job("store_orders", woocommerce.pk + 1)
    assert send("woocommerce", "lyon", ORDER).status_code == 200
    row = Delivery.objects.get()
    assert (row.store, row.account, row.topic, row.order_key) == (woocommerce, None, "order.created", "7")
    assert (row.received_at, row.triggered_at) == (NOW, NOW - timedelta(seconds=2))
    assert (due(orders), due(other)) == (NOW, LATER)


def test_a_delivery_that_is_sent_again_changes_nothing(send, shopify):
    send("shopify", "paris", {"id": 1})
    orders = job("store_orders", shopify.pk)
    assert send("shopify", "paris", {"id": 1}).status_code == 200
    assert Delivery.objects.count() == 1
    assert due(orders) == LATER


def test_an_old_delivery_counts_once_and_its_age_can_be_seen(send, shopify):
    for _ in range(2):
        old = send("shopify", "paris", {"id": 1}, x_shopify_triggered_at="2026-11-01T00:00:00Z")
        assert old.status_code == 200
    assert Delivery.objects.get().triggered_at.day == 1


def test_the_same_delivery_id_at_two_shops_is_two_deliveries(send, shopify):
    credentials = {"client_id": "id", "client_secret": "the-secret"}
    Store.objects.create(
        name="rome", platform="shopify", url="https://rome.myshopify.com", credentials=credentials
    )
    for name in ("paris", "rome"):
        assert send("shopify", name, {"id": 1}).status_code == 200
    assert Delivery.objects.count() == 2
    assert send("shopify", "rome", {"id": 1}, x_shopify_shop_domain="paris.myshopify.com").status_code == 401


def test_a_wrong_signature_is_refused_without_saying_why(send, woocommerce):
    orders = job("store_orders", woocommerce.pk)
    answer = send("woocommerce", "lyon", ORDER, secret="guess")
    assert (answer.status_code, answer.text) == (401, "Unauthorized\n")
    assert not Delivery.objects.exists()
    assert due(orders) == LATER


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("woocommerce", name) for name in ("nobody", "paris", "", "a/b", "x" * 99, "%00")),
        *(("sendcloud", "lyon"), ("generic", "lyon"), ("", "lyon"), ("..", "lyon")),
    ],
)
def test_an_address_of_nobody_is_not_found(send, woocommerce, shopify, kind, name):
    assert send(kind, name, ORDER).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_allowed(client, method):
    answer = client.request(method, "/hooks/woocommerce/lyon")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_what_is_larger_than_any_delivery_is_not_read(client, send, woocommerce):
    assert send("woocommerce", "lyon", b" " * (LARGEST + 1)).status_code == 413
    claimed = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=5)
    claimed.putrequest("POST", "/hooks/woocommerce/lyon")
    claimed.putheader("content-length", str(10**15))
    claimed.endheaders()
    assert claimed.getresponse().status == 413
    claimed.close()
    assert send("woocommerce", "lyon", b"{}" + b" " * (LARGEST - 2)).status_code == 200


def test_what_is_rightly_signed_but_no_delivery_is_refused(send, shopify):
    assert send("shopify", "paris", b"[" * 100_000).status_code == 400
    assert send("shopify", "paris", {"id": 1}, x_shopify_topic="").status_code == 400
    assert not Delivery.objects.exists()


def test_woocommerces_ping_is_answered_and_leaves_nothing(client, woocommerce):
    assert client.post("/hooks/woocommerce/lyon", data={"webhook_id": "4"}).status_code == 200
    assert not Delivery.objects.exists()
    assert client.post("/hooks/woocommerce/nobody", data={"webhook_id": "4"}).status_code == 404


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_privacy_requests_are_answered_and_logged_once_without_what_they_say(send, shopify, topic):
    body = {"customer": {"id": 1, "email": "jo@example.com"}, "orders_requested": [7]}
    for _ in range(2):
        assert send("shopify", "paris", body, x_shopify_topic=topic).status_code == 200
    row = Delivery.objects.get()
    assert (row.topic, row.order_key) == (topic, "")
    logged = Audit.objects.get()
    assert (logged.actor, logged.action, logged.target, logged.at) == (
        *("Shopify", "privacy.request", "store paris"),
        NOW,
    )
    assert (logged.before, logged.after) == ({}, {"topic": topic})
    assert send("shopify", "paris", body, secret="guess", x_shopify_topic=topic).status_code == 401


def test_sendcloud_brings_forward_what_the_delivery_is_about(send, sendcloud, integration):
    Arrival.objects.create(integration=integration, order_key="77", order_number="#77")
    state = job("hub_state", sendcloud.pk, account=sendcloud)
    mine = job("hub_shipments", integration.pk, account=sendcloud)
    others = job("hub_shipments", integration.pk + 1, account=sendcloud)
    parcel = {"action": "parcel_status_changed", "timestamp": 1, "parcel": {"external_order_id": "77"}}
    assert send("sendcloud", "parcels", parcel).status_code == 200
    assert Delivery.objects.get().account == sendcloud
    assert (due(state), due(mine), due(others)) == (LATER, NOW, LATER)
    changed = {"action": "integration_updated", "timestamp": 2, "integration": {"id": 7}}
    assert send("sendcloud", "parcels", changed).status_code == 200
    assert due(state) == NOW


def test_shipping_in_the_shop_brings_both_readings_forward(send, shopify):
    rows = job("store_orders", shopify.pk), job("store_tracking", shopify.pk), job("store_check", shopify.pk)
    send("shopify", "paris", {"order_id": 1}, x_shopify_topic="fulfillments/create")
    assert [due(row) for row in rows] == [NOW, NOW, LATER]
    again = {"x_shopify_topic": "app/scopes_update", "x_shopify_webhook_id": "2"}
    send("shopify", "paris", {}, **again)
    assert due(rows[2]) == NOW


# --- how far forward


def test_a_burst_does_not_make_us_read_all_the_time(send, woocommerce):
    started = NOW - timedelta(seconds=4)
    orders = job("store_orders", woocommerce.pk, last_started_at=started)
    for number in range(3):
        send("woocommerce", "lyon", {"id": number})
    assert due(orders) == started + timedelta(seconds=10)


def test_bursts_about_parcels_leave_an_account_room_for_all_else(send, sendcloud, integration):
    """Of sixty requests a minute fifteen may be about parcels: with thirty integrations, each has its turn
    every two minutes."""
    for number in range(29):
        shop = Store.objects.create(name=f"shop-{number}", platform="woocommerce", url="https://shop.example")
        Integration.objects.create(
            name=f"{number}", store=shop, account=sendcloud, external_id=f"other-{number}"
        )
    Arrival.objects.create(integration=integration, order_key="77", order_number="#77")
    due_at = NOW + timedelta(minutes=5)
    parcels = job("hub_shipments", integration.pk, account=sendcloud, due_at=due_at)
    parcel = {"action": "parcel_status_changed", "timestamp": 1, "parcel": {"external_order_id": "77"}}
    assert send("sendcloud", "parcels", parcel).status_code == 200
    assert due(parcels) == NOW + timedelta(seconds=100)


def test_a_delivery_about_a_parcel_reads_no_other_orders(send, sendcloud, integration):
    """There are millions of them, and a sender waits for five seconds at most."""
    shops = [Store(name=f"shop-{n}", platform="woocommerce", url="https://shop.example") for n in range(200)]
    links = [
        Integration(name=shop.name, store=shop, account=sendcloud, external_id=shop.name)
        for shop in Store.objects.bulk_create(shops)
    ]
    for link in Integration.objects.bulk_create(links):
        job("hub_shipments", link.pk, account=sendcloud)
        Arrival.objects.bulk_create(Arrival(integration=link, order_key=str(n)) for n in range(100))
    statement = storing._nudging("account_id", storing._PARCELS, storing._OF_THE_ORDER).decode()
    values = [str(sendcloud.pk), "'key'", "'parcel'", "'77'", "now()", "now()"]
    for place, value in enumerate(values, start=1):
        statement = statement.replace(f"${place}", value)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        # As the planner decides for millions: no choice may be left to it.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on monitor_arrival" not in plan
    assert "Index" in plan


def test_a_remote_that_asked_for_patience_is_left_alone(send, woocommerce):
    orders = job("store_orders", woocommerce.pk, failures=1)
    assert send("woocommerce", "lyon", ORDER).status_code == 200
    assert due(orders) == LATER


def test_a_reading_that_is_due_already_is_not_put_off(send, woocommerce):
    past = NOW - timedelta(seconds=3)
    orders = job("store_orders", woocommerce.pk, due_at=past)
    send("woocommerce", "lyon", ORDER)
    assert due(orders) == past


def test_a_delivery_during_a_reading_lets_the_next_one_follow(send, woocommerce):
    started = NOW - timedelta(seconds=12)
    orders = job("store_orders", woocommerce.pk, due_at=started)
    (claimed,) = claim(started, limit=1)
    send("woocommerce", "lyon", ORDER)
    finish(claimed, NOW + timedelta(seconds=3), ok=True)
    assert due(orders) == NOW


def test_without_a_delivery_the_next_reading_comes_after_its_interval(woocommerce):
    orders = job("store_orders", woocommerce.pk, due_at=NOW)
    (claimed,) = claim(NOW, limit=1)
    finish(claimed, NOW + timedelta(seconds=3), ok=True)
    assert due(orders) == NOW + timedelta(seconds=63)


def test_a_reading_that_fails_waits_as_long_as_it_must_whatever_came_meanwhile(send, woocommerce):
    started = NOW - timedelta(seconds=12)
    orders = job("store_orders", woocommerce.pk, due_at=started)
    (claimed,) = claim(started, limit=1)
    send("woocommerce", "lyon", ORDER)
    finish(claimed, NOW, ok=False, retry_in=timedelta(minutes=5))
    assert due(orders) == NOW + timedelta(minutes=5)


def test_nobody_waits_for_a_reading_that_is_being_stored(send, woocommerce):
    orders = job("store_orders", woocommerce.pk, lease_until=LATER, lease_token=uuid.uuid4())
    with transaction.atomic():
        Job.objects.filter(pk=orders.pk).update(cursor={})
        began = time.monotonic()
        assert send("woocommerce", "lyon", ORDER).status_code == 200
        assert time.monotonic() - began < 1
    assert Delivery.objects.exists()


# --- secrets and the database come and go


def test_a_changed_secret_counts_within_ten_seconds(send, woocommerce, monkeypatch):
    assert send("woocommerce", "lyon", ORDER).status_code == 200
    woocommerce.credentials = {
        **woocommerce.credentials,
        "webhook_secret": "a-new-one",
        "previous_webhook_secret": "the-secret",
    }
    woocommerce.save()
    assert sources.FRESH_S <= 10
    real = time.monotonic
    monkeypatch.setattr(sources.time, "monotonic", lambda: real() + 10)
    for secret in ("a-new-one", "the-secret"):
        assert send("woocommerce", "lyon", ORDER, secret=secret).status_code == 200


def test_a_store_that_is_added_is_known_soon(send, transactional_db, monkeypatch):
    assert send("woocommerce", "nice", ORDER).status_code == 404
    credentials = {"consumer_key": "k", "consumer_secret": "s", "webhook_secret": "the-secret"}
    Store.objects.create(
        name="nice", platform="woocommerce", url="https://nice.example", credentials=credentials
    )
    real = time.monotonic
    monkeypatch.setattr(sources.time, "monotonic", lambda: real() + 10)
    assert send("woocommerce", "nice", ORDER).status_code == 200


def test_lost_connections_are_made_anew(send, woocommerce):
    assert send("woocommerce", "lyon", ORDER).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert send("woocommerce", "lyon", {"id": 8}).status_code == 200
    assert Delivery.objects.count() == 2


def test_while_the_database_is_away_senders_are_asked_to_try_again(send, woocommerce, monkeypatch):
    asked = []

    def refuse() -> None:
        asked.append(1)
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(connections, "_connect", refuse)
    answers = [send("woocommerce", "lyon", ORDER) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].headers["retry-after"]
    assert len(asked) == 1
    monkeypatch.undo()
    real = time.monotonic
    monkeypatch.setattr(connections.time, "monotonic", lambda: real() + connections.PAUSE_S)
    assert send("woocommerce", "lyon", ORDER).status_code == 200


def test_an_answer_takes_less_than_fifty_milliseconds(send, woocommerce):
    job("store_orders", woocommerce.pk)
    send("woocommerce", "lyon", {"id": 0})
    took = []
    for number in range(1, 40):
        began = time.perf_counter()
        send("woocommerce", "lyon", {"id": number, "note": "x" * 1400})
        took.append(time.perf_counter() - began)
    assert statistics.median(took) < 0.05


def test_deliveries_are_kept_for_a_month(woocommerce):
    for age in (29, 31):
        received = NOW - timedelta(days=age)
        Delivery.objects.create(store=woocommerce, key=str(age), topic="order.created", received_at=received)
    delete_old(NOW)
    assert Delivery.objects.get().key == "29"

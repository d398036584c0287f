"""The Shopify adapter against a whole stand-in: budget, tracking, rights, versions, webhooks, buyers."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from integrations import errors
from integrations.contracts import CheckState, Parcel, Target, Watermark
from integrations.opening import open_store
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from integrations.shopify import tokens

from .remote import LOCAL, PatientPacer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    shops = [shop("fy", "shopify"), shop("granted", "shopify", grant="client_credentials")]
    with running_sandbox(small_fleet(shops), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def broken(sandbox):
    """Switches faults on until the test ends."""
    faults = []

    def switch(fault, name="fy", **params):
        sandbox.break_shop(name, fault, **params)
        faults.append((name, fault))

    yield switch
    for name, fault in faults:
        sandbox.mend_shop(name, fault)


class WaitingPacer(PatientPacer):
    """Waiting moves the sandbox's clock, and nothing else does."""

    def __init__(self, sandbox):
        super().__init__()
        self.sandbox = sandbox

    async def pause(self, duration):
        await super().pause(duration)
        self.sandbox.advance(duration)


def using(sandbox, do, name="fy", webhook_url="", **page_size):
    pacer = WaitingPacer(sandbox)

    async def go():
        target = Target(
            name, sandbox.store_url(name), sandbox.store_credentials(name), page_size, webhook_url=webhook_url
        )
        async with open_store(target, "shopify", policy=LOCAL, pacer=pacer) as store:
            return await do(store)

    return asyncio.run(go()), pacer


def costs_seen(store):
    """Collects the cost that each of the store's answers tells."""
    seen = []
    ask = store.http.request

    async def request(*args, **kwargs):
        answer = await ask(*args, **kwargs)
        seen.append(answer.json()["extensions"]["cost"])
        return answer

    store.http.request = request
    return seen


def test_the_bucket_is_never_emptied_however_much_is_read(sandbox):
    sandbox.add_orders("fy", 3000)
    ids = sandbox.order_ids("fy")

    async def everything(store):
        seen = costs_seen(store)
        pages = [page async for page in store.read_orders(Watermark(NOW - timedelta(days=1)), now=NOW)]
        tracking = []
        for start in range(0, 600, 100):
            tracking += await store.read_tracking(ids[start : start + 100], now=NOW)
        return pages, tracking, seen

    (pages, tracking, seen), pacer = using(sandbox, everything, page_size=100)
    assert sorted(record.external_id for page in pages for record in page.records) == sorted(ids)
    assert len(tracking) == 600
    assert sum(cost["requestedQueryCost"] for cost in seen) > 5 * 2000, (
        "more than the bucket holds, many times"
    )
    assert all(cost["actualQueryCost"] is not None for cost in seen), "nothing was throttled"
    lowest = min(
        cost["throttleStatus"]["currentlyAvailable"] + cost["actualQueryCost"] - cost["requestedQueryCost"]
        for cost in seen
    )
    assert lowest > 0
    assert pacer.pauses


def write(sandbox, order_id, number="3SNEW", **options):
    async def go(store):
        return await store.write_tracking(str(order_id), [Parcel(number, "postnl")], now=NOW, **options)

    return using(sandbox, go)[0]


def numbers(sandbox, *ids):
    async def go(store):
        return await store.read_tracking([str(number) for number in ids], now=NOW)

    return {row.order_id: row.numbers for row in using(sandbox, go)[0]}


def test_a_number_is_written_to_an_order_that_waits_and_to_one_that_was_sent_without(sandbox, broken):
    waiting, sent = sandbox.add_orders("fy", 2)
    broken("tracking_lost")
    sandbox.advance(timedelta(seconds=1))
    sandbox.change_order("fy", sent, "completed")
    assert numbers(sandbox, waiting, sent) == {str(waiting): (), str(sent): ()}
    for order_id in (waiting, sent):
        first, again = write(sandbox, order_id), write(sandbox, order_id)
        assert (first.written, first.present) == (("3SNEW",), ())
        assert (again.written, again.present) == ((), ("3SNEW",))
        assert write(sandbox, order_id, "3SSECOND").written == ("3SSECOND",)
    assert numbers(sandbox, waiting, sent) == {str(n): ("3SNEW", "3SSECOND") for n in (waiting, sent)}


@pytest.mark.parametrize("status", ["cancelled", "on-hold"])
def test_an_order_that_takes_no_number_is_not_touched(sandbox, status):
    (order_id,) = sandbox.add_orders("fy", 1)
    sandbox.change_order("fy", order_id, status)
    with pytest.raises(errors.NotPossible):
        write(sandbox, order_id)
    assert numbers(sandbox, order_id) == {str(order_id): ()}


def test_without_the_right_to_write_the_scope_is_named_and_orders_are_still_read(sandbox, broken):
    (order_id,) = sandbox.add_orders("fy", 1)
    broken("scope_missing", scopes="read_merchant_managed_fulfillment_orders")
    with pytest.raises(errors.RightMissing, match="read_merchant_managed_fulfillment_orders"):
        write(sandbox, order_id)
    assert numbers(sandbox, order_id) == {str(order_id): ()}


def whole(sandbox, *ids):
    async def go(store):
        return await store.read_full_orders([str(number) for number in ids], now=NOW), store.calls()

    return using(sandbox, go)[0]


def test_whole_orders_are_read_and_leave_no_trace_of_their_buyers(sandbox):
    ids = sandbox.add_orders("fy", 12)
    found, calls = whole(sandbox, *ids, 1)
    assert [order.record.external_id for order in found] == [str(number) for number in ids]
    assert {(order.name, order.country_code, order.lines[0].weight_g) for order in found} == {
        ("Jane PRIVATE", "NL", 350)
    }
    assert "PRIVATE" not in repr(found) + repr(calls)


def test_buyers_that_the_app_may_not_see_are_the_named_reason(sandbox, broken):
    (order_id,) = sandbox.add_orders("fy", 1)
    broken("protected_fields")
    with pytest.raises(errors.RightMissing, match="names and addresses"):
        whole(sandbox, order_id)


def check(sandbox, **more):
    async def go(store):
        return await store.check(now=sandbox.now())

    report = using(sandbox, go, **more)[0]
    return report, {(check.code, check.subject): check.state for check in report.checks}


def test_a_healthy_shop_has_nothing_to_complain_of(sandbox):
    report, states = check(sandbox)
    assert set(states.values()) == {CheckState.OK, CheckState.INFO}
    assert (report.version, report.time_zone) == ("2026-10", "UTC")
    assert abs(report.clock_skew.total_seconds()) <= 1


@pytest.mark.parametrize(
    ("fault", "params", "key", "state"),
    [
        ("version_retired", {}, ("api_version_fell_forward", ""), CheckState.WARN),
        ("scope_missing", {"scopes": "read_orders"}, ("scopes_missing", "read_orders"), CheckState.FAIL),
        (
            "scope_missing",
            {"scopes": "write_merchant_managed_fulfillment_orders"},
            ("scopes_missing", "tracking"),
            CheckState.INFO,
        ),
    ],
)
def test_what_is_wrong_with_the_app_is_told(sandbox, broken, fault, params, key, state):
    broken(fault, **params)
    assert check(sandbox)[1][key] is state


def test_a_wrong_clock_is_told(sandbox, broken):
    broken("clock_skew", seconds=420)
    assert abs(check(sandbox)[0].clock_skew - timedelta(minutes=7)) <= timedelta(seconds=1)


def test_a_shop_that_grants_no_token_says_so(sandbox, broken):
    tokens._kept.clear()
    broken("grant_not_permitted", "granted")
    with pytest.raises(errors.CredentialsRefused, match="different organizations"):
        check(sandbox, name="granted")


# Webhooks


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers ``status``."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/hooks/shopify/fy"

    def wait_for(self, count):
        deadline = time.monotonic() + 10
        while len(self.got) < count:
            assert time.monotonic() < deadline, f"only {len(self.got)} of {count} deliveries came"
            time.sleep(0.01)
        return self.got[count - 1]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    served = Receiver()
    thread = Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def subscribe(sandbox, url):
    async def go(store):
        return await store.subscribe(now=NOW)

    return list(using(sandbox, go, webhook_url=url)[0])


def test_subscriptions_are_made_once_deliver_signed_and_are_missed_when_shopify_drops_them(sandbox, receiver):
    (_report, states) = check(sandbox, webhook_url=receiver.url)
    # Nobody has asked for any yet: worth knowing, nothing wrong.
    assert states[("subscription_missing", "ORDERS_CREATE")] is CheckState.INFO
    made = subscribe(sandbox, receiver.url)
    assert made == ["ORDERS_CREATE", "ORDERS_UPDATED", "APP_UNINSTALLED"]
    assert subscribe(sandbox, receiver.url) == []
    assert (
        check(sandbox, webhook_url=receiver.url)[1][("subscription_present", "ORDERS_CREATE")]
        is CheckState.OK
    )

    (order_id,) = sandbox.add_orders("fy", 1)
    headers, body = receiver.wait_for(1)
    secret = sandbox.fleet.shopify_client("fy")[1].encode()
    signed = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
    assert headers["X-Shopify-Hmac-Sha256"] == signed
    assert (headers["X-Shopify-Topic"], json.loads(body)["id"]) == ("orders/create", order_id)
    sandbox.change_order("fy", order_id, "completed")
    headers, _body = receiver.wait_for(2)
    assert headers["X-Shopify-Topic"] == "orders/updated"

    receiver.status = 500
    sandbox.add_orders("fy", 1)
    for failed in range(1, 9):
        headers, again = receiver.wait_for(2 + failed)
        sandbox.advance(timedelta(hours=2))
    assert again == receiver.got[2][1], "the payload of a delivery stays the first one"
    deadline = time.monotonic() + 10
    while ("subscription_missing", "ORDERS_CREATE") not in check(sandbox, webhook_url=receiver.url)[1]:
        assert time.monotonic() < deadline
    assert subscribe(sandbox, receiver.url) == ["ORDERS_CREATE"]

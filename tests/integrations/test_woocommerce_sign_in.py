"""Signing in to a WooCommerce shop: by the header, by a signature, in the address; and why it fails."""

import asyncio
import datetime as dt
import ssl
from ipaddress import ip_address

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from integrations import errors
from integrations.contracts import Target, Watermark
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.opening import open_store
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from integrations.woocommerce.adapter import WooCommerceStore

from .remote import LOCAL, Reply, json_reply, remote
from .test_http import certificate

pytestmark = pytest.mark.integration
KEYS = {"consumer_key": "ck_" + "1" * 40, "consumer_secret": "cs_" + "2" * 40}
START = Watermark(NOW - dt.timedelta(days=1))
HOST = "shop.example"
PASSED_ON = ("accept", "authorization", "content-type", "user-agent")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    shops = [shop("proxied", behind_tls_proxy=True), shop("plain")]
    with running_sandbox(small_fleet(shops), tmp_path_factory.mktemp("sandbox")) as running:
        running.add_orders("proxied", 3)
        running.add_orders("plain", 3)
        yield running


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(server, client) contexts for the host."""
    key, built = certificate(HOST, dt.datetime.now(dt.UTC) + dt.timedelta(days=30))
    pem = tmp_path_factory.mktemp("tls") / "shop.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=pem)


def over_tls(tls, answer, do, keys=KEYS, **settings):
    """What ``do`` makes of a shop behind real TLS, and what the shop was asked."""

    async def here(host, port):
        return [ip_address("127.0.0.1")]

    async def go():
        async with remote(answer, tls=tls[0]) as served:
            url = served.url.replace("127.0.0.1", HOST)
            policy = GuardPolicy(LOCAL.allowed_networks, resolve=here)
            secrets = tuple(keys.values())
            async with RemoteClient(url, policy=policy, tls=tls[1], secrets=secrets) as http:
                store = WooCommerceStore(Target("shop", url, keys, settings), http)
                return await do(store), served.asked, store.calls()

    return asyncio.run(go())


async def read(store):
    return [r.external_id async for page in store.read_orders(START, now=NOW) for r in page.records]


def behind_a_proxy(sandbox):
    """Ends TLS and hands every request on to the stand-in, as a web server does."""

    def forward(asked):
        with httpx.Client(trust_env=False) as client:
            answer = client.request(
                asked.method,
                f"{sandbox.store_url('proxied')}{asked.path}",
                params=asked.query,
                headers={name: asked.headers[name] for name in PASSED_ON if name in asked.headers},
                content=asked.body,
            )
        return Reply(answer.status_code, answer.content, {"content-type": answer.headers["content-type"]})

    return forward


def test_over_real_tls_the_key_goes_in_the_header_and_is_accepted(sandbox, tls):
    keys = sandbox.store_credentials("proxied")
    found, asked, _calls = over_tls(tls, behind_a_proxy(sandbox), read, keys)
    assert sorted(found) == sandbox.order_ids("proxied")
    assert all(one.headers["authorization"].startswith("Basic ") for one in asked)
    assert not any("consumer" in name for one in asked for name in one.query)


def test_over_real_tls_the_key_may_go_in_the_address_and_shows_nowhere(sandbox, tls):
    keys = sandbox.store_credentials("proxied")
    found, asked, calls = over_tls(tls, behind_a_proxy(sandbox), read, keys, sign_in="query")
    assert sorted(found) == sandbox.order_ids("proxied")
    assert all("authorization" not in one.headers for one in asked)
    assert all(one.query["consumer_secret"] == keys["consumer_secret"] for one in asked)
    assert calls
    assert not any(secret in repr(calls) for secret in keys.values())


@pytest.mark.parametrize("sign_in", ["auto", "oauth", "query"])
def test_over_plain_http_the_secret_is_never_sent(sandbox, sign_in):
    keys = sandbox.store_credentials("plain")

    async def go():
        target = Target("plain", sandbox.store_url("plain"), keys, {"sign_in": sign_in, "page_size": 2})
        async with open_store(target, "woocommerce", policy=LOCAL) as store:
            return await read(store)

    assert sorted(asyncio.run(go())) == sandbox.order_ids("plain")

    async def overheard():
        async with remote(lambda asked: json_reply([])) as served:
            target = Target("plain", served.url, keys, {"sign_in": sign_in})
            async with open_store(target, "woocommerce", policy=LOCAL) as store:
                await read(store)
            return served.asked

    for asked in asyncio.run(overheard()):
        assert keys["consumer_secret"] not in repr(asked)
        assert ("authorization" in asked.headers) is (sign_in != "query")


def no_key(asked):
    text = {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}}
    return json_reply(text, 401)


def refused(message):
    text = {"code": "woocommerce_rest_authentication_error", "message": message, "data": {"status": 401}}
    return json_reply(text, 401)


def deaf_to_basic(answer_to_oauth):
    def answer(asked):
        if asked.path == "/wp-json/":
            return json_reply({"namespaces": ["wc/v3"]})
        signed = asked.headers.get("authorization", "").startswith("OAuth ")
        return answer_to_oauth if signed else no_key(asked)

    return answer


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [
        (deaf_to_basic(json_reply([])), "does not know that it is behind https", "oauth"),
        (deaf_to_basic(no_key(None)), "drops the Authorization header", "query"),
        (
            deaf_to_basic(refused("Consumer key is invalid.")),
            "does not know this consumer key",
            "new REST key",
        ),
        (deaf_to_basic(refused("Invalid signature - x")), "saw no valid key", "Authorization"),
    ],
)
def test_a_shop_that_sees_no_key_is_asked_once_more_and_the_cause_is_named(tls, answer, words, remedy):
    async def both(store):
        with pytest.raises(errors.CredentialsRefused, match=words) as error:
            await store.check(now=NOW)
        report = await store.test_connection(now=NOW)
        unmet = next(need for need in report.needs if need.met is False)
        return error.value, unmet

    (error, unmet), asked, _calls = over_tls(tls, answer, both)
    assert remedy in error.remedy
    assert remedy in unmet.remedy
    assert words in unmet.detail
    assert not any(KEYS["consumer_secret"] in repr(one) for one in asked)


@pytest.mark.parametrize(
    ("fault", "words", "remedy"),
    [
        ("header_stripped", "drops the Authorization header", "query"),
        ("credentials_revoked", "does not know this consumer key", "new REST key"),
        ("permalinks_plain", "permalinks are set to Plain", "anything but Plain"),
        ("rewrite_gone", "rewrite rules are missing", "index.php/wp-json"),
    ],
)
def test_the_connection_test_names_what_is_wrong_with_the_way_in(sandbox, fault, words, remedy):
    async def go(**settings):
        target = Target("plain", sandbox.store_url("plain"), sandbox.store_credentials("plain"), settings)
        async with open_store(target, "woocommerce", policy=LOCAL) as store:
            return await store.test_connection(now=NOW)

    sandbox.break_shop("plain", fault)
    try:
        unmet = next(need for need in asyncio.run(go()).needs if need.met is False)
        assert words in unmet.detail
        assert remedy in unmet.remedy
        cure = {"header_stripped": {"sign_in": "query"}, "rewrite_gone": {"api_root": "index.php/wp-json"}}
        if fault in cure:
            assert asyncio.run(go(**cure[fault])).ok
    finally:
        sandbox.mend_shop("plain", fault)

"""Whatever a remote sends, an adapter raises a RemoteError or gives records; nothing escapes or hangs."""

import asyncio
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_hub, open_store

from .remote import LOCAL, NOW, PatientPacer, Reply, remote

pytestmark = pytest.mark.integration
KEYS = {
    "woocommerce": {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"},
    "shopify": {"access_token": "shpat_12345678"},
    "sendcloud": {"public_key": "public", "secret_key": "secret"},
    "generic": {"token": "token"},
}
MAGENTO_KEYS = dict.fromkeys(
    ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k" * 32
)


async def everything(kind, url):
    """Every way to read an adapter has; gives what was raised."""
    source = {"url": url + "/x", "items": "data", "next": "next"}
    options = {"integrations": source, "arrivals": source} if kind == "generic" else {}
    target = Target("x", url, KEYS[kind], options)
    raised = []
    since = Watermark(NOW)

    async def attempt(reading):
        try:
            await reading
        except errors.RemoteError as error:
            raised.append(error)

    async def drain(pages):
        async for _page in pages:
            pass

    if kind in ("woocommerce", "shopify"):
        async with open_store(target, kind, policy=LOCAL, pacer=PatientPacer()) as store:
            await attempt(drain(store.read_orders(since, now=NOW)))
            await attempt(store.probe(["Sendcloud/1.0.0"], now=NOW))
            await attempt(store.test_connection(now=NOW))
            return raised, store.calls()
    async with open_hub(target, kind, policy=LOCAL, pacer=PatientPacer()) as hub:
        await attempt(hub.read_integrations(now=NOW))
        await attempt(drain(hub.read_arrivals(since, now=NOW)))
        await attempt(hub.read_failures("", now=NOW))
        await attempt(hub.test_connection(now=NOW))
        return raised, hub.calls()


def serve(reply, kind):
    async def go():
        async with remote(lambda asked: reply) as served:
            return await everything(kind, served.url)

    return asyncio.run(asyncio.wait_for(go(), 20))


JSON = {"content-type": "application/json"}
NASTY = {
    "truncated": Reply(200, b'[{"id": 1, "sta', JSON),
    "deep": Reply(200, b"[" * 50_000 + b"]" * 50_000, JSON),
    "deep object": Reply(200, b'{"data":' * 20_000 + b"1" + b"}" * 20_000, JSON),
    "number": Reply(200, b"7", JSON),
    "null": Reply(200, b"null", JSON),
    "nulls": Reply(200, b"[null, null]", JSON),
    "wrong types": Reply(200, b'{"data": {"orders": "no", "id": []}, "errors": 7, "extensions": "x"}', JSON),
    "huge number": Reply(200, b'[{"id": 1e999, "status": "x"}]', JSON),
    "huge id": Reply(200, b'[{"id": ' + b"9" * 6000 + b', "status": "x"}]', JSON),
    "year zero": Reply(200, b'{"data":[{"id":1,"created_at":"0000-00-00T00:00:00Z"}]}', JSON),
    "first year": Reply(200, b'{"data":[{"id":1,"created_at":"0001-01-01T00:00:00+05:00"}]}', JSON),
    "last year": Reply(
        200,
        b'[{"id":1,"status":"x","date_created_gmt":"9999-12-31T23:59:59-05:00"'
        b',"date_modified_gmt":"9999-12-31T23:59:59"}]',
        JSON,
    ),
    "ids that are no ids": Reply(
        200,
        b'{"data":[{"id":"' + b"9" * 6000 + b'","created_at":"2026-11-22T10:00:00Z"},{"id":"\xc2\xb2",'
        b'"created_at":"2026-11-22T10:00:00Z"}]}',
        JSON,
    ),
    "lone surrogate": Reply(200, b'{"errors": "\\ud800", "data": [{"id": "\\ud800"}]}', JSON),
    "not utf-8": Reply(200, b'{"errors": "\xff\xfe"}', JSON),
    "html": Reply(200, b"<!DOCTYPE html><html>"),
    "empty": Reply(200),
    "no content": Reply(204),
    "teapot": Reply(418, b"short and stout"),
    "unknown status": Reply(799, b"{}", JSON),
    "redirect to itself": Reply(302, b"", {"location": "/"}),
    "redirect nowhere": Reply(302, b"", {"location": "http://["}),
    "bomb": Reply(200, gzip.compress(bytes(40 * 2**20)), {"content-encoding": "gzip"}),
    "closed": Reply(raw=b""),
    "garbage": Reply(raw=b"\x00\x01\x02\r\n\r\n"),
    "bad chunks": Reply(raw=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nxx"),
    "two lengths": Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}"),
    "odd headers": Reply(
        200,
        b"{}",
        {"retry-after": "\u00b2", "date": "yesterday", "link": "<<<>; rel=next", "x-wp-total": "\u00b2"},
    ),
    "link to itself": Reply(200, b'{"data": [], "next": "/x"}', {**JSON, "link": '</x>; rel="next"'}),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_answer_becomes_an_error_with_words(name, kind):
    raised, calls = serve(NASTY[name], kind)
    for error in raised:
        assert str(error)
    for call in calls:
        assert len(call.detail) <= 300
        assert len(call.excerpt) <= 500


@pytest.mark.parametrize("body", [b"{}", b'{"data": []}', b"[]", b"[" + b'{"id": 1},' * 20_000 + b"{}]"])
@pytest.mark.parametrize("platform", ["woocommerce", "shopify", "magento", "prestashop"])
def test_whoever_refuses_nobody_is_not_the_shop(platform, body):
    """A probe carries no credentials: its proof of passage is the application's own refusal."""
    credentials = {
        "magento": dict.fromkeys(
            ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k" * 32
        ),
        "prestashop": {"key": "K" * 32},
    }

    async def go():
        async with remote(lambda asked: Reply(200, body, JSON)) as served:
            target = Target("x", served.url, credentials.get(platform) or KEYS[platform], {})
            async with open_store(target, platform, policy=LOCAL) as store:
                return await store.probe(["Sendcloud/1.0.0"], now=NOW)

    assert {call.outcome for call in asyncio.run(go())} == {Outcome.UNEXPECTED}


@pytest.mark.parametrize(("undated", "is_read"), [(1, True), (2, True), (3, False), (4, False)])
def test_magento_orders_without_dates_are_passed_over_only_when_they_are_few(undated, is_read):
    """Otherwise a shop whose dates all became unreadable would seem to have no orders."""
    good = {"created_at": "2026-11-22 11:00:00", "updated_at": "2026-11-22 11:00:00", "status": "processing"}
    orders = [{"entity_id": n, **({} if n <= undated else good)} for n in range(1, 5)]
    body = json.dumps({"items": orders, "total_count": 4}).encode()

    async def go():
        async with (
            remote(lambda asked: Reply(200, body, JSON)) as served,
            open_store(Target("x", served.url, MAGENTO_KEYS, {}), "magento", policy=LOCAL) as store,
        ):
            pages = [page async for page in store.read_orders(Watermark(NOW), now=NOW)]
            return sum(len(page.records) for page in pages)

    if is_read:
        assert asyncio.run(go()) == 4 - undated
    else:
        with pytest.raises(errors.UnexpectedAnswer):
            asyncio.run(go())


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "errors",
                    "orders",
                    "nodes",
                    "pageInfo",
                    "hasNextPage",
                    "endCursor",
                    "extensions",
                    "cost",
                    "search",
                    "id",
                    "status",
                    "created_at",
                    "date_created_gmt",
                    "date_modified_gmt",
                    "code",
                    "message",
                    "namespaces",
                    "shop",
                    "throttleStatus",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents, status=st.sampled_from([200, 200, 400, 401, 403, 404, 429, 500, 503]))
def test_json_of_any_shape_never_escapes(document, status):
    reply = Reply(status, json.dumps(document).encode(), JSON)
    for kind in KEYS:
        serve(reply, kind)

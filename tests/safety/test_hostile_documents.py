"""Documents that a shop or hub could send to hurt: they end in an error with words, and cheaply."""

import asyncio
import gzip
import resource
import time

import pytest

from integrations.answer import Answer
from integrations.contracts import Target, Watermark
from integrations.errors import RemoteError
from integrations.opening import open_hub, open_store
from integrations.prestashop.markup import MarkupError, read_xml
from integrations.registry import STORES
from tests.integrations.remote import LOCAL, NOW, Reply, remote

pytestmark = pytest.mark.integration

MANY = {
    "a bomb": (4_000_000, True, "unfolds to far more"),
    "millions": (4_000_000, False, "holds more than 300000 values"),
    "as many as fit": (500_000, False, "does not have the agreed form"),
}
WRONG = {
    "woocommerce": b"[%s]",
    "prestashop": b'{"orders":[%s]}',
    "magento": b'{"items":[%s],"total_count":1}',
    "shopify": b'{"data":{"orders":{"nodes":[%s],"pageInfo":{"hasNextPage":false}}}}',
    "sendcloud": b'{"data":[%s]}',
    "generic": b"[%s]",
}
KEYS = {
    "woocommerce": {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"},
    "prestashop": {"key": "K" * 32},
    "magento": dict.fromkeys(
        ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k" * 32
    ),
    "shopify": {"access_token": "shpat_12345678"},
    "sendcloud": {"public_key": "public", "secret_key": "secret"},
    "generic": {"token": "token"},
}
MEMORY_MB = 200
"""What so many numbers cost as values; the errors of all of them cost several gigabytes."""


async def read(kind, url):
    source = {"url": url + "/x"}
    options = {"integrations": source, "arrivals": source} if kind == "generic" else {}
    target = Target("x", url, KEYS[kind], options)
    if kind in STORES:
        async with open_store(target, kind, policy=LOCAL) as store:
            async for _page in store.read_orders(Watermark(NOW), now=NOW):
                pass
    else:
        async with open_hub(target, kind, policy=LOCAL) as hub:
            await hub.read_integrations(now=NOW)


@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("kind", WRONG)
def test_millions_of_wrong_rows_do_not_fill_the_memory(kind, many):
    number, is_compressed, said = MANY[many]
    body = WRONG[kind] % (b"0," * number + b"0")
    headers = {"content-type": "application/json"}
    if is_compressed:
        body, headers["content-encoding"] = gzip.compress(body, 9), "gzip"
    reply = Reply(200, body, headers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def go():
        async with remote(lambda asked: reply) as served:
            with pytest.raises(RemoteError, match=said):
                await read(kind, served.url)

    asyncio.run(go())
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEMORY_MB


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (rb'{"number": "12\u00003"}', "123"),
        (rb'{"number": "12\\u00003"}', r"12\u00003"),
        (rb'{"number": "12\\\u00003"}', "12\\3"),
        (rb'{"number": "\u0000\u0000"}', ""),
    ],
)
def test_a_zero_in_a_text_is_left_out_because_no_column_can_hold_it(sent, read_as):
    assert Answer(200, {}, sent, "https://shop.example/").json() == {"number": read_as}


@pytest.mark.parametrize(
    "body",
    [
        b"<prestashop>" + b"<a/>" * 2_000_000 + b"</prestashop>",
        b"<prestashop>" + b"<a>" * 200_000,
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b"<x>" + b"&lt;" * 500_000 + b"</x",
        b"<x " + b" ".join(b"a%d='1'" % number for number in range(300_000)) + b"/>",
        b"",
    ],
)
def test_no_xml_fills_the_memory_or_reads_a_file(body):
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MarkupError):
        read_xml(body)
    assert time.process_time() - started < 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 100

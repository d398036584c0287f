"""Documents that a shop or hub could send to hurt: they end in an error with words, and cheaply."""

import asyncio
import gzip
import resource

import pytest

from integrations.answer import Answer
from integrations.contracts import Target, Watermark
from integrations.errors import RemoteError
from integrations.opening import open_hub, open_store
from tests.integrations.remote import LOCAL, NOW, Reply, remote

pytestmark = pytest.mark.integration

MANY = 4 * 2**20
WRONG = {
    "woocommerce": b"[%s]",
    "shopify": b'{"data":{"orders":{"nodes":[%s],"pageInfo":{"hasNextPage":false}}}}',
    "sendcloud": b'{"data":[%s]}',
    "generic": b"[%s]",
}
KEYS = {
    "woocommerce": {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"},
    "shopify": {"access_token": "shpat_12345678"},
    "sendcloud": {"public_key": "public", "secret_key": "secret"},
    "generic": {"token": "token"},
}
MEMORY_MB = 700
"""What so many numbers cost as values; the errors of all of them cost several gigabytes."""


async def read(kind, url):
    source = {"url": url + "/x"}
    options = {"integrations": source, "arrivals": source} if kind == "generic" else {}
    target = Target("x", url, KEYS[kind], options)
    if kind in ("woocommerce", "shopify"):
        async with open_store(target, kind, policy=LOCAL) as store:
            async for _page in store.read_orders(Watermark(NOW), now=NOW):
                pass
    else:
        async with open_hub(target, kind, policy=LOCAL) as hub:
            await hub.read_integrations(now=NOW)


@pytest.mark.parametrize("kind", WRONG)
def test_millions_of_wrong_rows_do_not_fill_the_memory(kind):
    body = gzip.compress(WRONG[kind] % (b"0," * MANY + b"0"), 1)
    reply = Reply(200, body, {"content-type": "application/json", "content-encoding": "gzip"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def go():
        async with remote(lambda asked: reply) as served:
            with pytest.raises(RemoteError, match="does not have the agreed form"):
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

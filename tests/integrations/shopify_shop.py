"""A Shopify shop whose answers are plain functions."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from integrations.contracts import Target, Watermark
from integrations.opening import open_store

from .remote import LOCAL, NOW, PatientPacer, json_reply, remote

ANSWERS = json.loads((Path(__file__).parent / "fixtures/shopify_responses.json").read_text())
TOKEN = {"access_token": "shpat_0123456789abcdef"}
CLIENT = {"client_id": "app", "client_secret": "hush-hush"}
EMPTY = {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}}


def at(second):
    return NOW - timedelta(hours=1) + timedelta(seconds=second)


def using(answer, do, credentials=TOKEN, path="", webhook_url="", **settings):
    """What ``do(store)`` returns or raises, the shop with what it was asked, and the pauses."""
    pacer = PatientPacer()

    async def go():
        async with remote(answer if callable(answer) else lambda asked: answer) as shop:
            target = Target("shop", shop.url + path, credentials, settings, webhook_url=webhook_url)
            async with open_store(target, "shopify", policy=LOCAL, pacer=pacer) as store:
                return await do(store), shop

    return (*asyncio.run(go()), pacer)


async def read_all(store):
    return [page async for page in store.read_orders(Watermark(at(0)), now=NOW)]


def graphql_error(code, message):
    return json_reply({"errors": [{"message": message, "extensions": {"code": code}}]})


def named(asked):
    """The name of the query that was asked."""
    return asked.json["query"].split("(")[0].split("{")[0].split()[1]


def data_reply(**data):
    return json_reply({"data": data})

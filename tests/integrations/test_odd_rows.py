"""One order of no known form is left out with a trace; it keeps back none of the others."""

import asyncio

import pytest

from integrations.contracts import Outcome, Target, Watermark
from integrations.errors import UnexpectedAnswer
from integrations.opening import open_hub, open_store

from .remote import LOCAL, NOW, json_reply, remote

pytestmark = pytest.mark.integration
TIME = "2026-11-22T11:50:00+00:00"


def woocommerce(numbers):
    def answer(asked):
        if asked.query["orderby"] == "id":
            return json_reply([])
        good = [
            {"id": n, "number": str(n), "status": "processing", "date_created_gmt": "2026-11-22T11:50:00",
             "date_modified_gmt": "2026-11-22T11:50:00"}
            for n in numbers
        ]  # fmt: skip
        return json_reply([*good, {**good[0], "id": 99, "date_created_gmt": "-0001-11-30T00:00:00"}])

    return answer


def shopify(numbers):
    good = [
        {"legacyResourceId": str(n), "name": f"#{n}", "createdAt": TIME, "updatedAt": TIME} for n in numbers
    ]
    odd = {**good[0], "legacyResourceId": "99", "createdAt": None}
    orders = {"nodes": [odd, *good], "pageInfo": {"hasNextPage": False}}
    return lambda asked: json_reply({"data": {"orders": orders}})


def sendcloud(numbers):
    good = [
        {"id": n, "order_id": str(n), "created_at": TIME, "order_details": {"integration": {"id": 7}}}
        for n in numbers
    ]
    return lambda asked: json_reply({"data": [{**good[0], "id": 99, "created_at": "soon"}, *good]})


def generic(numbers):
    good = [{"integration_id": "7", "order_id": str(n), "arrived_at": TIME} for n in numbers]
    return lambda asked: json_reply([{**good[0], "order_id": "99", "arrived_at": "soon"}, *good])


def read(kind, answer):
    async def go():
        async with remote(answer) as served:
            if kind == "sendcloud":
                keys = {"public_key": "public", "secret_key": "secret"}
                opened = open_hub(Target("x", served.url, keys, {}), kind, policy=LOCAL)
            elif kind == "generic":
                source = {"url": served.url + "/x"}
                described = {"integrations": source, "arrivals": source}
                opened = open_hub(Target("x", served.url, {"token": "token"}, described), kind, policy=LOCAL)
            else:
                keys = {"access_token": "shpat_12345678"}
                if kind == "woocommerce":
                    keys = {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"}
                opened = open_store(Target("x", served.url, keys, {}), kind, policy=LOCAL)
            async with opened as adapter:
                reading = adapter.read_arrivals if kind in ("sendcloud", "generic") else adapter.read_orders
                records = [r async for page in reading(Watermark(NOW), now=NOW) for r in page.records]
                return records, adapter.calls()

    return asyncio.run(asyncio.wait_for(go(), 20))


@pytest.mark.parametrize("kind", [woocommerce, shopify, sendcloud, generic])
def test_one_odd_order_keeps_back_none_of_the_others(kind):
    records, _calls = read(kind.__name__, kind([1, 2, 3]))
    ids = {getattr(record, "external_id", None) or record.order_id for record in records}
    assert ids == {"1", "2", "3"}


@pytest.mark.parametrize("kind", [shopify, sendcloud, generic])
def test_an_order_that_was_left_out_leaves_a_trace_that_names_the_field(kind):
    _records, calls = read(kind.__name__, kind([1, 2, 3]))
    (trace,) = [call for call in calls if call.outcome is Outcome.UNEXPECTED]
    assert "created" in trace.detail or "arrived_at" in trace.detail


@pytest.mark.parametrize("kind", [shopify, sendcloud])
def test_an_answer_that_is_odd_for_its_greater_part_is_refused(kind):
    with pytest.raises(UnexpectedAnswer):
        read(kind.__name__, lambda asked: odd_only(kind([1])(asked)))


def odd_only(reply):
    return type(reply)(reply.status, reply.body.replace(TIME.encode(), b"soon"), reply.headers)

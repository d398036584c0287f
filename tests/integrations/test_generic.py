"""A hub that its operator describes is read and refreshed as described."""

import asyncio
from datetime import UTC, datetime

import pytest

from integrations import errors
from integrations.contracts import Target, Watermark
from integrations.opening import open_hub

from .remote import LOCAL, NOW, json_reply, remote

pytestmark = pytest.mark.integration


def answer(asked):
    assert asked.headers["x-key"] == "sesame-open"
    if asked.path == "/shops":
        return json_reply(
            {
                "result": {
                    "shops": [
                        {"id": 4, "shop_url": "https://s.example", "polled": "2026-11-22T10:00:00+01:00"}
                    ]
                }
            }
        )
    if asked.path == "/orders" and "page" not in asked.query:
        rows = [
            {"shop": {"id": 4}, "order_id": 1, "arrived_at": "2026-11-22T11:00:00Z"},
            {"shop": {"id": 5}, "order_id": 2, "arrived_at": "2026-11-22T11:30:00Z"},
            {"shop": {"id": 4}, "order_id": 3, "arrived_at": "2026-11-20T11:30:00Z"},
        ]
        return json_reply({"orders": rows, "links": {"next": "/orders?page=2"}})
    if asked.path == "/orders":
        return json_reply(
            {
                "orders": [{"shop": {"id": 4}, "order_id": "A-4", "arrived_at": "2026-11-22T11:40:00Z"}],
                "links": {"next": None},
            }
        )
    return json_reply({"message": "accepted"}, 202)


def using(do, **changed):
    async def go():
        async with remote(answer) as served:
            settings = {
                "headers": {"X-Key": "{token}"},
                "integrations": {
                    "url": served.url + "/shops",
                    "items": "result.shops",
                    "fields": {"external_id": "id", "last_fetched_at": "polled"},
                },
                "arrivals": {
                    "url": served.url + "/orders?since={since}",
                    "items": "orders",
                    "next": "links.next",
                    "fields": {"integration_id": "shop.id"},
                },
                "refresh": {
                    "url": served.url + "/refresh/{integration_id}",
                    "headers": {"X-Key": "{refresh_secret}"},
                },
                **changed,
            }
            target = Target(
                "hub", served.url, {"token": "sesame-open", "refresh_secret": "sesame-open"}, settings
            )
            async with open_hub(target, "generic", policy=LOCAL) as hub:
                return await do(hub), served

    return asyncio.run(go())


def test_a_described_hub_is_read():
    async def both(hub):
        pages = [
            page
            async for page in hub.read_arrivals(Watermark(datetime(2026, 11, 22, 10, tzinfo=UTC)), now=NOW)
        ]
        return await hub.read_integrations(now=NOW), pages

    (integrations, pages), served = using(both)
    assert integrations[0].external_id == "4"
    assert integrations[0].last_fetched_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert [(r.integration_id, r.order_id) for page in pages for r in page.records] == [
        ("4", "1"),
        ("5", "2"),
        ("4", "A-4"),
    ]
    assert [page.watermark for page in pages[:-1]] == [None, None]
    assert pages[-1].watermark.at == datetime(2026, 11, 22, 11, 40, tzinfo=UTC)
    assert served.asked[0].query["since"] == "2026-11-22T09:50:00Z"


def test_a_described_hub_is_refreshed():
    async def refresh(hub):
        return await hub.refresh("4", now=NOW)

    accepted, served = using(refresh)
    assert accepted.accepted
    assert (served.asked[0].method, served.asked[0].path) == ("POST", "/refresh/4")


def test_the_connection_test_lists_what_is_there():
    async def connection(hub):
        return await hub.test_connection(now=NOW)

    report, _served = using(connection)
    assert report.ok
    assert len(report.integrations) == 1


@pytest.mark.parametrize(
    "url", ["ftp://x/", "https://u:p@x/", "https://x/?_method=DELETE", "https://x/?ps_method=PUT"]
)
def test_an_address_that_could_do_harm_is_refused(url):
    async def nothing(hub):
        return None

    with pytest.raises(errors.CredentialsRefused, match=r"refresh\.url"):
        using(nothing, refresh={"url": url})

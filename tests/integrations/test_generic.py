"""A hub that its operator describes is read and refreshed as described."""

import asyncio
from datetime import UTC, datetime

import pytest

from integrations import errors
from integrations.contracts import Target, Watermark
from integrations.opening import open_hub

from .remote import LOCAL, NOW, json_reply, remote

pytestmark = pytest.mark.integration
ARRIVALS = {"items": "orders", "next": "links.next", "fields": {"integration_id": "shop.id"}}


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


def using(do, answer=answer, credentials=None, **changed):
    async def go():
        async with remote(answer) as served:
            settings = {
                "headers": {"X-Key": "{token}"},
                "integrations": {
                    "url": served.url + "/shops",
                    "items": "result.shops",
                    "fields": {"external_id": "id", "last_fetched_at": "polled"},
                },
                "arrivals": {**ARRIVALS, "url": served.url + "/orders?since={since}"},
                "refresh": {
                    "url": served.url + "/refresh/{integration_id}",
                    "headers": {"X-Key": "{refresh_secret}"},
                },
                **changed,
            }
            if "arrivals" in changed:
                settings["arrivals"] = {**ARRIVALS, "url": served.url + "/orders", **changed["arrivals"]}
            given = {"token": "sesame-open", "refresh_secret": "sesame-open"}
            target = Target("hub", served.url, given if credentials is None else credentials, settings)
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
    assert [page.watermark for page in pages[:-1]] == [None]
    assert pages[-1].watermark.at == datetime(2026, 11, 22, 11, 40, tzinfo=UTC)
    assert served.asked[0].query["since"] == "2026-11-22T09:49:59Z"


def test_a_described_hub_is_refreshed():
    async def refresh(hub):
        return await hub.refresh("4", now=NOW)

    accepted, served = using(refresh)
    assert accepted.accepted
    assert (served.asked[0].method, served.asked[0].path) == ("POST", "/refresh/4")


# The connection test


async def connection(hub):
    return await hub.test_connection(now=NOW)


def unmet(report):
    return [need.detail for need in report.needs if need.met is False]


def test_the_connection_test_lists_what_is_there():
    report, served = using(connection)
    assert report.ok
    assert len(report.integrations) == 1
    assert any("3 orders" in need.detail for need in report.needs)
    assert all(asked.method == "GET" for asked in served.asked)


def test_the_connection_test_notices_orders_of_unknown_integrations():
    report, _served = using(connection, arrivals={"fields": {"integration_id": "order_id"}})
    assert unmet(report) == ["None does: the first order belongs to “1”."]


def test_the_connection_test_notices_another_order_than_described():
    report, _served = using(connection, arrivals={"order": "oldest_first"})
    assert unmet(report) == ["They are not."]


def test_the_connection_test_names_secrets_that_are_missing():
    def bare(asked):
        assert "x-key" not in asked.headers
        return json_reply({"result": {"shops": []}, "orders": []})

    report, _served = using(connection, bare, credentials={})
    assert unmet(report) == ["It asks for a secret that is not there."]
    assert any("X-Key" in need.detail for need in report.needs if need.met is None)


# What is refused when it is saved


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"headers": {"X-Key": "{tokn}"}}, "headers: .*{tokn}"),
        ({"arrivals": {"url": "https://x/?from={sinc}"}}, "arrivals: .*{sinc}"),
        ({"arrivals": {"fields": {"arrivedat": "created"}}}, "arrivals.fields: .*arrivedat"),
        ({"arrivals": {"fields": {"arrived_at": "a..b"}}}, "arrivals.fields: .*path"),
        ({"arrivals": {"items": "$.orders[*]", "next": "a b"}}, "arrivals.next: .*path"),
        ({"arrivals": {"order": "sorted"}}, "arrivals.order"),
        ({"integrations": {"url": "https://x/?since={since}"}}, "integrations: .*{since}"),
        ({"refresh": {"url": "https://x/{id}"}}, "refresh: .*{id}"),
        ({"refresh": {"url": "https://x/", "headers": {"X-Key": "{token}"}}}, "refresh: .*{token}"),
        ({"panel_url_template": "https://x/{name}"}, "panel_url_template: .*{name}"),
    ],
)
def test_a_description_that_cannot_work_is_refused_and_says_where(described, words):
    with pytest.raises(errors.CredentialsRefused, match=words):
        using(connection, **described)


@pytest.mark.parametrize(
    "url", ["ftp://x/", "https://u:p@x/", "https://x/?_method=DELETE", "https://x/?ps_method=PUT"]
)
def test_an_address_that_could_do_harm_is_refused(url):
    async def nothing(hub):
        return None

    with pytest.raises(errors.CredentialsRefused, match=r"refresh\.url"):
        using(nothing, refresh={"url": url})

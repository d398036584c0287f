"""A workspace that answers as Braze does, and ways to read it."""

import asyncio
from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import Target
from integrations.opening import open_hub

from .remote import LOCAL, NOW, json_reply, remote

KEY = "a1b2c3d4-key-of-a-workspace"
HOUR = timedelta(hours=1)
PLACED, LEGACY, PAID = "ecommerce.order_placed", "shopify_created_order", "shopify_paid_order"


def buckets(counts, field="count", until=NOW, form="%Y-%m-%dT%H:%M:%S+00:00"):
    newest = until.replace(minute=0, second=0)
    times = [newest - HOUR * (len(counts) - 1 - place) for place in range(len(counts))]
    rows = [{"time": at.strftime(form), field: count} for at, count in zip(times, counts, strict=True)]
    return {"message": "success", "data": rows}


class Workspace:
    """Answers as Braze does; any path can be given another answer."""

    def __init__(self, **events):
        self.events = {name.replace("__", "."): counts for name, counts in events.items()}
        self.sessions = [3] * 48
        self.a_week_ago = [3] * 48
        self.catalogs = [
            {"name": "shop", "num_items": 40, "updated_at": "2026-11-22T10:00:00.123+00:00",
             "fields": [{"name": "id", "type": "string"}, {"name": "shopify_product_id", "type": "string"}]}
        ]  # fmt: skip
        self.instead = {}
        self.form = "%Y-%m-%dT%H:%M:%S+00:00"

    def __call__(self, asked):
        assert asked.method == "GET"
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        path = asked.path.lstrip("/")
        if path in self.instead:
            reply = self.instead[path]
            return reply(asked) if callable(reply) else reply
        if path == "events/list":
            page = sorted(self.events)[int(asked.query["page"]) * 250 :][:250]
            return json_reply({"message": "success", "events": page})
        if path == "catalogs":
            return json_reply({"catalogs": self.catalogs, "message": "success"})
        assert (asked.query["unit"], asked.query["length"]) == ("hour", asked.query["length"])
        if path == "sessions/data_series":
            week_ago = asked.query.get("ending_at", "").startswith("2026-11-15")
            counts, until = (self.a_week_ago, NOW - timedelta(days=7)) if week_ago else (self.sessions, NOW)
            return json_reply(buckets(counts, "sessions", until))
        return json_reply(buckets(self.events.get(asked.query["event"], []), form=self.form))


def using(workspace, do, **changed):
    async def go():
        async with remote(workspace) as served:
            target = Target("b", served.url, {"api_key": KEY}, {"any_host": True, **changed})
            async with open_hub(target, "braze", policy=LOCAL) as hub:
                return await do(hub), served

    return asyncio.run(go())


def report_of(workspace, **changed):
    async def read(hub):
        return await hub.read_events(now=NOW), hub.calls()

    (report, _calls), _served = using(workspace, read, **changed)
    return report


def refused(workspace, **changed):
    with pytest.raises(errors.RemoteError) as caught:
        report_of(workspace, **changed)
    return caught.value


def connection(workspace, **changed):
    async def test(hub):
        return await hub.test_connection(now=NOW)

    return using(workspace, test, **changed)[0]


def by_code(report):
    return {(check.code, check.subject): check for check in report.checks}


def found(report, code, subject=""):
    return by_code(report)[code, subject]


def counted(report, meaning):
    return [entry.count for entry in report.counts if entry.meaning == meaning]


SHOP = {"ecommerce__order_placed": [5] * 48, "shopify_paid_order": [4] * 48}

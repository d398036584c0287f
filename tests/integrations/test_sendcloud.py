"""Reading a Sendcloud account: arrivals without loss, failures without secrets, refreshes as described."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_hub
from integrations.sendcloud.arrivals import read_pages
from integrations.sendcloud.failures import to_contract
from integrations.sendcloud.records import LogRow, Order

from .remote import LOCAL, NOW, PatientPacer, Reply, json_reply, remote

pytestmark = pytest.mark.integration
EXAMPLES = json.loads((Path(__file__).parent / "fixtures" / "sendcloud_examples.json").read_text())
KEYS = {"public_key": "public-key", "secret_key": "secret-key"}


def using(answer, do, path="/api/v3", credentials=KEYS, **options):
    pacer = PatientPacer()

    async def go():
        async with remote(answer if callable(answer) else lambda asked: answer) as hub:
            target = Target("hub", hub.url + path, credentials, options)
            async with open_hub(target, "sendcloud", policy=LOCAL, pacer=pacer) as adapter:
                return await do(adapter), hub

    return (*asyncio.run(go()), pacer)


async def integrations(hub):
    return await hub.read_integrations(now=NOW)


@pytest.mark.parametrize("path", ["", "/api/v3", "/api/v2", "/api"])
def test_integrations_are_read_wherever_the_address_ends(path):
    found, hub, _pacer = using(json_reply(EXAMPLES["v3_GET_integrations"]), integrations, path)
    assert hub.asked[0].path == "/api/v3/integrations"
    assert hub.asked[0].headers["authorization"].startswith("Basic ")
    assert found[0].external_id == "23452345"
    assert found[0].failing_since == datetime(2023, 11, 10, 16, 16, 42, tzinfo=UTC)
    assert found[0].last_fetched_at == datetime(2023, 11, 10, 16, 15, 9, tzinfo=UTC)


def test_integrations_can_be_read_by_the_older_api():
    found, hub, _pacer = using(json_reply(EXAMPLES["v2_GET_integrations"]), integrations, api="v2")
    assert hub.asked[0].path == "/api/v2/integrations"
    assert (found[0].external_id, found[0].system) == ("123", "api / amazon / magento")
    assert found[0].last_fetched_at is not None


def test_missing_fields_are_unknown_and_unknown_ones_ignored():
    found, _hub, _pacer = using(
        json_reply({"data": [{"id": 1, "shop_url": None, "mood": "good"}]}), integrations
    )
    assert found[0].failing_since is None
    assert found[0].shop_url == ""


def test_arrivals_carry_ids_and_times_and_nobodys_name():
    async def arrivals(hub):
        return [
            page async for page in hub.read_arrivals(Watermark(datetime(2018, 1, 1, tzinfo=UTC)), now=NOW)
        ]

    pages, hub, _pacer = using(json_reply(EXAMPLES["v3_GET_orders"]), arrivals)
    record = pages[0].records[0]
    assert (record.integration_id, record.order_id, record.order_number) == (
        "739283",
        "555413",
        "OXSDFGHTD-12",
    )
    assert record.arrived_at == datetime(2018, 2, 27, 10, 0, 0, 555000, tzinfo=UTC)
    assert hub.asked[0].query["sort"] == "-pk"
    assert "John" not in repr(pages)


class Hub:
    """``/orders`` newest first with cursors that hold the last id; more arrive while it is read."""

    def __init__(self, minutes, between):
        self.rows = {
            number: NOW - timedelta(minutes=minute)
            for number, minute in enumerate(sorted(minutes, reverse=True), 1)
        }
        self.between = list(between)
        self.asked = 0

    async def fetch(self, address, params, size=3):
        if self.asked and self.between:
            for _each in range(self.between.pop(0)):
                self.rows[max(self.rows, default=0) + 1] = NOW
        self.asked += 1
        below = int(address or 10**9)
        numbers = [number for number in sorted(self.rows, reverse=True) if number < below]
        rows = [self._row(number) for number in numbers[:size]]
        return rows, str(numbers[size - 1]) if len(numbers) > size else None

    def _row(self, number):
        details = {"integration": {"id": 1}, "order_created_at": "2026-11-22T09:00:00Z"}
        row = {
            "id": str(number),
            "order_id": f"o{number}",
            "created_at": self.rows[number].isoformat(),
            "order_details": details,
        }
        return Order.model_validate(row)


def walk(hub, since, now=NOW):
    async def go():
        return [page async for page in read_pages(hub.fetch, since, timedelta(minutes=10), now=now)]

    return asyncio.run(go())


@settings(max_examples=300, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 300), max_size=40),
    between=st.lists(st.integers(0, 3), max_size=10),
    start=st.integers(0, 300),
)
def test_every_arrival_since_the_watermark_is_read_once_however_many_come_meanwhile(minutes, between, start):
    hub = Hub(minutes, between)
    mark = Watermark(NOW - timedelta(minutes=start))
    due = {f"o{number}" for number, at in hub.rows.items() if at >= mark.at}
    found = []
    pages = walk(hub, mark)
    assert [page.watermark is None for page in pages] == [True] * (len(pages) - 1) + [False]
    first = [record.order_id for page in pages for record in page.records]
    assert len(first) == len(set(first))
    found += first
    hub.between.clear()
    hub.rows[max(hub.rows, default=0) + 1] = NOW + timedelta(minutes=1)
    again = walk(hub, pages[-1].watermark, NOW + timedelta(minutes=2))
    found += [record.order_id for page in again for record in page.records]
    assert due | {f"o{number}" for number, at in hub.rows.items() if at >= NOW} <= set(found)


def test_a_short_reading_asks_for_little():
    hub = Hub(range(300), [])
    pages = walk(hub, Watermark(NOW - timedelta(minutes=1), "299"))
    assert hub.asked <= 5
    assert pages[-1].watermark.key == "300"


def linked(url):
    return json_reply({"data": [{"id": 1}]}, link=f'<{url}>; rel="next"')


def test_a_next_page_on_another_host_is_not_followed():
    for evil in ("https://evil.example/api/v3/integrations?cursor=1", "//evil.example/x"):
        with pytest.raises(errors.UnexpectedAnswer, match="another host"):
            using(linked(evil), integrations)


def test_pages_are_followed_by_their_links():
    def answer(asked):
        row = {"id": len(asked.query)}
        link = (
            {} if asked.query else {"link": '</api/v3/integrations?cursor=abc>; rel="next", </x>; rel="prev"'}
        )
        return json_reply({"data": [row]}, **link)

    found, _hub, _pacer = using(answer, integrations)
    assert [each.external_id for each in found] == ["0", "1"]


V3 = {"errors": [{"status": "404", "code": "x", "title": "x", "detail": "x"}]}
TABLE = [
    (
        json_reply({"errors": [{"code": "authentication_failed"}]}, 401),
        errors.CredentialsRefused,
        "does not accept this key pair",
    ),
    (json_reply(V3, 403), errors.RightMissing, "lacks a right"),
    (json_reply(V3, 404), errors.UnexpectedAnswer, "not at this address"),
    (json_reply(V3, 400), errors.OurMistake, "did not understand"),
    (
        json_reply({"errors": [{"source": {"parameter": "integration"}}]}, 400),
        errors.UnexpectedAnswer,
        "any more",
    ),
    (Reply(403, b"<center>nginx</center>"), errors.Blocked, "nginx"),
    (Reply(500, b"<html>"), errors.RemoteFault, "500"),
    (Reply(200, b"<html>"), errors.UnexpectedAnswer, "web page"),
    (json_reply({"data": [{}]}), errors.UnexpectedAnswer, "data.0.id"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), TABLE, ids=[row[2] for row in TABLE])
def test_each_failure_has_its_own_words(reply, kind, words):
    with pytest.raises(errors.RemoteError) as error:
        using(reply, integrations)
    assert type(error.value) is kind
    assert words in str(error.value)


def test_an_empty_429_makes_everybody_on_the_account_wait():
    for headers, seconds in (({}, 5.0), ({"retry-after": "17"}, 17.0)):
        pacer = PatientPacer()

        async def go(headers=headers, pacer=pacer):
            async with (
                remote(lambda asked: Reply(429, b"", headers)) as served,
                open_hub(Target("h", served.url, KEYS, {}), "sendcloud", policy=LOCAL, pacer=pacer) as hub,
            ):
                await hub.read_integrations(now=NOW)

        with pytest.raises(errors.RateLimited) as error:
            asyncio.run(go())
        assert error.value.retry_after.total_seconds() == seconds
        assert pacer.pauses == [seconds]


def row(**changed):
    return LogRow.model_validate(
        {**EXAMPLES["v3_GET_integrations_logs"]["data"][0], "integration_id": 9, **changed}
    )


def test_a_logged_failure_keeps_nothing_secret_or_personal():
    failure = to_contract(
        row(
            base_url="https://key:word@shop.example?ws_key=HUSHHUSH",
            full_url="https://shop.example/wp-json/wc/v3/orders/17?consumer_key=ck_hush&email=jane@private.example",
            request={"headers": {"Authorization": "Basic aHVzaA=="}, "payload": {"name": "Jane"}},
            response={
                "headers": {"Server": "nginx", "Set-Cookie": "hush=1"},
                "body": "<center>nginx/1.22</center> jane@private.example",
            },
            response_code=403,
            exception_type="requests.exceptions.HTTPError",
            exception="see https://x/?key=hush",
        )
    )
    assert failure.path == "/wp-json/wc/v3/orders/17"
    assert failure.base_url == "https://shop.example"
    assert (failure.outcome, failure.by, failure.integration_id) == (Outcome.BLOCKED, "nginx", "9")
    assert failure.at == datetime(2023, 3, 1, 1, 2, tzinfo=UTC)
    for secret in ("hush", "HUSH", "jane", "Jane", "word@"):
        assert secret not in repr(failure)


WP = {"base_url": "https://s.example", "full_url": "https://s.example/wp-json/wc/v3/orders"}


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"response_code": 495}, Outcome.NO_ANSWER),
        (
            {"response_code": None, "response": None, "exception_type": "requests.exceptions.ConnectTimeout"},
            Outcome.NO_ANSWER,
        ),
        (
            {
                "response_code": 401,
                "response": {"body": {"code": "woocommerce_rest_cannot_view", "data": {"status": 401}}},
                **WP,
            },
            Outcome.REFUSED,
        ),
        (
            {
                "response_code": 503,
                "response": {"body": '{"code":"wp_die","message":"x","data":{"status":503}}'},
                **WP,
            },
            Outcome.MAINTENANCE,
        ),
        (
            {"response_code": 403, "response": {"headers": {"cf-mitigated": "challenge"}, "body": "<html>"}},
            Outcome.CHALLENGED,
        ),
        ({"response_code": 404, "response": {"headers": None, "body": '{"code":"x"}'}}, Outcome.PASSED),
        ({"response_code": 405, "response": "obscured", "protected": True}, Outcome.BLOCKED),
        ({"response_code": 500, "response": {"body": None}, "full_url": None}, Outcome.FAULT),
    ],
)
def test_a_logged_answer_is_judged_like_one_of_our_own(changed, outcome):
    assert to_contract(row(**{"exception_type": None, **changed})).outcome is outcome


def test_the_log_is_read_until_what_is_known():
    def answer(asked):
        pages.append(asked.query)
        start = 40 - 10 * (len(pages) - 1)
        rows = [
            {"id": start - n, "created_at": "2026-11-22T10:00:00Z", "response_code": None} for n in range(10)
        ]
        return json_reply({"data": rows}, link='</api/v3/integrations/logs?cursor=1>; rel="next"')

    pages = []

    async def failures(hub):
        return await hub.read_failures("25", now=NOW)

    found, _hub, _pacer = using(answer, failures)
    assert [each.external_id for each in found] == [str(n) for n in range(40, 25, -1)]
    assert len(pages) == 3


REFRESH = {
    "method": "POST",
    "url": "",
    "headers": {"Authorization": "Bearer {refresh_secret}"},
    "body": {"integration": "{integration_id}", "note": "{other}"},
}


@pytest.mark.parametrize(("status", "accepted"), [(202, True), (409, False)])
def test_a_refresh_sends_what_the_operator_described(status, accepted):
    async def go():
        async with remote(lambda asked: json_reply({}, status)) as served:
            settings = {"refresh": {**REFRESH, "url": served.url + "/hook/{integration_id}"}}
            target = Target("hub", served.url, {**KEYS, "refresh_secret": "sesame-open"}, settings)
            async with open_hub(target, "sendcloud", policy=LOCAL) as hub:
                assert hub.can_refresh()
                return await hub.refresh("17", now=NOW), served.asked[0], hub.calls()

    answer, asked, calls = asyncio.run(go())
    assert (asked.method, asked.path) == ("POST", "/hook/17")
    assert asked.headers["authorization"] == "Bearer sesame-open"
    assert asked.json == {"integration": "17", "note": "{other}"}
    assert answer.accepted is accepted
    assert "sesame" not in repr(calls) + answer.detail


def test_without_a_description_there_is_only_the_panel():
    async def panel(hub):
        return hub.can_refresh(), hub.panel_url("17", "woocommerce_v2"), hub.user_agents("woocommerce")

    (can, url, agents), _hub, _pacer = using(json_reply({}), panel)
    assert not can
    assert url == "https://app.sendcloud.com/v2/settings/integrations/woocommerce_v2/17"
    assert agents == ["Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)"]


async def connection(hub):
    return await hub.test_connection(now=NOW)


def test_a_good_connection_lists_the_integrations():
    report, _hub, _pacer = using(json_reply(EXAMPLES["v3_GET_integrations"]), connection)
    assert report.ok
    assert report.integrations[0].shop_name == "Integration #1"


def test_a_refused_key_is_told_apart_from_no_answer():
    report, _hub, _pacer = using(json_reply({"errors": []}, 401), connection)
    assert [need.met for need in report.needs] == [True, False]
    report, _hub, _pacer = using(Reply(raw=b""), connection)
    assert [need.met for need in report.needs] == [False]

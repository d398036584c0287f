"""Reading a Shopify shop: exact while orders change, patient with the budget, clear about refusals."""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_store
from integrations.shopify import tokens
from integrations.shopify.orders import Node as OrderNode
from integrations.shopify.orders import OrderReading, Orders, record_of

from .remote import LOCAL, NOW, PatientPacer, Reply, json_reply, remote

pytestmark = pytest.mark.integration
FIXTURES = Path(__file__).parent / "fixtures"
ANSWERS = json.loads((FIXTURES / "shopify_responses.json").read_text())
QUERIES = sorted((Path(__file__).parents[2] / "integrations" / "shopify" / "queries").glob("*.graphql"))
TOKEN = {"access_token": "shpat_0123456789abcdef"}


@pytest.fixture(scope="module")
def schema():
    return build_schema((FIXTURES / "shopify_admin_2026-10.graphql").read_text())


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_saved_query_fits_the_schema_and_asks_for_nothing_personal(schema, path):
    text = path.read_text()
    assert validate(schema, parse(text)) == []
    assert not {"email", "phone", "address", "customer"} & set(text.lower().replace("{", " ").split())


@dataclass
class Order:
    id: int
    updated: datetime


class Shop:
    """Answers ``orders`` as Shopify does: inclusive bound, sorted by (updatedAt, id), cursors hold both."""

    def __init__(self, orders, between=()):
        self.orders = {order.id: order for order in orders}
        self.between = list(between)
        self.requests = 0

    async def fetch(self, variables):
        if self.requests and self.between:
            self.between.pop(0)(self)
        self.requests += 1
        assert self.requests < 1000, "the reading does not end"
        bound = datetime.fromisoformat(variables["query"].removeprefix("updated_at:>='").rstrip("'"))
        rows = sorted((o.updated, o.id) for o in self.orders.values() if o.updated >= bound)
        if variables["after"]:
            updated, number = json.loads(base64.b64decode(variables["after"]))
            rows = [row for row in rows if row > (datetime.fromisoformat(updated), number)]
        chosen = rows[: variables["first"]]
        nodes = [
            {
                "legacyResourceId": str(n),
                "name": f"#{n}",
                "createdAt": at(0).isoformat(),
                "updatedAt": u.isoformat(),
            }
            for u, n in chosen
        ]
        end = (
            base64.b64encode(json.dumps([chosen[-1][0].isoformat(), chosen[-1][1]]).encode()).decode()
            if chosen
            else None
        )
        info = {"hasNextPage": len(rows) > len(chosen), "endCursor": end}
        return Orders.model_validate({"nodes": nodes, "pageInfo": info}), 10.0 * variables["first"]


def at(second):
    return NOW - timedelta(hours=1) + timedelta(seconds=second)


def read(shop, since, size=3, look_back_s=60, now=NOW):
    async def go():
        reading = OrderReading(shop.fetch, timedelta(seconds=look_back_s), size)
        return [page async for page in reading.pages(since, now=now)]

    return asyncio.run(go())


@st.composite
def shops(draw):
    stamps = draw(st.lists(st.integers(0, 10), max_size=25))
    changes = draw(st.lists(st.integers(1, 30), max_size=10))
    clock = [20]

    def change(number):
        def apply(shop):
            clock[0] += number % 2
            chosen = shop.orders.get(number) or Order(max(shop.orders, default=0) + 1, at(0))
            chosen.updated = at(clock[0])
            shop.orders[chosen.id] = chosen

        return apply

    return Shop([Order(n, at(s)) for n, s in enumerate(stamps, 1)], [change(number) for number in changes])


@settings(max_examples=300, deadline=None)
@given(shop=shops(), size=st.integers(1, 7), stop=st.integers(0, 30))
def test_nothing_is_lost_and_nothing_comes_twice_wherever_a_reading_is_cut_off(shop, size, stop):
    stored, mark = {}, Watermark(at(-600))
    for most_pages in (stop + 1, None):
        seen = set()
        pages = read(shop, mark, size)[:most_pages]
        shop.between.clear()
        for page in pages:
            for record in page.records:
                assert (record.external_id, record.changed_at) not in seen
                seen.add((record.external_id, record.changed_at))
                stored[record.external_id] = record.changed_at
            mark = page.watermark
    assert stored == {str(o.id): o.updated for o in shop.orders.values()}


def test_orders_older_than_59_days_are_not_asked_for():
    shop = Shop([Order(1, NOW - timedelta(days=70)), Order(2, NOW - timedelta(days=58))])
    found = [
        record.external_id
        for page in read(shop, Watermark(NOW - timedelta(days=90)))
        for record in page.records
    ]
    assert found == ["2"]


def test_costly_pages_become_smaller():
    shop = Shop([Order(n, at(n)) for n in range(1, 300)])
    pages = read(shop, Watermark(at(-600)), size=100)
    assert [len(page.records) for page in pages[:3]] == [100, 50, 50]


@pytest.mark.parametrize(
    ("changed", "expected", "reason"),
    [
        ({}, True, ""),
        ({"test": True}, False, "test order"),
        ({"cancelledAt": "2026-11-22T10:00:00Z"}, False, "status cancelled"),
        ({"displayFulfillmentStatus": "FULFILLED"}, False, "status fulfilled"),
        ({"displayFulfillmentStatus": "A_NEW_STATUS"}, True, ""),
    ],
)
def test_what_a_hub_imports_is_expected(changed, expected, reason):
    node = {
        "legacyResourceId": "1",
        "name": "#1001",
        "createdAt": "2026-11-22T09:00:00Z",
        "updatedAt": "2026-11-22T09:00:00Z",
        "displayFulfillmentStatus": "UNFULFILLED",
        **changed,
    }
    record = record_of(OrderNode.model_validate(node))
    assert (record.expected, record.unexpected_reason) == (expected, reason)
    assert record.number == "1001"


def using(answer, do, credentials=TOKEN, path="", **settings):
    pacer = PatientPacer()

    async def go():
        async with remote(answer if callable(answer) else lambda asked: answer) as shop:
            target = Target("shop", shop.url + path, credentials, settings)
            async with open_store(target, "shopify", policy=LOCAL, pacer=pacer) as store:
                return await do(store), shop

    return (*asyncio.run(go()), pacer)


async def read_all(store):
    return [page async for page in store.read_orders(Watermark(at(0)), now=NOW)]


EMPTY = {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}}


def graphql_error(code, message):
    return json_reply({"errors": [{"message": message, "extensions": {"code": code}}]})


TABLE = [
    (json_reply(ANSWERS["bad_token_http_401"], 401), errors.CredentialsRefused, "access token"),
    (json_reply({"errors": "Payment Required"}, 402), errors.ShopClosed, "frozen"),
    (
        json_reply({"errors": "[API] This action requires merchant approval for read_orders scope."}, 403),
        errors.RightMissing,
        "read_orders",
    ),
    (json_reply({"errors": "Not Found"}, 404), errors.UnexpectedAnswer, "no shop at this address"),
    (json_reply({"errors": "Not Acceptable"}, 406), errors.OurMistake, "did not understand"),
    (json_reply({"errors": "Locked"}, 423), errors.ShopClosed, "locked"),
    (json_reply({"errors": "Shopify Security Rejection"}, 430), errors.Blocked, "malicious"),
    (json_reply({"errors": "Internal Server Error"}, 500), errors.RemoteFault, "500"),
    (Reply(503, b"<html>"), errors.RemoteFault, "503"),
    (Reply(530, b"<html>", {"server": "cloudflare"}), errors.RemoteFault, "Cloudflare"),
    (
        json_reply(ANSWERS["protected_data_not_approved_http_200"]),
        errors.RightMissing,
        "protected customer data",
    ),
    (graphql_error("ACCESS_DENIED", "Access denied for orders field."), errors.RightMissing, "read_orders"),
    (graphql_error("INTERNAL_SERVER_ERROR", "oops"), errors.RemoteFault, "failed"),
    (graphql_error("undefinedField", "Field 'x' doesn't exist"), errors.OurMistake, "did not understand"),
    (
        json_reply({**EMPTY, **{"extensions": ANSWERS["search_warning_bad_field"]["extensions"]}}),
        errors.OurMistake,
        "ignored part of the search",
    ),
    (json_reply({"data": None}), errors.UnexpectedAnswer, "without data"),
    (json_reply({"data": {"orders": {"nodes": [{}]}}}), errors.UnexpectedAnswer, "agreed form"),
    (json_reply([1]), errors.UnexpectedAnswer, "agreed form"),
    (Reply(200, b"<html>"), errors.UnexpectedAnswer, "web page"),
]


@pytest.mark.parametrize(
    ("reply", "kind", "words"), TABLE, ids=[f"{row[0].status} {row[2]}" for row in TABLE]
)
def test_each_failure_has_its_own_words(reply, kind, words):
    with pytest.raises(errors.RemoteError) as error:
        using(reply, read_all)
    assert type(error.value) is kind
    assert words in str(error.value)
    assert error.value.call.status == reply.status


def test_a_security_rejection_is_left_alone_for_an_hour():
    with pytest.raises(errors.Blocked) as error:
        using(json_reply({"errors": "x"}, 430), read_all)
    assert error.value.retry_after == timedelta(hours=1)


def throttled(requested, available, rate):
    answer = json.loads(json.dumps(ANSWERS["throttled_http_200"]))
    cost = answer["extensions"]["cost"]
    cost["requestedQueryCost"] = requested
    cost["throttleStatus"].update(currentlyAvailable=available, restoreRate=rate)
    return json_reply(answer)


def test_short_throttling_is_waited_out_as_long_as_the_budget_needs():
    replies = [throttled(500, 100, 100), Reply(429, b"", {"retry-after": "2.0"}), json_reply(EMPTY)]
    pages, _shop, pacer = using(lambda asked: replies.pop(0), read_all)
    assert len(pages) == 1
    assert pacer.pauses == [4.0, 2.0]


def test_long_throttling_is_left_to_the_scheduler():
    with pytest.raises(errors.RateLimited) as error:
        using(throttled(900, 0, 10), read_all)
    assert error.value.retry_after == timedelta(seconds=90)
    assert error.value.call.outcome is Outcome.RATE_LIMITED


def test_a_query_beyond_the_limit_is_asked_smaller():
    def answer(asked):
        sizes.append(asked.json["variables"]["first"])
        return json_reply(ANSWERS["max_cost_exceeded"] if sizes[-1] > 12 else EMPTY)

    sizes = []
    using(answer, read_all)
    assert sizes == [100, 50, 25, 12]


def test_the_question_is_asked_below_the_shops_address_with_quoted_dates():
    _pages, shop, _pacer = using(json_reply(EMPTY), read_all, path="/boutique")
    asked = shop.asked[0]
    assert asked.path == "/boutique/admin/api/2026-10/graphql.json"
    assert asked.json["variables"]["query"] == "updated_at:>='2026-11-22T10:50:00Z'"
    assert asked.headers["x-shopify-access-token"] == TOKEN["access_token"]


def test_a_granted_token_is_kept_and_renewed_before_its_end_and_after_a_refusal():
    tokens._kept.clear()
    granted = []
    refused = set()

    def answer(asked):
        if asked.path == "/admin/oauth/access_token":
            assert asked.body == b"grant_type=client_credentials&client_id=app&client_secret=hush-hush"
            granted.append(f"token-{len(granted)}")
            return json_reply({"access_token": granted[-1], "scope": "read_orders", "expires_in": 86399})
        if asked.headers["x-shopify-access-token"] in refused:
            return json_reply(ANSWERS["bad_token_http_401"], 401)
        return json_reply(EMPTY)

    async def several(store):
        await store.query("probe", {}, now=NOW)
        await store.query("probe", {}, now=NOW + timedelta(hours=23))
        assert granted == ["token-0"]
        await store.query("probe", {}, now=NOW + timedelta(hours=23, minutes=51))
        assert granted == ["token-0", "token-1"]
        refused.add("token-1")
        await store.query("probe", {}, now=NOW + timedelta(hours=24))
        assert granted[2:] == ["token-2"]

    using(answer, several, credentials={"client_id": "app", "client_secret": "hush-hush"})


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("app_not_installed", "not installed"),
        ("shop_not_permitted", "organizations"),
        ("invalid_client", "client id"),
    ],
)
def test_a_refused_grant_says_why(reason, words):
    tokens._kept.clear()
    with pytest.raises(errors.CredentialsRefused, match=words):
        using(
            json_reply({"error": reason}, 400),
            read_all,
            credentials={"client_id": "a", "client_secret": "hush-hush"},
        )


def shop_reply(asked, scopes=("read_orders",), version="2026-10"):
    if "newest" in asked.json["query"].lower():
        return json_reply({"data": {"orders": {"nodes": [{"legacyResourceId": "1", "name": "#1"}]}}})
    shop = {
        "name": "Boutique",
        "myshopifyDomain": "b.myshopify.com",
        "ianaTimezone": "Europe/Paris",
        "plan": None,
    }
    scopes = {"accessScopes": [{"handle": handle} for handle in scopes]}
    return json_reply(
        {"data": {"shop": shop, "currentAppInstallation": scopes}}, x_shopify_api_version=version
    )


async def connection(store):
    return await store.test_connection(now=NOW)


def test_a_good_connection_meets_every_need():
    report, _shop, _pacer = using(shop_reply, connection)
    assert all(need.met for need in report.needs)
    assert report.facts["time zone"] == "Europe/Paris"


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (
            lambda asked: shop_reply(asked, scopes=("read_products",)),
            "may read orders",
            "read_orders is missing",
        ),
        (lambda asked: shop_reply(asked, version="2027-01"), "version", "2027-01 answered"),
        (json_reply(ANSWERS["bad_token_http_401"], 401), "token is accepted", "revoked"),
        (json_reply({"errors": "Not Found"}, 404), "shop answers", "no shop"),
    ],
)
def test_a_bad_connection_names_the_need_that_is_not_met(answer, name, words):
    report, _shop, _pacer = using(answer, connection)
    unmet = [need for need in report.needs if need.met is False]
    assert name in unmet[0].name
    assert words in unmet[0].detail
    assert unmet[0].remedy


def test_a_probe_needs_no_token_and_takes_shopifys_refusal_for_passage():
    async def probe(store):
        return await store.probe(["Sendcloud/1.0.0"], now=NOW)

    calls, shop, _pacer = using(json_reply(ANSWERS["bad_token_http_401"], 401), probe)
    assert [call.outcome for call in calls] == [Outcome.PASSED, Outcome.PASSED]
    assert all("x-shopify-access-token" not in asked.headers for asked in shop.asked)


@pytest.mark.parametrize("credentials", [{}, {"client_id": "a"}, {"access_token": ""}, {"token": "x"}])
def test_incomplete_credentials_are_named(credentials):
    with pytest.raises(errors.CredentialsRefused, match="What is stored for shop cannot be used"):
        using(json_reply({}), read_all, credentials=credentials)

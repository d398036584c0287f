"""Reading a Shopify shop: patient with the budget, clear about refusals."""

import json
from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import Outcome
from integrations.shopify.orders import Node as OrderNode
from integrations.shopify.orders import record_of

from .remote import NOW, Reply, json_reply
from .shopify_shop import ANSWERS, EMPTY, TOKEN, graphql_error, read_all, using

pytestmark = pytest.mark.integration


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
    (
        graphql_error(
            "ACCESS_DENIED", "Required access: `read_fulfillments` access scope or `read_orders` scope."
        ),
        errors.RightMissing,
        "one of: read_fulfillments, read_orders",
    ),
    (
        json_reply(
            {"data": None, "errors": [{"message": "This app is not approved to access the Order object."}]}
        ),
        errors.RightMissing,
        "counts orders among them",
    ),
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

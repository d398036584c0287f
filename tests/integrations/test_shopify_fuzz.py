"""No answer of Shopify, however odd, is anything but data or a named error, whatever was asked."""

import asyncio
import copy
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.contracts import Parcel, Target, Watermark
from integrations.errors import RemoteError
from integrations.opening import open_store
from integrations.shopify import tokens

from .remote import LOCAL, NOW, PatientPacer, json_reply, remote
from .shopify_shop import CLIENT, named

pytestmark = pytest.mark.integration
HOOK = "https://watch.example/hook"
TRACKING = [{"number": "3S1", "company": "PostNL", "url": "https://t.example/3S1"}]
FULFILMENT = {"id": "gid://F/1", "name": "#1-F1", "status": "SUCCESS", "trackingInfo": TRACKING}
MONEY = {"shopMoney": {"amount": "12.50", "currencyCode": "EUR"}}
ORDER = {
    "legacyResourceId": "1",
    "name": "#1",
    "createdAt": "2026-11-22T11:50:00Z",
    "updatedAt": "2026-11-22T11:50:00Z",
    "cancelledAt": None,
    "test": False,
    "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED",
    "fulfillments": [FULFILMENT],
    "fulfillmentOrders": {
        "nodes": [
            {
                "id": "gid://FO/1",
                "status": "OPEN",
                "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
                "assignedLocation": {"name": "Main"},
            }
        ]
    },
    "email": "a@b.example",
    "phone": "+33100000000",
    "currentTotalPriceSet": MONEY,
    "shippingLine": {"title": "Standard"},
    "shippingAddress": {"name": "Ada", "countryCodeV2": "FR"},
    "lineItems": {
        "nodes": [
            {
                "name": "Mug",
                "sku": "M",
                "currentQuantity": 1,
                "weight": {"value": 0.5, "unit": "GRAMS"},
                "discountedUnitPriceAfterAllDiscountsSet": MONEY,
            }
        ],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    },
}
PAYLOAD = {"fulfillment": {"id": "x"}, "userErrors": []}
DATA = {
    "orders": {"nodes": [ORDER], "pageInfo": {"hasNextPage": False, "endCursor": "x"}},
    "nodes": [ORDER],
    "order": ORDER,
    "shop": {"name": "B", "myshopifyDomain": "b.myshopify.com", "ianaTimezone": "UTC", "plan": None},
    "currentAppInstallation": {
        "app": {"requestedAccessScopes": [{"handle": "read_orders"}]},
        "accessScopes": [{"handle": "read_orders"}],
    },
    "publicApiVersions": [{"handle": "2026-10", "supported": True}],
    "webhookSubscriptions": {
        "nodes": [{"topic": "ORDERS_CREATE", "uri": HOOK, "format": "JSON"}],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    },
    "fulfillmentCreate": PAYLOAD,
    "fulfillmentTrackingInfoUpdate": PAYLOAD,
    "webhookSubscriptionCreate": PAYLOAD,
}
STATUS = {"maximumAvailable": 2000, "currentlyAvailable": 1900, "restoreRate": 100}
GOOD = {
    "data": DATA,
    "errors": [],
    "extensions": {"cost": {"requestedQueryCost": 10, "throttleStatus": STATUS}, "search": []},
}
GRANT = {"access_token": "t", "scope": "read_orders", "expires_in": 86399}
ODD = [
    None, True, -1, 0, 10**30, 1e308, 0.1, "", "x", "inf", "NaN", "-0001-11-30T00:00:00Z", "\x00", "9" * 5000,
    [], [None], [[]], {}, {"nodes": None}, [{"message": 5}], [{"extensions": {"code": "THROTTLED"}}],
    [{"extensions": "x", "message": "not approved to"}], "THROTTLED",
]  # fmt: skip


async def orders(store):
    return [page async for page in store.read_orders(Watermark(NOW - timedelta(days=1)), now=NOW)]


ABILITIES = {
    "read orders": orders,
    "connect": lambda store: store.test_connection(now=NOW),
    "check": lambda store: store.check(now=NOW),
    "subscribe": lambda store: store.subscribe(now=NOW),
    "read tracking": lambda store: store.read_tracking(["1"], now=NOW),
    "write tracking": lambda store: store.write_tracking("1", [Parcel("3S2", "postnl")], now=NOW),
    "read whole orders": lambda store: store.read_full_orders(["1"], now=NOW),
}
# What an ability's questions are answered from, so that the odd values meet it.
MEETS = {
    "read orders": ("orders",),
    "connect": ("shop", "currentAppInstallation", "publicApiVersions", "orders"),
    "check": ("shop", "currentAppInstallation", "publicApiVersions", "webhookSubscriptions"),
    "subscribe": ("webhookSubscriptions", "webhookSubscriptionCreate"),
    "read tracking": ("nodes",),
    "write tracking": ("order", "fulfillmentCreate"),
    "read whole orders": ("nodes",),
}


def places(document, path=()):
    yield path
    for key, value in (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    ):
        yield from places(value, (*path, key))


def replaced(document, path, value):
    if not path:
        return value
    found = copy.deepcopy(document)
    part = found
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return found


@st.composite
def odd_answers(draw):
    ability = draw(st.sampled_from(sorted(ABILITIES)))
    document = {**GOOD, "data": {key: DATA[key] for key in MEETS[ability]}}
    grant = GRANT
    if draw(st.integers(0, 9)) == 0:
        grant = replaced(GRANT, draw(st.sampled_from(list(places(GRANT)))), draw(st.sampled_from(ODD)))
    for _time in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(document))))
        document = replaced(document, path, draw(st.sampled_from(ODD)))
        if not isinstance(document, dict):
            break
    return ability, document, grant, draw(st.sampled_from([200, 200, 200, 200, 401, 403, 429, 500]))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=odd_answers())
def test_an_odd_answer_is_data_or_a_named_error(case):
    ability, document, grant, status = case
    tokens._kept.clear()

    def answer(asked):
        if asked.path == "/admin/oauth/access_token":
            return json_reply(grant)
        return json_reply(document, status if named(asked) != "Probe" else 200)

    async def go():
        async with remote(answer) as server:
            target = Target("shop", server.url, CLIENT, {}, webhook_url=HOOK)
            async with open_store(target, "shopify", policy=LOCAL, pacer=PatientPacer()) as store:
                told = ""
                try:
                    await asyncio.wait_for(ABILITIES[ability](store), 5)
                except RemoteError as error:
                    told = str(error) or pytest.fail("an error without words")
                assert CLIENT["client_secret"] not in told + repr(store.calls())
            return len(server.asked)

    assert asyncio.run(go()) < 30, "it asks without end"


def test_the_answers_are_good_before_they_are_made_odd():
    async def go(ability):
        async with remote(
            lambda asked: json_reply(
                GRANT if "oauth" in asked.path else GOOD, x_shopify_api_version="2026-10"
            )
        ) as server:
            target = Target("shop", server.url, CLIENT, {}, webhook_url=HOOK)
            async with open_store(target, "shopify", policy=LOCAL, pacer=PatientPacer()) as store:
                return await ABILITIES[ability](store)

    for ability in ABILITIES:
        tokens._kept.clear()
        assert asyncio.run(go(ability))

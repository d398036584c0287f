"""Signing in to a Shopify shop, and what it says of itself: rights, version, clock, webhooks."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations import errors
from integrations.contracts import CheckState, ConditionKind
from integrations.shopify import tokens
from integrations.shopify.checkup import clock_skew
from integrations.shopify.subscriptions import TOPICS
from integrations.shopify.versions import supported_until

from .remote import NOW, json_reply
from .shopify_shop import ANSWERS, CLIENT, EMPTY, TOKEN, data_reply, named, read_all, using

pytestmark = pytest.mark.integration
HOOK = "https://watch.example/hooks/shopify/shop"
FULL = ("read_orders", "write_merchant_managed_fulfillment_orders")


@pytest.fixture(autouse=True)
def _no_token_kept():
    tokens._kept.clear()


def test_a_granted_token_is_kept_and_renewed_before_its_end_and_after_a_refusal():
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
        await store.api.query("probe", {}, now=NOW)
        await store.api.query("probe", {}, now=NOW + timedelta(hours=23))
        assert granted == ["token-0"]
        await store.api.query("probe", {}, now=NOW + timedelta(hours=23, minutes=51))
        assert granted == ["token-0", "token-1"]
        refused.add("token-1")
        await store.api.query("probe", {}, now=NOW + timedelta(hours=24))
        assert granted[2:] == ["token-2"]

    using(answer, several, credentials=CLIENT)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("app_not_installed", "not installed"),
        ("shop_not_permitted", "organizations"),
        ("invalid_client", "client id"),
    ],
)
def test_a_refused_grant_says_why(reason, words):
    with pytest.raises(errors.CredentialsRefused, match=words):
        using(
            json_reply({"error": reason}, 400),
            read_all,
            credentials=CLIENT,
        )


def test_a_grant_in_a_frozen_shop_says_that_it_is_frozen():
    with pytest.raises(errors.ShopClosed, match="frozen"):
        using(json_reply({"errors": "Payment Required"}, 402), read_all, credentials=CLIENT)


def test_a_stored_token_that_was_revoked_gives_way_to_a_granted_one():
    def answer(asked):
        if asked.path == "/admin/oauth/access_token":
            return json_reply(ANSWERS["client_credentials_token"])
        if asked.headers["x-shopify-access-token"] == TOKEN["access_token"]:
            return json_reply(ANSWERS["bad_token_http_401"], 401)
        return json_reply(EMPTY)

    pages, shop, _pacer = using(answer, read_all, credentials={**TOKEN, **CLIENT})
    assert len(pages) == 1
    assert len(shop.asked) == 3


def test_a_stored_token_needs_no_grant():
    _pages, shop, _pacer = using(json_reply(EMPTY), read_all, credentials={**TOKEN, **CLIENT})
    assert [asked.path for asked in shop.asked] == ["/admin/api/2026-10/graphql.json"]


def shop_reply(asked, scopes=FULL, version="2026-10", requested=(), **headers):
    name = named(asked)
    if name == "NewestOrder":
        return data_reply(orders={"nodes": [{"legacyResourceId": "1", "name": "#1"}]})
    if name == "WebhookSubscriptions":
        return data_reply(webhookSubscriptions={"nodes": []})
    return json_reply(
        {
            "data": {
                "shop": {
                    "name": "Boutique",
                    "myshopifyDomain": "b.myshopify.com",
                    "ianaTimezone": "Europe/Paris",
                    "plan": None,
                },
                "currentAppInstallation": {
                    "app": {"requestedAccessScopes": [{"handle": handle} for handle in requested]},
                    "accessScopes": [{"handle": handle} for handle in scopes],
                },
                "publicApiVersions": [
                    {"handle": "2026-10", "supported": True},
                    {"handle": "2027-01", "supported": True},
                    {"handle": "2027-04", "supported": False},
                    {"handle": "unstable", "supported": True},
                ],
            }
        },
        x_shopify_api_version=version,
        **headers,
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


def checkup(answer, now=NOW, credentials=TOKEN, **more):
    async def check(store):
        return await store.check(now=now)

    return using(answer, check, credentials, **more)[0]


def told(report, code, subject=""):
    return next(check for check in report.checks if (check.code, check.subject) == (code, subject))


def test_a_healthy_shop_passes_every_check_and_tells_its_version_and_zone():
    report = checkup(shop_reply)
    assert {check.state for check in report.checks} == {CheckState.OK, CheckState.INFO}
    assert (report.version, report.time_zone) == ("2026-10", "Europe/Paris")
    assert not [check for check in report.checks if check.kind is ConditionKind.WEBHOOKS]


def test_the_59_days_that_are_read_are_said():
    check = told(checkup(shop_reply), "orders_window")
    assert check.state is CheckState.INFO
    assert "last 60 days only" in check.text
    assert "59 days" in check.text % check.values


@pytest.mark.parametrize(
    ("scopes", "code", "subject", "state"),
    [
        (("read_products",), "scopes_missing", "read_orders", CheckState.FAIL),
        ((), "scopes_missing", "read_orders", CheckState.UNKNOWN),
        (("read_orders",), "scopes_missing", "tracking", CheckState.INFO),
        (("read_orders",), "scopes_not_approved", "", CheckState.INFO),
    ],
)
def test_granted_scopes_are_held_against_needed_ones(scopes, code, subject, state):
    report = checkup(
        lambda asked: shop_reply(asked, scopes=scopes, requested=("read_orders", "read_products"))
    )
    assert told(report, code, subject).state is state


def test_a_version_that_is_no_longer_served_is_told_with_the_one_to_take():
    check = told(checkup(lambda asked: shop_reply(asked, version="2027-01")), "api_version_fell_forward")
    assert check.state is CheckState.WARN
    assert "2027-01 answered" in check.text % check.values
    assert check.remedy % check.values == "Set the API version of this store to 2027-01."


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (datetime(2027, 8, 2, 16, 59, tzinfo=UTC), CheckState.OK),
        (datetime(2027, 8, 2, 17, 0, tzinfo=UTC), CheckState.WARN),
    ],
)
def test_the_end_of_a_version_is_announced_60_days_before(now, state):
    assert supported_until("2026-10") == datetime(2027, 10, 1, 17, tzinfo=UTC)
    check = told(checkup(shop_reply, now=now), "api_version_ends")
    assert check.state is state
    assert "2027-10-01" in check.text % check.values


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", timedelta(0)),
        ("Sun, 22 Nov 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 22 Nov 2026 11:58:59 GMT", timedelta(seconds=-60)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_clock_is_compared_by_the_date_of_an_answer(date, skew):
    found = clock_skew({"date": date}, NOW)
    assert found == skew or abs(found - skew) <= timedelta(seconds=1)


def subscriptions(found, refuse=""):
    """A shop whose app holds ``found`` as (topic, uri) and makes what is asked for."""

    def answer(asked):
        if named(asked) == "WebhookSubscriptionCreate":
            wanted = asked.json["variables"]
            problems = [{"field": ["uri"], "message": refuse}] if refuse else []
            found.append((wanted["topic"], wanted["subscription"]["uri"]))
            return data_reply(
                webhookSubscriptionCreate={"webhookSubscription": {"id": "1"}, "userErrors": problems}
            )
        if named(asked) == "WebhookSubscriptions":
            nodes = [{"topic": topic, "uri": uri, "format": "JSON"} for topic, uri in found]
            return data_reply(webhookSubscriptions={"nodes": nodes, "pageInfo": {"hasNextPage": False}})
        return shop_reply(asked)

    return answer


def test_missing_subscriptions_are_told_by_topic_and_others_do_not_count():
    answer = subscriptions([("ORDERS_CREATE", HOOK), ("ORDERS_UPDATED", "https://other.example/")])
    report = checkup(answer, webhook_url=HOOK, credentials={**TOKEN, "client_secret": "hush-hush"})
    assert told(report, "subscription_present", "ORDERS_CREATE").state is CheckState.OK
    missing = told(report, "subscription_missing", "ORDERS_UPDATED")
    assert missing.state is CheckState.WARN
    assert "orders/updated" in missing.text % missing.values
    assert "webhook_secret_missing" not in {check.code for check in report.checks}


def test_without_the_clients_secret_announcements_cannot_be_believed():
    report = checkup(subscriptions([(topic, HOOK) for topic in TOPICS]), webhook_url=HOOK)
    assert told(report, "webhook_secret_missing").state is CheckState.WARN


async def subscribe_twice(store):
    return await store.subscribe(now=NOW), await store.subscribe(now=NOW)


def test_what_is_missing_is_subscribed_once():
    found = [("ORDERS_CREATE", HOOK)]
    (first, second), _shop, _pacer = using(subscriptions(found), subscribe_twice, webhook_url=HOOK)
    assert (set(first), list(second)) == (set(TOPICS) - {"ORDERS_CREATE"}, [])
    assert {uri for _topic, uri in found} == {HOOK}


def test_a_refused_subscription_is_told_in_shopifys_words():
    with pytest.raises(errors.NotPossible, match="protocol http is not supported"):
        using(subscriptions([], refuse="protocol http is not supported"), subscribe_twice, webhook_url=HOOK)


def test_without_a_public_address_nothing_is_subscribed():
    with pytest.raises(errors.NotPossible, match="no public address"):
        using(subscriptions([]), subscribe_twice)

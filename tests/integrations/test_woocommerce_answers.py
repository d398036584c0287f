"""Each refusal of a WooCommerce shop is told apart, with words and a remedy."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote

import pytest
from oauthlib.oauth1.rfc5849 import signature

from integrations import errors
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_store
from integrations.woocommerce.signing import signer

from .remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration
RECORDED = json.loads((Path(__file__).parent / "fixtures" / "woocommerce_recorded.json").read_text())
KEYS = {"consumer_key": "ck_" + "1" * 40, "consumer_secret": "cs_" + "2" * 40}


def using(reply, do, **settings):
    async def go():
        answer = reply if callable(reply) else lambda asked: reply
        async with remote(answer) as shop:
            target = Target("shop", shop.url, KEYS, settings)
            async with open_store(target, "woocommerce", policy=LOCAL) as store:
                return await do(store)

    return asyncio.run(go())


async def read(store):
    return [page async for page in store.read_orders(Watermark(NOW), now=NOW)]


def refusal(status, code, message, extra=None):
    return json_reply({"code": code, "message": message, "data": {"status": status}, **(extra or {})}, status)


AUTH = "woocommerce_rest_authentication_error"
TABLE = [
    (
        refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
        errors.CredentialsRefused,
        "no valid key",
        "Authorization header",
    ),
    (
        refusal(401, AUTH, "Consumer secret is invalid."),
        errors.CredentialsRefused,
        "secret is wrong",
        "new REST key",
    ),
    (
        refusal(401, AUTH, "The API key provided does not have read permissions."),
        errors.RightMissing,
        "may only write",
        "Read",
    ),
    (
        refusal(401, AUTH, "Invalid signature - provided signature does not match."),
        errors.CredentialsRefused,
        "signature",
        "address",
    ),
    (
        refusal(401, AUTH, "Consumer key is invalid."),
        errors.CredentialsRefused,
        "does not know this consumer key",
        "new REST key",
    ),
    (refusal(401, AUTH, "Invalid timestamp."), errors.CredentialsRefused, "clock", "clock"),
    (
        refusal(401, AUTH, "Invalid nonce - nonce has already been used."),
        errors.RemoteFault,
        "twice",
        "caches",
    ),
    (
        refusal(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
        errors.RightMissing,
        "lacks the right",
        "Shop manager",
    ),
    (
        refusal(404, "rest_no_route", "No route was found"),
        errors.RemoteFault,
        "WooCommerce's API is not there",
        "Activate",
    ),
    (
        refusal(400, "rest_invalid_param", "Invalid parameter(s): after"),
        errors.OurMistake,
        "did not understand",
        "",
    ),
    (
        refusal(401, "rest_cannot_access", "REST API access restricted."),
        errors.RightMissing,
        "plug-in",
        "security plug-in",
    ),
    (refusal(503, "wp_die", "Briefly unavailable"), errors.InMaintenance, "maintenance", ""),
    (
        refusal(500, "wp_die", "<h1>Error establishing a database connection</h1>"),
        errors.RemoteFault,
        "database",
        "",
    ),
    (
        Reply(404, b"<html>Not Found", {"content-type": "text/html"}),
        errors.RemoteFault,
        "only the web server answered",
        "Permalinks",
    ),
    (Reply(403, b"<center>nginx</center>", {"content-type": "text/html"}), errors.Blocked, "nginx", "nginx"),
    (Reply(202, b"<html>", {"sg-captcha": "challenge"}), errors.Blocked, "SiteGround", "Exempt"),
    (Reply(429, b"", {"retry-after": "30"}), errors.RateLimited, "Too many", ""),
    (
        Reply(301, b"", {"location": "https://www.shop.example/wp-json/?a=1"}),
        errors.UnexpectedAnswer,
        "redirects",
        "https://www.shop.example/wp-json/",
    ),
    (Reply(200, b"<html>Hello"), errors.UnexpectedAnswer, "web page instead of data", "address"),
    (json_reply({"orders": []}), errors.UnexpectedAnswer, "agreed form", ""),
    (json_reply([{"id": 1}]), errors.UnexpectedAnswer, "status", ""),
]


@pytest.mark.parametrize(("reply", "kind", "words", "remedy"), TABLE, ids=[row[2] for row in TABLE])
def test_each_failure_has_its_own_words_and_remedy(reply, kind, words, remedy):
    with pytest.raises(errors.RemoteError) as error:
        using(reply, read)
    assert type(error.value) is kind
    assert words in str(error.value)
    assert remedy in error.value.remedy
    assert error.value.call.status == reply.status
    assert KEYS["consumer_key"] not in repr(error.value.call)


def test_patience_asked_for_is_passed_on():
    for reply, seconds in ((Reply(429, b"", {"retry-after": "30"}), 30), (refusal(503, "wp_die", "x"), None)):
        with pytest.raises(errors.RemoteError) as error:
            using(reply, read)
        wait = error.value.retry_after
        assert (wait.total_seconds() if wait else None) == seconds


RECORDED_REFUSALS = [
    row
    for row in RECORDED
    if row["method"] == "GET"
    and "/wc/v3/orders" in row["path"]
    and row["status"] >= 400
    and row["credential"] != "none"
    and row["state"] in ("normal", "maintenance", "database_down", "htaccess_broken", "rewrite_gone")
    and "/orders/0" not in row["path"]
]
KINDS = {
    ("normal", "write"): errors.RightMissing,
    ("normal", "customer"): errors.RightMissing,
    ("normal", "unknown_key"): errors.CredentialsRefused,
    ("normal", "wrong_secret"): errors.CredentialsRefused,
    ("normal", "read"): errors.CredentialsRefused,
    ("maintenance", "read_write"): errors.InMaintenance,
    ("database_down", "read"): errors.RemoteFault,
    ("htaccess_broken", "read"): errors.RemoteFault,
    ("rewrite_gone", "read"): errors.CredentialsRefused,
}


@pytest.mark.parametrize(
    "row", RECORDED_REFUSALS, ids=lambda row: f"{row['state']} {row['credential']} {row['path'][:40]}"
)
def test_recorded_refusals_of_real_shops_lead_to_the_right_error(row):
    with pytest.raises(errors.RemoteError) as error:
        using(Reply(row["status"], row["body"].encode(), row["headers"]), read)
    expected = KINDS[row["state"], row["credential"]]
    if row["state"] == "rewrite_gone" and row["status"] == 404:
        expected = errors.RemoteFault
    assert type(error.value) is expected


def test_over_https_the_key_goes_as_basic_and_over_http_as_oauth():
    sign = signer("ck_1", "cs_2", now=NOW)
    basic = sign("GET", "https://shop.example/wp-json/wc/v3/orders")["authorization"]
    assert basic == "Basic " + b64encode(b"ck_1:cs_2").decode()
    url = "http://shop.example/wp-json/wc/v3/orders?per_page=1&status=any&_fields=id,status"
    first, second = (sign("GET", url)["authorization"] for _time in range(2))
    assert first != second, "a nonce must not be used twice"
    assert "cs_2" not in first
    assert 'oauth_signature_method="HMAC-SHA256"' in first
    fields = {
        name: unquote(value.strip('"'))
        for name, _equals, value in (part.partition("=") for part in first.removeprefix("OAuth ").split(", "))
    }
    given = fields.pop("oauth_signature")
    pairs = [*fields.items(), ("per_page", "1"), ("status", "any"), ("_fields", "id,status")]
    base = signature.signature_base_string(
        "GET", "http://shop.example/wp-json/wc/v3/orders", signature.normalize_parameters(pairs)
    )
    assert given == signature.sign_hmac_sha256_with_client(
        base, type("C", (), {"client_secret": "cs_2", "resource_owner_secret": None})
    )


def shop_answers(**changed):
    def answer(asked):
        if asked.method == "PUT":
            assert (asked.path, asked.body) == ("/wp-json/wc/v3/orders/0", b"{}")
            may_write = refusal(400, "woocommerce_rest_shop_order_invalid_id", "ID is invalid.")
            return changed.get("put", may_write)
        if asked.path == "/index.php/wp-json/":
            return changed.get("index_php", Reply(404, b"<html>"))
        if asked.path.endswith("/wp-json/"):
            return changed.get(
                "index",
                json_reply(
                    {"namespaces": ["wc/v3"], "timezone_string": "Europe/Paris"},
                    date="Sun, 22 Nov 2026 12:00:03 GMT",
                ),
            )
        if "modified_after" in asked.query:
            found = (
                [{"id": 7, "status": "processing"}]
                if asked.query["modified_after"] < "2026-11-22T11:00:00"
                else []
            )
            return changed.get("bounded", json_reply(found))
        if asked.query.get("rest_route"):
            return changed.get("plain", Reply(404, b"<html>"))
        stamp = "2026-11-22T11:00:00"
        order = {
            "id": 7,
            "number": "7",
            "status": "processing",
            "date_created_gmt": stamp,
            "date_modified_gmt": stamp,
        }
        return changed.get("orders", json_reply([order]))

    return answer


async def connection(store):
    return await store.test_connection(now=NOW)


def test_a_good_connection_meets_every_need():
    report = using(shop_answers(), connection)
    assert report.ok
    assert all(need.met for need in report.needs)
    assert report.facts["time zone"] == "Europe/Paris"
    assert "clock skew" not in report.facts


@pytest.mark.parametrize(
    ("changed", "name", "remedy"),
    [
        (
            {"index": Reply(404, b"<html>"), "plain": json_reply({"namespaces": []})},
            "API answers",
            "Permalinks",
        ),
        ({"index": json_reply({"namespaces": ["wp/v2"]})}, "WooCommerce is active", "Activate"),
        (
            {"orders": refusal(401, AUTH, "Consumer secret is invalid.")},
            "key may read orders",
            "new REST key",
        ),
        ({"bounded": json_reply([])}, "Times are understood", "caches"),
        (
            {"index": json_reply({"namespaces": ["wc/v3"]}, date="Sun, 22 Nov 2026 13:00:00 GMT")},
            "clock",
            "NTP",
        ),
    ],
)
def test_a_bad_connection_names_the_need_that_is_not_met(changed, name, remedy):
    report = using(shop_answers(**changed), connection)
    assert not report.ok
    unmet = [need for need in report.needs if need.met is False]
    assert name in unmet[0].name
    assert remedy in unmet[0].remedy


def test_a_probe_asks_with_each_user_agent_and_once_neutrally_without_credentials():
    def firewall(asked):
        assert "authorization" not in asked.headers
        assert asked.path == "/wp-json/wc/v3/orders/0"
        if asked.headers["user-agent"].startswith("Sendcloud"):
            return Reply(403, b"<center>nginx</center>", {"content-type": "text/html"})
        return refusal(401, "woocommerce_rest_cannot_view", "Sorry")

    async def probe(store):
        return await store.probe(["Sendcloud/1.0.0", "SendCloud/1.0 (x)"], now=NOW), store.calls()

    calls, kept = using(firewall, probe)
    assert [call.outcome for call in calls] == [Outcome.BLOCKED, Outcome.PASSED, Outcome.PASSED]
    assert [call.user_agent.partition("/")[0] for call in calls] == ["Sendcloud", "SendCloud", "Syncwatch"]
    assert kept == []


def test_credentials_that_cannot_be_used_are_named_without_being_shown():
    async def go():
        target = Target("shop", "http://127.0.0.1:1", {"consumer_key": "ck_hush-hush"}, {})
        async with open_store(target, "woocommerce", policy=LOCAL):
            pass

    with pytest.raises(errors.CredentialsRefused, match="consumer_secret") as error:
        asyncio.run(go())
    assert "hush" not in str(error.value)

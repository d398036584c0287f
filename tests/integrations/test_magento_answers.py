"""Each answer of a Magento shop is told apart, with words and a remedy."""

import asyncio
from urllib.parse import unquote

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations import errors
from integrations.contracts import Outcome, Parcel, Target, Watermark
from integrations.http import Patience, RemoteClient
from integrations.magento.adapter import MagentoStore
from integrations.magento.options import Credentials
from integrations.magento.signing import bearer, signed
from integrations.opening import open_store

from .remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration
KEYS = {
    "consumer_key": "0123456789abcdef0123456789abcdef",
    "consumer_secret": "fedcba9876543210fedcba9876543210",
    "access_token": "00112233445566778899aabbccddeeff",
    "access_token_secret": "ffeeddccbbaa99887766554433221100",
}
UNAUTHORIZED = "The consumer isn't authorized to access %resources."
VIEW = {"resources": "Magento_Sales::actions_view"}
PARCEL = Parcel("3SABC", "PostNL")


def opened(url, settings):
    return open_store(Target("shop", url, KEYS, settings), "magento", policy=LOCAL)


def using(reply, do, **settings):
    async def go():
        answer = reply if callable(reply) else lambda asked: reply
        async with remote(answer) as shop, opened(shop.url, settings) as store:
            return await do(store)

    return asyncio.run(go())


async def read(store):
    return [page async for page in store.read_orders(Watermark(NOW), now=NOW)]


def said(status, message, parameters=None):
    extra = {} if parameters is None else {"parameters": parameters}
    return json_reply({"message": message, **extra}, status)


def page(status, title, body="", kind="text/html; charset=UTF-8"):
    text = f"<!doctype html>\n<html><head><title>{title}</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), {"content-type": kind})


CLOSED = "due to maintenance downtime or capacity problems"
TABLE = [
    (
        said(401, "The signature is invalid. Verify and try again."),
        errors.CredentialsRefused, "signature", "Bearer",
    ),
    (
        said(401, "A consumer having the specified key does not exist"),
        errors.CredentialsRefused, "consumer key", "all four values",
    ),
    (
        said(401, "Consumer key is not the correct length"),
        errors.CredentialsRefused, "consumer key", "four values",
    ),
    (said(401, "Specified token does not exist"), errors.CredentialsRefused, "access token", "four values"),
    (
        said(401, "The nonce is already being used by the consumer with ID %1", ["1"]),
        errors.RemoteFault, "twice", "caches",
    ),
    (
        said(400, "Signature method %1 is not supported", ["HMAC-SHA256"]),
        errors.CredentialsRefused, "older than 2.3", "Bearer",
    ),
    (said(404, "Request does not match any route."), errors.RemoteFault, "does not offer", "rest/V1"),
    (said(400, "Specified request cannot be processed."), errors.RemoteFault, "API path", "rest/V1"),
    (said(400, "Maximum SearchCriteria pageSize is %max", {"max": 50}), errors.OurMistake, "fewer", "Lower"),
    (
        said(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"}),
        errors.OurMistake, "did not understand", "",
    ),
    (
        said(500, "Internal Error. Details are available in Magento log file. Report ID: webapi-6b029e"),
        errors.RemoteFault, "webapi-6b029e", "var/log",
    ),
    (said(429, "Too Many Requests"), errors.RateLimited, "Too many", ""),
    (page(503, "Error 503: Service Unavailable", CLOSED), errors.InMaintenance, "maintenance", ""),
    (page(503, "503 Service Unavailable", CLOSED), errors.RemoteFault, "overloaded", ""),
    (
        page(500, "Something", "An error has happened during application run."),
        errors.RemoteFault, "database", "",
    ),
    (page(500, "There has been an error processing your request"), errors.RemoteFault, "stopped", ""),
    (page(404, "404 Not Found"), errors.RemoteFault, "no Magento API", "index.php/rest/V1"),
    (
        Reply(403, b"<center>nginx</center>", {"content-type": "text/html"}),
        errors.Blocked, "nginx", "nginx",
    ),
    (said(403, "Forbidden"), errors.Blocked, "in front", "which rule"),
    (Reply(301, b"", {"location": "https://www.shop.example/rest/V1/orders?x=1"}), errors.UnexpectedAnswer,
     "redirects", "https://www.shop.example/rest/V1/orders"),
    (Reply(200, b"<html>Hello"), errors.UnexpectedAnswer, "web page instead of data", "address"),
    (json_reply({"orders": []}), errors.UnexpectedAnswer, "items", ""),
    (json_reply({"items": [{"entity_id": 0}], "total_count": 1}), errors.UnexpectedAnswer, "entity_id", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "kind", "words", "remedy"), TABLE, ids=[f"{r[0].status} {r[2]}" for r in TABLE]
)
def test_each_failure_has_its_own_words_and_remedy(reply, kind, words, remedy):
    with pytest.raises(errors.RemoteError) as error:
        using(reply, read)
    assert type(error.value) is kind
    assert words in str(error.value)
    assert remedy in error.value.remedy
    assert error.value.call.status == reply.status
    for secret in KEYS.values():
        assert secret not in repr(error.value.call)


def gate(*, bearer_on=True, header=True, rights=True):
    """A shop by what it does with the three kinds of Authorization it may be sent."""

    def answer(asked):
        given = asked.headers.get("authorization", "") if header else ""
        ours = given.startswith("OAuth") and KEYS["consumer_key"] in given
        if given.startswith("OAuth") and not ours:
            return said(401, "A consumer having the specified key does not exist")
        known = ours or (bearer_on and given == f"Bearer {KEYS['access_token']}")
        if known and rights:
            return json_reply({"items": None, "total_count": 0})
        return said(401, UNAUTHORIZED, VIEW)

    return answer


@pytest.mark.parametrize(
    ("auth", "shop", "kind", "words", "remedy"),
    [
        ("bearer", {"bearer_on": False}, errors.CredentialsRefused, "as Bearer", "standalone Bearer tokens"),
        ("bearer", {"header": False}, errors.CredentialsRefused, "drops the Authorization", "hand the"),
        ("bearer", {"rights": False}, errors.RightMissing, "Actions > View", "tick Sales > Operations"),
        ("oauth", {"header": False}, errors.CredentialsRefused, "drops the Authorization", "hand the"),
        ("oauth", {"rights": False}, errors.RightMissing, "Actions > View", "tick Sales > Operations"),
    ],
)
def test_the_refusal_of_many_causes_is_traced_to_its_own(auth, shop, kind, words, remedy):
    with pytest.raises(errors.CredentialsRefused) as error:
        using(gate(**shop), read, auth=auth)
    assert type(error.value) is kind
    assert words in str(error.value)
    assert remedy in error.value.remedy


@pytest.mark.parametrize("auth", ["oauth", "bearer"])
def test_a_shop_that_lets_us_in_is_read_with_either_sign_in(auth):
    assert using(gate(), read, auth=auth)


def test_a_translated_refusal_is_known_by_its_parameters():
    with pytest.raises(errors.CredentialsRefused, match="Authorization header"):
        using(said(401, "Le consommateur n'est pas autorisé.", VIEW), read)


def test_requests_are_signed_as_the_shop_calculates_it():
    """A vector that was checked by an independent calculation."""
    url = (
        "https://shop.example/rest/V1/orders?searchCriteria%5BpageSize%5D=1"
        "&fields=items%5Bentity_id%5D%2Ctotal_count"
    )
    given = signed(Credentials(**KEYS), now=NOW)("GET", url)["authorization"]
    fields = dict(part.split("=", 1) for part in given.removeprefix("OAuth ").split(", "))
    again = Client(
        KEYS["consumer_key"],
        client_secret=KEYS["consumer_secret"],
        resource_owner_key=KEYS["access_token"],
        resource_owner_secret=KEYS["access_token_secret"],
        signature_method=SIGNATURE_HMAC_SHA256,
        nonce="nonce1234567890",
        timestamp="1700000000",
    ).sign(url)[1]["Authorization"]
    assert "ibSM3dcHVrH04BFMNKLNHJ8f4YZBg4oXwOD1KbJziCE=" in unquote(again)
    assert fields["oauth_signature_method"] == '"HMAC-SHA256"'
    assert fields["oauth_token"].strip('"') == KEYS["access_token"]
    other = signed(Credentials(**KEYS), now=NOW)("GET", url)["authorization"]
    assert given != other, "a nonce must not be used twice"
    for header in (given, other):
        assert KEYS["consumer_secret"] not in header
        assert KEYS["access_token_secret"] not in header
    assert bearer(Credentials(**KEYS))("GET", url) == {"authorization": f"Bearer {KEYS['access_token']}"}


def test_questions_are_encoded_as_they_are_signed_and_ask_for_no_personal_field():
    asked_urls = []

    def answer(asked):
        asked_urls.append(asked)
        return json_reply({"items": None, "total_count": 0}, date="Sun, 22 Nov 2026 12:00:00 GMT")

    using(answer, read)
    window = asked_urls[-1].query
    assert window["searchCriteria[filterGroups][0][filters][0][value]"] == "2026-11-22 11:49:00"
    assert window["searchCriteria[filterGroups][1][filters][0][value]"] == "2026-11-22 11:59:00"
    assert window["searchCriteria[pageSize]"] == "100"
    for asked in asked_urls:
        assert "customer" not in asked.query["fields"]
        assert "address" not in asked.query["fields"]
        assert asked.headers["accept"] == "application/json"


PROBES = [
    (said(401, UNAUTHORIZED, VIEW), Outcome.PASSED, "Magento"),
    (said(405, "The OPTIONS HTTP method is not supported."), Outcome.PASSED, "Magento"),
    (said(404, "Request does not match any route."), Outcome.PASSED, "Magento"),
    (said(403, "Forbidden"), Outcome.BLOCKED, ""),
    (page(503, "Error 503: Service Unavailable", CLOSED), Outcome.MAINTENANCE, "Magento"),
    (page(403, "403 Forbidden", "<center>nginx/1.22</center>"), Outcome.BLOCKED, "nginx"),
    (page(401, "Restricted"), Outcome.BLOCKED, ""),
    (page(200, "Just our shop"), Outcome.UNEXPECTED, ""),
]


@pytest.mark.parametrize(
    ("reply", "outcome", "by"), PROBES, ids=[f"{r[0].status} {r[1]} {r[2]}" for r in PROBES]
)
def test_a_probe_asks_without_credentials_and_knows_who_answered(reply, outcome, by):
    def answer(asked):
        assert "authorization" not in asked.headers
        assert (asked.method, asked.path, asked.query) == ("GET", "/rest/V1/orders/0", {})
        return reply

    async def probe(store):
        return await store.probe(["Sendcloud/1.0.0"], now=NOW), store.calls()

    calls, kept = using(answer, probe)
    assert [(call.outcome, call.by) for call in calls] == [(outcome, by)] * 2
    assert kept == []


def test_the_version_is_read_from_the_schema_where_its_page_is_switched_off():
    def answer(asked):
        if asked.path == "/rest/all/schema":
            assert asked.query == {"services": "salesOrderRepositoryV1"}
            return Reply(
                200,
                b'{"swagger":"2.0","info":{"version":"2.4","title":"Magento Community"},"x":"' + b"x" * 9999,
            )
        if asked.path == "/magento_version":
            return page(404, "404 Not Found")
        if asked.path == "/rest/V1/store/storeConfigs":
            return json_reply([{"timezone": "Europe/Paris"}])
        if asked.path == "/rest/V1/order/0/ship":
            return said(400, "An ID is needed. Set the ID and try again.")
        return json_reply({"items": None, "total_count": 0})

    async def check(store):
        return await store.check(now=NOW)

    found = using(answer, check)
    assert (found.version, found.time_zone) == ("Magento Community 2.4", "Europe/Paris")
    assert found.clock_skew is None


# Writing


class Shipping:
    """A shop with one order, that can lose its answers and be shipped by somebody else."""

    def __init__(self, *, silent=False, rival=False):
        self.tracks = []
        self.has_shipment = False
        self.silent = silent
        self.rival = rival
        self.posted = []

    def __call__(self, asked):
        if asked.path.endswith("/orders/7"):
            return json_reply({"entity_id": 7, "state": "processing"})
        if asked.path.endswith("/shipments"):
            tracks = [{"track_number": number} for number in self.tracks] or None
            shipments = [{"entity_id": 40, "order_id": 7, "tracks": tracks}] if self.has_shipment else None
            return json_reply({"items": shipments, "total_count": len(shipments or [])})
        self.posted.append((asked.path, asked.json))
        if asked.path.endswith("/emails"):
            return json_reply(True)
        assert asked.body, "a body-less call ships everything"
        if asked.path.endswith("/order/7/ship") and self.rival:
            self.rival, self.has_shipment = False, True
            return said(400, "Shipment Document Validation Error(s):\nThe order does not allow a shipment.")
        sent = asked.json.get("tracks") or [asked.json["entity"]]
        self.tracks += [track["track_number"] for track in sent]
        self.has_shipment = True
        if self.silent:
            return Reply(raw=b"")
        return json_reply("40")


async def write(store):
    return await store.write_tracking("7", [PARCEL], now=NOW)


def test_a_lost_answer_is_settled_by_reading_and_nothing_is_written_twice():
    shop = Shipping(silent=True)
    assert using(shop, write).written == ("3SABC",)
    assert using(shop, write).present == ("3SABC",)
    assert shop.tracks == ["3SABC"]
    assert len(shop.posted) == 1


def test_an_order_that_somebody_ships_meanwhile_gets_its_number_on_that_shipment():
    shop = Shipping(rival=True)
    assert using(shop, write).written == ("3SABC",)
    path, document = shop.posted[-1]
    assert path.endswith("/shipment/track")
    assert document["entity"] == {
        "track_number": "3SABC", "title": "PostNL", "carrier_code": "custom", "order_id": 7, "parent_id": 40,
    }  # fmt: skip


@pytest.mark.parametrize("has_shipment", [False, True])
@pytest.mark.parametrize("notify", [False, True])
def test_the_buyer_is_mailed_only_when_asked(notify, has_shipment):
    shop = Shipping()
    shop.has_shipment = has_shipment
    using(shop, lambda store: store.write_tracking("7", [PARCEL], now=NOW, notify=notify))
    by_shipping = [document["notify"] for path, document in shop.posted if path.endswith("/ship")]
    afterwards = [path for path, _document in shop.posted if path.endswith("/shipment/40/emails")]
    assert by_shipping == ([] if has_shipment else [notify])
    assert len(afterwards) == (has_shipment and notify)


def test_a_mail_that_cannot_be_sent_is_told_and_the_number_stays():
    shop = Shipping()
    shop.has_shipment = True

    def answer(asked):
        return said(400, "Mail is off.") if asked.path.endswith("/emails") else shop(asked)

    with pytest.raises(
        errors.NotPossible, match="is written, but the shop could not mail the buyer: Mail is off"
    ):
        using(answer, lambda store: store.write_tracking("7", [PARCEL], now=NOW, notify=True))
    assert shop.tracks == ["3SABC"]


def test_a_shop_that_does_not_answer_and_did_not_write_is_an_error():
    def answer(asked):
        if asked.method == "POST":
            return Reply(raw=b"")
        if asked.path.endswith("/orders/7"):
            return json_reply({"entity_id": 7, "state": "processing"})
        return json_reply({"items": None, "total_count": 0})

    with pytest.raises(errors.NoAnswer):
        using(answer, write)


def test_credentials_that_cannot_be_used_are_named_without_being_shown():
    async def go():
        target = Target("shop", "http://127.0.0.1:1", {**KEYS, "consumer_key": "short"}, {})
        async with RemoteClient(target.url, policy=LOCAL, patience=Patience()) as http:
            MagentoStore(target, http)

    with pytest.raises(errors.CredentialsRefused, match="consumer_key") as error:
        asyncio.run(go())
    assert "short" not in str(error.value).replace("too_short", "")

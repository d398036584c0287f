"""Whole orders pass through memory: nothing of a buyer stays, whatever shop or hub answer to them."""

import asyncio
import traceback

import orjson
import pytest

from integrations.contracts import Target
from integrations.errors import RemoteError
from integrations.opening import open_store
from integrations.redaction import without_words
from integrations.sendcloud.parcels import without_personal_data
from tests.integrations.remote import LOCAL, NOW, Reply, remote
from tests.integrations.test_sendcloud_pushing import full, push

pytestmark = pytest.mark.integration

PERSONAL = ("Jane", "Private", "Secrets", "69001", "Hiddenville", "jane@", "Mug")
KEYS = {
    "woocommerce": {"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"},
    "shopify": {"access_token": "shpat_12345678"},
    "prestashop": {"key": "K" * 32},
    "magento": dict.fromkeys(
        ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k" * 32
    ),
}
ECHO = b"Jane Private, 12 bis rue des Secrets, 69001 Hiddenville, jane@private.example: 2 Mug"
ANSWERS = {
    "page": lambda status: Reply(
        status, b"<html><p>Notice: " + ECHO + b"</p>", {"content-type": "text/html"}
    ),
    "text": lambda status: Reply(status, ECHO, {"content-type": "text/plain"}),
    "json": lambda status: Reply(
        status, orjson.dumps({"x": ECHO.decode()}), {"content-type": "application/json"}
    ),
}


def all_of(error, calls):
    return "".join(traceback.format_exception(error)) + error.remedy + repr(error.call) + repr(calls)


@pytest.mark.parametrize("platform", KEYS)
@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("status", [200, 403, 409, 500])
def test_a_shop_that_fails_at_whole_orders_is_not_quoted(platform, form, status):
    async def go():
        async with remote(lambda asked: ANSWERS[form](status)) as served:
            target = Target("shop", served.url, KEYS[platform], {})
            async with open_store(target, platform, policy=LOCAL) as store:
                with pytest.raises(RemoteError) as raised:
                    await store.read_full_orders(["7"], now=NOW)
                return all_of(raised.value, store.calls())

    told = asyncio.run(go())
    for word in PERSONAL:
        assert word not in told


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 500, 503])
def test_a_hub_that_repeats_what_it_was_sent_is_not_quoted(form, status):
    with pytest.raises(RemoteError) as raised:
        push(lambda asked: ANSWERS[form](status), [full()])
    told = all_of(raised.value, ())
    for word in PERSONAL:
        assert word not in told


@pytest.mark.parametrize("pointer", ["/[0]/shipping_address/name", ""])
def test_a_reason_of_the_hub_is_told_without_the_buyer_in_any_form(pointer):
    said = "JANE of hiddenville (690 01), mr private: 'rue des Secrets' and mug are too long"
    document = {"errors": [{"detail": said, "source": {"pointer": pointer}}]}
    answer = Reply(400, orjson.dumps(document), {"content-type": "application/json"})
    told, asked, calls, _pacer = push(lambda asked: answer, [full()])
    assert asked
    assert "too long" in told.detail
    for word in (*PERSONAL, "690 01"):
        assert word.lower() not in (told.detail + repr(calls)).lower()


def test_a_whole_order_does_not_print_itself():
    shown = f"{full()!r} {full()} {[full()]}"
    for word in PERSONAL[:-1]:
        assert word not in shown


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://jouw.postnl.nl/track-and-trace/3SABC/NL/5611EM", ""),
        ("https://jouw.postnl.nl/track-and-trace/3SABC-NL-5611-em", ""),
        ("https://dhl.example/t?tc=JVGL&pc=1234AB", "https://dhl.example/t?tc=JVGL"),
        ("https://x.example/t?q=5611%20EM&plz=10115&c=9", "https://x.example/t?c=9"),
        ("https://x.example/t?for=jane+PRIVATE&c=9#5611EM", "https://x.example/t?c=9"),
        ("https://shop.example@evil.example/t", ""),
        ("data:text/html,x", ""),
        ("https://x.example/t/JVGL5611EM99", "https://x.example/t/JVGL5611EM99"),
    ],
)
def test_a_link_to_a_parcel_tells_nothing_of_who_gets_it(url, kept):
    assert without_personal_data(url, {"postal_code": "5611 EM", "name": "Jane Private"}) == kept


def test_words_of_people_are_taken_out_in_time():
    assert without_words("a" * 2_000 + " - " * 600, ["a" * 60 + " " + "1 " * 500, "-" * 400]) is not None

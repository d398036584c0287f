"""Finding out what is at an address leads nowhere inside, and costs little whatever is there."""

import asyncio
import time
from ipaddress import ip_address, ip_network

import pytest

from integrations.contracts import Target
from integrations.detection.detect import detect
from integrations.errors import AddressRefused, RemoteError
from integrations.guard import GuardPolicy
from integrations.opening import open_hub
from tests.integrations.remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration

INSIDE = ("http://169.254.169.254/latest/", "http://[::1]:1/", "http://127.0.0.2/", "http://10.0.0.1/")
ONE_ADDRESS = GuardPolicy([ip_network("127.0.0.1/32")])
"""The address of the test's server stands for the world; every other one is inside."""


def look(answer, policy=ONE_ADDRESS):
    async def go():
        async with remote(answer) as served:
            with pytest.raises(RemoteError) as raised:
                await detect(served.url, policy=policy, now=NOW)
            return raised.value, served.asked

    return asyncio.run(asyncio.wait_for(go(), 30))


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_front_page_that_leads_inside_is_not_followed(inside, status):
    error, asked = look(lambda asked: Reply(status, b"", {"location": inside}))
    assert isinstance(error, AddressRefused)
    assert len(asked) == 1


@pytest.mark.parametrize("inside", INSIDE)
def test_an_api_that_leads_inside_is_not_followed(inside):
    def answer(asked):
        if asked.path == "/":
            return Reply(200, b"wp-content/ var prestashop cdn.shopify.com data-mage-init", {})
        return Reply(302, b"", {"location": f"{inside}?url=x"})

    error, _asked = look(answer)
    assert "169.254" not in repr(error.call) or isinstance(error, AddressRefused)


def test_a_name_that_changes_after_the_first_look_reaches_nothing_inside():
    """Every connection is judged by the very address that it goes to."""
    given = iter(["127.0.0.1"])

    async def resolve(host, port):
        return [ip_address(next(given, "127.0.0.2"))]

    policy = GuardPolicy([ip_network("127.0.0.1/32")], resolve)

    async def go():
        reply = Reply(200, b"<html>", {"connection": "close"})
        async with remote(lambda asked: reply) as served:
            url = served.url.replace("127.0.0.1", "shop.example")
            with pytest.raises(AddressRefused):
                await detect(url, policy=policy, now=NOW)
            return served.asked

    assert len(asyncio.run(go())) == 1


@pytest.mark.parametrize("name", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "localhost", "0.0.0.0"])
def test_an_address_inside_is_refused_before_it_is_asked(name):
    with pytest.raises(AddressRefused):
        asyncio.run(detect(f"http://{name}/", policy=GuardPolicy(), now=NOW))


@pytest.mark.parametrize(
    "piece", ["<meta ", "Shopify.shop = ", "<meta name=generator ", "/static/version1", "wp-content", "x-"]
)
def test_a_front_page_made_to_be_slow_to_read_is_read_quickly(piece):
    body = (piece * 60_000).encode()
    started = time.process_time()
    _error, asked = look(lambda asked: Reply(200, body, {"content-type": "text/html"}))
    assert time.process_time() - started < 5
    assert len(asked) <= 25


def test_what_is_found_holds_no_more_of_a_title_than_a_line():
    def answer(asked):
        if asked.path == "/wp-json/":
            return json_reply(
                {"name": "<b>" + "a\n" * 9_000, "namespaces": ["wc/v3"], "timezone_string": "x/../y"}
            )
        return Reply(200, b"", {})

    async def go():
        async with remote(answer) as served:
            return await detect(served.url, policy=LOCAL, now=NOW)

    found = asyncio.run(go())
    assert len(found.title) <= 80
    assert "\n" not in found.title
    assert found.time_zone == ""


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("kind", ["sendcloud", "generic"])
def test_addresses_in_a_hubs_settings_are_judged_as_its_own_is(kind, inside):
    async def go():
        async with remote(lambda asked: json_reply({"data": []})) as served:
            source = {"url": inside + "x"}
            credentials, settings = (
                (
                    {"public_key": "public", "secret_key": "secret"},
                    {"auth": "oauth2", "token_url": inside + "t"},
                )
                if kind == "sendcloud"
                else ({"token": "token"}, {"integrations": source, "arrivals": source})
            )
            target = Target("hub", served.url, credentials, settings)
            async with open_hub(target, kind, policy=ONE_ADDRESS) as hub:
                with pytest.raises(AddressRefused):
                    await hub.read_integrations(now=NOW)
            assert not served.asked

    asyncio.run(go())

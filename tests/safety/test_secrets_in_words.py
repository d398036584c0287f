"""Secrets do not come out again by the words of an error, and remotes choose nothing in our requests."""

import asyncio
import traceback

import pytest

from integrations.contracts import Target, Watermark
from integrations.errors import CredentialsRefused, RemoteError
from integrations.opening import open_hub, open_store
from tests.integrations.remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration


def generic(url, **more):
    source = {"url": url + "/x"}
    return {"integrations": source, "arrivals": source, **more}


async def refreshed(url, settings, integration_id, credentials=None):
    target = Target("hub", url, credentials or {"token": "tok", "refresh_secret": "a&b c/é"}, settings)
    async with open_hub(target, "generic", policy=LOCAL) as hub:
        return await hub.refresh(integration_id, now=NOW)


@pytest.mark.parametrize(
    "secret", ["hidden\x0bvalue", "hidden\r\nX-Other: 1", "hidden\x00value", "hiddén-välue"]
)
def test_a_secret_that_cannot_be_sent_is_not_quoted(secret):
    async def go():
        async with remote(lambda asked: json_reply({})) as served:
            target = Target("shop", served.url, {"access_token": secret}, {})
            async with open_store(target, "shopify", policy=LOCAL) as store:
                with pytest.raises(RemoteError) as raised:
                    async for _page in store.read_orders(Watermark(NOW), now=NOW):
                        pass
                assert not served.asked
        told = "".join(traceback.format_exception(raised.value)) + repr(store.calls())
        assert "hidd" not in told

    asyncio.run(go())


def test_an_id_that_the_hub_chose_stays_one_step_of_the_refresh_address():
    async def go():
        async with remote(lambda asked: Reply(204)) as served:
            settings = generic(
                served.url, refresh={"url": served.url + "/i/{integration_id}/refresh?key={refresh_secret}"}
            )
            await refreshed(served.url, settings, "../../delete?all=1#")
            return served.asked[0]

    asked = asyncio.run(go())
    assert asked.path == "/i/..%2F..%2Fdelete%3Fall%3D1%23/refresh"
    assert dict(asked.query) == {"key": "a&b c/é"}


@pytest.mark.parametrize(
    "described",
    [
        {"headers": {"Authorization": "Bearer abcdef123456"}},
        {"headers": {"X-Api-Key": "abcdef123456"}},
        {"refresh": {"url": "https://hub.example/r", "headers": {"Cookie": "session=abcdef"}}},
        {"refresh": {"url": "https://hub.example/r?api_key=abcdef123456"}},
        {"arrivals": {"url": "https://hub.example/a?access_token=abcdef123456"}},
    ],
)
def test_a_secret_written_into_the_settings_is_sent_to_the_credentials(described):
    """Settings are shown to viewers, exported and audited; only credentials are encrypted."""

    async def go():
        target = Target("hub", "https://hub.example", {}, generic("https://hub.example") | described)
        async with open_hub(target, "generic", policy=LOCAL):
            pass

    with pytest.raises(CredentialsRefused, match="credentials") as raised:
        asyncio.run(go())
    assert "abcdef" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "{integration_id}", "//evil.example", "data:text/html,x"]
)
def test_the_page_of_an_integration_is_a_web_address(address):
    async def go():
        target = Target(
            "hub", "https://hub.example", {}, generic("https://hub.example", panel_url_template=address)
        )
        async with open_hub(target, "generic", policy=LOCAL):
            pass

    with pytest.raises(CredentialsRefused, match="panel_url_template"):
        asyncio.run(go())


def test_an_id_of_the_hub_is_quoted_in_the_address_of_its_page():
    async def go():
        settings = generic("https://hub.example", panel_url_template="https://hub.example/i/{integration_id}")
        async with open_hub(
            Target("hub", "https://hub.example", {}, settings), "generic", policy=LOCAL
        ) as hub:
            return hub.panel_url("1/../../logout?x", "shop")

    assert asyncio.run(go()) == "https://hub.example/i/1%2F..%2F..%2Flogout%3Fx"

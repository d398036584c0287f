"""Keys that must stand in an address come out nowhere else; the log holds no key at any level."""

import asyncio
import logging
import subprocess
import sys
import traceback

import pytest

from integrations.contracts import Target, Watermark
from integrations.errors import RemoteError
from integrations.opening import open_hub, open_store
from integrations.sendcloud.tokens import KeyPair
from tests.integrations.remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
STORES = {
    "prestashop": ({"key": KEY}, {"key_in_query": True}),
    "woocommerce": ({"consumer_key": f"ck_{KEY}", "consumer_secret": f"cs_{KEY}"}, {"sign_in": "query"}),
}


def echoed(asked, status, kind):
    """What a server says that repeats the address it was asked at."""
    address = f"{asked.path}?" + "&".join(f"{name}={value}" for name, value in asked.query.items())
    return Reply(status, f"<h1>Error</h1> at {address}".encode(), {"content-type": kind, "location": address})


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 500, 503])
def test_a_key_in_the_address_is_in_no_error_no_record_and_no_log(kind, status, caplog):
    caplog.set_level(logging.INFO)

    async def go():
        async with remote(lambda asked: echoed(asked, status, "text/html")) as served:
            credentials, settings = STORES[kind]
            target = Target("shop", served.url, credentials, settings)
            async with open_store(target, kind, policy=LOCAL) as store:
                with pytest.raises(RemoteError) as raised:
                    async for _page in store.read_orders(Watermark(NOW), now=NOW):
                        pass
                report = await store.test_connection(now=NOW)
                assert any(KEY in value for asked in served.asked for value in asked.query.values())
                error = raised.value
                told = "".join(traceback.format_exception(error)) + error.remedy + repr(error.call)
                return told + repr(store.calls()) + repr(report) + repr(target)

    assert KEY not in asyncio.run(go()) + caplog.text


def test_no_level_of_logging_tells_keys_tokens_or_signatures():
    """oauthlib tells of every signature, httpx of every address, when they are let."""
    script = """
import asyncio, logging
from datetime import UTC, datetime
import httpx
from monitor.logs import configure
configure({"json": True, "level": "DEBUG"})
from integrations.woocommerce.signing import signed_address, signer
now = datetime.now(UTC)
signer("ck_hidden_key", "cs_hidden_secret", now=now)("GET", "http://shop.example/x")
signed_address("GET", "http://shop.example/x", {}, "ck_hidden_key", "cs_hidden_secret", now=now)
try:
    httpx.get("http://127.0.0.1:9/?ws_key=hidden_key", trust_env=False)
except httpx.HTTPError:
    pass
logging.getLogger("own").debug("is told")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "is told" in done.stderr
    for word in ("hidden", "oauth_signature", "Signature"):
        assert word not in done.stderr + done.stdout


def test_what_holds_secrets_does_not_show_them_when_printed():
    shown = repr(KeyPair(KEY, KEY, "https://hub.example")) + repr(Target("x", "u", {"token": KEY}, {}))
    assert KEY not in shown


def test_a_token_of_one_account_is_never_sent_for_another():
    """Tokens are kept in the process, which reads many accounts."""

    def answer(asked):
        if asked.path == "/token":
            return json_reply({"access_token": "for " + asked.headers["authorization"], "expires_in": 3600})
        return json_reply({"data": []})

    async def go():
        async with remote(answer) as served:
            for secret in ("secret-one", "secret-two", "secret-one"):
                keys = {"public_key": "public", "secret_key": secret}
                settings = {"auth": "oauth2", "token_url": f"{served.url}/token", "api": "v3"}
                async with open_hub(
                    Target("hub", served.url, keys, settings), "sendcloud", policy=LOCAL
                ) as hub:
                    await hub.read_integrations(now=NOW)
            granted = [asked for asked in served.asked if asked.path == "/token"]
            used = [asked.headers["authorization"] for asked in served.asked if asked.path != "/token"]
            return [asked.headers["authorization"] for asked in granted], used

    granted, used = asyncio.run(go())
    assert len(granted) == len(set(granted)) == 2
    assert used == [f"Bearer for {granted[0]}", f"Bearer for {granted[1]}", f"Bearer for {granted[0]}"]

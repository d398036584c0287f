"""Addresses nobody honest gives: they are refused with words, or cost nothing."""

import asyncio
import time
from ipaddress import ip_network

import pytest
from django.core.checks import run_checks

from integrations.errors import AddressRefused, RemoteError
from integrations.guard import GuardPolicy, check_url
from integrations.http import RemoteClient
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.tokens import KeyPair
from tests.integrations.remote import LOCAL, NOW, Reply, remote

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://shop.example:70000"]
)
def test_a_port_that_does_not_exist_is_refused(url):
    with pytest.raises(AddressRefused):
        check_url(url)


def test_a_redirect_to_a_port_that_does_not_exist_is_an_error_with_words():
    async def go():
        away = Reply(302, b"", {"location": "http://127.0.0.1:99999/"})
        async with (
            remote(lambda asked: away) as served,
            RemoteClient(served.url, policy=LOCAL) as client,
        ):
            with pytest.raises(RemoteError):
                await client.request("GET", served.url, now=NOW, redirects=1)

    asyncio.run(go())


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1%eth0", "::", "0.0.0.0", "100.64.0.1", "192.0.0.192",
        "168.63.129.16", "fd00:ec2::254", "::127.0.0.1", "::ffff:0:127.0.0.1", "224.0.0.1", "localhost",
    ],
)  # fmt: skip
def test_no_spelling_of_an_inside_address_passes(host):
    with pytest.raises(AddressRefused):
        asyncio.run(GuardPolicy().addresses(host, 80, 5))


def test_a_link_header_made_to_be_slow_is_read_quickly():
    async def go():
        slow = Reply(200, b"{}", {"link": "<a>;" * 16_000})
        async with (
            remote(lambda asked: slow) as served,
            RemoteClient(served.url, policy=LOCAL) as client,
        ):
            api = SendcloudApi(client, KeyPair("public", "secret"))
            answer = await api.get("v3/orders", now=NOW)
            started = time.process_time()
            assert api.next_page(answer) is None
            assert time.process_time() - started < 1

    asyncio.run(go())


@pytest.mark.parametrize(
    ("networks", "warned"),
    [(["0.0.0.0/0"], True), (["169.254.0.0/16"], True), (["::/0"], True), (["10.0.0.0/8", "::1/128"], False)],
)
def test_networks_that_open_the_clouds_metadata_service_are_warned_about(settings, networks, warned):
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network(network) for network in networks]
    assert ("syncwatch.W008" in {message.id for message in run_checks(tags=["security"])}) is warned

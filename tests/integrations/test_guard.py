"""Requests reach public addresses and what the operator allows, whatever names and redirects say."""

import asyncio
from ipaddress import ip_address, ip_network

import pytest

from integrations.errors import AddressRefused, NameNotFound
from integrations.guard import GuardPolicy, check_url, is_public
from integrations.http import RemoteClient

from .remote import LOCAL, NOW, Asked, Reply, remote

pytestmark = pytest.mark.integration

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "198.18.0.1",
    "203.0.113.5",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:0:53aa:64c:0:0:80ff:fffe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_refused(address):
    assert not GuardPolicy().allows(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_allowed(address):
    assert is_public(ip_address(address))


def test_only_the_networks_the_operator_names_are_opened():
    policy = GuardPolicy([ip_network("10.1.0.0/16")])
    assert policy.allows(ip_address("10.1.2.3"))
    assert policy.allows(ip_address("::ffff:10.1.2.3"))
    assert not policy.allows(ip_address("10.2.0.1"))
    assert not policy.allows(ip_address("127.0.0.1"))


def ask(url, policy, **options):
    async def go():
        async with RemoteClient(url, policy=policy) as http:
            return await http.request("GET", url, now=NOW, **options)

    return asyncio.run(go())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://0/",
        "http://[fd00:ec2::254]/",
    ],
)
def test_no_spelling_of_an_inside_host_gets_through(url):
    with pytest.raises(AddressRefused):
        ask(url, GuardPolicy())


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "file:///etc/passwd",
        "shop.example",
        "http://",
        "http://user:secret@shop.example/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(AddressRefused) as refused:
        check_url(url)
    assert "secret" not in str(refused.value)


def test_a_name_that_answers_differently_the_second_time_gains_nothing():
    answers = [[ip_address("127.0.0.1")], [ip_address("127.0.0.2")]]
    looked_up = []

    async def rebinding(host, port):
        looked_up.append(host)
        return answers[min(len(looked_up), 2) - 1]

    async def go():
        policy = GuardPolicy([ip_network("127.0.0.1/32")], resolve=rebinding)
        closing = Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        async with remote(lambda asked: closing) as shop:
            url = shop.url.replace("127.0.0.1", "shop.example")
            async with RemoteClient(url, policy=policy) as http:
                first = await http.request("GET", url, now=NOW)
                assert first.status == 200
                assert shop.asked[0].headers["host"].startswith("shop.example:")
                with pytest.raises(AddressRefused):
                    await http.request("GET", url, now=NOW)

    asyncio.run(go())
    assert looked_up == ["shop.example", "shop.example"]


def test_the_allowed_one_of_several_addresses_is_used():
    async def mixed(host, port):
        return [ip_address("10.0.0.1"), ip_address("127.0.0.1")]

    async def go():
        policy = GuardPolicy([ip_network("127.0.0.0/8")], resolve=mixed)
        async with remote(lambda asked: Reply(200, b"{}")) as shop:
            url = shop.url.replace("127.0.0.1", "shop.example")
            async with RemoteClient(url, policy=policy) as http:
                assert (await http.request("GET", url, now=NOW)).status == 200

    asyncio.run(go())


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://root:toor@127.0.0.1/",
        "gopher://x/",
    ],
)
def test_a_redirect_is_judged_like_any_address(location):
    async def go():
        def answer(asked: Asked) -> Reply:
            return Reply(302, b"", {"location": location})

        async with remote(answer) as shop, RemoteClient(shop.url, policy=LOCAL) as http:
            with pytest.raises(AddressRefused):
                await http.request("GET", shop.url, now=NOW, redirects=3)
            assert len(shop.asked) == 1

    asyncio.run(go())


def test_an_unknown_name_is_said_to_be_unknown():
    with pytest.raises(NameNotFound) as error:
        ask("https://shop.invalid/", GuardPolicy())
    assert error.value.call.status is None
    assert "shop.invalid" in str(error.value)

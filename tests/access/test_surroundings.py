"""What is seen around an interface: connections, spellings, and how long looking takes."""

import asyncio
import socket
import threading
from ipaddress import ip_address, ip_network

import pytest

from integrations.access.records import Surroundings
from integrations.access.surroundings import look_around
from integrations.access.surroundings.redirects import difference, spellings
from integrations.errors import AddressRefused
from integrations.guard import GuardPolicy
from tests.integrations.remote import LOCAL, NOW, Asked, Reply, remote

from .dns_server import serving_zone

pytestmark = pytest.mark.integration


def resolving(*addresses: str, also: tuple[str, ...] = ()) -> GuardPolicy:
    """A machine on which every name leads to these addresses of its own."""

    async def resolve(host: str, port: int):
        return [ip_address(one) for one in addresses]

    networks = ("127.0.0.0/8", "::1/128", *also)
    return GuardPolicy([ip_network(one) for one in networks], resolve)


def looked(answer, *, host: str = "127.0.0.1", path: str = "/api", policy: GuardPolicy = LOCAL, **options):
    """Surroundings of a server with that answer, and what it was asked."""

    async def go() -> tuple[Surroundings, list[Asked]]:
        async with remote(answer) as served, serving_zone({}) as resolver:
            port = served.url.rsplit(":", 1)[1]
            found = await look_around(
                f"http://{host}:{port}{path}",
                policy=policy,
                now=NOW,
                resolver=resolver,
                **{"witnesses": (), **options},
            )
            return found, served.asked

    return asyncio.run(go())


def test_a_shop_that_answers_leaves_nothing_to_say():
    found, asked = looked(lambda asked: Reply(401))
    assert found.redirects == ()
    assert found.certificate is None
    assert found.own_network_works is None
    assert found.name.error == ""
    assert {(one.method, one.path) for one in asked} == {("GET", "/api"), ("GET", "/api/")}


def test_nothing_but_get_without_credentials_is_sent():
    _found, asked = looked(lambda asked: Reply(401), host="shop.example", policy=resolving("127.0.0.1"))
    assert 0 < len(asked) <= 4
    assert {one.method for one in asked} == {"GET"}
    assert not any("authorization" in one.headers or "cookie" in one.headers for one in asked)


def test_other_spellings_that_redirect_are_told_with_what_they_change():
    def answer(asked: Asked) -> Reply:
        host = asked.headers["host"]
        if host.startswith("www."):
            return Reply(301, headers={"location": f"http://{host.removeprefix('www.')}{asked.path}?key=1"})
        if not asked.path.endswith("/"):
            return Reply(308, headers={"location": f"{asked.path}/"})
        return Reply(401)

    found, _asked = looked(answer, host="shop.example", policy=resolving("127.0.0.1"))
    assert {one.reason for one in found.redirects} == {"www", "slash"}
    assert all("key" not in one.leads_to for one in found.redirects)
    assert {one.status for one in found.redirects} == {301, 308}


def test_addresses_that_lead_to_each_other_are_a_loop():
    def answer(asked: Asked) -> Reply:
        other = asked.path.rstrip("/") if asked.path.endswith("/") else f"{asked.path}/"
        return Reply(302, headers={"location": other})

    found, _asked = looked(answer)
    assert [one.reason for one in found.redirects] == ["loop", "loop"]


@pytest.mark.parametrize("location", ["", "http://[", "\x7f://", "javascript:alert(1)", "http://a:b@c/"])
def test_odd_redirects_do_no_harm(location):
    found, _asked = looked(lambda asked: Reply(301, headers={"location": location}))
    assert all("a:b" not in one.leads_to for one in found.redirects)


@pytest.mark.parametrize(
    ("asked", "leads_to", "what"),
    [
        ("http://shop.example/api", "https://shop.example/api", "https"),
        ("https://shop.example/api", "http://shop.example/api", "http"),
        ("http://shop.example/api", "https://www.shop.example/api", "www"),
        ("https://www.shop.example/", "https://shop.example/", "www"),
        ("https://shop.example/api", "https://shop.example.com/api", "host"),
        ("https://shop.example/api", "https://shop.example:8443/api", "host"),
        ("https://shop.example/api", "/api/", "slash"),
        ("https://shop.example/api", "/login", "path"),
        ("https://shop.example/api", "https://shop.example/api", "loop"),
        ("https://shop.example/api", "https://shop.example:443/api", "loop"),
        ("https://shop.example/api", "?url=orders", "path"),
        ("https://shop.example/api", "javascript:alert(1)", ""),
    ],
)
def test_what_a_redirect_changes_is_named(asked, leads_to, what):
    assert difference(asked, leads_to) == what


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example", {"https://shop.example", "http://shop.example", "https://www.shop.example"}),
        (
            "http://www.shop.example/api/",
            {
                "http://www.shop.example/api/",
                "https://www.shop.example/api/",
                "http://shop.example/api/",
                "http://www.shop.example/api",
            },
        ),
        ("https://192.0.2.1:8443/api", {"https://192.0.2.1:8443/api", "https://192.0.2.1:8443/api/"}),
        ("http://localhost:8000", {"http://localhost:8000"}),
    ],
)
def test_an_address_is_spelled_in_at_most_four_ways(url, expected):
    assert {one.removesuffix("/") if url.count("/") == 2 else one for one in spellings(url)} == expected


def test_an_address_of_ipv6_where_nobody_listens_is_noticed():
    found, _asked = looked(
        lambda asked: Reply(401), host="shop.example", policy=resolving("127.0.0.1", "::1")
    )
    assert found.name.unreachable == ("::1",)
    assert found.own_network_works is None


def test_one_of_several_addresses_that_refuses_is_noticed():
    found, _asked = looked(
        lambda asked: Reply(401), host="shop.example", policy=resolving("127.0.0.9", "127.0.0.1")
    )
    assert found.name.unreachable == ("127.0.0.9",)
    assert found.name.ipv4 == ("127.0.0.9", "127.0.0.1"), "the system knows what DNS does not"


def test_a_refused_connection_was_answered_by_somebody():
    async def go() -> Surroundings:
        url = "http://127.0.0.1:1/api"
        return await look_around(url, policy=LOCAL, now=NOW, witnesses=[("127.0.0.1", 9)])

    assert asyncio.run(go()).own_network_works is None


def test_where_a_name_leads_nowhere_an_unrelated_host_tells_whether_it_is_our_network():
    async def go(port: int, listens: bool) -> bool | None:
        async def resolve(host: str, _port: int):
            if host == "witness.example":
                return [ip_address("127.0.0.1")]
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

        policy = GuardPolicy([ip_network("127.0.0.0/8")], resolve)
        async with serving_zone({}) as resolver:
            found = await look_around(
                "https://nosuch.example/api",
                policy=policy,
                now=NOW,
                resolver=resolver,
                witnesses=[("other.example", port), ("witness.example", port if listens else 1)],
            )
        assert found.name.error == "no_such_name"
        return found.own_network_works

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert asyncio.run(go(port, True)) is True
        assert asyncio.run(go(port, False)) is False


def test_private_addresses_are_refused():
    with pytest.raises(AddressRefused):
        asyncio.run(look_around("https://10.0.0.1/api", policy=LOCAL, now=NOW, witnesses=()))
    with pytest.raises(AddressRefused):
        asyncio.run(look_around("ftp://shop.example", policy=LOCAL, now=NOW, witnesses=()))


def test_a_redirect_to_a_private_address_is_told_and_never_asked():
    found, asked = looked(lambda asked: Reply(302, headers={"location": "http://10.0.0.1/"}))
    assert {one.leads_to for one in found.redirects} == {"http://10.0.0.1/"}
    assert len(asked) == 2


def test_what_is_asked_is_asked_at_the_same_time():
    together = threading.Barrier(2)

    def answer(asked: Asked) -> Reply:
        together.wait(timeout=10)  # nobody is answered before both have asked
        return Reply(401)

    _found, asked = looked(answer)
    assert len(asked) == 2


def test_names_beyond_ascii_are_asked_as_dns_writes_them():
    async def go() -> Surroundings:
        zone = {("xn--bro-hoa.example", "A"): ["127.0.0.1"]}
        async with remote(lambda asked: Reply(401)) as served, serving_zone(zone) as resolver:
            url = f"http://büro.example:{served.url.rsplit(':', 1)[1]}/api"
            policy = resolving("127.0.0.1")
            return await look_around(url, policy=policy, now=NOW, resolver=resolver, witnesses=())

    found = asyncio.run(go())
    assert found.name.host == "xn--bro-hoa.example"
    assert found.name.ipv4 == ("127.0.0.1",)


def test_an_address_of_ipv6_is_looked_at_too():
    async def go() -> Surroundings:
        async with remote(lambda asked: Reply(401), host="::1") as served:
            url = f"http://[::1]:{served.url.rsplit(':', 1)[1]}/api"
            return await look_around(url, policy=LOCAL, now=NOW, witnesses=())

    found = asyncio.run(go())
    assert found.name.ipv6 == ("::1",)
    assert found.own_network_works is None

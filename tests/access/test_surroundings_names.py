"""What DNS says: asked of a real server."""

import asyncio

import pytest

from integrations.access.records import NameFacts
from integrations.access.surroundings import names
from integrations.access.surroundings.names import look_up

from .dns_server import serving_zone

pytestmark = pytest.mark.integration

ZONE = {
    ("shop.example", "A"): ["192.0.2.7", "192.0.2.8"],
    ("shop.example", "AAAA"): ["2001:db8::7"],
    ("www.shop.example", "CNAME"): ["front.cdn.example"],
    ("front.cdn.example", "CNAME"): ["pop.cdn.example"],
    ("pop.cdn.example", "A"): ["192.0.2.9"],
    ("old.shop.example", "CNAME"): ["gone.host.example"],
    ("mail.example", "MX"): ["10 mx.example."],
    ("six.example", "AAAA"): ["2001:db8::1"],
    ("deaf.example", "A"): "silent",
    ("deaf.example", "AAAA"): "silent",
    ("ill.example", "A"): "broken",
    ("ill.example", "AAAA"): "broken",
    ("half.example", "A"): ["192.0.2.1"],
    ("half.example", "AAAA"): "broken",
}


def asked(host: str) -> NameFacts:
    async def go() -> NameFacts:
        async with serving_zone(ZONE) as resolver:
            return await look_up(host, resolver)

    return asyncio.run(go())


def test_both_kinds_of_addresses_are_found():
    found = asked("shop.example")
    assert set(found.ipv4) == {"192.0.2.7", "192.0.2.8"}
    assert found.ipv6 == ("2001:db8::7",)
    assert (found.aliases, found.error) == ((), "")
    assert found.took_ms > 0


def test_aliases_are_told_in_their_order():
    found = asked("www.shop.example")
    assert found.aliases == ("front.cdn.example", "pop.cdn.example")
    assert found.ipv4 == ("192.0.2.9",)


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("nosuch.example", "no_such_name"),
        ("old.shop.example", "no_such_name"),
        ("mail.example", "no_address"),
        ("ill.example", "no_answer"),
    ],
)
def test_the_ways_to_have_no_address_are_told_apart(host, error):
    assert asked(host).error == error


def test_an_alias_that_leads_to_nothing_is_named():
    assert asked("old.shop.example").aliases == ("gone.host.example",)


def test_a_dns_server_that_says_nothing_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(names, "TIMEOUT_S", 0.2)
    found = asked("deaf.example")
    assert found.error == "no_answer"
    assert found.took_ms < 2_000


@pytest.mark.parametrize("host", ["half.example", "six.example"])
def test_one_kind_of_address_is_enough(host):
    assert asked(host).error == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "shop.localhost"])
def test_addresses_and_this_machine_are_asked_of_nobody(host):
    found = asyncio.run(look_up(host, None))
    assert found.error == ""
    assert len(found.ipv4 + found.ipv6) == 1


def test_a_machine_without_resolvers_gets_no_answer():
    assert asyncio.run(look_up("shop.example", None)).error == "no_answer"


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "-", "."])
def test_names_that_cannot_be_asked_have_no_answer(host):
    assert asked(host).error in ("no_answer", "no_such_name")

"""CAA by DNS, asked of a real name server on this machine."""

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from integrations.cloudflare import caa
from integrations.cloudflare.caa import Issue, Permit

from .cloudflare import HOSTED, running_edge, sentence


class NameServer(socketserver.UDPServer):
    """Answers from ``rows`` (name -> texts of CAA records); a name that is missing does not exist."""

    def __init__(self, rows, aliases, silent):
        super().__init__(("127.0.0.1", 0), Answering)
        self.rows, self.aliases, self.silent = rows, aliases, silent
        self.asked = []


class Answering(socketserver.BaseRequestHandler):
    def handle(self):
        data, socket = self.request
        server = self.server
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        server.asked.append(name)
        if server.silent:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in server.aliases:
            target = server.aliases[name]
            reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CNAME", target + "."))
            name = target
        if server.rows.get(name):
            reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CAA", *server.rows[name]))
        elif name not in server.rows:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(reply.to_wire(), self.client_address)


@contextmanager
def name_server(rows, aliases=None, *, silent=False) -> Iterator[tuple[caa.Lookup, NameServer]]:
    with NameServer(rows, aliases or {}, silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.server_address[1]
        yield caa.looking_up(resolver), server
        server.shutdown()
        thread.join(5)


ALLOWS, FORBIDS = '0 issue "letsencrypt.org"', '0 issue "digicert.com"'
TREE = {HOSTED: [], "shop.example": [], "example": []}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("permits", "issue"),
    [
        ([], Issue.FREE),
        ([("issue", "letsencrypt.org")], Issue.ALLOWED),
        ([("ISSUE", " LetsEncrypt.org ; validationmethods=dns-01")], Issue.ALLOWED),
        ([("issue", "digicert.com"), ("issue", "letsencrypt.org")], Issue.ALLOWED),
        ([("issue", "digicert.com")], Issue.FORBIDDEN),
        ([("issue", ";")], Issue.FORBIDDEN),
        ([("issue", "notletsencrypt.org")], Issue.FORBIDDEN),
        # Neither speaks of who may issue for a single host.
        ([("iodef", "mailto:a@shop.example")], Issue.FREE),
        ([("issuewild", "digicert.com")], Issue.FREE),
    ],
)
def test_records_are_read_as_an_authority_reads_them(permits, issue):
    assert caa.judged(Permit(*permit) for permit in permits) is issue


@pytest.mark.integration
@pytest.mark.parametrize(
    ("rows", "aliases", "expected"),
    [
        (TREE, {}, ("", Issue.FREE)),
        ({}, {}, ("", Issue.FREE)),
        ({**TREE, "shop.example": [FORBIDS]}, {}, ("shop.example", Issue.FORBIDDEN)),
        ({**TREE, "shop.example": [FORBIDS, ALLOWS]}, {}, ("shop.example", Issue.ALLOWED)),
        # The nearest name counts, whatever its parents say.
        ({**TREE, HOSTED: [ALLOWS], "shop.example": [FORBIDS]}, {}, (HOSTED, Issue.ALLOWED)),
        # An alias speaks for the host.
        ({**TREE, "shops.example.net": [FORBIDS]}, {HOSTED: "shops.example.net"}, (HOSTED, Issue.FORBIDDEN)),
    ],
)
def test_the_tree_is_climbed_as_an_authority_climbs_it(rows, aliases, expected):
    with name_server(rows, aliases) as (look_up, _server):
        assert asyncio.run(caa.by_dns(look_up, HOSTED)) == expected


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


@pytest.mark.integration
@pytest.mark.parametrize(
    ("record", "state", "older"), [(ALLOWS, "ok", "ok"), (FORBIDS, "fail", "warn"), (None, "ok", "ok")]
)
def test_dns_decides_beside_what_was_entered(edge, record, state, older):
    rows = {**TREE, "shop.example": [record] if record else []}
    with name_server(rows) as (look_up, _server):
        check = edge.checks(check_dns=True, look_up=look_up)["caa_dns"]
    assert check.state == state
    assert check.values["older"] == older


@pytest.mark.integration
def test_records_that_cloudflare_adds_by_itself_are_believed(edge):
    edge.wrong(caa={})
    with name_server({**TREE, "shop.example": [FORBIDS, ALLOWS]}) as (look_up, _server):
        checks = edge.checks(check_dns=True, look_up=look_up)
    assert checks["caa_dns"].state == "ok"
    assert checks["caa_records"].state == "info"


@pytest.mark.integration
def test_a_name_server_that_is_silent_leaves_the_answer_unknown(edge, monkeypatch):
    monkeypatch.setattr(caa, "TIMEOUT_S", 0.2)
    edge.wrong(caa={})
    with name_server(TREE, silent=True) as (look_up, server):
        checks = edge.checks(check_dns=True, look_up=look_up)
    assert checks["caa_dns"].state == "unknown"
    assert "DNS resolver" in checks["caa_dns"].remedy
    assert checks["caa_records"].state == "fail"
    # One name is enough to know that nobody answers.
    assert set(server.asked) == {HOSTED}


@pytest.mark.integration
def test_certificates_are_looked_at_even_where_the_zone_is_not_seen(edge):
    with name_server({**TREE, "shop.example": [FORBIDS]}) as (look_up, _server):
        edge.api.zones.clear()
        checks = edge.checks(check_dns=True, look_up=look_up)
    assert checks["zone_active"].state == "unknown"
    assert checks["caa_dns"].state == "fail"
    assert "letsencrypt.org" in sentence(checks["caa_dns"])


@pytest.mark.integration
def test_dns_is_left_alone_when_told_so(edge):
    async def never(name):
        raise AssertionError(name)

    assert "caa_dns" not in edge.checks(look_up=never)

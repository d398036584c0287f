"""Certificates, good and bad, as real servers show them."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.access.records import Cause, CertificateFacts
from integrations.access.surroundings import handshakes, look_around, redirects
from integrations.access.surroundings.certificates import covers, facts_of
from integrations.access.surroundings.handshakes import Shown
from integrations.errors import AddressRefused
from integrations.http import Patience
from tests.needs import need

from .pki import DAY, Authority, Issued, old_server_context, self_signed, server_context
from .sockets import REFUSED, listening, refuses, resets
from .test_surroundings import resolving

pytestmark = pytest.mark.integration

NOW = dt.datetime.now(dt.UTC)
"""The TLS library looks at the machine's own clock."""
HOST = "shop.example"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(NOW)


def looked(port: int, tls: ssl.SSLContext | None, host: str = HOST, address: str = "127.0.0.1"):
    return asyncio.run(
        look_around(f"https://{host}:{port}/api", policy=resolving(address), now=NOW, tls=tls, witnesses=())
    )


def shown(serving: ssl.SSLContext, authority: Authority, host: str = HOST) -> CertificateFacts | None:
    with listening(refuses, tls=serving) as port:
        return looked(port, authority.trusting(), host).certificate


def served_with(issued: Issued, folder: Path, *, chain: bool = True) -> ssl.SSLContext:
    return server_context(*issued.files(folder, chain=chain))


def test_a_good_certificate_is_read(authority, tmp_path):
    issued = authority.issue(HOST, f"www.{HOST}", ends=20 * DAY)
    found = shown(served_with(issued, tmp_path), authority)
    assert found.problem is None
    assert found.protocol == "TLSv1.3"
    assert found.names == (HOST, f"www.{HOST}")
    assert found.issuer == "Laboratory Laboratory R1"
    assert abs(found.expires_at - (NOW + 20 * DAY)) < dt.timedelta(seconds=2)
    assert found.starts_at < NOW


@pytest.mark.parametrize(
    ("names", "options", "problem"),
    [
        ((HOST,), {"starts": -90 * DAY, "ends": -1 * DAY}, Cause.CERTIFICATE_EXPIRED),
        ((HOST,), {"starts": 1 * DAY}, Cause.CERTIFICATE_NOT_YET),
        (("other.example",), {}, Cause.CERTIFICATE_NAME),
        (("other.example",), {"starts": -90 * DAY, "ends": -1 * DAY}, Cause.CERTIFICATE_EXPIRED),
        ((f"*.{HOST}",), {}, Cause.CERTIFICATE_NAME),
    ],
    ids=["expired", "not yet", "other name", "expired and other name", "star for names below only"],
)
def test_what_is_wrong_is_named_and_read_all_the_same(authority, tmp_path, names, options, problem):
    found = shown(served_with(authority.issue(*names, **options), tmp_path), authority)
    assert found.problem is problem
    assert found.names == names
    assert found.expires_at is not None
    assert found.detail
    assert found.protocol == "TLSv1.3"


def test_a_missing_intermediate_is_told_from_an_unknown_authority(authority, tmp_path):
    url = "http://ca.example/r1.der"
    incomplete = authority.issue(HOST, issuer_url=url)
    found = shown(served_with(incomplete, tmp_path / "a", chain=False), authority)
    assert found.problem is Cause.CERTIFICATE_CHAIN
    assert found.issuer_url == url

    stranger = Authority(NOW, name="Stranger").issue(HOST)
    assert shown(served_with(stranger, tmp_path / "b"), authority).problem is Cause.CERTIFICATE_UNTRUSTED

    alone = self_signed(NOW, HOST)
    assert shown(served_with(alone, tmp_path / "c"), authority).problem is Cause.CERTIFICATE_UNTRUSTED


def test_the_wrong_intermediate_is_a_broken_chain(authority, tmp_path):
    issued = authority.issue(HOST)
    foreign = Issued(issued.certificate, issued.key, Authority(NOW, name="Stranger").issue(HOST).issuers)
    assert shown(served_with(foreign, tmp_path), authority).problem is Cause.CERTIFICATE_CHAIN


@pytest.mark.parametrize("issuer", ["(STAGING) Laboratory", "Somebody Origin SSL"])
def test_issuers_that_nobody_trusts_miss_no_intermediate(authority, tmp_path, issuer):
    issued = Authority(NOW, name=issuer).issue(HOST)
    found = shown(served_with(issued, tmp_path, chain=False), authority)
    assert found.problem is Cause.CERTIFICATE_UNTRUSTED


def test_an_expired_intermediate_is_a_broken_chain(tmp_path):
    old = Authority(NOW, starts=-90 * DAY, ends=-1 * DAY)
    found = shown(served_with(old.issue(HOST), tmp_path), old)
    assert found.problem is Cause.CERTIFICATE_CHAIN
    assert "expired" in found.detail


def test_a_protocol_that_is_too_old_is_named(authority, tmp_path):
    found = shown(old_server_context(*authority.issue(HOST).files(tmp_path)), authority)
    assert found.problem is Cause.TLS_PROTOCOL
    assert found.protocol == "TLSv1.1"
    assert found.names == (HOST,)


def test_plain_http_where_tls_is_expected_is_no_protocol_of_ours():
    def answers_at_once(plain: socket.socket, _head: bytes) -> None:
        plain.sendall(REFUSED)

    with listening(answers_at_once, greets=True) as port:
        found = looked(port, None).certificate
    assert found.problem is Cause.TLS_PROTOCOL
    assert found.detail == "wrong version number"


def test_a_server_that_knows_no_such_host_is_a_matter_of_the_name(authority, tmp_path):
    serving = served_with(authority.issue("other.example"), tmp_path)
    serving.sni_callback = lambda tls, name, context: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    found = shown(serving, authority)
    assert found.problem is Cause.CERTIFICATE_NAME
    assert found.names == ()


def test_a_server_that_speaks_http_2_only_is_a_matter_of_the_protocol(authority, tmp_path):
    certificate, key = authority.issue(HOST).files(tmp_path)
    with listening_for_http_2_only(certificate, key) as port:
        found = looked(port, authority.trusting()).certificate
    assert found.problem is Cause.TLS_PROTOCOL
    assert found.detail == "tlsv1 alert no application protocol"


@contextlib.contextmanager
def listening_for_http_2_only(certificate: Path, key: Path) -> Iterator[int]:
    """By OpenSSL's own server: Python's accepts whoever offers nothing that it knows."""
    need("openssl")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = f"-cert {certificate} -cert_chain {certificate} -key {key}"
    command = f"openssl s_server -accept 127.0.0.1:{port} {files} -alpn h2"
    process = subprocess.Popen(
        command.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        while line := process.stdout.readline():
            if line.startswith(b"ACCEPT"):
                break
        yield port
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("behaviour", ["closes", "resets", "stays silent"])
def test_a_server_that_hangs_up_shows_no_certificate(monkeypatch, behaviour):
    monkeypatch.setattr(handshakes, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(redirects, "_PATIENCE", Patience(0.2, 0.2, 1.0))

    def badly(connection: socket.socket, _head: bytes) -> None:
        if behaviour == "resets":
            resets(connection)
        elif behaviour == "stays silent":
            connection.recv(65_536)
            connection.recv(1)

    with listening(badly, greets=True) as port:
        found = looked(port, None)
    assert found.certificate is None
    assert found.own_network_works is None, "a connection was accepted"


def test_nothing_is_sent_on_a_connection_that_is_not_verified(tmp_path):
    """Neither a request nor anything else: the other side sees the end right after the handshake."""
    heard: list[bytes] = []
    context = served_with(self_signed(NOW, HOST), tmp_path)
    with listening(lambda _connection, head: heard.append(head), tls=context) as port:
        found = looked(port, None)
        assert found.certificate.problem is Cause.CERTIFICATE_UNTRUSTED
    assert set(heard) <= {b""}


def _tls12(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("names", "options", "depth", "change"),
    [
        ((HOST,), {}, 1, _tls12),
        ((HOST,), {"is_rsa": True}, 1, None),
        ((f"*.{HOST}",), {}, 1, None),
        ((HOST,), {}, 4, None),
        ((HOST, *(f"n{number}.{HOST}" for number in range(90))), {}, 1, None),
    ],
    ids=["TLS 1.2 only", "RSA", "star", "long chain", "many names"],
)
def test_healthy_variations_are_accepted(tmp_path, names, options, depth, change):
    authority = Authority(NOW, depth=depth)
    context = served_with(authority.issue(*names, **options), tmp_path)
    if change:
        change(context)
    found = shown(context, authority, f"www.{HOST}" if names[0].startswith("*") else HOST)
    assert found.problem is None
    assert len(found.names) <= 20


def test_a_certificate_for_an_address_is_accepted(authority, tmp_path):
    context = served_with(authority.issue("127.0.0.1"), tmp_path)
    assert shown(context, authority, host="127.0.0.1").problem is None


def test_no_certificate_is_read_at_an_address_that_is_not_allowed():
    with pytest.raises(AddressRefused):
        looked(443, None, address="10.0.0.1")


def test_a_star_stands_for_one_label():
    assert covers(["*.shop.example"], "WWW.shop.example.")
    assert not covers(["*.shop.example"], "a.b.shop.example")
    assert not covers(["*.shop.example"], "shop.example")
    assert covers(["192.0.2.1"], "192.0.2.1")
    assert not covers(["*.0.2.1"], "192.0.2.1")


def test_what_cannot_be_parsed_is_a_certificate_all_the_same():
    refusal = ssl.SSLCertVerificationError(1, "bad")
    found = facts_of(Shown("TLSv1.3", (b"nonsense",), refusal), HOST, NOW)
    assert found.problem is Cause.CERTIFICATE_UNTRUSTED
    assert facts_of(Shown("TLSv1.3", ()), HOST, NOW).problem is None

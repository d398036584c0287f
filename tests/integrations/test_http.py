"""The client of all adapters: whole answers within limits, nothing given away, evidence of everything."""

import asyncio
import datetime as dt
import gzip
import ssl
import tomllib
import zlib
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import errors
from integrations.body import SizeLimits, turn_of_large_bodies
from integrations.contracts import Outcome
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient, tls_context

from .remote import LOCAL, NOW, Asked, PatientPacer, Reply, json_reply, remote

pytestmark = pytest.mark.integration


def asking(answer, *requests, **options):
    """Serves ``answer`` and makes the requests in order; gives server, client and the last answer."""

    async def go():
        async with remote(answer) as served, RemoteClient(served.url, policy=LOCAL, **options) as http:
            last = None
            for request in requests or [{}]:
                last = await http.request(
                    request.pop("method", "GET"), served.url + request.pop("path", "/"), now=NOW, **request
                )
            return served, http, last

    return asyncio.run(go())


def test_an_answer_carries_what_it_took():
    _served, _http, answer = asking(lambda asked: json_reply({"a": 1}), {"params": {"x": "1,2"}})
    assert answer.json() == {"a": 1}
    assert answer.timings.connect > 0
    assert answer.timings.wait > 0
    assert answer.url.endswith("?x=1,2")
    assert "url" not in repr(answer)


def test_we_say_who_we_are_and_in_which_version():
    served, _http, _answer = asking(lambda asked: json_reply([]))
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert served.asked[0].headers["user-agent"] == f"Syncwatch/{project['version']}"


def test_a_kept_connection_is_used_again():
    served, _http, answer = asking(lambda asked: json_reply([]), {}, {}, {})
    assert served.connections == 1
    assert answer.timings.connect == 0


def test_cookies_are_not_kept_and_the_environment_is_ignored(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    served, _http, _answer = asking(lambda asked: json_reply([], set_cookie="id=1; Path=/"), {}, {})
    assert "cookie" not in served.asked[1].headers


def test_a_whole_body_is_unfolded():
    packed = gzip.compress(b'{"a": 1}')
    for encoding, body in {"gzip": packed, "deflate": zlib.compress(b'{"a": 1}')}.items():
        _s, _h, answer = asking(lambda asked, b=body, e=encoding: Reply(200, b, {"content-encoding": e}))
        assert answer.json() == {"a": 1}


BOMB = zlib.compressobj(9, zlib.DEFLATED, 31)
BOMB = BOMB.compress(bytes(64 * 2**20)) + BOMB.flush()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, BOMB, {"content-encoding": "gzip"}),
        Reply(200, bytes(9 * 2**20)),
        Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + bytes(9 * 2**20)),
        Reply(200, b"[" + b"[]," * 500_000 + b"[]]"),
        Reply(200, b"<a>" + b"<b/>" * 400_000 + b"</a>"),
        Reply(200, b"not gzip", {"content-encoding": "gzip"}),
        Reply(200, gzip.compress(b"cut off" * 99)[:-9], {"content-encoding": "gzip"}),
        Reply(200, b"x", {"content-encoding": "br"}),
        Reply(200, b"x", {"content-encoding": "gzip, gzip"}),
    ],
    ids=[
        "bomb",
        "huge",
        "huge and unannounced",
        "many values",
        "many elements",
        "damaged",
        "truncated",
        "brotli",
        "twice",
    ],
)
def test_a_body_beyond_the_limits_is_refused(reply):
    with pytest.raises(errors.UnexpectedAnswer) as error:
        asking(lambda asked: reply)
    assert error.value.call.outcome is Outcome.NO_ANSWER


def test_a_large_body_is_read_whole():
    rows = b"[" + b",".join(b'{"id": %d, "note": "%b"}' % (n, b"x" * 50) for n in range(50_000)) + b"]"
    packed = gzip.compress(rows)
    for body, headers in ((rows, {}), (packed, {"content-encoding": "gzip"})):
        _s, _h, answer = asking(lambda asked, b=body, h=headers: Reply(200, b, h))
        assert len(answer.json()) == 50_000


def test_while_four_large_bodies_are_read_small_ones_do_not_wait_and_further_large_ones_do():
    async def go():
        go_on = asyncio.Event()

        async def serve(reader, writer):
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
            length = 8 if path == b"/small" else 2_000_000
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
            writer.write(bytes(length - 1))
            if path == b"/stops":
                await go_on.wait()
            writer.write(b".")
            await writer.drain()
            writer.close()

        async def ask(path):
            async with RemoteClient(url, policy=LOCAL) as http:
                return len((await http.request("GET", url + path, now=NOW)).body)

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            holding = [asyncio.create_task(ask("/stops")) for _ in range(4)]
            while not turn_of_large_bodies().locked():
                await asyncio.sleep(0)
            holding.append(asyncio.create_task(ask("/large")))
            assert await ask("/small") == 8
            assert not any(task.done() for task in holding)
            go_on.set()
            return await asyncio.gather(*holding)

    assert asyncio.run(go()) == [2_000_000] * 5


def test_the_beginning_of_a_body_can_be_enough():
    _s, _h, answer = asking(
        lambda asked: Reply(403, b"x" * 2**20), {"truncate_at": 1000}, limits=SizeLimits(wire=2**16)
    )
    assert len(answer.body) == 1000


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(hang=True), errors.TimedOut),
        (Reply(raw=b""), errors.ConnectionFailed),
        (Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123"), errors.ConnectionFailed),
        (Reply(raw=b"SSH-2.0-OpenSSH\r\n\r\n"), errors.ConnectionFailed),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n"), errors.ConnectionFailed),
    ],
    ids=["silence", "closed", "cut off", "not http", "endless header"],
)
def test_no_answer_is_told_apart(reply, kind):
    with pytest.raises(kind) as error:
        asking(lambda asked: reply, patience=Patience(whole=0.3))
    assert error.value.call.status is None
    assert error.value.call.detail == str(error.value)


def test_a_refused_connection_is_said_so():
    async def go():
        async with remote(lambda asked: Reply()) as served:
            url = served.url
        async with RemoteClient(url, policy=LOCAL) as http:
            await http.request("GET", url, now=NOW)

    with pytest.raises(errors.ConnectionFailed, match="refused"):
        asyncio.run(go())


def test_a_get_is_repeated_once_after_a_broken_connection_and_a_post_never():
    def broken_first(asked: Asked) -> Reply:
        first.append(asked)
        return Reply(raw=b"") if len(first) == 1 else json_reply([])

    first: list[Asked] = []
    _served, http, answer = asking(broken_first)
    assert answer.status == 200
    assert [call.outcome for call in http.calls()] == [Outcome.PASSED]
    first.clear()
    with pytest.raises(errors.ConnectionFailed):
        asking(broken_first, {"method": "POST", "content": b"{}"})
    first.clear()
    with pytest.raises(errors.ConnectionFailed):
        asking(broken_first, {"retry": False})
    assert len(first) == 1


def bearer(method, url):
    return {"authorization": "Bearer very-secret"}


def test_credentials_never_follow_a_redirect_to_another_host():
    async def go():
        async with remote(lambda asked: json_reply({"ok": 1})) as other:

            def answer(asked: Asked) -> Reply:
                if asked.path == "/there":
                    return Reply(307, b"", {"location": other.url + "/landed"})
                return Reply(302, b"", {"location": "/there"})

            async with remote(answer) as shop, RemoteClient(shop.url, policy=LOCAL) as http:
                reply = await http.request("GET", shop.url + "/here", now=NOW, auth=bearer, redirects=5)
                assert reply.json() == {"ok": 1}
                assert [asked.headers.get("authorization") for asked in shop.asked] == [
                    "Bearer very-secret"
                ] * 2
                assert "authorization" not in other.asked[0].headers

    asyncio.run(go())


def test_redirects_are_followed_only_when_asked_and_only_so_many():
    def endless(asked: Asked) -> Reply:
        return Reply(301, b"", {"location": asked.path + "x"})

    served, http, answer = asking(endless)
    assert (answer.status, len(served.asked)) == (301, 1)
    assert http.calls()[0].outcome is Outcome.REDIRECTED
    served, _http, answer = asking(endless, {"redirects": 4})
    assert (answer.status, len(served.asked)) == (301, 5)
    served, _http, _answer = asking(endless, {"redirects": 4, "method": "POST", "content": b""})
    assert len(served.asked) == 1


def test_every_request_waits_for_its_turn():
    pacer = PatientPacer()
    asking(lambda asked: json_reply([]), {}, {}, {}, pacer=pacer)
    assert pacer.acquired == 3


def test_failures_and_one_success_are_kept_redacted():
    def answer(asked: Asked) -> Reply:
        if asked.path == "/bad":
            body = b'{"error": "no", "email": "jane@private.example", "echo": "sesame-open"}'
            return Reply(500, body, {"content-type": "application/json"})
        return json_reply({"email": "jane@private.example"})

    good, bad = {"path": "/good?token=sesame-open"}, {"path": "/bad"}
    _served, http, _answer = asking(
        answer, dict(good), dict(bad), dict(good), dict(bad), secrets=["sesame-open"]
    )
    calls = http.calls()
    assert [call.status for call in calls] == [500, 500, 200]
    assert "jane" not in repr(calls)
    assert "sesame" not in repr(calls)
    assert calls[2].url.endswith("/good?token")
    assert calls[0].at == NOW


def certificate(name: str, ends: dt.datetime):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - dt.timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, built


@pytest.fixture
def shop_tls(tmp_path):
    def make(name, ends):
        key, cert = certificate(name, ends)
        pem = tmp_path / f"{name}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + cert.public_bytes(serialization.Encoding.PEM)
        )
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(pem)
        client = ssl.create_default_context(cafile=pem)
        return server, client

    return make


def over_tls(server, client, name):
    async def here(host, port):
        return [ip_address("127.0.0.1")]

    async def go():
        async with remote(lambda asked: json_reply([]), tls=server) as shop:
            url = shop.url.replace("127.0.0.1", name)
            policy = GuardPolicy(LOCAL.allowed_networks, resolve=here)
            async with RemoteClient(url, policy=policy, tls=client) as http:
                answer = await http.request("GET", url, now=NOW)
                again = await http.request("GET", url, now=NOW)
                return answer, again

    return asyncio.run(go())


def test_the_certificate_is_checked_for_the_name_and_its_end_is_told(shop_tls):
    ends = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=9)
    answer, again = over_tls(*shop_tls("shop.example", ends), "shop.example")
    assert answer.tls_expires_at == again.tls_expires_at == ends
    assert answer.timings.tls > 0


@pytest.mark.parametrize(
    ("issued_for", "days", "trusted"),
    [("other.example", 9, True), ("shop.example", -9, True), ("shop.example", 9, False)],
)
def test_a_bad_certificate_is_named_as_the_reason(shop_tls, issued_for, days, trusted):
    server, client = shop_tls(issued_for, dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
    with pytest.raises(errors.TlsFailed, match=r"certificate of .* is not valid"):
        over_tls(server, client if trusted else tls_context(), "shop.example")


def test_plain_http_behind_https_is_said_so():
    async def go():
        async with remote(lambda asked: Reply()) as served:
            url = served.url.replace("http:", "https:")
            async with RemoteClient(url, policy=LOCAL, patience=Patience(connect=0.3)) as http:
                await http.request("GET", url, now=NOW)

    with pytest.raises(errors.NoAnswer):
        asyncio.run(go())

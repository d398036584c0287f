"""Faults before HTTP: certificates, protocols, names and connections; and TLS that only looks odd."""

import contextlib
import dataclasses
import ssl
from datetime import timedelta

import pytest

from integrations.access.fixes.choosing import fixes_for
from integrations.access.reasoning import diagnose
from integrations.access.records import Cause, Layer, Subject
from integrations.http import Patience
from tests.access.pki import DAY, Authority
from tests.access.sockets import resets
from tests.servers.conftest import Run
from tests.servers.laboratory import Laboratory, guest_of, refused_to_hub, suffered
from tests.servers.network import (
    FILES,
    HOST,
    LIVE,
    authority,
    nowhere,
    over_tls,
    own,
    raw,
    refusing_put,
    resolving,
    without_chain,
)
from tests.servers.nginx import Config, nginx
from tests.servers.scenarios import Ask, Fault, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

HURRIED = Patience(connect=0.3, read=0.3, whole=0.6)
WRITES_REFUSED = "limit_except GET POST OPTIONS {\n            deny all;\n        }"
NAMED = resolving(shop_example=HOST, www_shop_example=HOST)


def of_tls(cause: Cause) -> Fault:
    return Fault(cause, Layer.NETWORK, Subject.CERTIFICATE)


def of_network(cause: Cause, subject: Subject | tuple[Subject, ...] = Subject.EVERYTHING) -> Fault:
    return Fault(cause, Layer.NETWORK, subject)


def trusting() -> ssl.SSLContext:
    return authority().trusting()


def certificate(name: str, cause: Cause, serve, *, closes: bool = True, **options) -> Scenario:
    return Scenario(
        f"network: {name}",
        serve,
        (of_tls(cause),),
        closes=closes,
        looks_around=True,
        tls=trusting,
        **options,
    )


CERTIFICATES = (
    certificate(
        "certificate expired",
        Cause.CERTIFICATE_EXPIRED,
        over_tls(lambda: authority().issue(HOST, starts=-90 * DAY, ends=-3 * DAY), certbot_takes="renew"),
    ),
    certificate(
        "certificate renewed and never loaded",
        Cause.CERTIFICATE_EXPIRED,
        over_tls(
            lambda: authority().issue(HOST, starts=-90 * DAY, ends=-1 * DAY),
            certbot_takes="renew",
            is_on_disk=True,
        ),
    ),
    certificate(
        "certificate of next week",
        Cause.CERTIFICATE_NOT_YET,
        over_tls(lambda: authority().issue(HOST, starts=7 * DAY), certbot_takes="--force-renewal"),
    ),
    certificate(
        "certificate for another name",
        Cause.CERTIFICATE_NAME,
        over_tls(lambda: authority().issue("other.example"), certbot_takes=f"--nginx -d {HOST}"),
    ),
    certificate(
        "certificate for a name beside it",
        Cause.CERTIFICATE_NAME,
        over_tls(
            lambda: authority().issue("www.shop.example", "mail.shop.example"),
            certbot_takes="--expand -d mail.shop.example -d shop.example -d www.shop.example",
            host="shop.example",
            mended=lambda: authority().issue("mail.shop.example", "shop.example", "www.shop.example"),
        ),
        policy=NAMED,
    ),
    certificate(
        "certificate without its intermediate",
        Cause.CERTIFICATE_CHAIN,
        over_tls(lines=FILES.replace("fullchain", "cert")),
    ),
    certificate("certificate alone in its file, not certbot's", Cause.CERTIFICATE_CHAIN, without_chain()),
    certificate(
        "certificate that signed itself",
        Cause.CERTIFICATE_UNTRUSTED,
        over_tls(own, certbot_takes=f"--nginx -d {HOST}"),
    ),
    certificate(
        "certificate of an unknown authority",
        Cause.CERTIFICATE_UNTRUSTED,
        over_tls(lambda: Authority(authority().now, name="Stranger").issue(HOST), certbot_takes="-d"),
    ),
    certificate(
        "no certificate for this name at all",
        Cause.CERTIFICATE_NAME,
        over_tls(lines="ssl_reject_handshake on;\n"),
        closes=False,
    ),
    certificate(
        "only TLS 1.1",
        Cause.TLS_PROTOCOL,
        over_tls(lines=f"{FILES}ssl_protocols TLSv1 TLSv1.1;\nssl_ciphers ALL:@SECLEVEL=0;\n"),
    ),
    certificate(
        "plain http where https is due",
        Cause.TLS_PROTOCOL,
        over_tls(lines="", tls_is_on=False),
        closes=False,
    ),
    Scenario(
        "network: certificate ends in 5 days, and PUT, PATCH, DELETE refused",
        over_tls(
            lambda: authority().issue(HOST, ends=timedelta(days=5, hours=1)),
            config=Config(location=WRITES_REFUSED),
            certbot_takes="renew",
        ),
        (
            Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx"),
            of_tls(Cause.CERTIFICATE_EXPIRES),
        ),
        closes=True,
        stays_refused=(Ask("PUT"), Ask("DELETE", agent="curl/8")),
        looks_around=True,
        tls=trusting,
    ),
    certificate(
        "certificate that ends tomorrow",
        Cause.CERTIFICATE_EXPIRES,
        over_tls(lambda: authority().issue(HOST, ends=timedelta(days=1, hours=1)), certbot_takes="renew"),
    ),
)


def _silent(connection, _head: bytes) -> None:
    while connection.recv(65_536):
        pass


def _half(connection, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n")


def _nothing(_connection, _head: bytes) -> None:
    """The connection ends when this does."""


def _reset(connection, _head: bytes) -> None:
    resets(connection)


CONNECTIONS = (
    Scenario(
        "network: closes without a word",
        raw(lambda site: _nothing),
        (of_network(Cause.CLOSED_EARLY),),
        looks_around=True,
    ),
    Scenario(
        "network: closes in the middle of an answer",
        raw(lambda site: _half),
        (of_network(Cause.CLOSED_EARLY),),
        looks_around=True,
    ),
    Scenario(
        "network: resets connections",
        raw(lambda site: _reset),
        (of_network(Cause.CLOSED_EARLY),),
        looks_around=True,
    ),
    Scenario(
        "network: accepts and never answers",
        raw(lambda site: _silent),
        (of_network(Cause.TIMED_OUT),),
        patience=HURRIED,
        settled=False,
    ),
    Scenario(
        "network: hangs up before TLS",
        raw(lambda site: _reset, greets=True, scheme="https"),
        (of_network(Cause.CLOSED_EARLY),),
        looks_around=True,
        settled=False,
    ),
    Scenario(
        "network: silent instead of TLS",
        raw(lambda site: _silent, greets=True, scheme="https"),
        (of_network(Cause.TIMED_OUT),),
        patience=HURRIED,
        settled=False,
    ),
    Scenario(
        "network: http entered for a port of https",
        over_tls(scheme="http"),
        (
            Fault(
                (Cause.REDIRECT, Cause.TLS_PROTOCOL),
                (Layer.NETWORK, Layer.SERVER),
                (Subject.ADDRESS_WRITTEN, Subject.CERTIFICATE),
            ),
        ),
        looks_around=True,
        settled=False,
    ),
    Scenario(
        "network: a client's certificate is wanted",
        over_tls(
            config=Config(server=f"ssl_client_certificate FOLDER/{LIVE}/chain.pem;\nssl_verify_client on;")
        ),
        (Fault(Cause.EVERYBODY_REFUSED, Layer.SERVER, Subject.EVERYTHING, "nginx"),),
        closes=True,
        stays_refused=(Ask(), Ask("PUT"), Ask(path="/", agent="Sendcloud/1.0.0")),
        looks_around=True,
        tls=trusting,
    ),
    Scenario(
        "network: nobody listens",
        nowhere(f"http://{HOST}:9"),
        (of_network(Cause.CONNECTION_REFUSED),),
        looks_around=True,
        settled=False,
    ),
    Scenario(
        "network: no such name",
        nowhere("https://no-such-shop.invalid"),
        (of_network(Cause.NAME_NOT_FOUND, Subject.NAME),),
        looks_around=True,
        policy=resolving(),
        settled=False,
    ),
    Scenario(
        "network: PUT is reset, all else is answered",
        raw(refusing_put),
        (
            Fault(
                Cause.DROPPED,
                (Layer.NETWORK, Layer.SERVER, Layer.UNKNOWN),
                Subject.METHOD,
                methods=("PUT",),
            ),
        ),
        looks_around=True,
    ),
    Scenario(
        "network: an address of IPv6 where nobody listens",
        over_tls(lambda: authority().issue("shop.example"), host="shop.example"),
        (of_network(Cause.CONNECTION_REFUSED, Subject.NAME),),
        looks_around=True,
        tls=trusting,
        policy=resolving(shop_example="::1 127.0.0.1"),
        settled=False,
    ),
)

REDIRECTS = tuple(
    Scenario(
        f"network: redirects to {where}, over TLS",
        over_tls(
            lambda: authority().issue("shop.example"),
            config=Config(server=rule),
            host="shop.example",
            mended=lambda: authority().issue("shop.example"),
        ),
        (Fault(Cause.REDIRECT, (Layer.SERVER, Layer.UNKNOWN), Subject.ADDRESS_WRITTEN),),
        looks_around=True,
        tls=trusting,
        policy=NAMED,
    )
    for where, rule in (
        ("www", "return 301 https://www.shop.example$request_uri;"),
        ("another host", "return 302 https://shop.other.example$request_uri;"),
        ("a slash at the end", "rewrite ^(.*[^/])$ $1/ permanent;"),
        ("itself", "return 301 https://shop.example:$server_port$request_uri;"),
    )
)


def healthy(name: str, serve, **options) -> Scenario:
    return Scenario(
        f"healthy: {name}",
        serve,
        looks_around=True,
        settled=False,
        **{"tls": trusting, **options},
    )


LONG = Authority(authority().now, depth=4)
HEALTHY = (
    healthy("TLS 1.2 only", over_tls(config=Config(server="ssl_protocols TLSv1.2;"))),
    healthy("TLS 1.3 only", over_tls(config=Config(server="ssl_protocols TLSv1.3;"))),
    healthy("RSA certificate", over_tls(lambda: authority().issue(HOST, is_rsa=True))),
    healthy(
        "certificate with a star",
        over_tls(lambda: authority().issue("*.shop.example"), host="www.shop.example"),
        policy=NAMED,
    ),
    healthy("long chain", over_tls(lambda: LONG.issue(HOST)), tls=LONG.trusting),
    healthy(
        "sessions resumed",
        over_tls(
            config=Config(
                http="ssl_session_cache shared:tls:1m;",
                server="ssl_session_tickets on; keepalive_timeout 0;",
            )
        ),
    ),
    healthy("HTTP/2 offered", over_tls(config=Config(listen=" http2"))),
    healthy("certificate that ends in 20 days", over_tls(lambda: authority().issue(HOST, ends=20 * DAY))),
    healthy(
        "a slow handshake of many names",
        over_tls(lambda: authority().issue(HOST, *(f"n{number}.shop.example" for number in range(95)))),
    ),
)


@pytest.mark.parametrize(
    "scenario", [*CERTIFICATES, *CONNECTIONS, *REDIRECTS, *HEALTHY], ids=lambda scenario: scenario.name
)
def test_the_fault_before_http_is_named(scenario: Scenario, run: Run, installed):
    for program in ("nginx", "curl", "openssl"):
        installed(program)
    run(scenario)


def test_of_a_redirect_the_printed_address_is_one_at_which_the_hub_passes(laboratory: Laboratory, installed):
    """The change is made at the hub: it is told the address that is printed."""
    installed("nginx")
    issued = authority().issue("shop.example")
    with contextlib.ExitStack() as stack:
        secure = Scenario("https", over_tls(lambda: issued, host="shop.example"), tls=trusting, policy=NAMED)
        leads_to = stack.enter_context(secure.serve(laboratory._site(secure), True))
        rule = Config(server=f"return 301 {leads_to.url}$request_uri;")
        plain = dataclasses.replace(secure, name="http", serve=nginx(rule))
        entered = stack.enter_context(plain.serve(laboratory._site(plain), True))
        diagnosis, *_others = diagnose(laboratory.examine(plain, entered))
        assert diagnosis.cause is Cause.REDIRECT
        fix = fixes_for(diagnosis, guest_of(plain, entered))[0]
        assert fix.text == leads_to.url
        again = laboratory.examine(secure, dataclasses.replace(leads_to, url=fix.text))
        assert not refused_to_hub(again)
        assert not suffered(diagnose(again))

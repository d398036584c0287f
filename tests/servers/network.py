"""Certificates for nginx in front of a shop, and servers of raw sockets that behave badly."""

import contextlib
import dataclasses
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from integrations.access.fixes.records import Fix, Place
from integrations.guard import GuardPolicy
from tests.access.pki import Authority, Issued, der, pem, self_signed
from tests.access.sockets import Handler, listening, resets
from tests.servers import printed
from tests.servers.nginx import Config, Nginx, running
from tests.servers.scenarios import Front, Serve, Site

HOST = "127.0.0.1"
LIVE = "letsencrypt/live/shop"
FILES = f"ssl_certificate FOLDER/{LIVE}/fullchain.pem;\nssl_certificate_key FOLDER/{LIVE}/privkey.pem;\n"


@lru_cache(maxsize=1)
def authority() -> Authority:
    """The laboratory's own, which its clients trust."""
    return Authority(datetime.now(UTC))


def good() -> Issued:
    return authority().issue(HOST)


def own() -> Issued:
    return self_signed(datetime.now(UTC), HOST)


@dataclasses.dataclass(frozen=True, slots=True)
class Secure:
    """nginx whose certificate may be mended as certbot would."""

    nginx: Nginx
    url: str

    def apply(self, fix: Fix) -> bool:
        if "/etc/" in f"{fix.find}{fix.text}" or "--apache" in fix.text:
            return False
        if fix.place is Place.SHELL and not printed.run(fix.find, self.nginx.folder / "programs").strip():
            return False
        return self.nginx.apply(fix)


def over_tls(
    broken: Callable[[], Issued] = good,
    *,
    config: Config | None = None,
    before: Config | None = None,
    lines: str = FILES,
    tls_is_on: bool = True,
    certbot_takes: str = "",
    host: str = HOST,
    is_on_disk: bool = False,
    scheme: str = "https",
    mended: Callable[[], Issued] = good,
) -> Serve:
    """nginx with that certificate, and a good one before it is broken.

    ``certbot_takes``: words that the command line of certbot must hold; then a program that stands for it
    puts a good certificate where the present one is, as certbot does, and loads nothing. Empty: certbot
    fails. ``is_on_disk``: that was done before, and only the loading was forgotten.
    """

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        base = (config if is_broken else before) or Config()
        folder = site.folder / LIVE
        folder.mkdir(parents=True)
        _put(broken() if is_broken else mended(), site, LIVE)
        server = (lines if is_broken else FILES) + base.server
        secure = " ssl" if tls_is_on or not is_broken else ""
        base = dataclasses.replace(base, listen=secure + base.listen, server=server)
        with running(base, site) as one:
            _stand_ins(one, site, certbot_takes, mended)
            if is_on_disk:
                _put(mended(), site, LIVE)
            yield Secure(one, f"{scheme}://{host}:{urlsplit(one.url).port}")

    return serve


def _put(issued: Issued, site: Site, name: str) -> None:
    """The four files of certbot."""
    folder = site.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    whole, key = issued.files(folder, name="fullchain")
    key.rename(folder / "privkey.pem")
    (folder / "cert.pem").write_bytes(pem(issued.certificate))
    (folder / "chain.pem").write_bytes(whole.read_bytes().removeprefix(pem(issued.certificate)))


def _stand_ins(one: Nginx, site: Site, takes: str, mended: Callable[[], Issued]) -> None:
    _put(mended(), site, "letsencrypt/next")
    script = (
        'case "$*" in\n'
        "certificates) echo 'Certificate Name: shop' ;;\n"
        f"*'{takes or 'nothing'}'*) cp {site.folder}/letsencrypt/next/* {site.folder}/{LIVE}/ ;;\n"
        "*) exit 1 ;;\n"
        "esac"
    )
    printed.program(one.folder / "programs", "certbot", script)
    systemctl = (
        'case "$*" in\n"-q is-active nginx") ;;\n"reload nginx") exec nginx -s reload ;;\n*) exit 3 ;;\nesac'
    )
    printed.program(one.folder / "programs", "systemctl", systemctl)


@dataclasses.dataclass(frozen=True, slots=True)
class Raw:
    """A server of raw sockets, which nobody can mend from here."""

    url: str

    def apply(self, fix: Fix) -> bool:
        return False


def without_chain() -> Serve:
    """nginx with a certificate from elsewhere than certbot, alone in its file, that says where its issuer's
    is: at a real server, over plain http."""

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        issuer = der(authority().chain[-1].certificate)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/pkix-cert\r\nconnection: close\r\n\r\n"
        with listening(lambda connection, _head: connection.sendall(head + issuer)) as port:
            issued = authority().issue(HOST, issuer_url=f"http://{HOST}:{port}/r1.der")
            whole, key = issued.files(site.folder / "own", chain=not is_broken)
            lines = f"ssl_certificate {whole};\nssl_certificate_key {key};\n"
            with running(Config(listen=" ssl", scheme="https", server=lines), site) as one:
                yield Secure(one, one.url)

    return serve


def raw(handler: Callable[[Site], Handler], *, greets: bool = False, scheme: str = "http") -> Serve:
    """A server of raw sockets instead of a web server; before it is broken it hands everything on.

    ``greets``: it behaves that way before anything was asked.
    """

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        made = handler(site) if is_broken else handing_on(site)
        with listening(made, greets=greets and is_broken) as port:
            yield Raw(f"{scheme}://{HOST}:{port}")

    return serve


def nowhere(url: str) -> Serve:
    """No server at all: an address at which nobody is."""

    @contextlib.contextmanager
    def serve(_site: Site, _is_broken: bool) -> Iterator[Front]:
        yield Raw(url)

    return serve


def handing_on(site: Site, *, but: Callable[[socket.socket, bytes], bool] = lambda *_: False) -> Handler:
    """Hands each request on to the shop, one per connection, unless ``but`` says that it dealt with it."""
    shop = urlsplit(site.shop_url)

    def handle(connection: socket.socket, head: bytes) -> None:
        if not head or but(connection, head):
            return
        first, rest = head.split(b"\r\n", 1)
        method, path, version = first.split(b" ")
        first = b" ".join((method, shop.path.encode() + path, version))
        body = head.partition(b"\r\n\r\n")[2]
        for line in rest.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                while len(body) < int(line.partition(b":")[2]):
                    part = connection.recv(65_536)
                    body, rest = body + part, rest + part
        with socket.create_connection((shop.hostname or "", shop.port or 80), timeout=5) as behind:
            behind.sendall(first + b"\r\nconnection: close\r\n" + rest)
            while part := behind.recv(65_536):
                connection.sendall(part)

    return handle


def refusing_put(site: Site) -> Handler:
    """As an inline firewall does: what it dislikes is reset, everything else is handed on."""

    def but(connection: socket.socket, head: bytes) -> bool:
        if not head.startswith(b"PUT "):
            return False
        resets(connection)
        return True

    return handing_on(site, but=but)


def resolving(**names: str) -> GuardPolicy:
    """A machine on which names lead where it is said; ``_`` in a name stands for a dot."""
    zone = {name.replace("_", "."): addresses.split() for name, addresses in names.items()}

    async def resolve(host: str, _port: int):
        if host not in zone:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [ip_address(one) for one in zone[host]]

    return GuardPolicy([ip_network("127.0.0.0/8"), ip_network("::1/128")], resolve)

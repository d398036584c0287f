"""Many shops by TLS: host names of one nginx that refuses strangers as WooCommerce does."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOMAIN = "bench.example"
OPTIONS_BYTES = 30_495
"""Of WooCommerce 11.0's answer to OPTIONS: its whole schema."""
_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    log_format cells "$host $connection $request -- $http_user_agent";
    access_log {folder}/access.log cells;
    client_body_temp_path {folder}/body;
    keepalive_requests 10000;
    default_type "application/json; charset=UTF-8";
    map $request_method $refusal {{
        default '{edit}';
        ~^(GET|HEAD)$ '{view}';
        DELETE '{delete}';
    }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=1024;
        server_name *.{domain};
        ssl_certificate {folder}/chain.pem;
        ssl_certificate_key {folder}/key.pem;
        add_header X-Robots-Tag noindex always;
        add_header Link '<https://$host/wp-json/>; rel="https://api.w.org/"' always;
        add_header X-Content-Type-Options nosniff always;
        add_header Access-Control-Expose-Headers "X-WP-Total, X-WP-TotalPages, Link" always;
        add_header Access-Control-Allow-Headers
            "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type" always;
        root {folder}/pages;
        location = /wp-json/wc/v3/orders/0 {{
            error_page 418 =200 /options.json;
            if ($request_method = OPTIONS) {{ return 418; }}
            return 401 $refusal;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Shops:
    """What was started."""

    folder: Path
    port: int
    hosts: tuple[str, ...]

    @property
    def authority(self) -> Path:
        """The certificate that clients must trust, in PEM."""
        return self.folder / "authority.pem"

    def seen(self) -> tuple[Counter[tuple[str, str, str]], int]:
        """What nginx was asked since the last call: (host, method, User-Agent), and over how many
        connections."""
        cells: Counter[tuple[str, str, str]] = Counter()
        connections = set()
        with (self.folder / "access.log").open("r+") as log:
            for line in log:
                about, _, agent = line.rstrip("\n").partition(" -- ")
                host, connection, method, *_ = about.split(" ")
                cells[host, method, agent] += 1
                connections.add(connection)
            log.truncate(0)
        return cells, len(connections)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: tuple[str, ec.EllipticCurvePrivateKey], *, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer[0])]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False
        )
    )
    if is_ca:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        made = made.add_extension(usage, critical=True)
    else:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return made.sign(issuer[1], hashes.SHA256())


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def _certify(folder: Path) -> None:
    """A root, what it signed, and what that signed for every shop, as public authorities do it."""
    root, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority = _certificate("Bench root", root, ("Bench root", root), is_ca=True)
    between = _certificate("Bench authority", middle, ("Bench root", root), is_ca=True)
    shop = _certificate(f"*.{DOMAIN}", leaf, ("Bench authority", middle), is_ca=False)
    (folder / "authority.pem").write_bytes(_pem(authority))
    (folder / "chain.pem").write_bytes(_pem(shop, between))
    (folder / "key.pem").write_bytes(
        leaf.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _refusals() -> dict[str, str]:
    said = {
        "view": "Sorry, you cannot view this resource.",
        "edit": "Sorry, you are not allowed to edit this resource.",
        "delete": "Sorry, you are not allowed to delete this resource.",
    }
    return {
        deed: orjson.dumps(
            {"code": f"woocommerce_rest_cannot_{deed}", "message": message, "data": {"status": 401}}
        ).decode()
        for deed, message in said.items()
    }


def _schema() -> bytes:
    """As long as the answer to OPTIONS, and of its shape."""
    arguments = {
        "description": "Unique identifier for the resource.",
        "type": "integer",
        "required": False,
    }
    number = OPTIONS_BYTES // (len(orjson.dumps({"argument_000": arguments})) - 1)
    endpoint = {
        "methods": ["POST", "PUT", "PATCH"],
        "args": {f"argument_{n}": arguments for n in range(number)},
    }
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return orjson.dumps({"namespace": "wc/v3", "methods": methods, "endpoints": [endpoint]})


@contextmanager
def running_shops(folder: Path, port: int, number: int) -> Iterator[Shops]:
    """Debian's nginx with its own configuration, in the foreground, until the end of the block."""
    _certify(folder)
    configuration = folder / "nginx.conf"
    (folder / "pages").mkdir()
    (folder / "pages" / "options.json").write_bytes(_schema())
    configuration.write_text(
        _NGINX.format(folder=folder, port=port, domain=DOMAIN, **_refusals()), encoding="utf-8"
    )
    command = ("nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration))
    server = subprocess.Popen(command)
    try:
        yield Shops(folder, port, tuple(f"shop-{n:03d}.{DOMAIN}" for n in range(number)))
    finally:
        server.terminate()
        server.wait(10)

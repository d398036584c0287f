"""Certificates of an authority of one's own: good ones, and every kind of bad one."""

import datetime as dt
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: Key
    issuers: tuple[x509.Certificate, ...] = ()
    """From its own issuer upwards, without the root."""

    def files(self, folder: Path, *, chain: bool = True, name: str = "shop") -> tuple[Path, Path]:
        """``name.pem`` (with the intermediates, if ``chain``) and ``name.key``."""
        folder.mkdir(parents=True, exist_ok=True)
        sent = (self.certificate, *(self.issuers if chain else ()))
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(b"".join(pem(one) for one in sent))
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, key


class Authority:
    """A root, and intermediates below it: ``depth`` of them, one after the other."""

    def __init__(
        self, now: dt.datetime, *, depth: int = 1, name: str = "Laboratory", **of_intermediates: object
    ) -> None:
        self.now = now
        self.root = _made(f"{name} Root", None, now, ca=True)
        self.chain = [self.root]
        for number in range(1, depth + 1):
            parent = self.chain[-1]
            self.chain.append(_made(f"{name} R{number}", parent, now, ca=True, **of_intermediates))

    def issue(self, *names: str, **options: object) -> Issued:
        """A certificate for these names by the lowest intermediate; see :func:`_made` for the options."""
        parent = self.chain[-1]
        made = _made(names[0], parent, self.now, names=names, **options)  # type: ignore[arg-type]
        issuers = tuple(one.certificate for one in reversed(self.chain[1:]))
        return Issued(made.certificate, made.key, issuers)

    def trusting(self) -> ssl.SSLContext:
        """What a client that knows this authority uses: otherwise strict as any."""
        return ssl.create_default_context(cadata=pem(self.root.certificate).decode())


def self_signed(now: dt.datetime, *names: str) -> Issued:
    return _made(names[0], None, now, names=names)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def old_server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server that speaks TLS 1.1 at best."""
    context = server_context(certificate, key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


@lru_cache(maxsize=1)
def _rsa_key() -> rsa.RSAPrivateKey:
    """One for all: they take long to make."""
    return rsa.generate_private_key(65537, 2048)


def _made(
    common_name: str,
    parent: Issued | None,
    now: dt.datetime,
    *,
    names: Sequence[str] = (),
    ca: bool = False,
    starts: dt.timedelta = -30 * DAY,
    ends: dt.timedelta = 60 * DAY,
    is_rsa: bool = False,
    issuer_url: str = "",
) -> Issued:
    key: Key = _rsa_key() if is_rsa else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if not ca
        else [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Laboratory"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.certificate.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), False)
    if issuer_url:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_url)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), False)
    return Issued(builder.sign((parent or Issued(None, key)).key, hashes.SHA256()), key)  # type: ignore[arg-type]


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)

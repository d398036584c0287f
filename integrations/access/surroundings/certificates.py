"""Reads the certificates a server showed, and names what a client dislikes about them."""

import re
import ssl
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from integrations.access.records import Cause, CertificateFacts
from integrations.access.surroundings.handshakes import Shown

LONGEST_DETAIL = 160
MOST_NAMES = 20
_TOO_EARLY = 9
_TOO_LATE = 10
_ISSUER_UNKNOWN = frozenset({2, 20, 21})
_OTHER_NAME = frozenset({62, 64})
"""OpenSSL's codes of what is wrong with a certificate (x509_vfy.h): X509_V_ERR_CERT_NOT_YET_VALID,
_CERT_HAS_EXPIRED; _UNABLE_TO_GET_ISSUER_CERT, its _LOCALLY and _UNABLE_TO_VERIFY_LEAF_SIGNATURE;
_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH."""
_NO_SUCH_HOST = "TLSV1_UNRECOGNIZED_NAME"
"""The alert of a server that has no certificate for the name it is asked for (RFC 6066, 3)."""
_PLACES = re.compile(r"^\[[A-Z0-9_: ]+\]|\(_ssl\.c:\d+\)")
_TRUSTED_NOWHERE = ("(staging)", "origin ssl", "origin ca", "fake certificate", "default cert")
"""Words in the names of issuers that no client trusts, whatever else is sent: test authorities, those
for the way between a service in front and the server only, and certificates that servers make themselves."""


def facts_of(shown: Shown | ssl.SSLError | None, host: str, now: datetime) -> CertificateFacts | None:
    """What is known of the certificate, and the first thing that is wrong with it."""
    if shown is None:
        return None
    if isinstance(shown, ssl.SSLError):
        named = Cause.CERTIFICATE_NAME if _NO_SUCH_HOST in str(shown.reason) else Cause.TLS_PROTOCOL
        return CertificateFacts(problem=named, detail=_said(shown))
    detail = _said(shown.refusal) if shown.refusal else ""
    try:
        chain = [x509.load_der_x509_certificate(one) for one in shown.chain]
        leaf = chain[0]
        names, starts_at, expires_at = names_of(leaf), leaf.not_valid_before_utc, leaf.not_valid_after_utc
        problem = _problem(shown.refusal, chain, names, host, now) if shown.refusal else None
        issuer, issuer_url = _who(leaf.issuer), _issuer_url(leaf)
    except (ValueError, IndexError, x509.ExtensionNotFound, x509.DuplicateExtension):
        broken = Cause.CERTIFICATE_UNTRUSTED if shown.refusal else None
        return CertificateFacts(problem=broken, detail=detail, protocol=shown.protocol)
    return CertificateFacts(
        problem=problem,
        detail=detail,
        protocol=shown.protocol,
        names=names[:MOST_NAMES],
        issuer=issuer,
        starts_at=starts_at,
        expires_at=expires_at,
        issuer_url=issuer_url,
    )


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The hosts it is for; the subject's common name does not count (RFC 9525, 6.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    named = [name for name in found.get_values_for_type(x509.DNSName) if name.isprintable()]
    hosts = [name.lower().rstrip(".") for name in named]
    return (*hosts, *(str(address) for address in found.get_values_for_type(x509.IPAddress)))


def covers(names: Sequence[str], host: str) -> bool:
    """Whether a certificate for these names is one for that host: a star stands for one label."""
    try:
        return str(ip_address(host.strip("[]"))) in names
    except ValueError:
        host = host.lower().rstrip(".")
    return host in names or f"*.{host.partition('.')[2]}" in names


def _problem(
    refusal: ssl.SSLError, chain: Sequence[x509.Certificate], names: Sequence[str], host: str, now: datetime
) -> Cause:
    """Of several faults the one to mend first; the TLS library names only the one it met first."""
    leaf = chain[0]
    code = getattr(refusal, "verify_code", None)
    if now < leaf.not_valid_before_utc:
        return Cause.CERTIFICATE_NOT_YET
    if now > leaf.not_valid_after_utc:
        return Cause.CERTIFICATE_EXPIRED
    if not covers(names, host) or code in _OTHER_NAME:
        return Cause.CERTIFICATE_NAME
    if code is None:
        return Cause.TLS_PROTOCOL
    if code in _ISSUER_UNKNOWN and _lacks_an_intermediate(chain):
        return Cause.CERTIFICATE_CHAIN
    if code in (_TOO_EARLY, _TOO_LATE):
        # Its own dates are good: an intermediate's are not, which came with an older chain.
        return Cause.CERTIFICATE_CHAIN
    return Cause.CERTIFICATE_UNTRUSTED


def _lacks_an_intermediate(chain: Sequence[x509.Certificate]) -> bool:
    """The certificate's issuer was not sent, and is one that others may know."""
    leaf = chain[0]
    if leaf.issuer == leaf.subject or any(
        word in leaf.issuer.rfc4514_string().lower() for word in _TRUSTED_NOWHERE
    ):
        return False
    return all(other.subject != leaf.issuer for other in chain[1:])


def _who(name: x509.Name) -> str:
    """Organisation and common name, as people know an authority: "Let's Encrypt R11"."""
    found = [
        str(part.value)
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for part in name.get_attributes_for_oid(kind)[:1]
    ]
    # Whoever makes a certificate writes into it what they like; a zero could not even be stored.
    return "".join(sign for sign in " ".join(dict.fromkeys(found)) if sign.isprintable())[:100]


def _issuer_url(leaf: x509.Certificate) -> str:
    """Where the certificate itself says its issuer's can be had (RFC 5280, 4.2.2.1)."""
    try:
        told = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    for one in told:
        where = one.access_location
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS and isinstance(
            where, x509.UniformResourceIdentifier
        ):
            is_address = where.value.startswith(("http://", "https://")) and where.value.isprintable()
            return where.value[:200] if is_address else ""
    return ""


def _said(error: ssl.SSLError) -> str:
    """In the TLS library's own words."""
    # Newer alerts have no name in Python's list, and only stand in the whole message.
    reason = getattr(error, "reason", "") or _PLACES.sub("", str(error.args[-1]) if error.args else "")
    told = getattr(error, "verify_message", "") or reason.lower().replace("_", " ").strip()
    return str(told)[:LONGEST_DETAIL]

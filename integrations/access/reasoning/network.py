"""What lies before HTTP: name, addresses, certificate; and what is worth telling of them."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from integrations.access.reasoning.grid import Grid
from integrations.access.reasoning.kinds import kind_of
from integrations.access.records import (
    Cause,
    CertificateFacts,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Severity,
    Subject,
)

SOON = timedelta(days=14)
VERY_SOON = timedelta(days=3)
OF_CERTIFICATES = frozenset(
    {
        Cause.CERTIFICATE_CHAIN,
        Cause.CERTIFICATE_EXPIRED,
        Cause.CERTIFICATE_EXPIRES,
        Cause.CERTIFICATE_NAME,
        Cause.CERTIFICATE_NOT_YET,
        Cause.CERTIFICATE_UNTRUSTED,
        Cause.TLS_PROTOCOL,
    }
)
Values = dict[str, str | int | float | None]
_MOST_NAMES = 10


def network_values(examination: Examination, cause: Cause) -> Values:
    """What a diagnosis of the network tells beside its cause."""
    values: Values = {"host": urlsplit(examination.url).hostname or ""}
    name, certificate = examination.surroundings.name, examination.surroundings.certificate
    if name is not None:
        values["addresses"] = " ".join((*name.ipv4, *name.ipv6)[:_MOST_NAMES])
        if name.error:
            values |= {"error": name.error, "aliases": " ".join(name.aliases)}
    if certificate is not None and cause in OF_CERTIFICATES:
        values |= _certificate_values(certificate, examination.at)
    return {key: value for key, value in values.items() if value != ""}


def network(grid: Grid) -> list[Diagnosis]:
    """What does not stop our requests, and may stop others': now, or soon."""
    found = [_certificate(grid), _dead_addresses(grid)]
    return [diagnosis for diagnosis in found if diagnosis is not None]


def days_between(now: datetime, then: datetime) -> int:
    """Whole days, towards zero: what ended 25 hours ago ended a day ago."""
    return int((then - now) / timedelta(days=1))


def _certificate_values(facts: CertificateFacts, at: datetime) -> Values:
    values: Values = {
        "names": ", ".join(facts.names[:_MOST_NAMES]),
        "issuer": facts.issuer,
        "issuer_url": facts.issuer_url,
        "protocol": facts.protocol,
        "detail": facts.detail,
    }
    if facts.starts_at:
        values["starts_at"] = facts.starts_at.isoformat()
    if facts.expires_at:
        values |= {"expires_at": facts.expires_at.isoformat(), "days": days_between(at, facts.expires_at)}
    return values


def _certificate(grid: Grid) -> Diagnosis | None:
    """A certificate that ends soon, or that a stricter client than ours does not accept."""
    examination = grid.examination
    facts = examination.surroundings.certificate
    if facts is not None and facts.problem is not None:
        if any(kind_of(cell, examination.surroundings).layer is Layer.NETWORK for cell in grid.red.values()):
            return None
        return _of_certificate(examination, facts.problem, Confidence.LIKELY, Severity.FAIL)
    ends = [cell.call.tls_expires_at for cell in grid.cells.values() if cell.call.tls_expires_at]
    expires_at = facts.expires_at if facts is not None else min(ends, default=None)
    if expires_at is None or not timedelta(0) < expires_at - examination.at < SOON:
        return None
    severity = Severity.FAIL if expires_at - examination.at < VERY_SOON else Severity.WARN
    left: Values = {"expires_at": expires_at.isoformat(), "days": days_between(examination.at, expires_at)}
    return _of_certificate(examination, Cause.CERTIFICATE_EXPIRES, Confidence.CERTAIN, severity, left)


def _of_certificate(
    examination: Examination,
    cause: Cause,
    confidence: Confidence,
    severity: Severity,
    further: Values | None = None,
) -> Diagnosis:
    values = network_values(examination, cause) | (further or {})
    return Diagnosis(cause, Layer.NETWORK, Subject.CERTIFICATE, confidence, severity, values=values)


def _dead_addresses(grid: Grid) -> Diagnosis | None:
    """The name stands for several addresses, of which some accept nobody: who tries those first fails."""
    name = grid.examination.surroundings.name
    if name is None or not name.unreachable or not any(cell.call.status for cell in grid.cells.values()):
        return None
    return Diagnosis(
        Cause.CONNECTION_REFUSED,
        Layer.NETWORK,
        Subject.NAME,
        Confidence.POSSIBLE,
        Severity.WARN,
        values={"host": name.host, "addresses": " ".join(name.unreachable[:_MOST_NAMES])},
    )

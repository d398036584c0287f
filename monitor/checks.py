"""Mistakes in the settings, found before anything starts. Ids are stable; each has a hint."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection
from django.http.request import validate_host

_METADATA = (ip_address("169.254.169.254"), ip_address("fd00:ec2::254"))
"""Where clouds hand out the credentials of the machine itself to whoever asks from inside."""
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@register(Tags.security)
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """E001: no key for credentials. E002: a key that is none."""
    if not settings.SYNCWATCH_KEYS:
        return [
            Error(
                "SYNCWATCH_KEYS is empty: credentials cannot be stored.",
                hint="Set it to the output of: python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'",
                id="syncwatch.E001",
            )
        ]
    return [
        Error(
            f"Key number {number} in SYNCWATCH_KEYS is not a Fernet key.",
            hint="A Fernet key is 32 bytes in URL-safe base64, 44 characters long.",
            id="syncwatch.E002",
        )
        for number, key in enumerate(settings.SYNCWATCH_KEYS, 1)
        if not _is_fernet_key(key)
    ]


@register(Tags.urls)
def check_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """E003: PUBLIC_URL is no address. E004: Django would refuse requests to it. W005: not encrypted."""
    return list(_address_mistakes())


@register(Tags.security)
def check_debug(**_kwargs: Any) -> list[CheckMessage]:
    """W006: debug pages, which show settings and variables, on an address that others reach."""
    if settings.DEBUG and _public_host() not in _LOCAL:
        return [
            Warning(
                "SYNCWATCH_DEBUG is on although SYNCWATCH_PUBLIC_URL is reachable by others.",
                hint="Unset SYNCWATCH_DEBUG; error pages would show settings to anybody.",
                id="syncwatch.W006",
            )
        ]
    return []


@register(Tags.security)
def check_networks(**_kwargs: Any) -> list[CheckMessage]:
    """W008: the networks that requests may go to hold a cloud's metadata service."""
    return [
        Warning(
            f"SYNCWATCH_ALLOWED_NETWORKS holds {network}, and with it the metadata service of clouds.",
            hint="Name only the networks in which stores and hubs are, such as 10.1.2.0/24.",
            id="syncwatch.W008",
        )
        for network in settings.SYNCWATCH_ALLOWED_NETWORKS
        if any(address.version == network.version and address in network for address in _METADATA)
    ]


@register(Tags.database)
def check_database(**_kwargs: Any) -> list[CheckMessage]:
    """E007: another database than PostgreSQL."""
    if connection.vendor == "postgresql":
        return []
    return [
        Error(
            "DATABASE_URL does not name a PostgreSQL database.",
            hint="Syncwatch runs on PostgreSQL only: postgresql://user:password@host:5432/name.",
            id="syncwatch.E007",
        )
    ]


@register(Tags.security)
def check_accounts(**_kwargs: Any) -> list[CheckMessage]:
    """E010: nobody knows who must have a second factor. E011: half a provider to sign in by."""
    found: list[CheckMessage] = []
    if settings.REQUIRE_MFA not in {"", "admins", "everyone"}:
        found.append(
            Error(
                f"SYNCWATCH_REQUIRE_MFA is {settings.REQUIRE_MFA!r}.",
                hint="Set it to admins or everyone, or leave it out.",
                id="syncwatch.E010",
            )
        )
    if settings.OIDC_ISSUER and not (settings.OIDC_CLIENT_ID and settings.OIDC_SECRET):
        found.append(
            Error(
                "SYNCWATCH_OIDC_ISSUER is set without SYNCWATCH_OIDC_CLIENT_ID and SYNCWATCH_OIDC_SECRET.",
                hint="Enter what the provider gave you when Syncwatch was registered there.",
                id="syncwatch.E011",
            )
        )
    return found


def _address_mistakes() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    host = _public_host()
    if url.scheme not in {"http", "https"} or not host:
        yield Error(
            f"SYNCWATCH_PUBLIC_URL is not an address: {settings.PUBLIC_URL!r}.",
            hint="Give the address people type, such as https://syncwatch.example.com.",
            id="syncwatch.E003",
        )
        return
    shown_host = f"[{host}]" if ":" in host else host
    if not validate_host(shown_host, settings.ALLOWED_HOSTS):
        yield Error(
            f"The host of SYNCWATCH_PUBLIC_URL, {host}, is not in SYNCWATCH_ALLOWED_HOSTS.",
            hint=f"Add it: SYNCWATCH_ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, shown_host])}",
            id="syncwatch.E004",
        )
    if url.scheme == "http" and host not in _LOCAL and not settings.DEBUG:
        yield Warning(
            "SYNCWATCH_PUBLIC_URL is http: passwords and session cookies travel unencrypted.",
            hint="Put a proxy with TLS in front, set SYNCWATCH_PUBLIC_URL to its https address and "
            "SYNCWATCH_BEHIND_PROXY=true.",
            id="syncwatch.W005",
        )


def _public_host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True

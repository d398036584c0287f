"""TLS handshakes: one as every client of ours makes it, and where that fails one that only looks.

On the connection whose certificate is not verified nothing is ever sent: it ends with the handshake.
"""

import asyncio
import ssl
import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache
from socket import socket
from typing import Any

from integrations.access.surroundings.reaching import connect
from integrations.guard import Address

TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server showed of itself in a handshake."""

    protocol: str
    """``TLSv1.3``"""
    chain: tuple[bytes, ...]
    """The certificates it sent, as DER, its own first."""
    refusal: ssl.SSLError | None = None
    """Why a client that verifies does not go on; ``None``: it does."""


async def shake_hands(
    plug: socket, address: Address, port: int, host: str, context: ssl.SSLContext
) -> Shown | ssl.SSLError | None:
    """What the server shows; an error where no TLS comes about with it at all; ``None`` where it hung up
    or said nothing, which is no matter of TLS.

    Takes ``plug``, which is connected to ``address``, and closes it.
    """
    refusal: ssl.SSLError | None = None
    # As the HTTP client offers it: servers that speak HTTP/2 only refuse at this point.
    context.set_alpn_protocols(["http/1.1"])
    try:
        return await _handshake(plug, host, context)
    except TimeoutError:
        return None
    except ssl.SSLError as error:
        refusal = error if not isinstance(error, ssl.SSLEOFError) else None
    except OSError:
        # Hung up on: some servers do that to a protocol they do not speak.
        refusal = None
    try:
        shown = await _handshake(await connect(address, port), host, looking_only())
    except (OSError, TimeoutError):
        return refusal
    if refusal is None:
        is_old = shown.protocol in _TOO_OLD
        return Shown(shown.protocol, shown.chain, ssl.SSLError(1, "hung up")) if is_old else None
    return Shown(shown.protocol, shown.chain, refusal)


_TOO_OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})


@lru_cache(maxsize=1)
def looking_only() -> ssl.SSLContext:
    """Accepts every certificate, protocol and cipher; for handshakes after which nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= _LEGACY_SERVER_CONNECT
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


_LEGACY_SERVER_CONNECT = 0x4
"""OpenSSL's SSL_OP_LEGACY_SERVER_CONNECT, which Python names only since 3.12."""


async def _handshake(plug: socket, host: str, context: ssl.SSLContext) -> Shown:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _reader, writer = await asyncio.open_connection(sock=plug, ssl=context, server_hostname=host)
    except BaseException:
        plug.close()
        raise
    try:
        tls = writer.get_extra_info("ssl_object")
        return Shown(tls.version() or "", _sent(tls))
    finally:
        writer.transport.abort()


def _sent(tls: Any) -> tuple[bytes, ...]:
    """The certificates as they were sent, verified or not."""
    if sys.version_info >= (3, 13):
        return tuple(tls.get_unverified_chain())
    # The same function, before it was made public: python/cpython#109113.
    inner = tls._sslobj
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain() or ())

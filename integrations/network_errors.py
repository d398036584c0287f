"""From the exceptions of the transport to sentences about the network."""

import re
import ssl

import anyio
import httpcore
import httpx
from django.utils.translation import gettext as _

from integrations.errors import ConnectionFailed, NoAnswer, TimedOut, TlsFailed

NETWORK_EXCEPTIONS = (
    TimeoutError,
    httpx.HTTPError,
    httpx.StreamError,
    httpcore.ProtocolError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    ssl.SSLError,
    OSError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
)
"""What a transport raises when nothing usable came; TLS and socket errors slip through unmapped at times."""


_ENDED = (
    ConnectionResetError,
    ConnectionAbortedError,
    ssl.SSLEOFError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)
"""Stand in the chain of causes where a connection that had been made ended, also amid a TLS handshake."""


def network_error(error: BaseException, host: str, deadline_s: float) -> NoAnswer:
    """The error of ours that an exception of the transport stands for."""
    tls = _cause(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLError) and not isinstance(tls, _ENDED):
        return _tls_failure(tls, host)
    values = {"host": host, "seconds": round(deadline_s)}
    if isinstance(error, httpx.ConnectTimeout | httpcore.ConnectTimeout):
        return TimedOut(_("%(host)s did not accept a connection in time.") % values)
    if isinstance(error, TimeoutError | httpx.TimeoutException | httpcore.TimeoutException):
        return TimedOut(_("%(host)s did not answer fully within %(seconds)d seconds.") % values)
    if isinstance(error, httpx.ConnectError | httpcore.ConnectError) and _cause(error, _ENDED) is None:
        refused = _cause(error, ConnectionRefusedError) is not None
        sentence = _("%(host)s refused the connection.") if refused else _("%(host)s could not be reached.")
        return ConnectionFailed(sentence % values)
    failure = ConnectionFailed(_("%(host)s closed the connection without a whole answer.") % values)
    failure.broke_off = True
    return failure


def _tls_failure(error: ssl.SSLError, host: str) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = str(error.verify_message or error.reason or error).rstrip(".")[:160]
        return TlsFailed(
            _("The certificate of %(host)s is not valid: %(reason)s.") % {"host": host, "reason": reason},
            remedy=_("Renew the certificate, and install it with its whole chain for this name."),
        )
    # Newer alerts have no name in Python's list, and only stand in the whole message.
    said = re.sub(r"^\[[^\]]*\]|\(_ssl\.c:\d+\)", "", str(error.args[-1]) if error.args else "")
    reason = str(error.reason or said or "TLS").lower().replace("_", " ").strip()[:80]
    return TlsFailed(
        _("No secure connection with %(host)s was possible (%(reason)s).") % {"host": host, "reason": reason}
    )


def _cause(
    error: BaseException | None, kind: type[BaseException] | tuple[type[BaseException], ...]
) -> BaseException | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None

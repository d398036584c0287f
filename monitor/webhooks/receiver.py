"""The WSGI function behind ``/hooks/<kind>/<name>``: it stands in front of Django, because a delivery
must be answered within milliseconds and needs neither sessions, nor languages, nor templates."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse

import psycopg
import structlog
from cryptography.fernet import InvalidToken

from integrations.webhooks import SENDERS, Incoming, Malformed, SignatureRefused, receiver
from monitor.webhooks.connections import Connections, DatabaseAway
from monitor.webhooks.sources import Source, Sources
from monitor.webhooks.storing import store

log = structlog.get_logger(__name__)

PREFIX: Final = "/hooks/"
LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a body. An order of a thousand lines has a tenth of it."""


class TooLarge(Exception):
    """The body is larger than any delivery."""


class Webhooks:
    """Answers deliveries: 200 stored, known before or a ping; 401, 404, 405, 413, 400; 503 try again."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._connections = Connections()
        self._sources = Sources(self._connections)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        line, headers, body = _answer(self.status_of(environ))
        start_response(line, list(headers))
        return [body]

    def status_of(self, environ: dict[str, Any]) -> HTTPStatus:
        """What becomes of one request."""
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        kind, _slash, name = environ["PATH_INFO"].removeprefix(PREFIX).rstrip("/").partition("/")
        if kind not in SENDERS or not name or "/" in name or len(name) > 80 or not name.isprintable():
            return HTTPStatus.NOT_FOUND
        try:
            source = self._sources.find(kind, name)
            if source is None:
                return HTTPStatus.NOT_FOUND
            return self._taken(source, Incoming(_headers(kind, environ), _body(environ), source.url))
        except TooLarge:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except (DatabaseAway, psycopg.Error, InvalidToken) as error:
            log.error("a delivery could not be stored", source=f"{kind}/{name}", error=type(error).__name__)
            return HTTPStatus.SERVICE_UNAVAILABLE

    def close(self) -> None:
        """Closes the database connections that are idle."""
        self._connections.close()

    def _taken(self, source: Source, incoming: Incoming) -> HTTPStatus:
        try:
            delivery = receiver(source.kind).receive(incoming, source.secrets)
        except (SignatureRefused, Malformed) as error:
            log.warning("a delivery was refused", source=f"{source.kind}/{source.name}", reason=str(error))
            return HTTPStatus.BAD_REQUEST if isinstance(error, Malformed) else HTTPStatus.UNAUTHORIZED
        if not delivery.is_ping:
            now = self._clock()
            self._connections.run(lambda session: store(session, source, delivery, now))
        return HTTPStatus.OK


@cache
def _answer(status: HTTPStatus) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    body = f"{status.phrase}\n".encode()
    headers = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", "30"))
    return f"{status.value} {status.phrase}", tuple(headers), body


@cache
def _wanted(kind: str) -> tuple[tuple[str, str], ...]:
    """How WSGI and how the receiver call the headers that are looked at."""
    return tuple((f"HTTP_{name.upper().replace('-', '_')}", name) for name in receiver(kind).HEADERS)


def _headers(kind: str, environ: dict[str, Any]) -> dict[str, str]:
    return {name: environ[variable] for variable, name in _wanted(kind) if variable in environ}


def _body(environ: dict[str, Any]) -> bytes:
    """Raises TooLarge, without reading a body that says so itself."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and (len(length) > 12 or int(length) > LARGEST):
        raise TooLarge
    stream = environ["wsgi.input"]
    body: bytes = stream.read(int(length) if length.isdecimal() else LARGEST + 1)
    if len(body) > LARGEST:
        # A sender that is still speaking does not hear the answer.
        stream.read(LARGEST)
        raise TooLarge
    return body

"""Whose deliveries are expected, and which secrets may have signed them."""

import time
from dataclasses import dataclass

import orjson

from integrations.crypto import cipher
from integrations.registry import STORES
from integrations.webhooks import receiver
from monitor.webhooks.connections import Connections, Session

FRESH_S = 5.0
"""How old what is known of a source may be: so soon a changed secret counts, in every process."""
MOST_KNOWN = 10_000
"""Sources, and names asked for that are none."""

_STORE = "SELECT id, url, credentials FROM integrations_store WHERE name = %s AND platform = %s"
_ACCOUNT = "SELECT id, url, credentials FROM integrations_account WHERE name = %s AND kind = %s"


@dataclass(frozen=True, slots=True)
class Source:
    """A store or a hub account that sends deliveries."""

    kind: str
    name: str
    id: int
    url: str
    secrets: tuple[bytes, ...]

    @property
    def is_store(self) -> bool:
        return self.kind in STORES


@dataclass(frozen=True, slots=True)
class _Known:
    source: Source | None
    token: bytes
    """The credentials as they are stored: while they are the same, nothing is decrypted anew."""
    until: float


class Sources:
    """What was read of sources, for :data:`FRESH_S` each."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[tuple[str, str], _Known] = {}

    def find(self, kind: str, name: str) -> Source | None:
        """The source of that kind (one of ``integrations.webhooks.SENDERS``) and name, if there is one.

        Raises DatabaseAway.
        """
        known = self._known.get((kind, name))
        if known is None or known.until < time.monotonic():
            known = self._read(kind, name, known)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[kind, name] = known
        return known.source

    def _read(self, kind: str, name: str, before: _Known | None) -> _Known:
        def work(session: Session) -> tuple[int, str, bytes] | None:
            statement = _STORE if kind in STORES else _ACCOUNT
            row = session.connection.execute(statement, (name, kind)).fetchone()
            return None if row is None else (row[0], row[1], bytes(row[2]))

        row = self._connections.run(work)
        until = time.monotonic() + FRESH_S
        if row is None:
            return _Known(None, b"", until)
        pk, url, token = row
        if before is not None and before.source is not None and before.token == token:
            return _Known(Source(kind, name, pk, url, before.source.secrets), token, until)
        return _Known(Source(kind, name, pk, url, _secrets(kind, token)), token, until)


def _secrets(kind: str, token: bytes) -> tuple[bytes, ...]:
    credentials = orjson.loads(cipher().decrypt(token))
    found = (credentials.get(name) for name in receiver(kind).SECRETS)
    return tuple(secret.encode() for secret in found if isinstance(secret, str) and secret)

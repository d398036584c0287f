"""Database connections that stay open between deliveries.

Django's own cost a delivery three times what it needs, and one that is opened per delivery ten times.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import pq

from monitor import embedded

T = TypeVar("T")

PAUSE_S = 1.0
"""How long nobody asks for a database that was away: threads that wait for it are missing elsewhere."""
_DJANGOS = frozenset({"cursor_factory", "context", "prepare_threshold"})
_NOT_OURS = frozenset({"26000", "42P05"})
"""SQLSTATEs of prepared statements that are gone or somebody else's: a pooler changes the sessions."""


class DatabaseAway(Exception):
    """The database does not answer. The sender tries again later."""


class Session:
    """One connection, in autocommit."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], *, prepares: bool) -> None:
        self.connection = connection
        self._prepares = prepares
        self._prepared: dict[bytes, bytes] = {}
        """Statement -> its name in this session."""

    def execute(self, statement: bytes, values: Sequence[bytes | None]) -> None:
        """Runs a statement with ``$1`` ..., whose rows are of no interest; a cursor takes twice as long.

        ``values`` are in PostgreSQL's text form, ``None`` is NULL. Raises psycopg.Error.
        """
        link = self.connection.pgconn
        if not self._prepares:
            self._check(link.exec_params(statement, values))
            return
        name = self._prepared.get(statement)
        if name is None:
            name = b"syncwatch_%d" % len(self._prepared)
            self._check(link.prepare(name, statement))
            self._prepared[statement] = name
        self._check(link.exec_prepared(name, values))  # type: ignore[arg-type]  # None is NULL here too

    def _check(self, result: Any) -> None:
        if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            return
        message = result.error_message.decode(errors="replace").strip()
        if self.connection.broken:
            raise psycopg.OperationalError(message)
        code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        raise psycopg.errors.lookup(code)(message) if code else psycopg.DatabaseError(message)


class Connections:
    """As many connections as threads were ever at work at once."""

    def __init__(self) -> None:
        self._idle: deque[Session] = deque()
        self._away_until = 0.0
        self._prepares = True

    def run(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns. It may run twice: after a connection was lost, again on a new one.

        Raises DatabaseAway when the database does not answer, psycopg.Error when it refuses.
        """
        try:
            session = self._idle.pop()
        except IndexError:
            return self._done(self._connected(), work)
        try:
            return self._done(session, work)
        except DatabaseAway:
            # A server that was restarted has closed all of them.
            self.close()
            return self._done(self._connected(), work)
        except psycopg.Error as error:
            if error.sqlstate not in _NOT_OURS:
                raise
            self._prepares = False
            self.close()
            return self._done(self._connected(), work)

    def close(self) -> None:
        """Closes the idle ones."""
        while self._idle:
            self._idle.pop().connection.close()

    def _done(self, session: Session, work: Callable[[Session], T]) -> T:
        try:
            result = work(session)
        except psycopg.OperationalError as error:
            session.connection.close()
            raise DatabaseAway from error
        except BaseException:
            session.connection.close()
            raise
        self._idle.append(session)
        return result

    def _connected(self) -> Session:
        if time.monotonic() < self._away_until:
            raise DatabaseAway
        try:
            return Session(_connect(), prepares=self._prepares)
        except (psycopg.OperationalError, embedded.EmbeddedError) as error:
            self._away_until = time.monotonic() + PAUSE_S
            raise DatabaseAway from error


def _connect() -> psycopg.Connection[tuple[Any, ...]]:
    if settings.EMBEDDED:
        embedded.ensure_running(settings.VAR_DIR)
    wanted = connections["default"].get_connection_params()
    parameters = {name: value for name, value in wanted.items() if name not in _DJANGOS}
    waiting = {"connect_timeout": 2, "tcp_user_timeout": 3000}
    return psycopg.connect(**{**waiting, **parameters}, autocommit=True, prepare_threshold=None)

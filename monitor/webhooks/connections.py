"""Database connections that stay open between deliveries.

Django's own cost a delivery three times what it needs, and one that is opened per delivery ten times.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import connections

from monitor import embedded

T = TypeVar("T")
Cursor = psycopg.Cursor[tuple[Any, ...]]

PAUSE_S = 1.0
"""How long nobody asks for a database that was away: threads that wait for it are missing elsewhere."""


class DatabaseAway(Exception):
    """The database does not answer. The sender tries again later."""


class Connections:
    """As many connections as threads were ever at work at once."""

    def __init__(self) -> None:
        self._idle: deque[Cursor] = deque()
        self._away_until = 0.0

    def run(self, work: Callable[[Cursor], T]) -> T:
        """What ``work`` returns. It may run twice: after a connection was lost, again on a new one.

        Raises DatabaseAway.
        """
        try:
            cursor = self._idle.pop()
        except IndexError:
            return self._done(self._connected(), work)
        try:
            return self._done(cursor, work)
        except DatabaseAway:
            # A server that was restarted has closed all of them.
            self.close()
            return self._done(self._connected(), work)

    def close(self) -> None:
        """Closes the idle ones."""
        while self._idle:
            self._idle.pop().connection.close()

    def _done(self, cursor: Cursor, work: Callable[[Cursor], T]) -> T:
        try:
            result = work(cursor)
        except psycopg.OperationalError as error:
            cursor.connection.close()
            raise DatabaseAway from error
        except BaseException:
            cursor.connection.close()
            raise
        self._idle.append(cursor)
        return result

    def _connected(self) -> Cursor:
        if time.monotonic() < self._away_until:
            raise DatabaseAway
        try:
            return _connect().cursor()
        except (psycopg.OperationalError, embedded.EmbeddedError) as error:
            self._away_until = time.monotonic() + PAUSE_S
            raise DatabaseAway from error


def _connect() -> psycopg.Connection[tuple[Any, ...]]:
    if settings.EMBEDDED:
        embedded.ensure_running(settings.VAR_DIR)
    wanted = connections["default"].get_connection_params()
    parameters = {name: value for name, value in wanted.items() if name not in {"cursor_factory", "context"}}
    waiting = {"connect_timeout": 2, "tcp_user_timeout": 3000}
    return psycopg.connect(**{**waiting, **parameters}, autocommit=True)

"""The backend class; Django looks for it in a module of this name."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader
from psycopg_pool import ConnectionPool

TRIES: Final = 3
"""A server in front of the database may let everybody in and hang up on each."""


class UtcLoader(TimestamptzLoader):
    """Reads times of a connection that speaks UTC: one call in C, where Django's own loader takes ten times
    as long by an expression. Pages read thousands of them."""

    timezone = UTC
    """What Django asks every cursor for."""

    def load(self, data: Buffer) -> datetime:
        """Raises psycopg.DataError for what Python's calendar does not hold."""
        try:
            return datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            return super().load(data)


@lru_cache
def _with_fast_times(adapters: AdaptersMap) -> AdaptersMap:
    own = AdaptersMap(adapters)
    own.register_loader("timestamptz", UtcLoader)
    return own


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections are looked at before they are used, and one that broke is taken for all of them.

    The pool's own check (Django's CONN_HEALTH_CHECKS) pauses twice as long after each broken one: with six
    of them, a server that was restarted is not reached within twenty seconds.
    """

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone == UTC:
            params["context"] = _with_fast_times(params["context"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises psycopg.OperationalError."""
        for _ in range(TRIES):
            connection = super().get_new_connection(conn_params)
            if self.pool is None or _answers(connection):
                return connection
            self.pool.putconn(connection)
            # Also those that others hold now are closed when they come back.
            self.pool.drain()
        raise psycopg.OperationalError(f"{TRIES} connections in a row were lost at once")


def _answers(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True

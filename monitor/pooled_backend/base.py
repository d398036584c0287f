"""The backend class; Django looks for it in a module of this name."""

from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

TRIES: Final = 3
"""A server in front of the database may let everybody in and hang up on each."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections are looked at before they are used, and one that broke is taken for all of them.

    The pool's own check (Django's CONN_HEALTH_CHECKS) pauses twice as long after each broken one: with six
    of them, a server that was restarted is not reached within twenty seconds.
    """

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

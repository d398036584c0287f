"""The message broker that lives in PostgreSQL, for installations without RabbitMQ or Redis.

Its SQL comes with the package ``pgmq`` and is installed after ``migrate``, not by a migration: it
belongs to the broker, which may be another database or none of ours, and a switch of
``BROKER_URL`` must bring it however far the migrations had come.
"""

from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from pgmq.install import get_embedded_install_sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

INSTALL_LOCK = 0x73796E63
"""Key of the advisory lock under which only one process installs."""


def after_migrate(**_kwargs: Any) -> None:
    """Receiver of ``post_migrate``."""
    if settings.BROKER_URL.startswith("pgmq://"):
        ensure_queues(settings.BROKER_URL)


@cache
def ensure_queues(broker_url: str) -> None:
    """Installs the queue functions in the database unless they are there. Asks once per process.

    Raises psycopg.Error.
    """
    with psycopg.connect(_database_url(broker_url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALL_LOCK])
        found = connection.execute("SELECT to_regclass('pgmq.meta')").fetchone()
        if found == (None,):
            connection.execute(get_embedded_install_sql().encode())


def queue_conninfo(broker_url: str) -> str:
    """The same database in the form that survives pgmq.

    pgmq 1.1 reads host, port, name, user and password and puts them together again without
    quoting, so what needs quotes is quoted twice. Anything else (``sslmode``) must be given
    by libpq's own environment variables (``PGSSLMODE``).
    """
    parameters = conninfo_to_dict(_database_url(broker_url))
    quoted = {key: make_conninfo("", **{key: value})[len(key) + 1 :] for key, value in parameters.items()}
    return make_conninfo("", **quoted)


def _database_url(broker_url: str) -> str:
    return broker_url.replace("pgmq://", "postgresql://", 1)

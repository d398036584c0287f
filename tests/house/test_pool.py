"""The pool of database connections gets over a restart of the server, at once."""

import time
from datetime import UTC, datetime
from threading import Barrier, Thread

import psycopg
import pytest
from django.db import DataError, OperationalError, connection
from psycopg_pool import ConnectionPool

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

AT_ONCE = 8
"""As many as the web server has threads; with six, the pool's own check gives up after twenty seconds."""


def in_threads(at_once: int) -> None:
    """Each thread holds a connection while all others do, and gives it back."""
    barrier = Barrier(at_once)

    def use() -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
        finally:
            connection.close()

    threads = [Thread(target=use) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_whoever_comes_first_after_a_restart_of_the_server_does_not_wait():
    connection.ensure_connection()
    in_threads(AT_ONCE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert len(cursor.fetchall()) >= AT_ONCE
    connection.close()
    began = time.monotonic()
    connection.ensure_connection()
    in_threads(4)
    assert connection.is_usable()
    assert time.monotonic() - began < 15


def test_nobody_waits_longer_for_a_server_that_is_back_than_for_one_that_is_away():
    """By default the pool pauses up to two minutes between its attempts, also when the server is back."""
    connection.ensure_connection()
    assert connection.pool.reconnect_timeout <= connection.pool.timeout


def test_a_server_that_hangs_up_on_everybody_is_not_asked_without_end(monkeypatch):
    connection.close()
    asked = []

    def lost(one) -> None:
        asked.append(one)
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(lost))
    with pytest.raises(OperationalError, match="3 connections in a row"):
        connection.ensure_connection()
    assert len(asked) == 3
    monkeypatch.undo()
    in_threads(2)


def test_times_are_read_as_they_were_stored():
    """The loader of our own agrees with the driver's, and what no calendar holds is refused as before."""
    with connection.cursor() as cursor:
        for text in ("2026-11-23 05:01:11.5+00", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"):
            cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [text])
            assert cursor.fetchone() == (datetime.fromisoformat(text), None)
        cursor.execute("SELECT %s::timestamptz", ["2026-07-01 12:00 Europe/Paris"])
        (at,) = cursor.fetchone()
        assert (at.isoformat(), at.tzinfo) == ("2026-07-01T10:00:00+00:00", UTC)
        cursor.execute("SELECT ARRAY[%s]::timestamptz[]", ["2026-11-23 05:01:11+00"])
        assert cursor.fetchone() == ([datetime(2026, 11, 23, 5, 1, 11, tzinfo=UTC)],)
        cursor.execute("SELECT 'infinity'::timestamptz")
        with pytest.raises(DataError):
            cursor.fetchone()

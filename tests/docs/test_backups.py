"""A dump of the database and the keys are enough to go on elsewhere, as docs/backups.md says."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from integrations.crypto import cipher
from monitor import audit
from monitor.embedded.place import programs
from tests.people.conftest import SECRET, Fleet, fleet  # noqa: F401  # a fixture

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

COPY = "syncwatch_restored"


def url(name: str) -> str:
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()


def run(program: str, *arguments: str) -> None:
    subprocess.run([programs(None) / program, *arguments], check=True, capture_output=True)


@pytest.fixture
def restored(fleet: Fleet, tmp_path: Path) -> Iterator[psycopg.Connection]:  # noqa: F811
    """A second database, made of a dump of the one with the fleet."""
    audit.record(None, "store.change", fleet.store)
    name, dump = f"{COPY}_{connection.settings_dict['NAME']}", str(tmp_path / "syncwatch.dump")
    run("pg_dump", "--format=custom", f"--file={dump}", url(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url(name)}", dump)
        with psycopg.connect(url(name), autocommit=True) as there:
            yield there
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_what_was_dumped_is_there_again_and_the_kept_keys_open_it(restored: psycopg.Connection) -> None:
    [(name, stored)] = restored.execute("SELECT name, credentials FROM integrations_store").fetchall()
    assert name == "lyon"
    assert SECRET in cipher().decrypt(bytes(stored)).decode()
    assert restored.execute("SELECT count(*) FROM monitor_incident").fetchone() == (1,)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        restored.execute("DELETE FROM monitor_audit")

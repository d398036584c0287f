"""The embedded PostgreSQL comes up whatever the last start left behind, and goes with its last user."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from monitor import embedded

pytestmark = pytest.mark.integration


@pytest.fixture
def var(tmp_path):
    tmp_path.chmod(0o755)
    yield tmp_path
    embedded.delete(tmp_path)


def use(var: Path, then: str = "") -> subprocess.Popen[str]:
    """Another process that needs the server, says so, and leaves when its input ends."""
    code = (
        "import sys, pathlib; from monitor import embedded; var = pathlib.Path(sys.argv[1]);"
        f"embedded.ensure_running(var); print(embedded.is_running(var), flush=True); sys.stdin.read(); {then}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(var)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def says_running(user: subprocess.Popen[str]) -> bool:
    return user.stdout.readline().strip() == "True"


def postmaster(var: Path) -> int:
    return int((embedded.data_folder(var) / "postmaster.pid").read_text().split()[0])


def value(var: Path, sql: str) -> object:
    with psycopg.connect(embedded.url(var)) as connection:
        return connection.execute(sql).fetchone()[0]


def test_processes_that_start_at_once_share_one_server_and_the_last_one_stops_it(var):
    users = [use(var) for _ in range(4)]
    assert all(says_running(user) for user in users)
    for user in users[:3]:
        user.communicate()
    assert embedded.is_running(var)
    assert value(var, "SHOW synchronous_commit") == "on"
    users[3].communicate()
    assert not embedded.is_running(var)


def test_it_starts_after_every_kind_of_interrupted_start(var):
    half = var / "postgres.new"
    half.mkdir(mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    user = use(var)
    assert says_running(user)
    user.communicate()
    for torn in ("", "not a number\n", f"{os.getpid()}\n{var}/postgres\n1\n5432\n"):
        (embedded.data_folder(var) / "postmaster.pid").write_text(torn)
        user = use(var)
        assert says_running(user)
        user.communicate()


def test_a_killed_server_comes_back_with_the_next_connection_and_keeps_the_data(var):
    with_server = use(var)
    assert says_running(with_server)
    with psycopg.connect(embedded.url(var)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    os.kill(postmaster(var), signal.SIGKILL)
    other = use(var)
    assert says_running(other)
    assert value(var, "SELECT number FROM kept") == 42
    other.communicate()
    with_server.communicate()


def test_a_killed_user_does_not_keep_the_server_for_ever(var):
    killed = use(var)
    assert says_running(killed)
    killed.kill()
    killed.communicate()
    assert embedded.is_running(var)
    last = use(var)
    assert says_running(last)
    last.communicate()
    assert not embedded.is_running(var)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as somebody else")
def test_root_can_use_a_folder_that_nobody_else_can_enter(tmp_path):
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    var = closed / "var"
    user = use(var)
    try:
        assert says_running(user)
        assert closed.stat().st_mode & 0o777 == 0o700
        assert (var / "postgres").resolve().is_relative_to(embedded.ELSEWHERE)
        assert psutil.Process(postmaster(var)).username() == embedded.ROOTS_STAND_IN
        first = embedded.data_folder(var)
    finally:
        user.communicate()
        embedded.delete(var)
    assert not first.exists()
    shutil.rmtree(var)
    assert embedded.data_folder(var) != first


def test_it_refuses_a_folder_that_holds_something_else(var):
    (var / "postgres").mkdir()
    (var / "postgres" / "letter.txt").write_text("dear diary")
    with pytest.raises(embedded.EmbeddedError, match="not a database"):
        embedded.ensure_running(var)
    assert (var / "postgres" / "letter.txt").exists()
    (var / "postgres" / "letter.txt").unlink()


def test_commands_that_need_no_data_start_no_server(tmp_path):
    environment = {**os.environ, "SYNCWATCH_VAR": str(tmp_path), "DATABASE_URL": ""}
    subprocess.run([sys.executable, "manage.py", "help"], env=environment, check=True, capture_output=True)
    assert not (tmp_path / "postgres").exists()

"""Nobody else of this machine gets between Syncwatch and its own database."""

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import embedded
from monitor.embedded import place

pytestmark = pytest.mark.integration


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An installation whose path is too long for a socket, and the folder in the temporary files it uses."""
    var = tmp_path / ("deep" * 30)
    (var / "postgres").mkdir(parents=True, mode=0o700)
    sockets = place.socket_folder(place.data_folder(var))
    assert not sockets.is_relative_to(var)
    yield var, sockets
    if sockets.is_symlink():
        sockets.unlink()
    else:
        shutil.rmtree(sockets, ignore_errors=True)


def listen(folder: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / place.SOCKET))
    server.listen()
    return server


def test_a_server_in_a_folder_of_ours_is_ours(deep):
    var, sockets = deep
    sockets.mkdir(mode=0o700)
    with listen(sockets):
        assert embedded.is_running(var)


def test_a_server_in_a_folder_that_others_enter_is_not_taken_for_ours(deep):
    var, sockets = deep
    sockets.mkdir()
    sockets.chmod(0o777)
    with listen(sockets):
        assert not embedded.is_running(var)


def test_a_server_behind_a_link_is_not_taken_for_ours_and_the_folder_not_given_away(deep):
    var, sockets = deep
    others = var.parent / "others"
    others.mkdir(mode=0o700)
    sockets.symlink_to(others)
    server = socket.socket(socket.AF_UNIX)
    inside = os.open(others, os.O_RDONLY)
    with server:
        server.bind(f"/proc/self/fd/{inside}/{place.SOCKET}")
        server.listen()
        assert not embedded.is_running(var)
    os.close(inside)
    (var / "postgres" / "PG_VERSION").write_text("18")
    with pytest.raises(embedded.EmbeddedError, match="Delete it and start again"):
        embedded.revive(var)
    assert others.stat().st_uid == os.geteuid()


def test_the_folder_of_the_running_database_is_closed_to_others(tmp_path):
    tmp_path.chmod(0o755)
    try:
        embedded.ensure_running(tmp_path)
        assert stat.S_IMODE(embedded.data_folder(tmp_path).stat().st_mode) & 0o077 == 0
    finally:
        embedded.delete(tmp_path)

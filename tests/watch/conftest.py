"""A Syncwatch whose parts all lived a moment ago, and a real mail server for its watchdog."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.models import Heartbeat
from monitor.schedule import ensure_schedule
from monitor.watch import snapshot
from monitor.watch.dog import Watchdog
from monitor.watch.snapshot import Snapshot
from tests.alerts.conftest import Postbox, Server, postbox, server

__all__ = ["Postbox", "Server", "postbox", "server"]

NOW = datetime(2026, 3, 10, 12, 42, tzinfo=UTC)
LOOK = timedelta(seconds=30)
ADMIN = "admin@ops.example"


def well(now: datetime = NOW, **more: object) -> Snapshot:
    """All is well, but for what is given."""
    beats = dict.fromkeys(("tick", "judge", "deliver", "refresh", "watchdog"), now - timedelta(seconds=3))
    return Snapshot(**{"now": now, "beats": beats, "details": {}, **more})


def beat(now: datetime, *parts: str) -> None:
    """A sign of life of each part, by default of all."""
    for part in parts or ("tick", "judge", "deliver", "refresh"):
        Heartbeat.objects.update_or_create(part=part, defaults={"at": now, "detail": {}})


def directly(call: Callable, *args: object) -> object:
    """Calls in this thread, where the test's transaction is."""
    return call(*args)


class Dog(Watchdog):
    """Looks when it is told to."""

    def __init__(self, var: Path) -> None:
        super().__init__(var, look=directly, send=directly)
        self.now = NOW

    def looks(self, times: int = 1, *alive: str) -> None:
        """Looks so many times, half a minute apart; before each the named parts live."""
        for _ in range(times):
            if alive:
                beat(self.now, *alive)
            self.round(self.now)
            self.now += LOOK


EVERYBODY = ("tick", "judge", "deliver", "refresh")


@pytest.fixture(autouse=True)
def static_root(settings, tmp_path: Path) -> None:
    """An empty place for collected files: WhiteNoise warns when there is none."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def dog(db: None, server: Server, settings, tmp_path: Path, monkeypatch) -> Iterator[Dog]:
    """Beside a database with the schedule, and with somebody to tell."""
    ensure_schedule()
    settings.SYNCWATCH_ADMIN_MAIL = [ADMIN]
    settings.SYNCWATCH_PING_URL = ""
    monkeypatch.setattr(snapshot, "_broker", lambda: 0)
    return Dog(tmp_path)

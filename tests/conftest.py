"""What all tests share. They run on real PostgreSQL: one cluster, one database per xdist worker."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from psycopg_pool import ConnectionPool
from pytest_django import DjangoDbBlocker

from tests.emptying import Beginning

# The same examples each time, so that what fails was broken by the change at hand;
# new ones are looked for by `make test ARGS=--hypothesis-profile=explore`.
hypothesis.settings.register_profile("explore")
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")

TIERS = {"unit", "integration", "acceptance"}
HERE = Path(__file__).parent
LONGEST = [
    HERE / name
    for name in (
        "acceptance/test_refresh.py",
        "acceptance/test_story.py",
        "house/test_up.py",
        "fuzz/test_bad_answers.py",
        "accessibility/test_axe.py",
        "accessibility/test_everyone.py",
        "acceptance/test_chain.py",
        "people/test_first_steps.py",
        "acceptance/test_first_steps.py",
        "house/test_broker.py",
        "people/test_urls_by_group.py",
        "dashboard/test_access_browser.py",
        "dashboard/test_browser.py",
        "house/test_embedded.py",
        "integrations/test_generic_watermark.py",
        "safety/test_nothing_private_is_kept.py",
        "fuzz/test_changed_answers.py",
        "access/test_reasoning_anything.py",
        "docs/test_serving.py",
    )
]
"""Files of half a minute and more, first: one that is begun last keeps all others waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test says what it needs; one that does not is a mistake."""
    for item in items:
        tiers = TIERS & {mark.name for mark in item.iter_markers()}
        if len(tiers) != 1:
            raise pytest.UsageError(f"{item.nodeid} needs exactly one of the marks {sorted(TIERS)}")
    places = {path: place for place, path in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(autouse=True, scope="session")
def _static_root() -> None:
    """WhiteNoise warns when the place of collected files is not there, be it empty."""
    Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database of this worker; a test that commits leaves it as it was."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patched:
        beginning = Beginning.of_now()
        if beginning:
            patched.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: beginning.restore())
        yield
        # After a browser this thread has another connection than the one that Django made the database by,
        # and closes at the end.
        connection.close()


@pytest.fixture(autouse=True)
def _plain_static_files(settings) -> None:
    """Pages name static files without the manifest that only a start writes."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _among_ourselves(settings) -> None:
    """The sandbox takes no burst for an attack; and no test asks anybody outside."""
    settings.SYNCWATCH_EXAMINE_PAUSE_S = 0
    settings.SYNCWATCH_WITNESSES = []


@pytest.fixture(autouse=True)
def _nothing_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is answered with what was made for another one."""
    monkeypatch.setattr("monitor.dashboard.pages.SHARED_S", -1.0)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A test begins in English: a page that was asked for in French leaves its language behind."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _connections_come_back() -> Iterator[None]:
    """A thread that ends without closing its connection takes it from the pool for good: after a dozen
    of them the next test, or the next task of a worker, waits in vain."""
    pool, before = _pool(), _held_by_threads()
    yield
    if _pool() is not pool:
        before = 0
    # Threads that serve a request may outlive their test by a moment.
    deadline = time.monotonic() + 5
    while (held := _held_by_threads()) > before and time.monotonic() < deadline:
        time.sleep(0.02)
    if held > before:
        pytest.fail(f"{held - before} database connections did not come back from threads of this test")


def _pool() -> ConnectionPool | None:
    """Makes none: unit tests need no database."""
    return connection._connection_pools.get("default")


def _held_by_threads() -> int:
    """How many connections of the pool are neither there nor in the main thread's hands."""
    pool = _pool()
    if pool is None or pool.closed:
        return 0
    seen = pool.get_stats()
    ours = getattr(connection.connection, "_pool", None) is pool
    return seen["pool_size"] - seen["pool_available"] - ours


@pytest.fixture
def service() -> Callable[[str, str], str]:
    """Gives the URL of a server that must be installed on the machine, or skips the test; where
    SYNCWATCH_REQUIRE_SERVICES is 1 it fails instead."""

    def reach(name: str, url: str) -> str:
        parts = urlsplit(url)
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
                return url
        except OSError as error:
            reason = f"no {name} answers at {parts.hostname}:{parts.port} ({error})"
        if os.environ.get("SYNCWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return reach


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, or the test is skipped; where SYNCWATCH_REQUIRE_BROWSER is 1 it fails."""
    for name in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
        if Path(name).exists():
            return name
    reason = "no Chromium is installed"
    if os.environ.get("SYNCWATCH_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)

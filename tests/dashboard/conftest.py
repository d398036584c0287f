"""People who look at the pages, and a fleet they look at."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from monitor.models import User
from tests.dashboard.examined import Examined, examine_all

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ASK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
"""What live parts do every few seconds, done now."""


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The one moment at which all pages of a test are asked for."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


def signed_in(group: str, **changes: object) -> Client:
    """A browser in which a member of the group is signed in."""
    user = User.objects.create_user(group, **changes)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str = "/", **options) -> str:
    """The page at an address, its white space made even."""
    answer = client.get(address, **options)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def viewer(db) -> Client:
    return signed_in("viewer", time_zone="Europe/Paris")


@pytest.fixture
def operator(db) -> Client:
    return signed_in("operator", time_zone="Europe/Paris")


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examined]:
    """What was found at shops of every kind, by the name of what is broken there."""
    return examine_all(tmp_path_factory.mktemp("shops"), NOW - timedelta(minutes=3))


# --- a real browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Playwright's loop runs in this thread; Django would refuse to touch the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Opens an address as a member of a group; the console must stay free of errors."""
    complaints: list[str] = []
    contexts = []

    def go(path: str, group: str = "operator", zone: str = "Europe/Paris", **options) -> Page:
        session = signed_in(group).cookies[django_settings.SESSION_COOKIE_NAME].value
        context = browser.new_context(timezone_id=zone, **options)
        contexts.append(context)
        cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield go
    for context in contexts:
        context.close()
    allowed = ("ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendError")
    assert [words for words in complaints if not any(known in words for known in allowed)] == []


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC)

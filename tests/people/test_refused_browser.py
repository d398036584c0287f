"""What somebody sees who is refused, is lost, meets a mistake of ours, or comes by a provider."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import browser
from tests.people.conftest import person
from tests.people.provider import Provider
from tests.people.test_accounts_browser import _quick_passwords, opened, sign_in, vera
from tests.people.test_provider import provider

__all__ = ["_quick_passwords", "browser", "opened", "provider", "vera"]
pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lost(browser, live_server, vera) -> Iterator[Callable[..., Page]]:
    """Opens an address, signed in as vera, where the answer itself is the error."""
    contexts = []

    def go(path: str, **options: object) -> Page:
        contexts.append(browser.new_context(base_url=live_server.url, **options))
        page = contexts[-1].new_page()
        page.goto("/login/")
        sign_in(page)
        expect(page.locator("#person-menu")).to_be_visible()
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()


def test_who_may_not_is_told_who_can_help_and_who_is_lost_finds_back(lost) -> None:
    person("ada", "admin")
    page = lost("/people/", viewport={"width": 390, "height": 800})
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do this")
    expect(page.get_by_text("Who can give it to you: ada.")).to_be_visible()
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()
    for address in ("/no-such-page/", "/incidents/4711/"):
        assert page.goto(address).status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("heading", name="Nothing is watched yet")).to_be_visible()


def test_a_mistake_of_ours_says_so_shows_nothing_of_the_inside_and_leads_on(lost, monkeypatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("monitor.dashboard.settings_page.render", broken)
    page = lost("/settings/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Syncwatch made a mistake on this page")
    words = page.locator("html").inner_text()
    assert "hunter2" not in words
    assert "Traceback" not in page.content()
    page.get_by_role("link", name="To the overview").click()
    expect(page.locator("#person-menu")).to_be_visible()


def test_one_comes_in_by_the_organisations_button_and_a_stranger_is_told_what_to_do(
    provider: Provider, opened, live_server
) -> None:
    person("ada", "admin")
    page = opened("/incidents/")
    page.get_by_role("button", name="Sign in by your organisation").click()
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
    expect(page.locator("#person-menu")).to_contain_text("Eva")
    assert provider.asked["redirect_uri"].startswith(live_server.url)
    provider.claims |= {"sub": "max-1", "email": "max@elsewhere.example", "preferred_username": "max"}
    other = opened("/login/")
    other.get_by_role("button", name="Sign in by your organisation").click()
    expect(other.get_by_role("heading", name="You are not known here")).to_be_visible()
    other.get_by_role("link", name="Back to signing in").click()
    expect(other.get_by_role("button", name="Sign in", exact=True)).to_be_visible()

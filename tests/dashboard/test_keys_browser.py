"""The pages by keys alone: where the focus is, where it stays, and what it opens."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from monitor.models import Incident, Refresh, Verdict
from tests.accessibility.test_everyone import ENLARGED, LOOKING, by_keys
from tests.dashboard import factories as make
from tests.dashboard.conftest import ASK_AGAIN

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

REFRESHABLE = {"refresh": {"method": "POST", "url": "https://hub.example/refresh/{integration_id}"}}


@pytest.fixture
def fleet(today):
    make.watched("Lyon", today, "stalled", waiting=9, since=timedelta(hours=1))
    make.watched("Oslo", today, "blocked_user_agent", waiting=2, since=timedelta(hours=3))
    make.watched("Kyoto", today, platform="shopify")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_on_the_overview_the_focus_stays_while_news_come_and_arrows_lead_through_the_picture(
    visit, fleet
) -> None:
    page = visit("/")
    expect(page.locator("footer")).to_contain_text("Europe/Paris")
    press(page, "Tab")
    assert focused(page) == "Skip to the content"
    press(page, "Enter", "Tab")
    assert focused(page) == "2 need you"
    Verdict.objects.filter(integration__store__title="Lyon").update(waiting_count=77)
    page.evaluate(ASK_AGAIN)
    expect(page.locator("#live")).to_contain_text("77 waiting", timeout=20_000)
    assert focused(page) == "2 need you"
    press(page, "Tab")
    assert focused(page) == "1 healthy"
    page.locator("#person-menu summary").focus()
    press(page, "Enter", "Tab")
    assert focused(page) == "Your settings"
    press(page, "Escape")
    expect(page.get_by_role("link", name="Your settings")).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('#person-menu') !== null")
    column = page.locator(".columns a[tabindex='0']")
    expect(column).to_have_count(1, timeout=20_000)
    column.focus()
    before = focused(page)
    press(page, "ArrowRight")
    assert focused(page) > before
    press(page, "Enter")
    expect(page.locator("#tools .tab-now")).to_be_visible()
    assert {"from", "to"} <= set(parse_qs(urlsplit(page.url).query))


def test_in_the_table_a_dialog_keeps_the_focus_and_gives_it_back_and_nothing_is_hidden_by_the_bar(
    visit, fleet
) -> None:
    page = visit("/integrations/", viewport=ENLARGED)
    page.locator("[id^=row-]").first.focus()
    before = focused(page)
    press(page, "?", "Tab", "Tab", "Tab", "Tab")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    assert page.evaluate(
        "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
    )
    press(page, "Escape")
    expect(dialog).to_be_hidden()
    assert focused(page) == before
    press(page, "x")
    expect(page.get_by_text("1 ticked")).to_be_visible()
    page.evaluate(LOOKING)
    assert by_keys(page) == []


def test_an_incident_is_taken_and_a_refresh_asked_for_by_keys(visit, today) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    one = make.watched("Oslo", today, "throttled", waiting=3, since=timedelta(hours=1), account=account)
    incident = make.incident_of(one, today)
    page = visit(f"/integrations/{one.name}/")
    page.locator("#reason").focus()
    page.keyboard.type("customers call")
    press(page, "Enter")
    expect(page.locator("#refresh [aria-current=step]")).to_be_visible()
    assert Refresh.objects.get().reason == "customers call"
    # The button that stands first on the page is about something else.
    assert Incident.objects.get().acknowledged_at is None
    page.goto(page.url.partition("/integrations/")[0] + f"/incidents/{incident.pk}/")
    page.locator("#acknowledge").focus()
    press(page, "Enter")
    expect(page.locator("#acknowledge")).to_have_count(0)
    assert Incident.objects.get().acknowledged_at is not None

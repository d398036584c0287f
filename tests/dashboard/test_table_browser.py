"""What people do with the table of integrations: search while they type, keys, changes to several."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from integrations.models import Integration
from monitor.models import Maintenance, SavedView
from tests.dashboard import factories as make

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


@pytest.fixture
def fleet(today) -> None:
    make.watched("Lyon", today, "stalled", waiting=9, since=timedelta(hours=1))
    make.watched("Oslo", today, "throttled", waiting=2, since=timedelta(hours=3))
    make.watched("Kyoto", today, platform="shopify")


def test_typing_narrows_the_table_and_the_address_and_pages_stay_shareable(visit, fleet) -> None:
    page = visit("/integrations/")
    page.keyboard.press("/")
    page.keyboard.type("kyo")
    expect(page.locator("tr[data-row]:visible")).to_have_count(1)
    page.wait_for_url("**/integrations/?q=kyo")
    expect(page.locator("#rows caption")).to_have_text("1 integration, worst first")
    assert page.locator("input[form=act][name=query]").input_value() == "q=kyo"
    # Who has the address sees the same; and a kept view is just that address.
    page.reload()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.locator("#keep-view summary").click()
    page.get_by_label("Name of this view").fill("Japan")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_label("Platform", exact=True).select_option("shopify")
    page.wait_for_url("**/integrations/?q=kyo&platform=shopify")
    page.get_by_role("link", name="Japan").click()
    page.wait_for_url("**/integrations/?q=kyo")
    assert SavedView.objects.get().query == "q=kyo"


def test_keys_lead_through_the_table_and_can_be_switched_off(visit, fleet) -> None:
    page = visit("/integrations/")
    page.keyboard.press("j")
    assert focused(page) == "Lyon → Sendcloud EU"
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#ticked")).to_have_text("1 ticked")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("#ticked")).to_have_text("2 ticked")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Refresh 2 integrations?")).to_be_visible()
    page.go_back()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    dialog.get_by_label("Single keys do something in this browser").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('a, input')") is False
    page.locator("#q").fill("jxr?")
    assert page.locator("#q").input_value() == "jxr?"


def test_ticked_ones_are_put_in_maintenance_after_a_look_at_what_that_does(visit, fleet) -> None:
    page = visit("/integrations/")
    page.locator("#tick-all").check()
    page.get_by_label("Choose Kyoto").uncheck()
    page.locator("#change-chosen summary").click()
    page.get_by_role("button", name="Maintenance…").click()
    page.get_by_label("What is done").fill("New server")
    page.get_by_label("From now on for").select_option("2")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("main")).to_contain_text("One window for each store.")
    assert not Maintenance.objects.exists()
    page.get_by_role("button", name="Make 2 changes").click()
    expect(page.get_by_role("status").first).to_contain_text("2 changes are made.")
    assert {one.store.title for one in Maintenance.objects.all()} == {"Lyon", "Oslo"}


def test_without_javascript_one_finds_sorts_and_pauses(visit, fleet) -> None:
    page = visit("/integrations/", group="admin", java_script_enabled=False)
    page.get_by_label("Name, address, platform, tag").fill("sendcloud")
    page.get_by_label("Platform", exact=True).select_option("woocommerce")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.get_by_role("link", name="Integration", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Integration")
    page.get_by_label("With which").select_option("All that are found")
    page.locator("#change-chosen summary").click()
    page.get_by_role("button", name="Pause…").click()
    page.get_by_role("button", name="Make 2 changes").click()
    expect(page.get_by_role("main")).to_contain_text("2 changes are made.")
    assert set(Integration.objects.filter(is_paused=True).values_list("store__title", flat=True)) == {
        "Lyon",
        "Oslo",
    }


def test_every_part_of_the_page_of_an_integration_fits_the_screen(visit, today) -> None:
    one = make.watched("Boutique Lyon", today, "blocked_user_agent", since=timedelta(minutes=47), waiting=31)
    make.call(one, today)
    make.hub_failure(one, today)
    make.refresh_of(one, today, stage="done", outcome="moved", finished_at=today)
    page = visit(f"/integrations/{one.name}/", viewport={"width": 1440, "height": 900})
    for part in ("History", "Checks and calls", "Now"):
        page.get_by_role("link", name=part, exact=True).click()
        expect(page.locator(".parts [aria-current=page]")).to_have_text(part)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440, part

"""What people do with the overview: look closer, choose, look at figures, read it without JavaScript."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from monitor.charts.hours import HOUR
from tests.dashboard import factories as make

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]
PATIENCE_MS = 20_000


@pytest.fixture
def fleet(today):
    cloud = make.watched("Kyoto Ceramics", today, platform="shopify")
    own = make.watched("Boutique Lyon", today, "stalled", since=timedelta(minutes=100), waiting=6)
    for hours in range(1, 20):
        hour = today.replace(minute=0, second=0, microsecond=0) - hours * HOUR
        make.latency(cloud, hour, [30, 60, 90])
        make.latency(own, hour, [600, 700, 800])
    return cloud, own


def drawn(page: Page):
    chart = page.locator("#latency-self-hosted")
    expect(chart.locator(".main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    return chart


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_dragging_over_a_chart_looks_closer_and_everything_follows(visit, fleet) -> None:
    page = visit("/", viewport={"width": 1440, "height": 1400})
    plot = drawn(page).locator(".nsewdrag").first.bounding_box()
    expect(page.locator("#picture")).to_contain_text("1 of 2 integrations", timeout=PATIENCE_MS)
    middle = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + plot["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.75, middle, steps=5)
    page.mouse.up()
    expect(page.locator("#tools .tab-now")).to_be_visible(timeout=PATIENCE_MS)
    assert set(asked(page)) == {"from", "to"}
    link = page.locator("#latency-shopify a[download]")
    assert "from=" in link.get_attribute("href")
    page.locator("#latency-shopify").get_by_text("Show as table").click()
    expect(page.locator("#latency-shopify tbody tr")).to_have_count(7, timeout=PATIENCE_MS)
    page.go_back()
    expect(page.locator("#tools [aria-current]")).to_have_text("24 hours", timeout=PATIENCE_MS)


def test_a_part_of_the_fleet_is_chosen_and_stays_in_the_address(visit, fleet) -> None:
    page = visit("/?range=7d")
    page.get_by_text("Compare and choose").click()
    page.locator("select[name=by]").select_option("platform")
    page.locator("select[name=platform]").select_option("shopify")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("figure#latency-shopify")).to_be_visible()
    expect(page.locator("#latency-woocommerce")).to_have_count(0)
    assert asked(page)["range"] == ["7d"]
    page.get_by_role("link", name="Without Shopify").click()
    expect(page.locator("figure#latency-woocommerce")).to_be_visible()
    page.get_by_text("Compare and choose").click()
    store = page.get_by_role("combobox", name="Store")
    store.press_sequentially("lyon")
    expect(page.locator("#store-names option")).to_have_attribute("value", "Boutique Lyon")
    store.fill("boutique lyon")
    store.press("Enter")
    expect(page.get_by_role("link", name="Without Boutique Lyon")).to_be_visible()
    expect(page.locator("figure#latency-shopify")).to_have_count(0)
    assert asked(page)["store"] == ["boutique-lyon"]


def test_without_javascript_the_picture_and_the_tables_can_be_read(visit, fleet) -> None:
    page = visit("/", java_script_enabled=False)
    page.get_by_role("link", name="Draw it").click()
    expect(page.locator("#picture")).to_contain_text("1 of 2 integrations")
    page.locator("#latency-self-hosted summary").click()
    page.locator("#latency-self-hosted").get_by_role("link", name="Open the table").click()
    expect(page.get_by_role("main")).to_contain_text("95 % within")


def test_a_chart_that_is_drawn_anew_keeps_its_place(visit, fleet) -> None:
    page = visit("/", viewport={"width": 1440, "height": 1400}, color_scheme="light")
    chart = drawn(page)
    before = chart.bounding_box()
    page.emulate_media(color_scheme="dark")
    expect(chart.locator(".main-svg").first).to_be_visible()
    assert chart.bounding_box() == before


def test_on_a_phone_every_page_is_in_reach_and_an_empty_chart_is_a_sentence(visit, fleet) -> None:
    page = visit("/", viewport={"width": 390, "height": 800})
    nothing = page.locator("#tracking .chart-plot")
    nothing.scroll_into_view_if_needed()
    expect(nothing).to_have_text("The hubs' logs tell of no failure in this time.", timeout=PATIENCE_MS)
    assert nothing.bounding_box()["height"] < 80
    entries = page.locator(".top nav > :visible")
    assert max(box["x"] + box["width"] for one in entries.all() if (box := one.bounding_box())) <= 390
    page.locator("#more-menu summary").click()
    page.locator("#more-menu").get_by_role("link", name="Maintenance").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Maintenance")

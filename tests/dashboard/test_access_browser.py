"""Who lets a hub pass, in a real browser: the grid by mouse and keyboard, copying, examining now."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from monitor.models import Job, StoreExamination
from tests.dashboard import factories as make
from tests.dashboard.conftest import ASK_AGAIN
from tests.dashboard.examined import FAULTS, Examined, examined

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

POOR_CONTRAST = """() => {
    const figures = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
        .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = (element) => {
        const color = figures(getComputedStyle(element).backgroundColor);
        return color.length === 4 && color[3] === 0 ? ground(element.parentElement) : color;
    };
    const poor = [];
    for (const element of document.querySelectorAll("main *")) {
        const isMark = element.matches("svg.shape");
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!element.checkVisibility() || !(isMark || hasText)) continue;
        const [one, other] = [light(figures(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < (isMark ? 3 : 4.5)) poor.push(`${element.outerHTML.slice(0, 120)} ${ratio.toFixed(2)}`);
    }
    return poor;
}"""
"""Texts and marks that WCAG 2 AA (1.4.3, 1.4.11) calls too faint."""

Show = Callable[..., Page]


@pytest.fixture
def show(visit, seen: dict[str, Examined], today: datetime) -> Show:
    """Opens the page of an integration whose store was examined."""

    def go(name: str, **options) -> Page:
        one = make.watched(name.replace("_", " ").title(), today, platform=FAULTS[name][0])
        examined(one, seen[name], today)
        return visit(f"/integrations/{one.name}/", **options)

    return go


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_the_screen_and_can_be_read(show, width, scheme) -> None:
    page = show("no_put", viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.locator("#access-surroundings summary").click()
    page.locator("#mark-0-PUT").focus()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(POOR_CONTRAST) == []
    inside = page.locator("#access").bounding_box()
    grid = page.locator(".matrix").bounding_box()
    assert grid["x"] + grid["width"] < inside["x"] + inside["width"]
    page.goto(page.url.split("/integrations/")[0] + "/blocked/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(POOR_CONTRAST) == []


def test_a_cell_explains_itself_to_the_mouse_and_to_the_keyboard(show) -> None:
    page = show("no_put")
    tip = page.locator("#tip-0-PUT")
    expect(tip).to_be_hidden()
    page.locator("#mark-0-PUT").hover()
    expect(tip).to_contain_text("Status 405, answered by nginx")
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    page.locator("#mark-0-GET").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("img", name="refused, 405").first).to_be_focused()
    expect(tip).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#tip-1-PUT")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#tip-1-PUT")).to_be_hidden()


def test_the_grid_is_one_stop_of_the_tab_key(show) -> None:
    page = show("no_put")
    page.locator("#examine-now").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#mark-0-GET")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.matrix')") is None


def test_a_change_is_copied_letter_by_letter_and_that_is_said(show) -> None:
    page = show("no_put", permissions=["clipboard-read", "clipboard-write"])
    text = page.locator("#text-0-0").text_content()
    button = page.locator("#copy-text-0-0")
    page.clock.install()
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    expect(page.locator("p[role=status].visually-hidden")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
    page.clock.fast_forward(3_000)
    expect(button).to_have_text("Copy")
    expect(button).to_be_focused()


def test_where_the_browser_gives_no_clipboard_it_is_copied_all_the_same(show) -> None:
    page = show("no_put", permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("Object.defineProperty(navigator.clipboard, 'writeText', {value: undefined})")
    page.locator("#copy-text-0-0").click()
    expect(page.locator("#copy-text-0-0")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#text-0-0").text_content()


def test_examine_now_is_followed_to_its_end_without_loading_again(show, today) -> None:
    page = show("no_put")
    page.locator("#examine-now").click()
    panel = page.locator("#access")
    expect(panel).to_contain_text("about to be examined")
    expect(page.locator("#examine-now")).to_be_disabled()
    Job.objects.update(last_started_at=today, lease_until=today + timedelta(minutes=1))
    page.evaluate(ASK_AGAIN)
    expect(panel).to_contain_text("being examined now")
    StoreExamination.objects.update(at=today)
    Job.objects.update(due_at=today + timedelta(minutes=15), lease_until=None)
    expect(panel).to_contain_text("again at", timeout=6_000)
    expect(page.locator("#examine-now")).to_be_enabled()


def test_a_live_part_leaves_the_cell_that_is_looked_at_alone(show, today) -> None:
    page = show("no_put")
    page.locator("#mark-1-PUT").focus()
    StoreExamination.objects.update(at=today - timedelta(hours=1))
    page.evaluate(ASK_AGAIN)
    expect(page.locator("#access")).to_contain_text("1 h ago")
    expect(page.locator("#mark-1-PUT")).to_be_focused()
    expect(page.locator("#tip-1-PUT")).to_be_visible()


def test_without_javascript_it_is_all_there_and_only_copying_is_by_hand(show) -> None:
    page = show("no_put", java_script_enabled=False)
    expect(page.locator("#text-0-0")).to_be_visible()
    expect(page.locator("#copy-text-0-0")).to_be_hidden()
    page.locator("#mark-0-PUT").focus()
    expect(page.locator("#tip-0-PUT")).to_be_visible()
    page.locator("#examine-now").click()
    expect(page.locator("#access")).to_contain_text("about to be examined")

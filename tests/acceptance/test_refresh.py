"""Forcing refreshes in a real browser, against the whole demo with a small fleet."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from integrations.sandbox.client import Mailbox
from integrations.sandbox.fleet import (
    AccountSpec,
    Fault,
    FleetSpec,
    IntegrationSpec,
    ShopSpec,
    load_or_create,
)

from .stage import Running, eventually, mails, up

pytestmark = pytest.mark.acceptance

MINUTE_S = 60.0
THROTTLED = {"atelier-garonne": "eu", "velo-canal": "eu", "maison-verveine": "eu", "atelier-nord": "nord"}


WELL = {"phare-miniature": "eu"}
"""Its orders arrive, so that what ails the others is not taken for an outage of the whole account."""


def fleet(at: float) -> FleetSpec:
    """Four shops whose hub hardly asks them since a maintenance, and one that is well."""
    maintenance = Fault("maintenance", {}, at - 170 * MINUTE_S, at - 140 * MINUTE_S)
    return FleetSpec(
        shops=tuple(
            ShopSpec(
                name,
                name.replace("-", " ").title(),
                "woocommerce",
                "Europe/Paris",
                orders_per_day=400,
                worldwide=True,
                faults=(maintenance,) if name in THROTTLED else (),
            )
            for name in {**THROTTLED, **WELL}
        ),
        accounts=(
            AccountSpec("eu", "Sendcloud EU", operator_refresh=True),
            AccountSpec("nord", "Sendcloud Nord"),
        ),
        integrations=tuple(
            IntegrationSpec(number, account, shop)
            for number, (shop, account) in enumerate({**THROTTLED, **WELL}.items(), start=1)
        ),
        started_at=at,
        history_days=2,
    )


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Running]:
    load_or_create(folder / "demo" / "sandbox", lambda: fleet(time.time()))
    with up(folder, "--demo") as running:
        yield running


@pytest.fixture(scope="module")
def mailbox(demo: Running) -> Iterator[Mailbox]:
    with contextlib.closing(Mailbox(demo.ports.smtp, f"http://127.0.0.1:{demo.ports.mail}")) as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def signed_in(demo: Running, browser: Browser) -> Iterator[Page]:
    """On the overview, once all four are known to be throttled."""
    context = browser.new_context(timezone_id="Europe/Paris", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(demo.address)
    expect(page.get_by_text("4 need you")).to_be_visible(timeout=90_000)
    yield page
    context.close()


@pytest.fixture
def page(signed_in: Page, demo: Running) -> Page:
    signed_in.goto(demo.url)
    return signed_in


def stages(page: Page) -> list[str]:
    return page.locator("#refresh .progress li").all_text_contents()


def expect_moved(page: Page) -> None:
    """The refresh ends by itself, and says what it brought."""
    refresh = page.locator("#refresh")
    expect(refresh).to_contain_text(re.compile(r"(\d+) of \1 waiting orders have arrived"), timeout=60_000)
    expect(refresh.get_by_role("button", name="Force refresh")).to_be_visible(timeout=60_000)


def expect_recovered(page: Page, mailbox: Mailbox, title: str, asked: str) -> None:
    expect(page.locator("#head .lead")).to_have_text(re.compile("healthy"), timeout=60_000)
    subject = f"[recovered] {title}"
    # What opened within a minute is told in one mail at its end, and nobody hears of the end before that.
    [mail] = eventually(lambda: mails(mailbox, subject), within_s=90, what=subject)
    assert asked in mail["text"]
    [opening] = [each for each in mailbox.mails() if each["message_id"] == mail["headers"]["In-Reply-To"]]
    assert title in opening["text"]


def test_one_click_and_the_page_follows_until_the_orders_are_there(page: Page, mailbox: Mailbox) -> None:
    page.get_by_role("link", name="Atelier Garonne → Sendcloud EU").first.click()
    page.get_by_role("link", name=re.compile(r"Incident \d")).click()
    incident = page.url
    page.go_back()
    page.get_by_label("Why (kept in the record)").fill("Customers are calling")
    page.get_by_role("button", name="Force refresh").click()
    now = page.locator("#refresh [aria-current=step]")
    expect(page.locator("#refresh")).to_contain_text("asked for by Demo: Customers are calling")
    assert stages(page)[-1] == "done"
    expect(now).to_have_text("watching whether orders move")
    expect_moved(page)
    expect_recovered(page, mailbox, "Atelier Garonne", "that Demo asked for at")

    page.get_by_role("link", name="History", exact=True).click()
    record = page.locator("section", has=page.locator("#refreshes-title")).locator("tbody tr")
    expect(record).to_have_count(1)
    expect(record).to_contain_text("moved", timeout=20_000)
    who_and_why = record.locator("td").all_text_contents()
    assert who_and_why[1:3] == ["Demo", "Customers are calling"]
    before, after = (int(figure) for figure in who_and_why[-2:])
    assert before > 3 > after
    page.goto(incident)
    expect(page.get_by_role("main")).to_contain_text("over")


def test_where_only_the_hubs_panel_has_the_button_pressing_it_there_is_noticed(
    page: Page, mailbox: Mailbox
) -> None:
    trouble = page.locator("li.trouble", has_text="Atelier Nord → Sendcloud Nord")
    trouble.get_by_role("button", name="Force refresh").click()
    now = page.locator("#refresh [aria-current=step]")
    expect(now).to_have_text("waiting for a person")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the hub's page").click()
    panel = opened.value
    expect(panel.get_by_role("heading", name="Sendcloud Nord: integrations")).to_be_visible()
    expect(now).to_have_text("watching whether orders move")
    panel.get_by_role("button", name="Refresh").click()
    panel.close()
    expect_moved(page)
    expect_recovered(page, mailbox, "Atelier Nord", "that Demo asked for at")


def test_several_are_refreshed_at_once_from_the_administration(
    page: Page, demo: Running, mailbox: Mailbox
) -> None:
    names = ["velo-canal-eu", "maison-verveine-eu"]
    page.goto(f"{demo.url}/admin/integrations/integration/")
    for name in names:
        page.get_by_role("row", name=re.compile(name)).get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label="Force refresh")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Why (kept in the record)").fill("After the maintenance")
    page.get_by_role("button", name="Refresh 2 integrations").click()
    expect(page.get_by_role("heading", name="Refresh of 2 integrations")).to_be_visible()
    for name, title in zip(names, ["Velo Canal", "Maison Verveine"], strict=True):
        page.goto(f"{demo.url}/integrations/{name}/")
        expect_moved(page)
        expect_recovered(page, mailbox, title, "(“After the maintenance”)")

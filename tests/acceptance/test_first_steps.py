"""An empty installation, a newcomer and a browser: from the printed address to the first verdict."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, ShopSpec
from integrations.sandbox.testing import running_sandbox

from .stage import Running, up

pytestmark = pytest.mark.acceptance

FLEET = FleetSpec(
    shops=(ShopSpec("lyon", "Boutique Lyon", "shopify", "Europe/Paris", 400, worldwide=True),),
    accounts=(AccountSpec("parcels", "Parcels"),),
    integrations=(IntegrationSpec(7, "parcels", "lyon", every_s=20),),
    started_at=time.time(),
    history_days=1,
)


@pytest.fixture
def sandbox(folder: Path) -> Iterator[Sandbox]:
    with running_sandbox(FLEET, folder / "sandbox") as running:
        yield running


@pytest.fixture
def product(folder: Path) -> Iterator[Running]:
    with up(folder / "var", SYNCWATCH_ALLOWED_NETWORKS="127.0.0.0/8") as running:
        yield running


@pytest.fixture
def page(product: Running, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="Europe/Paris", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def test_a_newcomer_connects_a_hub_and_its_shop_and_has_a_verdict_within_a_minute(
    page: Page, product: Running, sandbox: Sandbox
) -> None:
    # The first administrator; the address works once.
    page.goto(product.address)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse 9")
    page.get_by_label("Password confirmation").fill("correct horse 9")
    page.get_by_role("button", name="Make administrator").click()
    expect(page.get_by_text("Nothing is connected yet")).to_be_visible()

    # Every empty page leads to connecting.
    page.get_by_role("link", name="Integrations", exact=True).click()
    page.get_by_role("main").get_by_role("link", name=re.compile("^Connect a")).click()
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_role("main").get_by_role("link", name=re.compile("^Connect a")).click()

    # The hub, at first with a key that is wrong.
    public, secret = FLEET.sendcloud_key("parcels")
    report = page.locator("#report")
    page.get_by_role("link", name="Sendcloud").click()
    page.get_by_label("Name", exact=True).fill("Parcels")
    page.get_by_label("Address", exact=True).fill(sandbox.account_url)
    page.get_by_label("Public key").fill(public)
    page.get_by_label("Secret key").fill("0" * 32)
    page.get_by_role("button", name="Add and test").click()
    expect(report).to_contain_text("Not connected. What is wrong:")
    expect(report).to_contain_text("Sendcloud does not accept this key pair.")
    page.get_by_label("Secret key").fill(secret)
    page.get_by_role("button", name="Save and test").click()
    expect(report).to_contain_text("Connected.")
    assert secret not in page.content()
    account = page.url

    # The shop that the hub lists is not here yet: its address and name are known already.
    # Its platform is found out at its address.
    report.get_by_role("button", name="Add this store").click()
    expect(page.get_by_label("Address", exact=True)).to_have_value(sandbox.store_url("lyon"))
    page.get_by_label("Name", exact=True).fill("Boutique Lyon")
    page.get_by_label("Time zone of the shop").select_option("Europe/Paris")
    token = page.get_by_role("textbox", name="Admin API access token")
    token.fill("shpat_wrong")
    page.get_by_role("button", name="Add and test").click()
    expect(report).to_contain_text("Not connected. What is wrong:")
    expect(report).to_contain_text("Shopify does not accept the access token")
    page.get_by_role("textbox", name="Admin API access token").fill(
        sandbox.store_credentials("lyon")["access_token"]
    )
    page.get_by_role("button", name="Save and test").click()
    expect(report).to_contain_text("Connected.")

    # Back at the hub the integration is proposed with its store.
    page.goto(account)
    page.get_by_role("button", name="Test connection").click()
    expect(report.get_by_label("Store here")).to_have_value("boutique-lyon")
    page.get_by_role("button", name="Watch the chosen integrations").click()
    chosen_at = time.monotonic()
    expect(page.get_by_text("1 integration is watched from now on.")).to_be_visible()

    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_text("All is well")).to_be_visible(timeout=60_000)
    assert time.monotonic() - chosen_at < 60
    page.get_by_role("link", name="Integrations", exact=True).click()
    page.get_by_role("link", name="Boutique Lyon → Parcels").click()
    expect(page.locator("#head .lead")).to_contain_text("healthy")
    page.get_by_role("link", name="Checks and calls").click()
    expect(page.locator("#conditions")).to_contain_text("The store accepts the key.")

    # The address of the first administrator leads nowhere any more.
    page.context.clear_cookies()
    page.goto(product.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

"""A newcomer's first steps in a real browser: the first administrator, a store, a hub, the live test."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, ShopSpec, load_or_create
from monitor.dashboard.setup import setup_url

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

FLEET = FleetSpec(
    shops=(ShopSpec("lyon", "Boutique Lyon", "woocommerce", "Europe/Paris", orders_per_day=20),),
    accounts=(AccountSpec("parcels", "Parcels"),),
    integrations=(IntegrationSpec(7, "parcels", "lyon"),),
    started_at=time.time(),
    history_days=1,
    auto=False,
)


@dataclass
class Sandbox:
    shops: str
    hub: str


def two_free_ports() -> int:
    """A port whose successor is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    """A shop and a hub that really answer."""
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    load_or_create(tmp_path, lambda: FLEET)
    port = two_free_ports()
    command = [
        sys.executable,
        "-m",
        "integrations.sandbox",
        "serve",
        "--port",
        str(port),
        "--state",
        tmp_path,
    ]
    process = subprocess.Popen(command)
    started = Sandbox(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}")
    for url in (started.shops, started.hub):
        wait_for(url, process)
    yield started
    process.terminate()
    process.wait(20)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(150):
        assert process.poll() is None, "the sandbox ended"
        try:
            httpx.get(url, timeout=2)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"nothing answers at {url}")


@pytest.fixture
def first_address(live_server: LiveServer) -> str:
    """Where the first administrator is made. Asked for before the browser's loop runs in this thread."""
    return live_server.url + (setup_url() or "").removeprefix(django_settings.PUBLIC_URL)


@pytest.fixture
def page(first_address: str, chromium: str) -> Iterator[Page]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
        page.set_default_timeout(20_000)
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        yield page
        browser.close()
    assert problems == []


def shot(page: Page, name: str) -> None:
    """A picture, where somebody asked for pictures."""
    if folder := os.environ.get("SYNCWATCH_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_from_nobody_to_a_watched_integration(sandbox: Sandbox, page: Page, first_address: str) -> None:
    page.goto(first_address)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse 9")
    page.get_by_label("Password confirmation").fill("correct horse 9")
    shot(page, "setup")
    page.get_by_role("button", name="Make administrator").click()
    expect(page.get_by_text("Nothing is connected yet")).to_be_visible()
    shot(page, "connect-empty")

    key, secret = FLEET.woocommerce_key("lyon", "monitor")
    page.get_by_role("link", name="WooCommerce").click()
    page.get_by_label("Name", exact=True).fill("Boutique Lyon")
    page.get_by_label("Address", exact=True).fill(f"{sandbox.shops}/lyon")
    page.get_by_label("Time zone of the shop").select_option("Europe/Paris")
    page.get_by_label("Consumer key").fill(key)
    page.get_by_label("Consumer secret").fill("cs_wrong-wrong-wrong")
    shot(page, "store-add")
    page.get_by_role("button", name="Add and test").click()
    report = page.locator("#report")
    expect(report).to_contain_text("Not connected. What is wrong:")
    expect(report).to_contain_text("The signature does not match: the consumer secret is wrong")
    shot(page, "store-wrong")

    page.get_by_label("Consumer secret").fill(secret)
    page.get_by_role("button", name="Save and test").click()
    expect(report).to_contain_text("Connected.")
    assert secret not in page.content()
    shot(page, "store-right")

    public, secret = FLEET.sendcloud_key("parcels")
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="Sendcloud").click()
    page.get_by_label("Name", exact=True).fill("Parcels")
    page.get_by_label("Address", exact=True).fill(sandbox.hub)
    page.get_by_label("Public key").fill(public)
    page.get_by_label("Secret key").fill(secret)
    page.get_by_role("button", name="Add and test").click()
    expect(report).to_contain_text("Connected.")
    expect(report.get_by_label("Store here")).to_have_value("boutique-lyon")
    shot(page, "account-right")
    page.get_by_role("button", name="Watch the chosen integrations").click()
    expect(page.get_by_text("1 integration is watched from now on.")).to_be_visible()
    # Nobody would hear of its first stall yet, so that is what comes next.
    expect(page.get_by_role("heading", name="Who is told", level=1)).to_be_visible()
    page.get_by_role("link", name="Connect", exact=True).click()
    expect(page.get_by_text("Not read yet; the first reading starts by itself.").first).to_be_visible()
    shot(page, "connect-full")

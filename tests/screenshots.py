"""``make screenshots``: the pictures of the documentation, taken from a demo that is started for them.

A demo of its own in a temporary folder, on ports of its own; when its storyline is seen, the pages are
taken and everything is ended and removed. Nothing else writes ``docs/images``.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images"
HEIGHTS = {1440: 900, 390: 844}
FLAGS = ["--no-sandbox", "--disable-gpu"]
STORY = ("blocked", "throttled", "refused", "late")
"""Words on the overview once every fault of the demo was seen."""
PATIENCE_S = 600
DRAWN = """() => [...document.querySelectorAll("[data-chart], [data-look-part]")]
    .filter(place => place.getBoundingClientRect().top < innerHeight)
    .every(place => place.matches("[data-chart]")
        ? place.querySelector(".main-svg, .chart-missing") : !place.querySelector("noscript"))"""
"""Whether what a picture shows of the page is there: pages ask for news all the time, and are never idle."""
PAINTED_MS = 1_000


@dataclass(frozen=True)
class Picture:
    """One file: ``name-width-theme.png``."""

    name: str
    path: str
    width: int = 1440
    theme: str = "light"
    part: str = ""
    """The one part of the page that is taken; empty: what a screen shows."""

    @property
    def file(self) -> str:
        return f"{self.name}-{self.width}-{self.theme}.png"


INCIDENT = "the newest incident"
PICTURES = (
    Picture("overview", "/"),
    Picture("overview", "/", theme="dark"),
    Picture("overview", "/", width=390),
    Picture("charts", "/", part="section[aria-labelledby=latency-title]"),
    Picture("integration", "/integrations/boutique-lyon-sendcloud-eu/"),
    Picture("integration", "/integrations/atelier-garonne-sendcloud-eu/", width=390, theme="dark"),
    Picture("integrations", "/integrations/"),
    Picture("incident", INCIDENT),
    Picture("wall", "/wall/", theme="dark"),
    Picture("connect", "/connect/add/store/woocommerce/"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--port", type=int, default=27_300, help="of the demo; its others follow")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder that gets the pictures")
    parser.add_argument("--settle", type=float, default=60, help="seconds to go on after the story is seen")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with demo(options.port) as address, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        take(browser, address, options.out, settle_s=options.settle)
        browser.close()


@contextmanager
def demo(port: int) -> Iterator[str]:
    """The address that signs in to a demo that runs until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="syncwatch-pictures-"))
    folder.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCWATCH_")}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--demo", "--port", str(port)],
        cwd=ROOT,
        env=kept | {"SYNCWATCH_VAR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+/login/once/\S+", line):
                yield found[0]
                return
        sys.exit("The demo did not start; what it said stands above.")
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def take(browser: Browser, address: str, folder: Path, *, settle_s: float) -> None:
    """Waits until the story is seen, then writes every picture."""
    base = address.split("/login/", maxsplit=1)[0]
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Paris", reduced_motion="reduce")
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.goto(address)
    wait_for_story(page, base)
    wait_for_verdicts(base)
    time.sleep(settle_s)
    for picture in PICTURES:
        page.set_viewport_size({"width": picture.width, "height": HEIGHTS[picture.width]})
        page.emulate_media(color_scheme="dark" if picture.theme == "dark" else "light")
        path = newest_incident(page, base) if picture.path == INCIDENT else picture.path
        answer = page.goto(base + path)
        if answer is None or not answer.ok:
            sys.exit(f"{path} was answered {answer and answer.status}.")
        shown = page.locator(picture.part) if picture.part else page
        if picture.part:
            page.locator(picture.part).scroll_into_view_if_needed()
        page.wait_for_function(DRAWN)
        page.wait_for_timeout(PAINTED_MS)
        shown.screenshot(path=folder / picture.file)
        print(folder / picture.file, f"{(folder / picture.file).stat().st_size / 1024:.0f} kB", flush=True)


def wait_for_story(page: Page, base: str) -> None:
    """Ends the program when the overview does not show the whole story in time."""
    deadline = time.monotonic() + PATIENCE_S
    missing: list[str] = []
    while time.monotonic() < deadline:
        page.goto(f"{base}/")
        shown = page.inner_text("main").lower()
        missing = [word for word in STORY if word not in shown]
        if not missing:
            return
        time.sleep(5)
    sys.exit(f"The overview did not show: {', '.join(missing)}.")


def wait_for_verdicts(base: str) -> None:
    """Ends the program when a link is still unknown after a while: that is no picture of a day's work."""
    deadline = time.monotonic() + PATIENCE_S
    unknown = 0.0
    while time.monotonic() < deadline:
        figures = text_string_to_metric_families(httpx.get(f"{base}/metrics", timeout=30).text)
        unknown = sum(
            sample.value
            for family in figures
            for sample in family.samples
            if sample.name == "syncwatch_integrations" and sample.labels["state"] == "unknown"
        )
        if not unknown:
            return
        time.sleep(5)
    sys.exit(f"{unknown:.0f} integrations are still unknown.")


def newest_incident(page: Page, base: str) -> str:
    page.goto(f"{base}/incidents/")
    return (
        page.locator("main a[href^='/incidents/']")
        .filter(has_text=re.compile(r"\w"))
        .evaluate_all(
            "links => links.map(a => a.getAttribute('href')).find(h => /^\\/incidents\\/\\d+\\/$/.test(h))"
        )
    )


if __name__ == "__main__":
    main()

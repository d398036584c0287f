"""What a browser loads for a page, and when it first shows something: a real server, a real Chromium."""

import gzip
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, sync_playwright

from tests.bench.world import ROOT, table, wait_for

SHOWN = ("overview", "integration", "integrations", "incidents", "wall")
LIBRARY = "plotly"
KILOBYTES = 60
VISITS = 5
_LOADED = re.compile(r'<(?:link rel="stylesheet" href|script src|script data-library)="/static/([^"]+)"')
_TOLD = """async (library) => {
    const told = () => [
        performance.getEntriesByName("first-contentful-paint")[0],
        performance.getEntriesByType("resource").find((one) => one.name.includes(library)),
    ];
    const begun = performance.now();
    while (told().some((one) => !one) && performance.now() - begun < 15000) {
        await new Promise((later) => setTimeout(later, 50));
    }
    const [paint, loaded] = told();
    return [paint ? paint.startTime : null, loaded ? loaded.responseEnd : null];
}"""


def run(session: str, port: int, pages: dict[str, str], client: Any) -> None:
    """Prints two tables. ``client`` asks for pages in this process, ``session`` is the browser's."""
    _weights(pages, client)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("\nWithout Chromium it was not measured when something is seen first.")
        return
    server = subprocess.Popen(
        (
            *(sys.executable, "-m", "granian", "monitor.wsgi:application", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "error"),
        ),
        cwd=ROOT,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/healthz")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--headless", "--disable-gpu"]
            )
            rows = [(name, *_visits(browser, base + address, session)) for name, address in pages.items()]
            browser.close()
    finally:
        server.terminate()
        server.wait(30)
    print(f"\nA first visit with nothing kept, ms from the click, half of {VISITS} (1440 x 900)\n")
    print(table(("page", "first contentful paint", "chart library loaded"), rows), flush=True)


def _visits(browser: Browser, address: str, session: str) -> tuple[str, str]:
    paints, loads = [], []
    for _visit in range(VISITS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
        page = context.new_page()
        page.goto(address)
        # A page without charts has nothing to wait for; one with charts loads the library when they are seen.
        charts = page.locator("[data-library]").count()
        if charts:
            page.mouse.wheel(0, 5000)
        paint, loaded = page.evaluate(_TOLD, LIBRARY if charts else ".css")
        paints.append(paint)
        loads += [loaded] if charts and loaded else []
        context.close()
    return f"{statistics.median(paints):.0f}", f"{statistics.median(loads):.0f}" if loads else "–"


def _weights(pages: dict[str, str], client: Any) -> None:
    """Own style sheets and scripts, as they are sent: compressed."""
    own = Path(str(finders.find("monitor/style.css"))).parent
    everything = sum(_sent(file) for file in own.iterdir() if file.suffix in (".css", ".js"))
    rows = []
    for name, address in pages.items():
        names = {re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", unquote(one)) for one in _LOADED.findall(
            client.get(address).content.decode()
        )}  # fmt: skip
        files = [Path(str(finders.find(one))) for one in sorted(names)]
        ours = sum(_sent(file) for file in files if file.parent == own)
        others = sum(_sent(file) for file in files if file.parent != own)
        rows.append((name, f"{ours / 1000:.1f}", f"{others / 1000:.1f}"))
    over = " (over)" if everything > KILOBYTES * 1000 else ""
    print(f"\nCSS and JavaScript in KB (gzip); all of our own together: {everything / 1000:.1f}{over}\n")
    print(table(("page", "our own", "htmx"), rows), flush=True)


def _sent(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))

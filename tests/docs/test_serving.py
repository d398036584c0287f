"""The documentation is built without a warning, loads nothing from elsewhere, and is served to readers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from monitor.access_control import VIEWER
from monitor.dashboard import docs as view
from tests.docs.pages import DOCS
from tests.people.conftest import person, signed_in

pytestmark = pytest.mark.acceptance

FLAGS = ["--no-sandbox", "--disable-gpu"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going"]
    ended = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return folder / "html"


@pytest.fixture
def served(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(view, "BUILT", built)
    return built


@pytest.fixture
def reader(db: None) -> Client:
    return signed_in(person("vera", VIEWER))


def test_pages_load_nothing_from_elsewhere_and_hold_no_script_or_style_but_the_known_one(built: Path) -> None:
    for page in built.rglob("*.html"):
        text = page.read_text()
        assert set(re.findall(r"<script>(.*?)</script>", text, re.DOTALL)) <= {view.INLINE_SCRIPT}, page
        assert not re.findall(r"<style|\son[a-z]+=\"|javascript:", text), page
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\ssrc=\"([^\"]+)", text)
        loaded += re.findall(r"<link\b[^>]*\shref=\"([^\"]+)", text)
        assert not [address for address in loaded if re.match(r"(?:[a-z]+:)?//", address)], page
    sheets = "".join(path.read_text() for path in built.rglob("*.css"))
    assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", sheets)


def test_pages_are_served_with_a_strict_policy_and_kept_by_browsers(served: Path, reader: Client) -> None:
    answer = reader.get("/docs/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    again = reader.get("/docs/", headers={"if-modified-since": answer["Last-Modified"]})
    assert again.status_code == 304
    assert reader.get("/docs/connecting/").status_code == 200
    assert reader.get("/docs/_static/styles/furo.css")["Content-Type"] == "text/css"


@pytest.mark.parametrize(
    "path", ["no-such-page.html", "../settings.py", "%2e%2e/%2e%2e/manage.py", "/etc/passwd"]
)
def test_nothing_else_is_served(served: Path, reader: Client, path: str) -> None:
    assert reader.get(f"/docs/{path}").status_code in (400, 404)


def test_nobody_reads_without_signing_in(served: Path, db: None) -> None:
    answer = Client().get("/docs/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_who_has_not_built_it_is_told_how(
    reader: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "BUILT", tmp_path)
    answer = reader.get("/docs/")
    assert answer.status_code == 404
    assert "make docs" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_searching_works_in_a_browser_under_that_policy(
    served: Path, reader: Client, chromium: str, live_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    session = {"name": "sessionid", "value": reader.cookies["sessionid"].value, "url": live_server.url}
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context()
        context.add_cookies([session])
        page, complaints, foreign = context.new_page(), [], []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(live_server.url) else foreign.append(asked.url),
        )
        page.goto(f"{live_server.url}/docs/")
        page.get_by_placeholder("Search").first.fill("throttled")
        page.keyboard.press("Enter")
        page.wait_for_selector("ul.search li a")
        found = page.locator("ul.search li a").all_inner_texts()
        browser.close()
    assert any("verdict" in title for title in found)
    assert (complaints, foreign) == ([], [])

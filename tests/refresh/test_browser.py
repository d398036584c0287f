"""Several refreshes in a real browser, with and without its scripts."""

import re
import threading

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitor.models import Refresh
from monitor.refresh.advance import advance
from tests.dashboard.conftest import ASK_AGAIN, browser, visit

__all__ = ["browser", "visit"]

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]


def in_worker() -> None:
    """As the worker would: beside the browser's loop, which runs in this thread."""
    worker = threading.Thread(target=_advance)
    worker.start()
    worker.join()


def _advance() -> None:
    advance(timezone.now())
    connection.close()


def choose(page: Page, *titles: str) -> None:
    for title in titles:
        page.get_by_role("checkbox", name=re.compile(title)).check()
    page.get_by_role("button", name="Refresh…").click()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_tick_preview_reason_follow_and_cancel_the_rest(
    has_scripts, make_integration, panel_integration, visit
):
    for name in ("arles", "brest"):
        make_integration(name)
    page = visit("/integrations/", java_script_enabled=has_scripts)
    choose(page, "arles", "nord")
    expect(page.get_by_role("heading", level=1)).to_have_text("Refresh 2 integrations?")
    expect(page.get_by_role("row", name=re.compile("nord"))).to_contain_text("when somebody presses")
    page.get_by_label("Why (kept in the record)").fill("After the update")
    page.get_by_role("button", name="Refresh 2 integrations").click()
    expect(page.get_by_role("main")).to_contain_text("Asked for by operator: After the update")
    in_worker()
    if has_scripts:
        page.evaluate(ASK_AGAIN)
        expect(page.get_by_role("row", name=re.compile("arles"))).to_contain_text(
            "watching whether orders move"
        )
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_role("heading", name="All have ended")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("2 refreshes are cancelled.")
    page.get_by_role("link", name=re.compile("arles")).click()
    expect(page.get_by_role("main")).to_contain_text("What had been sent by then is not taken back.")


def test_cancelling_from_the_integrations_page(integration, visit):
    page = visit("/integrations/lyon/")
    page.get_by_role("button", name="Force refresh").click()
    page.get_by_role("button", name="Cancel the refresh").click()
    expect(page.get_by_role("main")).to_contain_text("Cancelled by operator before anything was asked.")
    assert [one.outcome for one in Refresh.objects.all()] == ["cancelled"]

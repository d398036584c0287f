"""What people do with the past, in a real browser."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from monitor.models import Heartbeat
from tests.dashboard import factories as make

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def incidents(db, today: datetime) -> list[int]:
    """Two: one of Lyon that is open, one of Osaka that is over."""
    Heartbeat.objects.create(part="judge", at=today)
    lyon = make.incident_of(make.watched("Boutique Lyon", today, "stalled", waiting=5), today)
    osaka = make.watched("Osaka Denim", today)
    over = make.incident_of(
        osaka, today, rule="stalled", state="fail", opened_at=today - timedelta(hours=3), closed_at=today
    )
    for hours in (2, 3):
        make.latency(osaka, today.replace(minute=0) - timedelta(hours=hours), [60, 7200])
    return [lyon.pk, over.pk]


def test_somebody_finds_an_incident_and_shares_what_was_found(visit, incidents) -> None:
    page = visit("/incidents/")
    page.get_by_label("Words").fill("osaka")
    page.get_by_label("State").select_option("Over")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("link", name="Osaka Denim")).to_be_visible()
    expect(page.get_by_role("link", name="Boutique Lyon")).to_have_count(0)
    assert "q=osaka" in page.url
    page.goto(page.url)
    expect(page.get_by_label("State")).to_have_value("over")
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("link", name="Boutique Lyon")).to_be_visible()


def test_somebody_looks_back_and_copies_the_story(visit, incidents) -> None:
    page = visit(f"/incidents/{incidents[1]}/")
    page.get_by_role("link", name="Look back on it").click()
    expect(page.locator("#latency-1 .main-svg").first).to_be_visible(timeout=20_000)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# Osaka Denim → Sendcloud EU")
    assert "## What happened" in copied


@pytest.mark.parametrize("javascript", [True, False], ids=["with", "without"])
def test_somebody_asks_how_a_quarter_was(visit, incidents, today, javascript) -> None:
    page = visit(
        "/integrations/boutique-lyon-sendcloud-eu/?tab=history",
        java_script_enabled=javascript,
        viewport=PHONE,
    )
    page.get_by_role("link", name="90 days").click()
    expect(page.get_by_role("link", name="90 days")).to_have_attribute("aria-current", "true")
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="Available").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename == "history-boutique-lyon-sendcloud-eu.csv"
    if javascript:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

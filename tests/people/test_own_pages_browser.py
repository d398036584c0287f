"""What people do in a browser on pages of their own, and on those that a mail or a chart leads to."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from monitor.alerts.links import answer_link
from monitor.models import Incident, Refresh, Subscription, User
from tests.dashboard import factories as make
from tests.dashboard.conftest import browser, today, visit
from tests.people.test_accounts_browser import _quick_passwords, opened, sign_in, vera

__all__ = ["_quick_passwords", "browser", "opened", "today", "vera", "visit"]
pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]


def test_somebody_ends_a_session_elsewhere_and_has_it_dark_and_in_french(vera: User, opened) -> None:
    there, here = opened("/account/sessions/"), opened("/account/sessions/")
    sign_in(there)
    sign_in(here)
    here.reload()
    expect(here.get_by_role("row")).to_have_count(3)
    here.get_by_role("button", name="Sign out there").click()
    expect(here.get_by_role("row")).to_have_count(2)
    there.goto("/settings/")
    expect(there.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    here.goto("/settings/")
    here.get_by_label("Language").select_option("fr")
    here.get_by_label("Theme").select_option("dark")
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_role("heading", name="Vos préférences")).to_be_visible()
    assert here.locator("html").get_attribute("data-theme") == "dark"


def test_who_gets_a_mail_on_a_phone_takes_the_trouble_into_their_hands(
    transactional_db: None, opened, live_server, settings, today
) -> None:
    settings.PUBLIC_URL = live_server.url
    incident = make.incident_of(make.watched("Boutique Lyon", today, "stalled", waiting=5), today)
    Subscription.objects.create(email="ops@shop.example")
    notice = make.notice_of(incident, today, recipient="ops@shop.example")
    page = opened(answer_link(notice), viewport={"width": 390, "height": 800}, color_scheme="dark")
    expect(page.get_by_role("heading", name="Boutique Lyon")).to_be_visible()
    page.get_by_label("What you will do about it (optional)").fill("calling the shop")
    page.get_by_role("button", name="Acknowledge until it recovers").click()
    expect(page.get_by_text("calling the shop")).to_be_visible()
    assert Incident.objects.get().acknowledged_at is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_was_late_leads_to_the_shop_at_that_moment_and_a_refresh_is_found_again(
    visit, transactional_db: None, today
) -> None:
    one = make.watched("Boutique Lyon", today)
    make.latency(one, today.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2), [60, 7200])
    make.refresh_of(one, today, reason="customers call")
    over = {"stage": "done", "outcome": "moved", "finished_at": today}
    make.refresh_of(one, today - timedelta(days=1), reason="after the maintenance", **over)
    assert Refresh.objects.count() == 2
    page = visit("/charts/slowest/?range=6h")
    page.get_by_role("link", name="Boutique Lyon").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Boutique Lyon")
    assert "from=" in page.url or "range=6h" in page.url
    page.goto(page.url.partition("/integrations/")[0] + "/refreshes/")
    page.get_by_label("Name, person, reason").fill("maintenance")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("after the maintenance")).to_be_visible()
    expect(page.get_by_text("customers call")).to_have_count(0)

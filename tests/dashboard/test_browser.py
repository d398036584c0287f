"""What only a real browser shows: layout, live parts that leave the reader alone, charts, no JavaScript."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from monitor.models import Refresh, Verdict
from tests.dashboard import factories as make
from tests.dashboard.conftest import ASK_AGAIN

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

REFRESHABLE = {"refresh": {"method": "POST", "url": "https://hub.example/refresh/{integration_id}"}}


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_pages_fit_the_screen_without_a_complaint(visit, today, width, scheme) -> None:
    one = make.watched("Boutique Lyon", today, "blocked_user_agent", since=timedelta(minutes=47), waiting=31)
    incident = make.incident_of(one, today)
    make.call(one, today)
    make.hub_failure(one, today)
    page = visit("/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    for path in (
        "/",
        "/integrations/",
        f"/integrations/{one.name}/",
        "/incidents/",
        f"/incidents/{incident.pk}/",
    ):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(page.get_by_role("main")).to_contain_text("Boutique Lyon")


def test_the_chart_is_drawn_and_has_a_table_behind_it(visit, today) -> None:
    one = make.watched("Boutique Lyon", today)
    make.latency(one, today.replace(minute=0, second=0, microsecond=0), [60, 120, 700])
    page = visit(f"/integrations/{one.name}/")
    expect(page.locator("#latency .main-svg").first).to_be_visible(timeout=20_000)
    page.get_by_text("Show as table").click()
    expect(page.locator("#latency table")).to_contain_text("95 % within")


def test_a_live_part_shows_news_and_leaves_focus_scroll_and_typed_words_alone(visit, today) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    one = make.watched(
        "Atelier Nord", today, "throttled", since=timedelta(hours=1), waiting=30, account=account
    )
    call = make.call(one, today)
    page = visit(f"/integrations/{one.name}/?tab=checks", viewport={"width": 1200, "height": 700})
    page.locator(f"#excerpt-{call.pk}").locator("summary").click()
    page.locator("#reason").fill("Customers ask")
    page.evaluate("scrollTo(0, 120)")
    Verdict.objects.filter(pk=one.pk).update(waiting_count=77)
    page.evaluate(ASK_AGAIN)
    expect(page.locator("#head")).to_contain_text("77 orders waiting")
    expect(page.locator("#calls")).to_contain_text("Excerpt")
    assert page.locator("#reason").input_value() == "Customers ask"
    assert page.evaluate("document.activeElement.id") == "reason"
    assert page.evaluate("scrollY") == 120
    assert page.locator(f"#excerpt-{call.pk}").get_attribute("open") is not None


def test_a_refresh_is_asked_for_and_followed_to_its_end_without_loading_again(visit, today) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    make.watched("Atelier Nord", today, "throttled", since=timedelta(hours=1), waiting=3, account=account)
    page = visit("/")
    page.get_by_role("button", name="Force refresh").click()
    panel = page.locator("#refresh")
    expect(panel.locator("[aria-current=step]")).to_have_text("queued")
    Refresh.objects.update(stage="watching", detail="The hub accepted the request.")
    expect(panel.locator("[aria-current=step]")).to_have_text("watching whether orders move", timeout=6_000)
    Refresh.objects.update(
        stage="done", outcome="moved", finished_at=today, detail="3 of 3 waiting orders have arrived."
    )
    expect(panel).to_contain_text("3 of 3 waiting orders have arrived.", timeout=6_000)
    expect(panel.get_by_role("button", name="Force refresh")).to_be_visible()


def test_following_the_link_to_the_hubs_panel_is_recorded(visit, today) -> None:
    one = make.watched("Atelier Nord", today, "throttled", waiting=3)
    make.refresh_of(one, today, strategy="panel", stage="waiting", asked_at=None)
    page = visit(f"/integrations/{one.name}/")
    page.context.route("https://app.sendcloud.com/**", lambda route: route.fulfill(body="the hub's page"))
    with page.context.expect_page():
        page.get_by_role("link", name="Open the hub's page").click()
    expect(page.locator("#refresh [aria-current=step]")).to_have_text(
        "watching whether orders move", timeout=6_000
    )


def test_without_a_connection_it_says_so_until_there_is_one_again(visit, today) -> None:
    make.watched("Boutique Lyon", today)
    page = visit("/")
    page.context.set_offline(True)
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_text("No connection to Syncwatch")).to_be_visible()
    page.context.set_offline(False)
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_text("No connection to Syncwatch")).to_be_hidden()


def test_when_the_session_has_ended_a_live_part_leads_to_the_sign_in_page(visit, today) -> None:
    make.watched("Boutique Lyon", today)
    page = visit("/")
    page.context.clear_cookies()
    page.evaluate(ASK_AGAIN)
    page.wait_for_url("**/login/**")


def test_what_is_half_written_outlives_the_session_and_can_be_sent_in_the_next(visit, today) -> None:
    incident = make.incident_of(make.watched("Boutique Lyon", today, "stalled", waiting=3), today)
    page = visit(f"/incidents/{incident.pk}/")
    kept = page.context.cookies()
    page.get_by_label("Comment").fill("The host answers at noon")
    page.context.clear_cookies()
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_label("Comment")).to_have_value("The host answers at noon")
    page.context.add_cookies([one for one in kept if one["name"] != "csrftoken"])
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_text("You were signed out.")).to_be_hidden()
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".timeline")).to_contain_text("The host answers at noon")


def test_times_are_in_the_browsers_zone_without_anybody_choosing_it(visit, today) -> None:
    make.watched("Boutique Lyon", today)
    page = visit("/", zone="Asia/Tokyo")
    expect(page.locator("footer")).to_contain_text("Times are in Asia/Tokyo.")


def test_the_theme_is_switched_and_stays(visit, today) -> None:
    page = visit("/", color_scheme="light")
    page.locator("#person-menu summary").click()
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_it_can_be_read_and_the_refresh_pressed_without_javascript(visit, today) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    make.watched("Atelier Nord", today, "throttled", since=timedelta(hours=1), waiting=3, account=account)
    page = visit("/", java_script_enabled=False)
    expect(page.get_by_role("main")).to_contain_text("3 orders waiting, oldest 1 h")
    page.get_by_role("button", name="Force refresh").click()
    expect(page.locator("#refresh")).to_contain_text("asked for by operator")
    page.get_by_role("link", name="Integrations").first.click()
    expect(page.get_by_role("main")).to_contain_text("Atelier Nord")

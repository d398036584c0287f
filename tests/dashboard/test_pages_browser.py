"""What people do on the pages around the fleet, in a browser: connecting, maintenance, audit, people,
the administration."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from integrations.models import Store
from monitor.models import Job, Maintenance, Refresh, Role, User
from tests.dashboard import factories as make

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> None:
    """No broker runs here."""
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda *_args, **_more: None)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_maintenance_is_planned_ended_and_found_in_the_audit(visit, transactional_db, today, theme) -> None:
    make.watched("Boutique Lyon", today)
    make.watched("Osaka Denim", today)
    page = visit("/maintenance/", group="admin", color_scheme=theme, viewport={"width": 390, "height": 800})
    page.get_by_label("What is done").fill("New server")
    page.get_by_label("Find a store, a tag or an account").fill("osaka")
    expect(page.get_by_label("Rule")).to_be_hidden()
    page.get_by_label("Repeats").select_option("By a rule of my own")
    page.get_by_label("Rule").fill("FREQ=MONTHLY;BYDAY=2SU")
    page.get_by_label("Find a city").fill("são paulo")
    page.get_by_label("Until").fill(f"{today + timedelta(hours=20):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Plan it").click()
    page.get_by_text("Planned. Meanwhile everything is watched").wait_for()
    window = Maintenance.objects.get()
    assert (str(window.store), window.time_zone) == ("Osaka Denim", "America/Sao_Paulo")
    page.get_by_role("button", name="Cancel for good").click()
    page.get_by_text("Ended.").wait_for()
    page.goto(page.url.replace("/maintenance/", "/audit/"))
    page.get_by_label("Find by person or target").fill("maintenance")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("2 changes, newest first")).to_be_visible()
    expect(page.get_by_role("cell", name="planned")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_among_many_connected_stores_the_one_in_trouble_stands_first_and_any_is_found(
    visit, transactional_db, today
) -> None:
    Store.objects.bulk_create(
        Store(name=f"s-{n}", title=f"Shop {n:03}", platform="shopify", url="https://s.example")
        for n in range(60)
    )
    one = make.watched("Zinc et Fils", today)
    Store.objects.filter(pk=one.store_id).update(
        credentials={"consumer_key": f"ck_{'0' * 40}", "consumer_secret": f"cs_{'0' * 40}"}
    )
    Job.objects.create(
        kind="store_orders",
        target_id=one.store_id,
        due_at=today,
        interval_s=60,
        last_started_at=today,
        last_error="Blocked",
        last_message="nginx refuses with 403.",
    )
    page = visit("/connect/", group="admin")
    stores = page.locator("table.connections").first
    expect(stores.get_by_role("row").nth(1)).to_contain_text("nginx refuses with 403.")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_label("Find a store by name, address or tag").fill("shop 042")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(stores.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Shop 042").click()
    page.get_by_label("Find a city").fill("tokyo")
    assert page.get_by_label("Time zone of the shop").input_value() == "Asia/Tokyo"
    page.goto(page.url.partition("/connect/")[0] + "/status/")
    expect(page.get_by_role("heading", name="Is Syncwatch itself well?")).to_be_visible()
    expect(page.get_by_role("row", name="Database in order")).to_be_visible()


def test_a_persons_role_is_limited_to_tags_where_they_may_do_it(visit, transactional_db) -> None:
    otto = User.objects.create_user("otto", "otto@example.com")
    otto.groups.add(Group.objects.get(name="viewer"))
    Store.objects.create(name="lyon", platform="shopify", url="https://l.example", tags=["fr", "vip"])
    page = visit("/people/", group="admin")
    page.get_by_role("link", name="otto").click()
    expect(page.get_by_label("vip")).to_be_hidden()
    page.get_by_label("Operator: also refreshes").check()
    page.get_by_label("stores with certain tags").check()
    page.get_by_label("vip").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="otto")).to_contain_text("Operator vip")
    assert (Role.objects.get().tags, otto.groups.count()) == (["vip"], 0)


def test_in_the_administration_several_are_refreshed_and_what_they_are_called_stays_on_a_line(
    visit, transactional_db, today
) -> None:
    one = make.watched("Boutique des Grands Boulevards de Lyon", today, "stalled", waiting=5)
    page = visit("/admin/", group="admin", color_scheme="dark")
    expect(page.get_by_role("heading", name="Everything, as rows")).to_be_visible()
    page.get_by_role("table", name="What is connected").get_by_role("link", name="Integrations").click()
    name = page.get_by_role("link", name=one.name)
    assert name.evaluate("link => link.getClientRects().length") == 1
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Action:").select_option("Force refresh")
    page.get_by_role("button", name="Go", exact=True).click()
    page.get_by_label("Why (kept in the record)").fill("after the maintenance")
    page.get_by_role("button", name="Refresh 1 integration").click()
    page.wait_for_url("**/refreshes/several/*/")
    expect(page.get_by_role("heading", name="Refresh of 1 integration")).to_be_visible()
    assert Refresh.objects.get().reason == "after the maintenance"
    page.goto(page.url.partition("/refreshes/")[0] + "/admin/monitor/refresh/")
    expect(page.get_by_role("heading", name="Refreshes")).to_be_visible()
    expect(page.get_by_role("cell", name="after the maintenance")).to_be_visible()
    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_role("heading", name=f"Refresh {Refresh.objects.get().pk}")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)

"""The list finds an integration; its page says what is wrong, since when, why, and what to do."""

from datetime import timedelta

import pytest
from django.db.models import F

from integrations.models import Account, Integration, Store
from monitor import audit
from monitor.models import Arrival, Audit, Refresh, Shipment, Transition, User
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

REFRESHABLE = {"refresh": {"method": "POST", "url": "https://hub.example/refresh/{integration_id}"}}


def page_of(client, one: Integration, part: str = "", tab: str = "") -> str:
    query = f"?part={part}" if part else f"?tab={tab}" if tab else ""
    return text_of(client, f"/integrations/{one.name}/{query}")


# --- the list ----------------------------------------------------------------------------------


def test_the_list_shows_the_worst_first(viewer, now) -> None:
    make.watched("Well", now)
    make.watched("Unreadable", now, "hub_unreadable")
    make.watched("Late", now, "gap", waiting=2)
    make.watched("Stalled", now, "stalled", waiting=1)
    page = text_of(viewer, "/integrations/")
    places = [page.index(f"{name} →") for name in ("Stalled", "Late", "Unreadable", "Well")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=bad", {"Boutique Lyon"}),
        ("state=ok", {"Kyoto Ceramics"}),
        ("state=unwatched", {"Old Harbour"}),
        ("q=kyoto", {"Kyoto Ceramics"}),
        ("q=shopify", {"Kyoto Ceramics"}),
        ("q=fragile", {"Boutique Lyon"}),
        ("q=sendcloud+lyon", {"Boutique Lyon"}),
        ("q=nowhere", set()),
        ("q=lyon&state=ok", set()),
    ],
)
def test_the_list_is_filtered_by_state_and_text(viewer, now, query, found) -> None:
    lyon = make.watched("Boutique Lyon", now, "stalled")
    lyon.store.tags = ["fragile"]
    lyon.store.save()
    make.watched("Kyoto Ceramics", now, platform="shopify")
    paused = make.watched("Old Harbour", now)
    Integration.objects.filter(pk=paused.pk).update(is_paused=True)
    page = text_of(viewer, f"/integrations/?{query}")
    assert {
        name for name in ("Boutique Lyon", "Kyoto Ceramics", "Old Harbour") if f"{name} →" in page
    } == found


def test_a_long_list_is_paged_and_a_wild_page_number_harmless(
    viewer, now, django_assert_max_num_queries
) -> None:
    for number in range(53):
        make.watched(f"Shop {number:03d}", now)
    with django_assert_max_num_queries(12):
        assert "Page 1 of 2" in text_of(viewer, "/integrations/")
    assert "Page 2 of 2" in text_of(viewer, "/integrations/?page=999")
    assert "Page 1 of 2" in text_of(viewer, "/integrations/?page=x")


# --- one of them ------------------------------------------------------------------------------------


def test_the_page_says_what_why_and_what_to_do(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now, "blocked_user_agent", since=timedelta(minutes=47), waiting=3)
    page = page_of(viewer, one)
    assert "refuses Sendcloud by its User-Agent" in page
    assert "3 orders waiting, oldest 47 min" in page
    assert "What to do" in page
    assert "<li>" in page


def test_every_condition_is_shown_with_its_answer(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now, "store_key_refused")
    page = page_of(viewer, one, tab="checks")
    for question in ("Can the hub reach the store?", "Are the keys accepted?", "Do the orders arrive?"):
        assert question in page


def test_every_answer_shows_the_rule_and_the_figures_behind_it(viewer, now) -> None:
    page = page_of(viewer, make.watched("Boutique Lyon", now, "stalled", waiting=4), tab="checks")
    assert "How was this judged?" in page
    for key, value in (("mono", "waiting_count"), ("mono", "tolerance_s")):
        assert f'<dt class="{key}">{value}</dt>' in page
    assert '<dd class="mono">imports.stalled</dd>' in page


def test_only_numbers_that_were_looked_for_since_they_are_due_count_as_missing(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now)
    due = now - timedelta(minutes=30)
    for number, looked in (("LATE1", now), ("EARLY1", due - timedelta(minutes=1)), ("NEVER1", None)):
        Shipment.objects.create(
            integration=one, hub_id=number, number=number, carrier="dpd", order_number="7", status="x",
            changed_at=due, announced_at=due, due_at=due, looked_at=looked,
        )  # fmt: skip
    page = page_of(viewer, one)
    assert "Tracking numbers missing in the store (1)" in " ".join(page.split())
    assert "LATE1" in page
    assert "EARLY1" not in page
    assert "2 numbers are due and were not looked for in the store yet." in page


def test_waiting_orders_and_missing_numbers_lead_to_the_shops_own_page_of_the_order(viewer, now) -> None:
    woo = make.watched("Boutique Lyon", now, "stalled", waiting=1)
    shopify = make.watched("Kyoto", now, "stalled", waiting=1, platform="shopify")
    prestashop = make.watched("Osaka", now, "stalled", waiting=1, platform="prestashop")
    page = page_of(viewer, woo)
    assert 'href="https://boutique-lyon.example/wp-admin/post.php?post=0&amp;action=edit"' in page
    assert "https://app.sendcloud.com/v2/settings/integrations/shop/" in page
    assert 'href="https://kyoto.example/admin/orders/0"' in page_of(viewer, shopify)
    assert "osaka.example/admin" not in page_of(viewer, prestashop)


def test_the_oldest_fifty_waiting_orders_are_listed_with_how_many_more_there_are(viewer, now) -> None:
    page = page_of(viewer, make.watched("Boutique Lyon", now, "stalled", waiting=61))
    assert "10000" in page
    assert "10049" in page
    assert "10050" not in page
    assert "the oldest are shown, 11 more wait" in page
    assert "Id in the store" in page


def test_the_stores_id_of_an_order_is_shown_only_where_people_call_it_otherwise(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now, "stalled", waiting=1)
    Arrival.objects.update(order_number=F("order_key"))
    assert "Id in the store" not in page_of(viewer, one)


def test_failed_calls_of_the_hub_and_of_ours_are_shown(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now, "blocked_user_agent")
    make.hub_failure(one, now, detail="What the hub met.")
    make.call(one, now, detail="What we met.")
    make.call(one, now, store=None, account=one.account, detail="What the hub told us.")
    make.call(one, now, outcome="passed", detail="All was fine.")
    page = page_of(viewer, one, tab="checks")
    assert all(words in page for words in ("What the hub met.", "What we met.", "What the hub told us."))
    assert "All was fine." not in page


def test_what_a_remote_wrote_is_text_never_markup(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now)
    make.call(one, now, excerpt="<script>alert(1)</script>", detail="<b>bold</b>")
    page = page_of(viewer, one, tab="checks")
    assert "<script>alert" not in page
    assert "<b>bold" not in page


def test_the_timeline_tells_changes_and_what_people_did(operator, now) -> None:
    one = make.watched("Atelier Nord", now, "throttled", since=timedelta(hours=2))
    make.refresh_of(
        one,
        now,
        stage="done",
        outcome="moved",
        finished_at=now,
        requested_at=now - timedelta(hours=1),
        detail="2 of 2 waiting orders have arrived.",
        reason="Customers ask",
    )
    operator.post(f"/incidents/{make.incident_of(one, now).pk}/acknowledge/")
    told = page_of(operator, one, tab="history").split("What happened")[1]
    assert "throttled" in told
    assert "Ops asked for a refresh: Customers ask" in told
    assert "2 of 2 waiting orders have arrived." in told
    assert "<b>operator</b> acknowledged" in told


def test_being_healthy_for_another_reason_is_not_an_event(viewer, now) -> None:
    one = make.watched("Café Bastille", now)
    Transition.objects.create(
        integration=one,
        kind="verdict",
        at=now - timedelta(hours=1),
        old_state="ok",
        new_state="ok",
        old_rule="nothing_waiting",
        new_rule="within_tolerance",
        rules_version=1,
    )
    assert "Nothing changed in this time." in page_of(viewer, one, tab="history")


def test_the_timeline_tells_what_was_set_and_names_people_to_administrators(viewer, now) -> None:
    one = make.watched("Atelier Nord", now)
    clerk = signed_in("admin", time_zone="Europe/Paris")
    clerk.post("/changes/start/", {"change": "pause", "names": one.name})
    Store.objects.filter(pk=one.store_id).update(title="Nord")
    audit.record(User.objects.get(username="admin"), "store.change", one.store, {"tags": []}, {"tags": ["a"]})
    told = page_of(clerk, one, tab="history").split("What happened")[1]
    assert "<b>admin</b> paused it" in told
    assert 'the settings of the store <span class="quiet mono">(tags)</span>' in told
    assert "<b>Somebody</b> paused it" in page_of(viewer, one, tab="history")


def test_each_part_of_the_page_has_an_address_and_a_wild_one_is_the_first(viewer, now) -> None:
    one = make.watched("Atelier Nord", now)
    for tab in ("history", "checks"):
        assert f'<a href="/integrations/{one.name}/?tab={tab}" aria-current="page">' in page_of(
            viewer, one, tab=tab
        )
    assert f'<a href="/integrations/{one.name}/" aria-current="page">' in page_of(viewer, one, tab="<script>")


def test_another_time_is_shown_when_asked_for(viewer, now) -> None:
    one = make.watched("Café Bastille", now)
    assert f'/charts/{one.name}/latency.json?range=7d"' in text_of(
        viewer, f"/integrations/{one.name}/?range=7d"
    )
    page = text_of(viewer, f"/integrations/{one.name}/?from=2026-11-20T08:00Z&to=2026-11-20T12:00Z")
    assert "latency.json?from=2026-11-20T08%3A00Z&amp;to=2026-11-20T12%3A00Z" in page
    assert "range=24h" in text_of(viewer, f"/integrations/{one.name}/?range=<script>")


def test_one_that_was_never_judged_says_so(viewer, now) -> None:
    one = make.IntegrationFactory()
    assert "Not judged yet" in page_of(viewer, one)


def test_an_unknown_name_is_not_found(viewer) -> None:
    assert viewer.get("/integrations/nobody/").status_code == 404


@pytest.mark.parametrize("rule", ["nothing_waiting", "stalled", "throttled", "blocked_user_agent"])
@pytest.mark.parametrize("tab", ["", "history", "checks"])
def test_its_queries_are_few(operator, now, django_assert_max_num_queries, tab, rule) -> None:
    one = make.watched("Boutique Lyon", now, rule, waiting=20)
    make.incident_of(one, now)
    for _ in range(5):
        make.call(one, now)
        make.hub_failure(one, now)
        make.refresh_of(one, now, stage="done", outcome="moved", finished_at=now)
    # The past is worked out from what happened in it: seven queries of its own.
    with django_assert_max_num_queries(20 if tab == "history" else 12):
        page_of(operator, one, tab=tab)


# --- refreshing it ------------------------------------------------------------------------------------


def test_an_operator_asks_for_a_refresh_with_a_reason_and_sees_it_run(operator, now) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    one = make.watched("Atelier Nord", now, "throttled", waiting=2, account=account)
    answer = operator.post(f"/integrations/{one.name}/refresh/", {"reason": "Customers ask"})
    assert answer["Location"] == f"/integrations/{one.name}/#refresh"
    refresh = Refresh.objects.get(integration=one)
    assert (refresh.actor, refresh.reason, refresh.strategy) == ("operator", "Customers ask", "hub_api")
    panel = page_of(operator, one, "refresh")
    assert "asked for by operator: Customers ask" in panel
    assert 'hx-trigger="every 2s' in panel


def test_asking_twice_is_refused_with_a_sentence(operator, now) -> None:
    account = make.AccountFactory(settings=REFRESHABLE)
    one = make.watched("Atelier Nord", now, "throttled", account=account)
    operator.post(f"/integrations/{one.name}/refresh/")
    answer = operator.post(f"/integrations/{one.name}/refresh/", follow=True)
    assert "still under way" in answer.content.decode()
    assert Refresh.objects.count() == 1


def test_where_only_the_panel_helps_it_leads_there_and_watches_from_then_on(operator, now) -> None:
    one = make.watched("Atelier Nord", now, "throttled", waiting=2)
    operator.post(f"/integrations/{one.name}/refresh/")
    panel = page_of(operator, one, "refresh")
    assert "https://app.sendcloud.com/" in panel
    assert f'data-tell="/integrations/{one.name}/refresh/opened/"' in panel
    operator.post(f"/integrations/{one.name}/refresh/opened/")
    refresh = Refresh.objects.get(integration=one)
    assert (refresh.stage, refresh.asked_at) == ("watching", now)
    assert Audit.objects.filter(actor="operator").exists()


def test_the_end_of_a_refresh_is_told_with_before_and_after(operator, now) -> None:
    one = make.watched("Atelier Nord", now)
    make.refresh_of(
        one,
        now,
        stage="done",
        outcome="moved",
        finished_at=now,
        detail="10 of 10 waiting orders have arrived.",
        after={"waiting": 0},
    )
    assert "Last time: <b>moved</b>. 10 of 10 waiting orders have arrived." in page_of(
        operator, one, "refresh"
    )


def test_viewers_can_neither_see_nor_press_the_button(viewer, now) -> None:
    one = make.watched("Atelier Nord", now, "throttled")
    assert "/refresh/" not in page_of(viewer, one, "refresh")
    assert viewer.post(f"/integrations/{one.name}/refresh/").status_code == 403
    assert viewer.post(f"/integrations/{one.name}/refresh/opened/").status_code == 403


def test_an_account_whose_keys_cannot_be_used_does_not_break_the_page(operator, now) -> None:
    one = make.watched("Atelier Nord", now, "throttled")
    Account.objects.filter(pk=one.account_id).update(credentials={})
    assert "cannot be used" in page_of(operator, one)
    answer = operator.post(f"/integrations/{one.name}/refresh/", follow=True)
    assert answer.status_code == 200
    assert not Refresh.objects.exists()

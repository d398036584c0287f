"""The integration's page shows who lets the hub pass, what changed, and what to change."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.html import escape

from integrations.access.explaining import guest_of
from integrations.access.fixes.choosing import fixes_for
from integrations.models import Integration
from monitor.models import Audit, CellChange, Job
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of
from tests.dashboard.examined import examined, job_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")


def section(client, one: Integration, **options) -> str:
    return text_of(client, f"/integrations/{one.name}/?part=access", **options)


def marks(page: str, method: str) -> list[tuple[str, str]]:
    """(colour, words) of a column, top to bottom."""
    return re.findall(rf'class="mark is-(\w+)" [^>]*id="mark-\d+-{method}" aria-label="([^"]*)"', page)


def shown(found, name: str, now, platform: str = "woocommerce", **changes) -> Integration:
    one = make.watched(name.replace("_", " ").title(), now, platform=platform)
    examined(one, found[name], now, **changes)
    return one


def change(one: Integration, found, at, *methods: str, before="passed", after="blocked") -> None:
    agents = (*found.examination.agents, found.examination.neutral)
    for method, agent in ((method, agent) for method in methods for agent in agents):
        CellChange.objects.create(
            store=one.store, at=at, method=method, agent=agent, before=before, after=after, status=405
        )


# --- the grid --------------------------------------------------------------------------------------


def test_each_cell_has_a_colour_and_words_for_what_became_of_the_request(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "no_put", now))
    assert marks(page, "GET") == [("ok", "passes")] * 3
    assert marks(page, "PUT") == [("fail", "refused, 405")] * 2 + [("unknown", "refused, 405")]
    assert "Status 405, answered by nginx" in page
    assert "PUT as SendCloud/1.0 (woocommerce; https://www.sendcloud.sc): refused" in page


def test_a_refused_method_that_the_hub_does_not_need_is_not_red(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "no_put", now))
    assert {colour for colour, _words in marks(page, "PATCH")} == {"unknown"}


def test_columns_are_grouped_by_what_the_hub_does_with_them(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "no_put", now))
    groups = re.findall(r'<th scope="colgroup" colspan="(\d)"[^>]*>([^<]*)', page)
    assert groups == [("1", "reads orders"), ("2", "writes tracking"), ("4", "others")]
    assert not re.search(r"<th\b(?! scope=)", page)


def test_shopify_has_one_method_that_reads_and_writes(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "shopify", now, "shopify"))
    assert re.findall(r'<th scope="colgroup" colspan="(\d)"[^>]*>([^<]*)', page) == [
        ("1", "reads and writes")
    ]
    assert "3 requests" in page


def test_another_hubs_refusal_is_not_told_as_this_ones(viewer, now, seen) -> None:
    one = shown(seen, "no_hub", now, "magento")
    other = make.AccountFactory(name="other", title="Other", settings={"user_agents": ["Other/2.0"]})
    second = make.IntegrationFactory(store=one.store, account=other)
    assert "nginx refuses" in section(viewer, one)
    page = section(viewer, second)
    assert "nginx refuses" not in page
    assert "Not examined yet" in page


def test_a_hub_that_never_calls_the_store_has_no_such_section(viewer, now, seen) -> None:
    silent = make.AccountFactory(name="silent", settings={"user_agents": []})
    one = make.watched("Quiet", now, account=silent)
    examined(one, seen["healthy"], now)
    assert "pass?" not in text_of(viewer, f"/integrations/{one.name}/")


# --- what is said -----------------------------------------------------------------------------------


def test_the_verdict_says_who_refuses_what_and_what_it_costs(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "no_put", now))
    headline = re.search(r'<h3 class="headline">.*?</svg> (.*?)</h3>', page)[1]
    assert all(word in headline for word in ("nginx", "PUT", "Sendcloud"))
    assert "tracking numbers do not reach the store" in page


def test_every_change_to_make_is_on_the_page_letter_by_letter_with_a_button_to_copy(
    viewer, now, seen
) -> None:
    one = shown(seen, "challenged", now, "prestashop")
    page = viewer.get(f"/integrations/{one.name}/?part=access").content.decode()
    examination, diagnoses = seen["challenged"]
    guest = guest_of("Sendcloud", examination.agents, (), examination)
    fixes = fixes_for(diagnoses[0], guest, examination)
    assert fixes
    for number, fix in enumerate(fixes):
        for kind, text in (("text", fix.text), ("find", fix.find), ("check", fix.check)):
            if text:
                assert f'id="{kind}-0-{number}" tabindex="0">{escape(text)}</pre>' in page
                assert f'data-copy="{kind}-0-{number}"' in page
        assert all(str(escape(step)) in page for step in fix.steps)


def test_when_all_pass_it_is_one_quiet_line_with_the_grid_folded_away(viewer, now, seen) -> None:
    page = section(viewer, shown(seen, "healthy", now))
    assert "s way: 21 requests were asked as Sendcloud does" in page
    assert page.index("<details") < page.index("<table")
    assert "is-fail" not in page
    assert "Certificate valid 61 days · TLS 1.3 · 3 addresses · answers in" in page


def test_what_changed_since_yesterday_is_marked_in_the_grid_and_told(viewer, now, seen) -> None:
    one = shown(seen, "no_put", now)
    change(one, seen["no_put"], now - timedelta(hours=1), "PUT", "PATCH")
    page = section(viewer, one)
    assert marks(page, "PUT")[0] == ("fail", "refused, 405, changed")
    assert marks(page, "GET")[0] == ("ok", "passes")
    told = re.sub("<[^>]*>", "", page)
    assert "PUT, PATCH: refused since 12:42 (before: passes)" in told


def test_of_several_changes_of_a_cell_the_newest_is_told(viewer, now, seen) -> None:
    one = shown(seen, "healthy", now)
    change(one, seen["healthy"], now - timedelta(hours=3), "GET")
    change(one, seen["healthy"], now - timedelta(hours=2), "GET", before="blocked", after="passed")
    told = re.sub("<[^>]*>", "", section(viewer, one))
    assert "GET: passes since 11:42 (before: refused)" in told
    assert "refused since" not in told


def test_what_changed_earlier_or_makes_no_difference_is_not_told(viewer, now, seen) -> None:
    one = shown(seen, "no_put", now)
    change(one, seen["no_put"], now - timedelta(hours=25), "PUT")
    change(one, seen["no_put"], now - timedelta(hours=1), "GET", before="passed", after="refused")
    page = section(viewer, one)
    assert "Changed since yesterday" not in page
    assert "changed" not in {words for _colour, words in marks(page, "PUT")}


def test_a_change_of_one_name_only_names_it(viewer, now, seen) -> None:
    one = shown(seen, "no_put", now)
    CellChange.objects.create(
        store=one.store, at=now, method="PUT", agent=AGENTS[0], before="passed", after="blocked", status=405
    )
    assert "PUT as Sendcloud/1.0.0: refused since" in re.sub("<[^>]*>", "", section(viewer, one))


def test_what_a_remote_wrote_is_text_never_markup(viewer, now, seen) -> None:
    examination, diagnoses = seen["no_put"]
    cells = tuple(
        replace(
            cell, location="<i>", call=replace(cell.call, by="<script>alert(1)</script>", detail="<b>bold")
        )
        for cell in examination.cells
    )
    one = make.watched("Evil", now)
    named = [replace(one, product="<script>alert(2)</script>") for one in diagnoses]
    examined(one, type(seen["no_put"])(replace(examination, cells=cells), named), now)
    page = section(viewer, one)
    assert "alert(1)" in page
    assert all(markup not in page for markup in ("<script>", "<b>bold", "<i>"))


def test_before_the_first_examination_it_says_when_that_will_be(viewer, now) -> None:
    one = make.watched("New", now)
    job_of(one, now)
    assert "Not examined yet" in section(viewer, one)
    assert ">13:54</time>" in section(viewer, one)


def test_where_nothing_is_watched_it_says_why_nothing_is_examined(viewer, operator, now) -> None:
    one = make.watched("Paused", now)
    assert "paused or inactive" in section(viewer, one)
    assert "examine-now" not in section(operator, one)


def test_an_old_examination_is_called_old_with_the_reason(viewer, now, seen) -> None:
    one = shown(seen, "healthy", now, at=now - timedelta(hours=2))
    Job.objects.update(last_error="NoAnswer", last_message="The name was not found.")
    page = section(viewer, one)
    assert "may no longer be true" in page
    assert "The name was not found." in page


def test_asked_again_unchanged_it_answers_with_nothing(viewer, now, seen) -> None:
    one = shown(seen, "no_put", now)
    address = f"/integrations/{one.name}/?part=access"
    again = viewer.get(address, headers={"If-None-Match": viewer.get(address)["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


# --- examining now -------------------------------------------------------------------------------------


def press(client, one: Integration):
    return client.post(f"/integrations/{one.name}/examine/")


def test_an_operator_has_it_examined_now_and_sees_that_it_is_under_way(operator, now, seen) -> None:
    one = shown(seen, "healthy", now)
    assert 'id="examine-now">' in section(operator, one)
    assert press(operator, one)["Location"] == f"/integrations/{one.name}/#access"
    assert Job.objects.get().due_at == now
    assert list(Audit.objects.values_list("actor", "action")) == [("operator", "store.examine")]
    page = section(operator, one)
    assert "about to be examined" in page
    assert 'id="examine-now" disabled>' in page
    assert 'hx-trigger="every 2s' in page


def test_pressing_again_changes_nothing(operator, now, seen) -> None:
    one = shown(seen, "healthy", now)
    press(operator, one)
    press(operator, one)
    assert Audit.objects.count() == 1


def test_it_is_not_examined_more_often_than_every_ten_seconds(operator, now, seen) -> None:
    one = shown(seen, "healthy", now)
    Job.objects.update(last_started_at=now - timedelta(seconds=4))
    press(operator, one)
    assert Job.objects.get().due_at == now + timedelta(seconds=6)


def test_while_it_is_examined_one_more_examination_is_asked_for(operator, now, seen) -> None:
    one = shown(seen, "healthy", now)
    began = now - timedelta(seconds=20)
    Job.objects.update(due_at=began, last_started_at=began, lease_until=now + timedelta(seconds=20))
    assert "being examined now" in section(operator, one)
    press(operator, one)
    assert Job.objects.get().due_at == now
    press(operator, one)
    assert Audit.objects.count() == 1


def test_where_nothing_is_watched_the_button_says_so(operator, now) -> None:
    answer = operator.post(f"/integrations/{make.watched('Paused', now).name}/examine/", follow=True)
    assert "is not watched now" in answer.content.decode()
    assert not Audit.objects.exists()


def test_viewers_can_neither_see_nor_press_the_button(viewer, now, seen) -> None:
    one = shown(seen, "healthy", now)
    assert "examine-now" not in section(viewer, one)
    assert press(viewer, one).status_code == 403
    assert Job.objects.get().due_at > now

"""The overview answers within five seconds of looking what needs a person."""

from datetime import timedelta

import pytest

from integrations.models import Integration
from monitor.dashboard.looking import Look
from monitor.dashboard.queries.explore import Explore
from monitor.models import Job, Transition, Verdict
from monitor.scope import EVERYTHING
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

LYON = "Boutique Lyon → Sendcloud EU"


def test_it_says_how_many_need_a_person_what_waits_and_what_is_well(viewer, now) -> None:
    make.watched("Boutique Lyon", now, "stalled", since=timedelta(minutes=47), waiting=3)
    make.watched("Atelier Nord", now, "throttled", since=timedelta(minutes=72), waiting=2)
    make.watched("Café Bastille", now)
    page = text_of(viewer)
    assert "2 need you" in page
    assert "5 orders waiting, oldest 1 h 12 min" in page
    assert "1 healthy" in page


def test_a_trouble_is_a_sentence_with_since_and_how_many_wait(viewer, now) -> None:
    make.watched("Boutique Lyon", now, "blocked_user_agent", since=timedelta(minutes=47), waiting=31)
    page = text_of(viewer)
    assert LYON in page
    assert ">12:55</time> (47 min)" in page  # 11:55 UTC, read in Paris
    assert "31 waiting" in page
    assert "Sendcloud/1.0.0" in page
    assert "blocked_user_agent" not in page


def test_the_one_with_most_waiting_orders_comes_first_and_an_acknowledged_one_last(operator, now) -> None:
    mine = make.watched("In Hand", now, "stalled", waiting=9)
    make.watched("Few", now, "stalled", waiting=1)
    make.watched("Many", now, "stalled", waiting=5)
    operator.post(f"/incidents/{make.incident_of(mine, now).pk}/acknowledge/")
    page = text_of(operator)
    assert page.index("Many →") < page.index("Few →") < page.index("In Hand →")
    assert "2 need you" in page
    assert "1 acknowledged" in page
    assert "Acknowledged by operator" in page


def test_a_throttled_one_offers_the_refresh_to_operators_only(operator, viewer, now) -> None:
    one = make.watched("Atelier Nord", now, "throttled", waiting=2)
    button = f'formaction="/integrations/{one.name}/refresh/"'
    assert button in text_of(operator)
    assert button not in text_of(viewer)
    make.refresh_of(one, now)
    assert button not in text_of(operator)
    assert "Refresh is running" in text_of(operator)


def test_when_all_is_well_it_says_so_with_the_last_proof(viewer, now) -> None:
    make.watched("Café Bastille", now)
    page = text_of(viewer)
    assert "All is well" in page
    assert "No order is waiting" in page
    assert "1 integration imports its orders in time." in page
    assert (now - timedelta(seconds=8)).isoformat() in page


def test_unknown_is_neither_well_nor_in_need(viewer, now) -> None:
    make.watched("Studio Gris", now, "hub_unreadable")
    make.IntegrationFactory(store__title="Never Judged")
    page = text_of(viewer)
    assert "2 unknown" in page
    assert "need you" not in page
    assert "needs you" not in page
    assert "All is well" not in page


def test_a_paused_one_is_counted_apart_and_raises_nothing(viewer, now) -> None:
    one = make.watched("Old Harbour", now, "stalled", waiting=7)
    Integration.objects.filter(pk=one.pk).update(is_paused=True)
    page = text_of(viewer)
    assert "1 paused" in page
    assert "No order is waiting" in page
    assert "Old Harbour" not in page


def test_an_empty_database_teaches_the_next_step(viewer, admin_client, now) -> None:
    assert "Nothing is watched yet" in text_of(viewer)
    assert "An administrator of Syncwatch can connect them." in text_of(viewer)
    assert 'href="/connect/"' in text_of(admin_client)


def test_it_warns_when_syncwatch_itself_is_behind(viewer, now) -> None:
    one = make.watched("Café Bastille", now)
    assert "Syncwatch itself is behind" not in text_of(viewer)
    Verdict.objects.filter(pk=one.pk).update(judged_at=now - timedelta(hours=1))
    assert "Syncwatch itself is behind" in text_of(viewer)


def test_what_is_unknown_is_never_called_well(viewer, now) -> None:
    make.watched("Café Bastille", now)
    assert "All is well" in text_of(viewer)
    make.watched("Studio Gris", now, "hub_unreadable")
    page = text_of(viewer)
    assert "All is well" not in page
    assert "Nothing is known of 1" in page


@pytest.mark.parametrize("kind", ["hub_state", "hub_events"])
def test_a_hub_account_that_cannot_be_read_is_named_with_the_reason_and_the_next_step(
    viewer, admin_client, now, kind
) -> None:
    one = make.watched("Café Bastille", now)
    job = Job.objects.create(
        kind=kind,
        target_id=one.account_id,
        account=one.account,
        due_at=now,
        interval_s=60,
        failures=1,
        last_error="CredentialsRefused",
        last_message="The key is wrong.",
    )
    assert "cannot be read" not in text_of(viewer)
    Job.objects.filter(pk=job.pk).update(failures=2)
    assert "cannot be read, so nothing new is known of its integrations. The key is wrong." in text_of(viewer)
    assert f"/connect/accounts/{one.account.name}/" in text_of(admin_client)


def test_the_strips_show_only_who_was_not_well(viewer, now) -> None:
    make.watched("Always Well", now)
    make.watched("Studio Gris", now, "hub_unreadable", since=timedelta(days=3))
    was_bad = make.watched("Was Bad", now)
    for hours, (old, new) in ((6, ("ok", "fail")), (5, ("fail", "ok"))):
        Transition.objects.create(
            integration=was_bad,
            kind="verdict",
            at=now - timedelta(hours=hours),
            old_state=old,
            new_state=new,
            old_rule="nothing_waiting" if old == "ok" else "stalled",
            new_rule="nothing_waiting" if new == "ok" else "stalled",
            evidence={},
            rules_version=1,
        )
    page = text_of(viewer, "/?part=picture")
    assert 'aria-label="healthy 23 h, stalled 1 h"' in page
    assert "Always Well" not in page
    assert "1 of 3 integrations" in page
    assert "at most 1 at once" in page


def test_asked_again_unchanged_it_answers_with_nothing(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now, "stalled", waiting=3)
    first = viewer.get("/?part=live")
    again = viewer.get("/?part=live", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Verdict.objects.filter(pk=one.pk).update(waiting_count=4)
    assert viewer.get("/?part=live", headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("cookie", "clock"),
    [("America%2FNew_York", "06:55"), ("Asia/Tokyo", "20:55"), ("../../etc/passwd", "11:55"), ("", "11:55")],
)
def test_times_follow_the_browsers_zone_and_a_bad_cookie_means_utc(db, now, cookie, clock) -> None:
    make.watched("Boutique Lyon", now, "stalled", since=timedelta(minutes=47), waiting=3)
    client = signed_in("viewer")
    client.cookies["tz"] = cookie
    assert f">{clock}</time> (47 min)" in text_of(client)


def test_it_reads_in_the_persons_language(db, now) -> None:
    make.watched("Boutique Lyon", now)
    assert '<html lang="fr"' in text_of(signed_in("viewer", language="fr"))


@pytest.mark.parametrize("many", [2, 40])
def test_its_queries_do_not_grow_with_the_fleet(operator, now, django_assert_max_num_queries, many) -> None:
    for number in range(many):
        make.incident_of(make.watched(f"Shop {number}", now, "stalled", waiting=2), now)
    with django_assert_max_num_queries(12):
        operator.get("/")


def test_hubs_are_compared_where_they_import_orders(now) -> None:
    make.watched("Boutique", now)
    make.watched("Studio", now, account=make.AccountFactory(name="braze-eu", title="Braze EU", kind="braze"))
    explore = Explore(Look.of({"by": "hub"}, now), EVERYTHING)
    assert [facet.title for facet in explore.facets] == ["Sendcloud EU"]
    assert ("braze-eu", "Braze EU") in explore.hubs

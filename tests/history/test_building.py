"""Days are stored when they are over, mended when something late belongs to them, and never counted twice."""

from datetime import timedelta

import pytest

from integrations.models import Account, Integration
from monitor.history import building
from monitor.history.availability import days, months, over, total, worked_out
from monitor.history.figures import Figures
from monitor.models import Arrival, Heartbeat, Maintenance, StateDay, Transition, Unwatched
from tests.history.conftest import DAY, NOW, TODAY, H, changed, outage, took, watched

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
YESTERDAY = (TODAY - DAY).date()


def kept(at=NOW) -> int:
    Heartbeat.objects.update_or_create(part="judge", defaults={"at": at})
    return building.keep(at)


def stored(one: Integration, day=YESTERDAY) -> StateDay:
    return StateDay.objects.get(integration=one, day=day)


def test_every_day_of_its_life_is_stored_once(lyon):
    outage(lyon, TODAY - 30 * H, 2 * H)
    assert kept() == 10
    assert kept(NOW + timedelta(minutes=1)) == 0
    rows = StateDay.objects.filter(integration=lyon)
    assert sum(row.ok_s + row.fail_s + row.unknown_s for row in rows) == 10 * 86_400
    assert stored(lyon, (TODAY - 2 * DAY).date()).fail_s == 7200
    assert stored(lyon, (TODAY - 10 * DAY).date()).unknown_s == 3600


def test_the_past_is_caught_up_in_steps_and_every_step_once(monkeypatch, lyon):
    monkeypatch.setattr(building, "DAYS_AT_ONCE", 4)
    assert [kept(NOW + n * timedelta(minutes=1)) for n in range(4)] == [4, 4, 2, 0]


def test_today_is_worked_out_and_not_stored(lyon):
    kept()
    changed(lyon, NOW - H, "ok", "fail")
    found = days([lyon.pk], YESTERDAY, NOW.date() + DAY, now=NOW)[lyon.pk]
    assert found[YESTERDAY] == Figures(ok_s=86_400)
    assert (found[NOW.date()].fail_s, found[NOW.date()].total_s) == (3600, (NOW - TODAY).total_seconds())
    assert not StateDay.objects.filter(day=NOW.date()).exists()


def test_a_day_reads_the_same_stored_or_worked_out(lyon):
    outage(lyon, TODAY - 20 * H, 3 * H)
    took(lyon, TODAY - 19 * H, [60, 90, 4000])
    before = days([lyon.pk], (TODAY - 10 * DAY).date(), NOW.date(), now=NOW)
    kept()
    assert days([lyon.pk], (TODAY - 10 * DAY).date(), NOW.date(), now=NOW) == before
    assert StateDay.objects.count() == 10


def test_a_verdict_that_is_stored_late_mends_its_day(lyon, django_assert_max_num_queries):
    kept()
    kept(NOW + timedelta(minutes=1))
    outage(lyon, TODAY - 3 * H, H)
    assert kept(NOW + H) == 1
    assert stored(lyon).fail_s == 3600
    later = NOW + 3 * H
    kept(later - H)
    Heartbeat.objects.filter(part="judge").update(at=later)
    with django_assert_max_num_queries(16):
        building.keep(later)


def test_usually_it_costs_next_to_nothing(lyon, django_assert_max_num_queries):
    kept()
    with django_assert_max_num_queries(9):
        assert building.keep(NOW + timedelta(minutes=1)) == 0


def test_orders_in_time_are_those_within_the_tolerance(lyon):
    took(lyon, TODAY - 5 * H, [60, 600, 1700, 1900, 9000])
    kept()
    day = stored(lyon)
    assert (day.orders, day.on_time, day.tolerance_s) == (5, 3, 1800)


def test_an_order_that_never_came_is_late(lyon):
    took(lyon, TODAY - 5 * H, [60])
    Arrival.objects.create(integration=lyon, order_key="9", order_number="9", eligible_at=TODAY - 5 * H)
    kept()
    assert (stored(lyon).orders, stored(lyon).on_time) == (2, 1)


def test_an_order_that_comes_late_is_counted_when_it_comes(lyon):
    kept()
    assert stored(lyon).orders == 0
    took(lyon, TODAY - H, [9000])
    kept(NOW + H)
    assert (stored(lyon).orders, stored(lyon).on_time) == (1, 0)


def test_a_day_keeps_the_tolerance_that_was_in_force(lyon):
    took(lyon, TODAY - 5 * H, [1700])
    kept()
    Integration.objects.filter(pk=lyon.pk).update(tolerance_s=60)
    kept(NOW + H)
    assert (stored(lyon).on_time, stored(lyon).tolerance_s) == (1, 1800)


def test_maintenance_of_any_kind_is_told_apart(lyon):
    outage(lyon, TODAY - 6 * H, 2 * H)
    Maintenance.objects.create(
        title="Move",
        account=Account.objects.get(),
        starts_at=TODAY - 6 * H,
        ends_at=TODAY - 5 * H,
        created_at=NOW,
    )
    kept()
    assert (stored(lyon).fail_s, stored(lyon).maintenance_s) == (3600, 3600)


def test_a_pause_begins_and_ends_where_it_was_noticed(lyon):
    kept(TODAY - 20 * H)
    Integration.objects.filter(pk=lyon.pk).update(is_paused=True)
    for hour in range(-6, -3):
        kept(TODAY + hour * H)
        Unwatched.objects.filter(integration=None).delete()
    Integration.objects.filter(pk=lyon.pk).update(is_paused=False)
    kept(TODAY - 3 * H)
    Unwatched.objects.filter(integration=None).delete()
    kept()
    assert Unwatched.objects.filter(integration=lyon).count() == 1
    assert stored(lyon).paused_s == 3 * 3600


def test_time_in_which_syncwatch_did_not_run_is_unknown(lyon):
    kept(TODAY - 8 * H)
    Heartbeat.objects.filter(part="judge").update(at=TODAY - 4 * H)
    building.keep(TODAY - 4 * H)
    kept(TODAY - 4 * H + timedelta(minutes=1))
    soon = TODAY - 3 * H
    assert Unwatched.objects.get().start_at == TODAY - 8 * H
    assert worked_out([lyon.pk], YESTERDAY, TODAY.date(), now=soon)[lyon.pk][YESTERDAY].unknown_s == 4 * 3600


def test_a_judge_that_stands_still_makes_time_unknown_until_it_judges_again(lyon):
    kept(NOW)
    for minute in range(1, 20):
        building.keep(NOW + timedelta(minutes=minute))
    open_now = Unwatched.objects.get(integration=None)
    assert (open_now.start_at, open_now.end_at) == (NOW, None)
    kept(NOW + timedelta(minutes=20))
    open_now.refresh_from_db()
    assert open_now.end_at == NOW + timedelta(minutes=20)


def test_a_clock_that_is_set_back_ends_no_silence_before_it_began(lyon):
    kept(NOW)
    for minute in range(1, 20):
        building.keep(NOW + timedelta(minutes=minute))
    kept(NOW - timedelta(minutes=40))
    assert Unwatched.objects.get(integration=None).end_at == NOW


def test_the_exact_figures_of_any_time(lyon):
    outage(lyon, NOW - 3 * H, H)
    took(lyon, NOW.replace(minute=0) - 2 * H, [60, 9000])
    found = over([lyon.pk], NOW - 4 * H, NOW, now=NOW)[lyon.pk]
    assert (found.fail_s, found.total_s, found.orders, found.on_time) == (3600, 4 * 3600, 2, 1)


def test_a_month_is_the_sum_of_its_days(lyon):
    old = watched("Osaka Denim", days=40)
    outage(old, TODAY - 35 * DAY, 2 * H)
    found = days([old.pk], (TODAY - 40 * DAY).date(), NOW.date(), now=NOW)[old.pk]
    by_month = months(found)
    assert sorted(by_month) == [(TODAY - 40 * DAY).date().replace(day=1), NOW.date().replace(day=1)]
    assert total(by_month.values()) == total(found.values())


def test_what_is_forgotten_is_still_told(lyon):
    outage(lyon, TODAY - 30 * H, 2 * H)
    took(lyon, TODAY - 29 * H, [60, 9000])
    kept()
    before = days([lyon.pk], (TODAY - 10 * DAY).date(), NOW.date(), now=NOW)
    Transition.objects.all().delete()
    Arrival.objects.all().delete()
    assert days([lyon.pk], (TODAY - 10 * DAY).date(), NOW.date(), now=NOW) == before


def test_a_fleet_costs_no_more_queries_than_one(lyon, django_assert_max_num_queries):
    ids = [watched(f"Shop {number}", days=3).pk for number in range(12)]
    with django_assert_max_num_queries(10):
        days(ids, (TODAY - 3 * DAY).date(), NOW.date() + DAY, now=NOW)

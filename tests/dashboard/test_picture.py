"""The fleet as one picture: worst first, a shared outage is a column, and nothing is hidden silently."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Integration
from monitor.charts.chosen import Chosen
from monitor.dashboard import picture as drawing
from monitor.dashboard.picture import COLUMNS, HEIGHT_UNITS, picture
from monitor.models import Transition
from tests.dashboard import factories as make
from tests.dashboard.conftest import NOW, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = timedelta(days=1)


def was_bad(title: str, hours_ago: float, lasted: timedelta, rule: str = "stalled") -> Integration:
    """Healthy now and before, bad in between."""
    one = make.watched(title, NOW)
    begins = NOW - timedelta(hours=hours_ago)
    for at, old, new in ((begins, "ok", "fail"), (begins + lasted, "fail", "ok")):
        Transition.objects.create(
            integration=one, kind="verdict", at=at, old_state=old, new_state=new,
            old_rule=rule if old == "fail" else "", new_rule=rule if new == "fail" else "", rules_version=1,
        )  # fmt: skip
    return one


def seen(**options):
    return picture(Chosen(), start=NOW - DAY, end=NOW, **options)


def names(drawn) -> list[str]:
    return [row.integration.store.title for row in drawn.rows]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_picture_is_the_same_in_whichever_zone_it_is_read(zone) -> None:
    was_bad("Short", 6, timedelta(minutes=20))
    with timezone.override(zone):
        assert next(one.start_at for one in seen().columns if one.unwell) == NOW - timedelta(hours=6)


def test_the_worst_now_come_first_then_who_was_bad_longest(now) -> None:
    was_bad("Short", 6, timedelta(minutes=20))
    was_bad("Long", 20, timedelta(hours=5))
    make.watched("Late", now, "late")
    make.watched("Stalled", now, "stalled")
    make.watched("Well", now)
    drawn = seen()
    assert names(drawn) == ["Stalled", "Late", "Long", "Short"]
    assert (drawn.watched, drawn.unwell, drawn.steady) == (5, 4, 1)


def test_an_outage_of_many_is_a_column_although_few_of_them_are_drawn(now) -> None:
    for number in range(12):
        was_bad(f"Shop {number}", 6, timedelta(minutes=30))
    drawn = seen(rows=5)
    assert len(drawn.rows) == 5
    assert drawn.more == 7
    assert drawn.most == 12
    hit = [column for column in drawn.columns if column.unwell]
    assert len(drawn.columns) == COLUMNS
    assert {column.unwell for column in hit} == {12}
    assert hit[0].start_at <= NOW - timedelta(hours=6) < hit[0].end_at


def test_a_fleet_of_which_nothing_is_known_does_not_dwarf_those_that_are_bad(now) -> None:
    for number in range(20):
        make.watched(f"Unread {number}", now, "hub_unreadable")
    was_bad("Shop", 6, timedelta(minutes=30))
    bars = [bar for column in seen().columns for bar in column.bars]
    assert {(bar.shape, bar.height) for bar in bars} == {("fail", HEIGHT_UNITS)}


def test_an_integration_counts_once_a_column_by_its_gravest_state(now) -> None:
    one = was_bad("Flapping", 6, timedelta(minutes=3))
    for minutes, old, new in ((4, "ok", "warn"), (6, "warn", "ok"), (7, "ok", "fail"), (9, "fail", "ok")):
        Transition.objects.create(
            integration=one, kind="verdict", at=NOW - timedelta(hours=6) + timedelta(minutes=minutes),
            old_state=old, new_state=new, rules_version=1,
        )  # fmt: skip
    assert [(bar.shape, bar.count) for column in seen().columns for bar in column.bars] == [("fail", 1)]


def test_a_time_in_the_past_is_told_as_it_was_then(now) -> None:
    make.watched("Bad only now", now, "stalled", since=timedelta(hours=1))
    was_bad("Bad then", 30, timedelta(hours=2))
    drawn = picture(Chosen(), start=NOW - 2 * DAY, end=NOW - DAY)
    assert names(drawn) == ["Bad then"]


def test_who_was_added_later_is_not_drawn_before(now) -> None:
    make.watched("New", now, "stalled", since=timedelta(minutes=50), created=timedelta(hours=2))
    row = seen().rows[0]
    assert row.band.segments[0].start_at == NOW - timedelta(hours=2)


def test_more_than_can_be_looked_at_is_left_blank_and_said(now, viewer, monkeypatch) -> None:
    monkeypatch.setattr(drawing, "CHANGES", 4)
    for number in range(3):
        was_bad(f"Shop {number}", 6 + number, timedelta(minutes=30))
    assert seen().is_cut
    assert "Too much has changed in this time" in text_of(viewer, "/?drawn=yes")


@pytest.mark.parametrize("many", [1, 30])
def test_it_costs_one_query(now, many, django_assert_num_queries) -> None:
    for number in range(many):
        was_bad(f"Shop {number}", 6, timedelta(minutes=30))
    with django_assert_num_queries(1):
        seen()

"""Charts of shops that are looked at together say what their days say, whatever was summed up and when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.models import Account, Integration, Store
from monitor.charts.chosen import Chosen
from monitor.charts.data import fleet_hours
from monitor.charts.hours import DAY
from monitor.charts.together import rows_of_days
from monitor.collect import rollups
from monitor.collect.record import Completed
from monitor.health.sketch import Sketch, merge
from monitor.history.building import keep
from monitor.history.groups import sum_up
from monitor.models import LatencyDay, LatencyGroup, LatencyGroupDay, LatencyLate
from monitor.scope import NOTHING, Scope

TAGS = (["a"], ["b"], ["a", "b"])
SHOPS = 11
LOOKS = (
    Chosen(tag="a"),
    Chosen(tag="b", account="hub-0"),
    Chosen(platforms=frozenset({"shopify"}), scope=Scope(frozenset({"b"}))),
    Chosen(scope=Scope(frozenset({"a", "b"}))),
    Chosen(tag="a", scope=NOTHING),
)
shops = st.integers(0, SHOPS - 1)
orders = st.lists(st.tuples(shops, st.integers(0, 3), st.integers(0, 5_000)), min_size=1, max_size=12)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("orders"), orders),
        st.tuples(st.just("orders"), orders),
        st.tuples(st.just("sum"), st.none()),
        st.tuples(st.just("sum"), st.none()),
        st.tuples(st.just("tag"), st.tuples(shops, st.sampled_from(TAGS))),
        st.tuples(st.just("delete"), shops),
    ),
    max_size=12,
)


def connected(number: int) -> Integration:
    """Nearly all alike, so that there are groups: two accounts, two platforms, three ways to be tagged."""
    account, _made = Account.objects.get_or_create(name=f"hub-{number // 10}", kind="sendcloud")
    store = Store.objects.create(
        name=f"s{number}", platform="shopify" if number else "magento", tags=TAGS[number % 2]
    )
    return Integration.objects.create(
        name=f"i{number}", account=account, store=store, external_id=str(number)
    )


def arrived(integration: int, days_ago: int, seconds: int) -> Completed:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)
    at = today - days_ago * DAY
    return Completed(integration, at, at + timedelta(seconds=seconds))


def drawn(chosen: Chosen, today: date) -> dict[date, Sketch]:
    sql, values = rows_of_days(chosen, today - 9 * DAY, today + DAY)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return merged(cursor.fetchall())


def added_up(chosen: Chosen) -> dict[date, Sketch]:
    """From the days of each integration alone."""
    rows = LatencyDay.objects.filter(integration__in=chosen.integrations())
    return merged(rows.values_list("day", "buckets", "counts"))


def merged(rows) -> dict[date, Sketch]:
    by_day: dict[date, list[Sketch]] = {}
    for day, buckets, counts in rows:
        by_day.setdefault(day, []).append(Sketch(sum(counts), tuple(buckets), tuple(counts)))
    return {day: merge(sketches) for day, sketches in by_day.items()}


@pytest.mark.integration
class AnyCourse(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=steps)
    def test_a_chart_of_many_shops_is_the_sum_of_their_days(self, steps):
        ours = {number: connected(number) for number in range(SHOPS)}
        for what, told in [*steps, ("sum", None)]:
            if what == "orders":
                rollups.add("shopify", [arrived(ours[k].pk, *more) for k, *more in told if k in ours])
            elif what == "sum":
                sum_up()
            elif what == "tag" and told[0] in ours:
                Store.objects.filter(pk=ours[told[0]].store_id).update(tags=told[1])
            elif what == "delete" and told in ours:
                ours.pop(told).delete()
            today = datetime.now(UTC).date()
            for chosen in LOOKS:
                assert drawn(chosen, today) == added_up(chosen), (what, chosen)


@pytest.fixture
def group(db: None) -> list[Integration]:
    """Four shops that are alike, with an order on each of the last days."""
    ours = [connected(number) for number in (2, 4, 6, 8)]
    rollups.add("shopify", [arrived(one.pk, days, 60) for one in ours for days in range(5)])
    return ours


@pytest.mark.integration
def test_a_chart_of_months_reads_the_sums(group) -> None:
    assert sum_up() == 4
    assert LatencyGroupDay.objects.filter(n=4).count() == 4
    assert not LatencyLate.objects.exists()
    LatencyDay.objects.filter(day__lt=datetime.now(UTC).date()).delete()
    now = datetime.now(UTC)
    days = fleet_hours(Chosen(tag="a"), start=now - 30 * DAY, end=now, now=now)
    assert [day.arrived for day in days[-5:]] == [4] * 5


@pytest.mark.integration
def test_the_history_s_task_sums_up_and_again_what_was_added_to(group) -> None:
    now = datetime.now(UTC)
    keep(now)
    assert LatencyGroupDay.objects.count() == 4
    rollups.add("shopify", [arrived(group[0].pk, 3, 500)])
    keep(now + timedelta(minutes=2))
    assert LatencyLate.objects.exists()
    keep(now + timedelta(minutes=7))
    assert not LatencyLate.objects.exists()


@pytest.mark.integration
def test_what_is_summed_up_is_not_summed_up_again(group) -> None:
    sum_up()
    assert sum_up() == 0
    rollups.add("shopify", [arrived(group[0].pk, 3, 500), arrived(group[1].pk, 3, 500)])
    assert sum_up() == 1


@pytest.mark.integration
def test_who_is_looked_at_otherwise_is_another_group(group) -> None:
    sum_up()
    before = LatencyGroup.objects.get().key
    Integration.objects.filter(pk=connected(10).pk).update(account=group[0].account)
    assert sum_up() == 4
    assert LatencyGroup.objects.get().key != before
    assert LatencyGroupDay.objects.count() == 4


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_what_is_being_stored_while_sums_are_made_is_not_lost() -> None:
    ours = [connected(number) for number in (2, 4, 6, 8)]
    rollups.add("shopify", [arrived(one.pk, 3, 60) for one in ours])
    other = connection.copy()
    try:
        with other.cursor() as cursor, cursor.connection.transaction():
            at = datetime.now(UTC).date() - 3 * DAY
            cursor.execute(
                "INSERT INTO monitor_latencylate (integration_id, day) VALUES (%s, %s)", [ours[0].pk, at]
            )
            cursor.execute(
                "UPDATE monitor_latencyday SET n = 2, counts = '{2}' WHERE integration_id = %s", [ours[0].pk]
            )
            sum_up()
            assert sum(one.n for one in drawn(Chosen(tag="a"), at + 3 * DAY).values()) == 4
    finally:
        other.close()
    assert sum(one.n for one in drawn(Chosen(tag="a"), at + 3 * DAY).values()) == 5
    sum_up()
    assert LatencyGroupDay.objects.get().n == 5

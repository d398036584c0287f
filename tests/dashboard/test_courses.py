"""What the picture of the fleet counts in the database is what one finds by looking at every moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.models import Account, Integration, Store
from monitor.charts.chosen import Chosen
from monitor.dashboard.faces import shape_of
from monitor.dashboard.picture import COLUMNS, picture
from monitor.dashboard.queries.courses import BAD
from monitor.models import Transition, Verdict

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 10, 24, 12, tzinfo=UTC)
"""The night after it has 25 hours in Paris."""
SPAN = timedelta(days=2)
MINUTES = int(SPAN / MINUTE)
STATES = (("ok", ""), ("warn", "late"), ("warn", "maintenance"), ("fail", "stalled"), ("fail", "throttled"),
          ("unknown", "hub_unreadable"))  # fmt: skip
minutes = st.integers(-400, MINUTES + 400)
histories = st.lists(
    st.fixed_dictionaries(
        {
            "added": st.one_of(st.just(-10_000), minutes),
            "states": st.lists(st.sampled_from(STATES), min_size=1, max_size=7),
            "at": st.lists(minutes, min_size=7, max_size=7).map(sorted),
            "is_paused": st.integers(0, 5).map(lambda one: one == 5),
            "is_judged": st.integers(0, 5).map(lambda one: one < 5),
        }
    ),
    max_size=6,
)


@pytest.mark.integration
class AnyHistory(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(histories=histories, rows=st.integers(1, 4), zone=st.sampled_from(["UTC", "Europe/Paris"]))
    def test_the_picture_is_what_a_look_at_every_moment_finds(self, histories, rows, zone):
        account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
        told = {}
        for number, one in enumerate(histories):
            pk = stored(account, number, one)
            if not one["is_paused"]:
                told[pk] = one
        with timezone.override(zone):
            drawn = picture(Chosen(), start=BEGIN, end=BEGIN + SPAN, rows=rows)

        assert drawn.watched == len(told)
        slow = {pk: shapes_of(one) for pk, one in told.items()}
        wide = MINUTES // COLUMNS
        for number, column in enumerate(drawn.columns):
            gravest = [gravest_of(shapes[number * wide : (number + 1) * wide]) for shapes in slow.values()]
            counted = {shape: gravest.count(shape) for shape in BAD if shape in gravest}
            assert {bar.shape: bar.count for bar in column.bars} == counted, number
        bad = {pk: sum(shape in BAD for shape in shapes) for pk, shapes in slow.items()}
        ranked = sorted((pk for pk in bad if bad[pk]), key=lambda pk: (rank(slow[pk][-1]), -bad[pk], pk))
        assert drawn.unwell == len(ranked)
        assert [row.integration.pk for row in drawn.rows] == ranked[:rows]
        for row in drawn.rows:
            assert row.face.shape == slow[row.integration.pk][-1]
            assert row.band.was_bad


def stored(account: Account, number: int, one: dict) -> int:
    """Writes down a history: the changes, of those kinds that are no change too, and what it is now."""
    store = Store.objects.create(name=f"s{number}", platform="shopify", url="https://shop.example")
    integration = Integration.objects.create(
        name=f"i{number}", account=account, store=store, external_id=str(number), is_paused=one["is_paused"]
    )
    Integration.objects.filter(pk=integration.pk).update(created_at=BEGIN + one["added"] * MINUTE)
    states = one["states"]
    for at, (old, new) in zip(one["at"], pairwise(states), strict=False):
        Transition.objects.create(
            integration=integration, kind="verdict", at=BEGIN + at * MINUTE, old_state=old[0],
            old_rule=old[1], new_state=new[0], new_rule=new[1], rules_version=1,
        )  # fmt: skip
    # The answers to single questions change too, and are no verdicts.
    Transition.objects.create(
        integration=integration, kind="imports", at=BEGIN + 9 * MINUTE, old_state="ok", new_state="fail",
        rules_version=1,
    )  # fmt: skip
    if one["is_judged"] or len(states) > 1:
        state, rule = states[-1]
        Verdict.objects.create(
            integration=integration, state=state, rule=rule, since=BEGIN, judged_at=BEGIN + SPAN
        )
    return integration.pk


def shapes_of(one: dict) -> Sequence[str | None]:
    """The shape in each minute of the range; None: it was not there yet."""
    states = one["states"] if one["is_judged"] or len(one["states"]) > 1 else [("unknown", "")]
    changes = one["at"][: len(states) - 1]
    shapes = []
    for minute in range(MINUTES):
        past = sum(at <= minute for at in changes)
        shapes.append(shape_of(*states[past]) if minute >= one["added"] else None)
    return shapes


def gravest_of(shapes: Sequence[str | None]) -> str | None:
    return next((shape for shape in BAD if shape in shapes), None)


def rank(shape: str | None) -> int:
    return BAD.index(shape) if shape in BAD else len(BAD)

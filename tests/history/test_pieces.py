"""Every second of an integration's life counts as exactly one kind."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.alerts.windows import Span
from monitor.history.figures import Figures, Kind, total
from monitor.history.pieces import Change, Past, figures, figures_by_day, pieces

pytestmark = pytest.mark.unit

START = datetime(2026, 10, 24, tzinfo=UTC)
"""The day before the clocks go back in Europe: days are UTC's, so that must not matter."""
H = timedelta(hours=1)
PATIENTLY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine says nothing about what is asked here."""

moments = st.integers(0, 6 * 86_400_000).map(lambda ms: START + timedelta(milliseconds=ms))
spans = st.lists(
    st.tuples(moments, moments).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Span(*pair)),
    max_size=4,
)
changes = st.lists(st.builds(Change, moments, st.sampled_from(["ok", "warn", "fail", "unknown"])), max_size=9)
pasts = st.builds(
    Past,
    since=moments,
    changes=changes.map(lambda found: sorted(found, key=lambda change: change.at)),
    maintenance=spans,
    paused=spans,
    blind=spans,
)


@PATIENTLY
@given(pasts)
def test_the_seconds_of_a_day_add_up(past):
    days = figures_by_day(past, START.date(), date(2026, 10, 30), now=START + timedelta(days=10))
    since = past.since.replace(microsecond=0)
    for day, one in days.items():
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
        exists = min(max((begins + timedelta(days=1) - since).total_seconds(), 0), 86_400)
        assert one.total_s == exists
    assert total(days.values()) == figures(past, START, START + timedelta(days=6))


@PATIENTLY
@given(pasts, moments, moments)
def test_pieces_neither_overlap_nor_leave_a_gap(past, one, other):
    start, end = min(one, other), max(one, other)
    found = list(pieces(past, start, end))
    for before, after in pairwise(found):
        assert before.end == after.start
        assert (before.kind, before.rule) != (after.kind, after.rule)
    assert all(piece.start < piece.end for piece in found)


@PATIENTLY
@given(pasts, moments)
def test_today_ends_now(past, now):
    days = figures_by_day(past, START.date(), date(2026, 10, 30), now=now)
    assert total(days.values()).total_s == max(
        0, int((now.replace(microsecond=0) - past.since.replace(microsecond=0)).total_seconds())
    )


def past_of(**changes) -> Past:
    return Past(**{"since": START - 24 * H, "changes": [Change(START - H, "ok")]} | changes)


def test_a_failure_lasts_from_its_verdict_to_the_next():
    past = past_of(changes=[Change(START - H, "ok"), Change(START + H, "fail"), Change(START + 4 * H, "ok")])
    day = figures(past, START, START + 24 * H)
    assert (day.ok_s, day.fail_s) == (21 * 3600, 3 * 3600)
    assert day.availability == pytest.approx(21 / 24)


def test_a_failure_inside_a_window_counts_as_maintenance():
    past = past_of(
        changes=[Change(START - H, "ok"), Change(START + H, "fail"), Change(START + 4 * H, "ok")],
        maintenance=[Span(START + H, START + 3 * H)],
    )
    day = figures(past, START, START + 24 * H)
    assert (day.fail_s, day.maintenance_s) == (3600, 2 * 3600)
    assert day.availability == pytest.approx(21 / 22)


def test_a_pause_comes_before_a_window_and_a_window_before_our_own_silence():
    whole = [Span(START, START + 24 * H)]
    assert figures(past_of(paused=whole, maintenance=whole), START, START + H) == Figures(paused_s=3600)
    assert figures(past_of(blind=whole, maintenance=whole), START, START + H) == Figures(maintenance_s=3600)


def test_what_nobody_looked_at_is_unknown_and_never_available():
    day = figures(past_of(blind=[Span(START, START + 6 * H)]), START, START + 24 * H)
    assert (day.unknown_s, day.unknown_share) == (6 * 3600, 0.25)
    assert day.availability == 1


def test_before_its_first_verdict_nothing_is_known():
    past = past_of(since=START, changes=[Change(START + H, "ok")])
    assert [piece.kind for piece in pieces(past, START - H, START + 2 * H)] == [Kind.UNKNOWN, Kind.OK]


def test_without_known_time_there_is_no_availability():
    assert Figures(unknown_s=86_400).availability is None
    assert Figures(paused_s=86_400).unknown_share is None
    assert Figures().on_time_share is None

"""Maintenance windows as they took place."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.windows import Span, occurrences
from monitor.models import Maintenance

pytestmark = pytest.mark.unit

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
H = timedelta(hours=1)


def window(**changes) -> Maintenance:
    values = {"starts_at": MONDAY + 2 * H, "ends_at": MONDAY + 4 * H, "time_zone": "UTC"}
    return Maintenance(**values | changes)


def test_one_that_happens_once():
    assert occurrences(window(), MONDAY, MONDAY + 24 * H) == [Span(MONDAY + 2 * H, MONDAY + 4 * H)]
    assert occurrences(window(), MONDAY + 4 * H, MONDAY + 24 * H) == []


def test_one_that_recurs_has_each_of_its_nights():
    daily = window(recurrence="FREQ=DAILY")
    found = occurrences(daily, MONDAY + 3 * H, MONDAY + 51 * H)
    assert [span.start for span in found] == [MONDAY + at * H for at in (2, 26, 50)]


def test_one_that_was_ended_early_ended_early():
    daily = window(recurrence="FREQ=DAILY", cut_at=MONDAY + 27 * H)
    found = occurrences(daily, MONDAY, MONDAY + 72 * H)
    assert [(span.end - span.start) / H for span in found] == [2, 1, 2]


def test_a_series_that_was_cancelled_has_no_more():
    daily = window(recurrence="FREQ=DAILY", closed_at=MONDAY + 27 * H)
    found = occurrences(daily, MONDAY, MONDAY + 72 * H)
    assert [(span.end - span.start) / H for span in found] == [2, 1]

"""When maintenance windows occur: at the same time of day, across changes of the clocks and of plans."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.windows import BadRule, Span, clean_rule, following, running
from monitor.models import Maintenance

pytestmark = pytest.mark.unit

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


def paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS).astimezone(UTC)


def window(start: datetime, end: datetime, recurrence: str = "", **more) -> Maintenance:
    return Maintenance(
        title="-", starts_at=start, ends_at=end, recurrence=recurrence, time_zone="Europe/Paris", **more
    )


ONCE = window(paris(2026, 3, 10, 1), paris(2026, 3, 10, 5))
NIGHTLY = window(paris(2026, 3, 1, 1), paris(2026, 3, 1, 5), "FREQ=DAILY")
OVER_MIDNIGHT = window(paris(2026, 3, 6, 22), paris(2026, 3, 7, 3), "FREQ=WEEKLY;BYDAY=FR")


@pytest.mark.parametrize(
    ("what", "at", "runs"),
    [
        (ONCE, paris(2026, 3, 10, 0, 59), False),
        (ONCE, paris(2026, 3, 10, 1), True),
        (ONCE, paris(2026, 3, 10, 4, 59), True),
        (ONCE, paris(2026, 3, 10, 5), False),
        (NIGHTLY, paris(2026, 2, 28, 2), False),
        (NIGHTLY, paris(2026, 7, 14, 2), True),
        (NIGHTLY, paris(2026, 7, 14, 5), False),
        (OVER_MIDNIGHT, paris(2026, 3, 14, 2), True),
        (OVER_MIDNIGHT, paris(2026, 3, 15, 2), False),
    ],
)
def test_it_runs_from_its_beginning_to_before_its_end(what, at, runs):
    assert (running(what, at) is not None) is runs


@pytest.mark.parametrize(
    ("day", "lasts"),
    [((2026, 3, 28), 4), ((2026, 3, 29), 3), ((2026, 3, 30), 4), ((2026, 10, 25), 5), ((2026, 10, 26), 4)],
)
def test_it_keeps_its_times_of_day_in_nights_in_which_the_clocks_change(day, lasts):
    span = running(NIGHTLY, paris(*day, 4))
    assert span == Span(paris(*day, 1), paris(*day, 5))
    assert span.end - span.start == lasts * HOUR


def test_an_hour_that_the_clocks_skip_costs_no_window():
    skipped = window(paris(2026, 3, 1, 2, 30), paris(2026, 3, 1, 3), "FREQ=DAILY")
    span = running(skipped, paris(2026, 3, 29, 3, 45))
    assert span.end - span.start == HOUR / 2


@pytest.mark.parametrize(
    ("rule", "nights"),
    [
        ("FREQ=DAILY;COUNT=3", 3),
        ("FREQ=DAILY;UNTIL=20260304", 4),
        ("FREQ=DAILY;UNTIL=20260304T000000", 3),
        ("FREQ=DAILY;UNTIL=20260303T235959Z", 3),
    ],
)
def test_a_series_ends_as_its_rule_says(rule, nights):
    series = window(paris(2026, 3, 1, 1), paris(2026, 3, 1, 5), rule)
    assert [bool(running(series, paris(2026, 3, day, 2))) for day in range(1, 10)] == [
        day <= nights for day in range(1, 10)
    ]
    assert following(series, paris(2026, 3, 9, 2)) is None


def test_one_that_is_ended_early_is_over_and_comes_again_the_next_time():
    cut = window(NIGHTLY.starts_at, NIGHTLY.ends_at, "FREQ=DAILY", cut_at=paris(2026, 3, 10, 3))
    assert running(cut, paris(2026, 3, 10, 4)) is None
    assert following(cut, paris(2026, 3, 10, 4)).start == paris(2026, 3, 11, 1)
    assert running(cut, paris(2026, 3, 11, 4))


def test_a_closed_series_does_not_come_again():
    closed = window(NIGHTLY.starts_at, NIGHTLY.ends_at, "FREQ=DAILY", closed_at=paris(2026, 3, 10, 3))
    assert running(closed, paris(2026, 3, 10, 2)).end == paris(2026, 3, 10, 3)
    assert running(closed, paris(2026, 3, 10, 4)) is None
    assert following(closed, paris(2026, 3, 10, 2)) is None
    assert running(closed, paris(2026, 3, 11, 2)) is None


def test_a_rule_is_taken_as_people_paste_it():
    rule = clean_rule("rrule: freq=weekly; byday=su;\n", paris(2026, 3, 1, 1), PARIS)
    assert rule == "FREQ=WEEKLY;BYDAY=SU"
    assert clean_rule("  ", paris(2026, 3, 1, 1), PARIS) == ""


@pytest.mark.parametrize(
    "text",
    [
        "every sunday",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=x",
        "FREQ=DAILY;COUNT=2;UNTIL=99",
        "FREQ=DAILY;UNTIL=20261399",
        "FREQ=MONTHLY;BYMONTHDAY=77",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ",
        "=",
        "FREQ=DAILY;=",
    ],
)
def test_a_rule_that_would_never_work_is_refused_with_a_sentence(text):
    with pytest.raises(BadRule, match=r"\w+ \w+"):
        clean_rule(text, paris(2026, 3, 1, 1), PARIS)

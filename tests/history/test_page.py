"""The page of an integration shows how it was, in figures that flatter nobody."""

import csv
from datetime import timedelta

import pytest

from monitor.dashboard.queries.history import SEGMENTS, share_words
from monitor.history import building
from monitor.models import Arrival, Heartbeat, LatencyHour, Maintenance, Transition
from tests.dashboard.conftest import text_of
from tests.history.conftest import DAY, NOW, TODAY, H, changed, outage, took

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PAGE = "/integrations/boutique-lyon-sendcloud-eu/?tab=history"


@pytest.fixture
def story(lyon, now):
    """A failure, a window, and orders of which one was late."""
    outage(lyon, TODAY - 2 * DAY, 6 * H)
    took(lyon, TODAY - 2 * DAY + H, [60] * 9 + [9000])
    Maintenance.objects.create(
        title="Move", store=lyon.store, starts_at=TODAY - DAY, ends_at=TODAY - DAY + 2 * H, created_at=now
    )
    Heartbeat.objects.create(part="judge", at=now)
    building.keep(now)
    return lyon


def test_days_and_months_are_told_in_figures(viewer, story) -> None:
    page = text_of(viewer, PAGE)
    assert "Fri 20 Nov 2026: 75 % available, failing 6 h, 9 of 10 orders on time" in page
    assert "Sat 21 Nov 2026: 100 % available, in maintenance 2 h" in page
    assert "November 2026" in page
    assert "90 %" in page


@pytest.mark.parametrize(("chosen", "words"), [("24h", "24 hours"), ("90d", "90 days"), ("soon", "24 hours")])
def test_the_time_shown_stands_in_the_address(viewer, story, chosen, words) -> None:
    page = text_of(viewer, f"{PAGE}&history={chosen}")
    assert f'aria-current="true">{words}</a>' in page


def test_before_it_was_added_nothing_is_drawn(viewer, story) -> None:
    answer = viewer.get(f"{PAGE}&history=90d")
    band = answer.context["history"].band
    assert band.segments[0].start_at == TODAY - 10 * DAY
    assert answer.context["history"].days[0] is None
    assert [face.word for face, _length in band.totals] == ["healthy", "stalled", "in maintenance", "unknown"]


def test_what_was_forgotten_is_still_shown_by_the_day(viewer, story) -> None:
    Transition.objects.all().delete()
    LatencyHour.objects.all().delete()
    Arrival.objects.all().delete()
    assert "Fri 20 Nov 2026: 75 % available, failing 6 h, 9 of 10 orders on time" in text_of(viewer, PAGE)


def test_a_restless_past_is_drawn_in_few_pieces_and_hides_no_failure(viewer, lyon) -> None:
    for number in range(250):
        at = NOW - 9 * DAY + number * timedelta(minutes=30)
        changed(lyon, at, "ok", "fail")
        changed(lyon, at + timedelta(minutes=2), "fail", "ok")
    segments = viewer.get(f"{PAGE}&history=90d").context["history"].band.segments
    assert len(segments) <= SEGMENTS
    assert "fail" in {segment.face.shape for segment in segments}


def test_its_file_has_every_day(viewer, story) -> None:
    answer = viewer.get("/integrations/boutique-lyon-sendcloud-eu/history.csv")
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert len(rows) == 11
    (day,) = [row for row in rows if row["day_utc"] == "2026-11-20"]
    assert (day["fail_s"], day["availability"], day["on_time_share"]) == ("21600", "0.75", "0.9")


def test_its_queries_are_few(viewer, story, django_assert_max_num_queries) -> None:
    viewer.get(PAGE)
    with django_assert_max_num_queries(17):
        viewer.get(f"{PAGE}&history=90d")


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0.999999, "99.99 %"), (0.5, "50 %"), (0.12345, "12.34 %"), (0, "0 %"), (None, "–")],
)
def test_nothing_is_rounded_up_to_what_would_flatter(share, words) -> None:
    assert share_words(share) == words


def test_what_is_unknown_is_never_rounded_away() -> None:
    assert share_words(0.000001, up=True) == "0.01 %"

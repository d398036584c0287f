"""A band shows when an integration was in which state, and where nothing is known."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Account, Integration, Store
from monitor.dashboard.bands import BAND_UNITS, band_of
from monitor.models import Transition, Verdict

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = END - timedelta(hours=24)
H = timedelta(hours=1)


def integration(created: datetime = START - H, state: str = "ok") -> Integration:
    one = Integration(pk=1, store=Store(), account=Account(), created_at=created)
    one.verdict = Verdict(
        integration=one, state=state, rule="nothing_waiting" if state == "ok" else "stalled"
    )
    return one


def change(at: datetime, old: str, new: str) -> Transition:
    return Transition(
        at=at, old_state=old, new_state=new, old_rule="", new_rule="stalled" if new == "fail" else ""
    )


def drawn(band) -> list[tuple[str, float, float]]:
    return [(one.face.shape, one.x, one.width) for one in band.segments]


def test_without_a_change_it_is_todays_state_all_along() -> None:
    assert drawn(band_of(integration(), [], start=START, end=END)) == [("ok", 0, BAND_UNITS)]


def test_a_change_divides_it() -> None:
    changes = [change(END - 6 * H, "ok", "fail"), change(END - 3 * H, "fail", "ok")]
    assert drawn(band_of(integration(), changes, start=START, end=END)) == [
        ("ok", 0, 1080),
        ("fail", 1080, 180),
        ("ok", 1260, 180),
    ]


def test_before_it_was_added_nothing_is_drawn() -> None:
    assert drawn(band_of(integration(created=END - 12 * H), [], start=START, end=END)) == [("ok", 720, 720)]


def test_never_judged_means_an_empty_band() -> None:
    one = integration()
    one._state.fields_cache["verdict"] = None
    assert drawn(band_of(one, [], start=START, end=END)) == []


def test_changes_outside_its_time_do_not_count() -> None:
    changes = [change(START - H, "ok", "fail"), change(END + H, "ok", "fail")]
    assert drawn(band_of(integration(), changes, start=START, end=END)) == [("ok", 0, BAND_UNITS)]


def test_a_moments_trouble_is_still_visible() -> None:
    changes = [change(END - H, "ok", "fail"), change(END - H + timedelta(seconds=5), "fail", "ok")]
    widths = [one.width for one in band_of(integration(), changes, start=START, end=END).segments]
    assert min(widths) >= 1.5


def test_its_totals_are_the_band_in_words() -> None:
    changes = [change(END - 6 * H, "ok", "fail"), change(END - 3 * H, "fail", "ok")]
    band = band_of(integration(), changes, start=START, end=END)
    assert [(face.shape, length) for face, length in band.totals] == [("ok", 21 * H), ("fail", 3 * H)]

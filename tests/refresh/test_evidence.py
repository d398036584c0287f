"""Which movement counts as a refresh's effect, and how often it is looked for."""

from datetime import timedelta

import pytest

from integrations.models import Account
from monitor.refresh.evidence import Effect, Standing, effect
from monitor.refresh.watching import pace
from tests.refresh.conftest import AN_HOUR_AGO, NOW

pytestmark = pytest.mark.unit

ASKED = NOW
AFTER, BEFORE = NOW + timedelta(seconds=5), NOW - timedelta(seconds=30)
STUCK = Standing(
    at=NOW, waiting=3, still_waiting=3, last_fetched_at=AN_HOUR_AGO, newest_arrived_at=AN_HOUR_AGO
)
FAILING = STUCK.model_copy(update={"failing_since": AN_HOUR_AGO})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (STUCK, {}, None),
        (STUCK, {"still_waiting": 0, "newest_arrived_at": AFTER}, Effect.ARRIVED),
        (STUCK, {"still_waiting": 2, "newest_arrived_at": AFTER}, Effect.ARRIVED),
        (STUCK, {"still_waiting": 0, "newest_arrived_at": BEFORE}, None),
        (STUCK, {"still_waiting": 0}, None),  # cancelled in the store, not arrived
        (STUCK, {"newest_arrived_at": AFTER}, None),  # others arrive, the waiting ones do not
        (STUCK, {"last_fetched_at": AFTER}, Effect.FETCHED),
        (STUCK, {"last_fetched_at": NOW.replace(microsecond=0) - timedelta(seconds=1)}, Effect.FETCHED),
        (STUCK, {"last_fetched_at": BEFORE}, None),
        (STUCK, {"last_fetched_at": None}, None),
        (FAILING, {"failing_since": None}, Effect.STOPPED_FAILING),
        (FAILING, {}, None),
        (STUCK, {"failing_since": AFTER}, None),
    ],
)
def test_only_what_happened_after_the_asking_counts(before, now, expected):
    assert effect(before, before.model_copy(update=now), ASKED) is expected


@pytest.mark.parametrize(
    ("per_minute", "watched_s", "every_s"),
    [(60, 0, 5), (60, 59, 5), (60, 60, 15), (900, 0, 5), (10, 0, 24), (1, 300, 240)],
)
def test_watching_takes_at_most_half_of_the_rate_limit(per_minute, watched_s, every_s):
    account = Account(requests_per_minute=per_minute)
    assert pace(account, timedelta(seconds=watched_s)) == timedelta(seconds=every_s)

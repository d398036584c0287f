"""Of what nobody looks at, nothing is told: neither that it is over nor that it still lasts."""

from datetime import timedelta

import pytest

from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.alerts.reminding import follow_up
from monitor.alerts.settling import settle
from monitor.alerts.unhushing import unhush
from monitor.health.states import State
from monitor.models import Incident, Maintenance, Verdict
from tests.alerts.conftest import FINE, NOW, STALLED, Postbox, change, subscribe
from tests.alerts.test_flapping import HOUR, MINUTE, THRICE, tell, the_open_one
from tests.alerts.test_react import steps
from tests.alerts.test_shared import known, stalled, waits

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def switch(integration, what: str, *, off: bool) -> None:
    """Pauses an integration, or switches its store or account off; or the other way round."""
    row = integration if what == "integration" else getattr(integration, what)
    if what == "integration":
        row.is_paused = off
    else:
        row.is_active = not off
    row.save()


@pytest.mark.parametrize("what", ["integration", "store", "account"])
def test_a_calm_in_which_nobody_looked_ends_no_incident(integration, what):
    subscribe()
    tell(integration, *THRICE, (260, FINE))
    switch(integration, what, off=True)
    for hours in range(5, 30):
        assert settle(NOW + hours * HOUR) == 0
    assert the_open_one().calm_since is not None
    assert "recovered" not in steps()[5:]
    # Its verdict does not change when it is looked at again, so no reaction would begin the calm anew.
    switch(integration, what, off=False)
    assert settle(NOW + 30 * HOUR) == 0
    assert settle(NOW + 32 * HOUR) == 1
    assert steps()[5:] == ["recovered"]


@pytest.fixture
def shops(make_integration):
    """Of a hub that came and went, and is calm."""
    shops = [make_integration(name) for name in ("lyon", "paris", "nice")]
    for minutes, news in ((0, stalled), (10, None), (20, stalled), (30, None)):
        changes = [news(one) if news else change(one, FINE) for one in shops]
        react(changes, now=NOW + minutes * MINUTE, peers=known(waits(), waits(), waits()))
    return shops


def test_a_hub_that_cannot_be_read_is_not_calm(shops):
    for one in shops:
        Verdict.objects.create(integration=one, state=State.UNKNOWN, rule="", since=NOW, judged_at=NOW)
    assert settle(NOW + 5 * HOUR) == 0
    Verdict.objects.filter(integration=shops[0]).update(state=State.OK)
    assert settle(NOW + 6 * HOUR) == 1


def test_a_calm_hub_is_looked_at_as_long_as_one_of_its_shops_is(shops):
    switch(shops[0], "integration", off=True)
    switch(shops[1], "integration", off=True)
    switch(shops[2], "integration", off=True)
    assert settle(NOW + 5 * HOUR) == 0
    switch(shops[2], "integration", off=False)
    assert settle(NOW + 5 * HOUR + 59 * MINUTE) == 0
    assert settle(NOW + 6 * HOUR) == 1


@pytest.mark.parametrize("what", ["integration", "store", "account"])
def test_nobody_is_reminded_of_what_nobody_looks_at(integration, what, postbox: Postbox):
    subscribe()
    subscribe("second@ops.example", escalates_after=60)
    react([change(integration, STALLED)], now=NOW)
    deliver_due(NOW)
    switch(integration, what, off=True)
    assert follow_up(NOW + 2 * HOUR) == 0
    switch(integration, what, off=False)
    assert follow_up(NOW + 3 * HOUR + timedelta(minutes=1)) == 2
    assert sorted(steps()) == ["opened", "opened", "reminder-1"]
    assert Incident.objects.get().closed_at is None


def test_what_a_window_kept_quiet_is_not_told_while_nobody_looks(integration):
    subscribe()
    Maintenance.objects.create(title="x", starts_at=NOW - HOUR, ends_at=NOW + HOUR, created_at=NOW)
    react([change(integration, STALLED)], now=NOW)
    switch(integration, "integration", off=True)
    assert (unhush(NOW + 2 * HOUR), steps()) == (0, [])
    switch(integration, "integration", off=False)
    assert (unhush(NOW + 3 * HOUR), steps()) == (1, ["maintenance", "opened"])

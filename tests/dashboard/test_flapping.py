"""What comes and goes is said wherever its incident is shown."""

from datetime import timedelta

import pytest

from monitor.models import Incident
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SAYS = "It comes and goes: it has failed 4 times since"


def flapping(now, **changes) -> Incident:
    one = make.watched("Boutique Lyon", now, "stalled", since=timedelta(minutes=47), waiting=3)
    incident = make.incident_of(one, now, flapping_since=now - timedelta(hours=2), **changes)
    up_since = changes.get("calm_since")
    incident.evidence["flapping"] = {
        "times": 4,
        "since": (now - timedelta(hours=5)).isoformat(),
        "calm_for_s": 3_600,
        "up_since": up_since.isoformat() if up_since else None,
    }
    incident.save()
    return incident


@pytest.mark.parametrize("path", ["/", "/integrations/{name}/", "/incidents/", "/incidents/{pk}/"])
def test_every_page_says_that_it_comes_and_goes(viewer, now, path) -> None:
    incident = flapping(now)
    name = incident.members.get().integration.name
    assert SAYS in text_of(viewer, path.format(pk=incident.pk, name=name))


def test_while_it_is_calm_the_incident_is_open_but_not_shown_as_trouble(viewer, now) -> None:
    incident = flapping(now, calm_since=now - timedelta(minutes=20))
    page = text_of(viewer, f"/incidents/{incident.pk}/")
    assert "calm for now" in page
    assert "and is over when that has lasted 1 h" in page
    assert "What it was when it failed last:" in page


def test_when_it_is_over_its_page_says_how_it_was(viewer, now) -> None:
    incident = flapping(now, calm_since=now - timedelta(minutes=70), closed_at=now)
    page = text_of(viewer, f"/incidents/{incident.pk}/")
    assert "It came and went: it failed 4 times between" in page

"""The demo's storyline is judged rightly, told once, and nobody else is accused."""

import dataclasses
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.sandbox.client import Sandbox
from integrations.sandbox.demo import demo_fleet
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import running_sandbox
from monitor.collect.sweep import sweep
from monitor.models import Incident, Notice, Verdict

from .stage import connect_fleet

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

STORIES = {
    "boutique-lyon": ("fail", "access", "blocked_user_agent"),
    "atelier-garonne": ("fail", "throttle", "throttled"),
    "atelier-nord": ("fail", "throttle", "throttled"),
    "pierre-de-lune": ("fail", "credentials", "hub_key_refused"),
    "catskill-outdoor": ("warn", "imports", "gap"),
    "hudson-coffee": ("fail", "events", "events_stopped"),
}
"""One integration of each of these shops."""
HEALTHY = {
    "jardin-des-toits",
    "casa-azulejo",
    "phare-miniature",  # it is night there, and nobody orders
    "velo-canal",
    "fjord-wool",
    "sakura-ceramics",
    "savon-calanque",
    "maple-and-pine",
    "kleine-werkstatt",
    "osaka-audio",
    "lutherie-arpege",
}


def cut(fleet: FleetSpec) -> FleetSpec:
    """Every story of the demo and some of its healthy shops: small ones, which are read faster."""
    names = {*STORIES, *HEALTHY}
    return dataclasses.replace(
        fleet,
        shops=tuple(shop for shop in fleet.shops if shop.name in names),
        integrations=tuple(spec for spec in fleet.integrations if spec.shop in names),
        workspaces=tuple(space for space in fleet.workspaces if set(space.shops) <= names),
        zones=tuple(zone for zone in fleet.zones if zone.shop in names),
    )


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    """As at the demo's first start: two weeks have passed, the clocks run, the hub goes on importing."""
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.SYNCWATCH_COLLECT_INTERVAL_S = 20
    settings.SYNCWATCH_PROBE_INTERVAL_S = 60
    with running_sandbox(cut(demo_fleet(time.time())), tmp_path / "sandbox") as running:
        connect_fleet(running, tmp_path)
        yield running


def judged() -> dict[str, tuple[str, str, str]]:
    """Of every integration that is not healthy: state, cause and rule."""
    rows = Verdict.objects.exclude(state="ok").select_related("integration__store")
    return {row.integration.store.name: (row.state, row.cause, row.rule) for row in rows}


@pytest.mark.usefixtures("sandbox")
def test_each_story_has_its_cause_and_is_told_once_and_all_others_are_healthy() -> None:
    for _again in range(3):
        sweep([], timezone.now())
        assert judged() == STORIES
        # The shop whose events have stopped has its parcels sent all the same.
        assert Verdict.objects.filter(state="ok").count() == len(HEALTHY) + 1
        assert Incident.objects.count() == len(STORIES)
        told = Notice.objects.values_list("step", "context__title", "context__rule", "context__evidence")
        assert {(step, rule) for step, _title, rule, _evidence in told} == {
            ("opened", rule) for _state, _cause, rule in STORIES.values()
        }
        assert len(told) == len(STORIES), sorted(told)
    figures = {title: evidence for _step, title, _rule, evidence in told}
    # Skipped are four. One more may wait with them: placed a moment ago, to be fetched with the next import.
    assert figures["Catskill Outdoor → Sendcloud Nord"]["late_count"] == 4
    assert figures["Atelier Garonne → Sendcloud EU"]["waiting_count"] > 0

"""A Braze workspace through the whole product: connected by a fleet file, read, judged."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import WorkspaceSpec
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from monitor.collect.facts import load
from monitor.collect.sweep import sweep
from monitor.models import CheckResult, Condition, EventHour, Verdict
from tests.acceptance.stage import connect_fleet

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)
SHOPS = ("tea", "mugs")


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    """Two shops in one workspace and in no other hub, which have sold for a day until now."""
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    fleet = small_fleet(
        [shop(name, "shopify") for name in SHOPS],
        now=None,
        accounts=(),
        integrations=(),
        workspaces=(WorkspaceSpec("loyalty", "Loyalty", SHOPS),),
    )
    with running_sandbox(fleet, tmp_path / "sandbox") as running:
        now = running.now()
        for hour in range(25):
            for name in SHOPS:
                running.add_orders(name, 5, at=now - hour * HOUR)
        connect_fleet(running, tmp_path)
        yield running


def events() -> str:
    """The answer about the first shop after two sweeps."""
    for _time in range(2):
        sweep([], datetime.now(UTC))
    return Condition.objects.get(integration__name="tea-loyalty", kind="events").rule


def test_what_a_workspace_counts_becomes_a_verdict(sandbox: Sandbox) -> None:
    assert events() == "flows"
    assert EventHour.objects.filter(meaning="order_placed").count() == 48
    assert CheckResult.objects.filter(code="catalog_size", state="ok").count() == 2
    since = (sandbox.now() - 6 * HOUR).isoformat()
    sandbox.break_workspace("loyalty", "events_stalled", since=since)
    assert events() == "events_stopped"
    verdict = Verdict.objects.get(integration__name="mugs-loyalty")
    assert (verdict.state, verdict.cause) == ("fail", "events")


def test_an_integration_that_is_judged_alone_knows_the_workspace_like_all_together(sandbox: Sandbox) -> None:
    now = datetime.now(UTC)
    ids = [integration.pk for integration in sweep([], now)]
    together = load(ids, now)
    assert all(hour.orders is not None for hour in together[ids[0]].events.hours[:-2])
    for pk in ids:
        assert load([pk], now)[pk].events == together[pk].events

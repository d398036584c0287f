"""The Braze stand-in: its counts are the shops' orders, and what is broken there is noticed."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations import errors
from integrations.contracts import CheckState, EventReport, Target
from integrations.opening import open_hub
from integrations.sandbox.braze.workspace import shopify_app_id
from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import FleetSpec, WorkspaceSpec
from integrations.sandbox.manifest import SecretFiles, manifest
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from monitor.health.events import EventWindow, HourFigures, judge_events
from monitor.health.records import Reading
from monitor.health.states import State
from tests.integrations.remote import LOCAL
from tests.sandbox.conftest import recorded

pytestmark = pytest.mark.integration

HOUR = timedelta(hours=1)
SPACE = "loyalty"
FLEET = small_fleet(
    [shop("tea", "shopify"), shop("mugs", "shopify")],
    workspaces=(WorkspaceSpec(SPACE, "Loyalty", ("tea", "mugs")),),
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Two shops that have sold 20 orders an hour each for a day."""
    with running_sandbox(FLEET, tmp_path) as running:
        for hour in range(-24, 0):
            for name in ("tea", "mugs"):
                running.add_orders(name, 20, at=NOW + hour * HOUR)
        running.advance(timedelta(minutes=1))
        yield running


def opened(sandbox: Sandbox, **settings: Any):
    given = {"any_host": True, "shopify_app_id": shopify_app_id(SPACE), **settings}
    target = Target(SPACE, sandbox.workspace_url(SPACE), sandbox.workspace_credentials(SPACE), given)
    return open_hub(target, "braze", policy=LOCAL)


def read(sandbox: Sandbox, **settings: Any) -> EventReport:
    async def go() -> EventReport:
        async with opened(sandbox, **settings) as hub:
            return await hub.read_events(now=sandbox.now())

    return asyncio.run(go())


def judged(sandbox: Sandbox) -> tuple[State, str]:
    """The answer about the workspace, from what the adapter read and what the shops know they sold."""
    report, now = read(sandbox), sandbox.now()
    placed = {entry.hour: entry.count for entry in report.counts if entry.meaning == "order_placed"}
    sold = dict.fromkeys(placed, 0)
    for name in ("tea", "mugs"):
        rows = httpx.get(f"{sandbox.shops_url}/control/shops/{name}/orders").json()["orders"]
        for row in rows:
            hour = next((at for at in sold if at.timestamp() <= row[2] < at.timestamp() + 3600), None)
            if hour is not None:
                sold[hour] += 1
    hours = tuple(HourFigures(at, sold[at], {"order_placed": placed[at]}) for at in sorted(placed))
    window = EventWindow(
        Reading(now, now), hours, report.settled_until, usual_ratio=0.93, learned_days=20, store_count=2
    )
    finding = judge_events(window, now)
    return finding.state, finding.rule


def states(report: EventReport, state: CheckState) -> set[str]:
    return {check.code for check in report.checks if check.state is state}


def test_its_events_are_the_shops_orders(sandbox: Sandbox) -> None:
    report = read(sandbox)
    placed = [entry.count for entry in report.counts if entry.meaning == "order_placed"]
    assert len(placed) == 48
    assert 0.85 * 40 * 24 < sum(placed) < 40 * 24
    assert states(report, CheckState.FAIL) | states(report, CheckState.WARN) == set()
    assert judged(sandbox) == (State.OK, "flows")


def test_stopped_events_are_found_when_two_hours_are_complete(sandbox: Sandbox) -> None:
    sandbox.break_workspace(SPACE, "events_stalled")
    rules = []
    for _hour in range(4):
        for name in ("tea", "mugs"):
            sandbox.add_orders(name, 20)
        sandbox.advance(HOUR)
        rules.append(judged(sandbox)[1])
    assert rules == ["flows", "flows", "events_short", "events_stopped"]
    sandbox.mend_workspace(SPACE, "events_stalled")
    for _hour in range(3):
        for name in ("tea", "mugs"):
            sandbox.add_orders(name, 20)
        sandbox.advance(HOUR)
    assert judged(sandbox) == (State.OK, "flows")


def test_a_part_of_the_events_that_is_lost_is_found(sandbox: Sandbox) -> None:
    sandbox.break_workspace(SPACE, "ratio_low", share=0.4, since=(NOW - 12 * HOUR).isoformat())
    assert judged(sandbox) == (State.FAIL, "events_short")
    sandbox.break_workspace(SPACE, "ratio_low", share=0.65, since=(NOW - 48 * HOUR).isoformat())
    assert judged(sandbox)[1] == "events_short"


def test_sessions_that_end_are_noticed(sandbox: Sandbox) -> None:
    for name in ("tea", "mugs"):
        sandbox.add_orders(name, 3, at=NOW - timedelta(days=7) - 3 * HOUR)
    assert states(read(sandbox), CheckState.WARN) == set()
    sandbox.break_workspace(SPACE, "sessions_gone", since=(NOW - 6 * HOUR).isoformat())
    assert states(read(sandbox), CheckState.WARN) == {"sessions_stopped"}


def test_a_catalog_that_is_deleted_or_old_is_noticed(sandbox: Sandbox) -> None:
    watched = {"catalogs": ["shopify_tea"], "catalog_most_hours": 24}
    assert {"catalog_missing", "catalog_old", "catalog_size"} <= states(
        read(sandbox, **watched), CheckState.OK
    )
    sandbox.break_workspace(SPACE, "catalog_old", since=(NOW - 30 * HOUR).isoformat())
    assert states(read(sandbox, **watched), CheckState.WARN) == {"catalog_old"}
    sandbox.break_workspace(SPACE, "catalog_gone")
    assert states(read(sandbox, **watched), CheckState.FAIL) == {"catalog_missing"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"fault": "key_revoked"}, errors.CredentialsRefused),
        ({"fault": "maintenance_202"}, errors.InMaintenance),
        ({"fault": "permission_missing", "permission": "events.data_series"}, errors.RightMissing),
    ],
    ids=["key_revoked", "maintenance_202", "permission_missing"],
)
def test_what_cannot_be_read_is_named(sandbox: Sandbox, fault: dict[str, str], error: type) -> None:
    sandbox.break_workspace(SPACE, **fault)
    with pytest.raises(errors.RemoteError) as caught:
        read(sandbox)
    assert type(caught.value) is error


def test_its_limits_are_counted_and_told(sandbox: Sandbox) -> None:
    url = f"{sandbox.workspace_url(SPACE)}/catalogs"
    headers = {"authorization": f"Bearer {FLEET.braze_key(SPACE)}"}
    answers = [httpx.get(url, headers=headers) for _number in range(51)]
    assert [answers[-2].status_code, answers[-1].status_code] == [200, 429]
    assert answers[-2].headers["x-ratelimit-remaining"] == "0"
    assert int(answers[-1].headers["x-ratelimit-reset"]) > sandbox.now().timestamp()


def shape(document: Any) -> Any:
    """Names and types; of a list the shape of its first item."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(item) for item in document[:1]]
    return type(document).__name__


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/events/list", {}),
        ("/events/data_series", {"event": "ecommerce.order_placed", "unit": "hour", "length": "1"}),
        ("/sessions/data_series", {"app_id": shopify_app_id(SPACE), "unit": "hour", "length": "1"}),
        ("/catalogs", {}),
    ],
)
def test_its_answers_have_the_documented_form(sandbox: Sandbox, path: str, params: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {FLEET.braze_key(SPACE)}"}
    answer = httpx.get(sandbox.workspace_url(SPACE) + path, params=params, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    documented = recorded("braze.json")[f"GET {path}"]
    if path.endswith("data_series"):
        # The example of sessions is by day; hours are written as those of events.
        assert "T" in answer.json()["data"][0]["time"]
    assert shape(answer.json()) == shape(documented)


def test_the_product_can_take_its_manifest(tmp_path: Path) -> None:
    document = manifest(FLEET, "http://shops", "http://hub", SecretFiles(tmp_path))
    account = next(entry for entry in document["accounts"] if entry["kind"] == "braze")
    links = [entry for entry in document["integrations"] if entry["account"] == SPACE]
    assert [(link["store"], link["external_id"]) for link in links] == [
        ("tea", "tea.myshopify.com"),
        ("mugs", "mugs.myshopify.com"),
    ]
    secret = Path(account["credentials"]["api_key"].removeprefix("file:")).read_text()
    assert secret == FLEET.braze_key(SPACE)
    assert FleetSpec.from_json(FLEET.to_json()) == FLEET

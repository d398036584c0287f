"""Two weeks are there at once, and nothing is lost by switching off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations.sandbox.clock import parse_iso
from integrations.sandbox.fleet import Fault, IntegrationSpec
from integrations.sandbox.testing import ACCOUNT, NOW, running_sandbox, shop, small_fleet
from integrations.sandbox.traffic import orders_between
from tests.sandbox.test_hub import get, walk

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)


def test_a_first_start_has_two_weeks_of_orders_that_arrived_in_the_hubs_rhythm(tmp_path: Path):
    fleet = small_fleet(
        [shop("woo", orders_per_day=40), shop("fy", "shopify", orders_per_day=40)], history_days=14
    )
    with running_sandbox(fleet, tmp_path) as sandbox:
        assert 400 < len(sandbox.order_ids("woo")) < 720
        rows = walk(sandbox, "/orders", page_size="200")
        arrived_at = [parse_iso(row["created_at"]) for row in rows]
        late_s = [
            at - parse_iso(row["order_details"]["order_created_at"])
            for at, row in zip(arrived_at, rows, strict=True)
        ]
        assert len(rows) > 700
        assert arrived_at == sorted(arrived_at, reverse=True)
        assert min(late_s) >= 0
        assert max(late_s) < 110
        assert arrived_at[0] <= NOW.timestamp()


def test_only_orders_that_were_cancelled_or_are_brand_new_are_missing(tmp_path: Path):
    fleet = small_fleet([shop("woo", orders_per_day=100, behind_tls_proxy=True)], history_days=7)
    with running_sandbox(fleet, tmp_path) as sandbox:
        sandbox.import_now(1)
        missing = set(sandbox.order_ids("woo")) - set(sandbox.arrived(1))
        assert len(missing) < 10
        state = sandbox.integration(1)
        assert state["orders"] == state["different_orders"]


def test_a_fault_of_the_past_shows_in_the_hubs_log_and_in_what_did_not_arrive(tmp_path: Path):
    since = NOW - timedelta(minutes=40)
    fault = Fault("firewall", {}, since.timestamp())
    fleet = small_fleet([shop("woo", orders_per_day=2000, faults=(fault,))], history_days=1)
    with running_sandbox(fleet, tmp_path) as sandbox:
        assert parse_iso(sandbox.integration(1)["failing_since"]) >= since.timestamp()
        assert {row["response_code"] for row in walk(sandbox, "/integrations/1/logs")} == {403}
        newest = get(sandbox, "/orders", page_size="1").json()["data"][0]
        assert parse_iso(newest["created_at"]) < since.timestamp()


def test_a_maintenance_of_the_past_left_the_hub_slow(tmp_path: Path):
    fault = Fault(
        "maintenance", {}, (NOW - timedelta(hours=3)).timestamp(), (NOW - timedelta(hours=2.5)).timestamp()
    )
    fleet = small_fleet([shop("woo", orders_per_day=400, faults=(fault,))], history_days=1)
    with running_sandbox(fleet, tmp_path) as sandbox:
        state = sandbox.integration(1)
        assert (state["throttled"], state["failing_since"]) == (True, None)
        assert parse_iso(state["next_fetch_at"]) - parse_iso(state["last_fetched_at"]) == 7200


def test_an_integration_that_loses_orders_lost_as_many_as_said(tmp_path: Path):
    fleet = small_fleet(
        [shop("woo", orders_per_day=300)],
        history_days=1,
        integrations=(IntegrationSpec(1, ACCOUNT, "woo", lost_at_start=4),),
    )
    with running_sandbox(fleet, tmp_path) as sandbox:
        assert sandbox.integration(1)["lost"] == 4


def test_a_restart_keeps_everything_and_lives_through_the_time_between(tmp_path: Path):
    fleet = small_fleet([shop("woo", orders_per_day=500)], history_days=1)
    with running_sandbox(fleet, tmp_path) as sandbox:
        sandbox.break_shop("woo", "slow", seconds=0)
        before, before_hub = sandbox.order_ids("woo"), sandbox.arrived(1)
        sandbox.set_now(NOW + timedelta(hours=5))
    with running_sandbox(fleet, tmp_path) as sandbox:
        assert sandbox.now() == NOW + timedelta(hours=5)
        after, after_hub = sandbox.order_ids("woo"), sandbox.arrived(1)
        assert after[: len(before)] == before
        assert after_hub[: len(before_hub)] == before_hub
        assert len(after) > len(before) + 30
        rows = walk(sandbox, "/orders", page_size="200")
        late_s = [
            parse_iso(r["created_at"]) - parse_iso(r["order_details"]["order_created_at"]) for r in rows
        ]
        assert max(late_s) < 110
        state = sandbox.integration(1)
        assert state["orders"] == state["different_orders"]


def test_the_same_seed_gives_the_same_orders_however_the_time_is_cut():
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    whole = list(orders_between("a", "seed", "Asia/Tokyo", 200, after=start, until=start + 86_400))
    cut = [
        order
        for part in range(96)
        for order in orders_between(
            "a", "seed", "Asia/Tokyo", 200, after=start + part * 900, until=start + (part + 1) * 900
        )
    ]
    assert cut == whole
    assert 150 < len(whole) < 250


def test_customers_of_all_the_world_order_by_night_as_by_day():
    start = NOW.timestamp() // 86_400 * 86_400
    quarters = [
        len(list(orders_between("a", "seed", None, 4000, after=start + h, until=start + h + 21_600)))
        for h in (0, 21_600, 43_200, 64_800)
    ]
    assert min(quarters) > 850

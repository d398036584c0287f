"""A Braze workspace is read for its counts, its catalogs and its sessions."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.braze.records import EventBucket
from integrations.braze.series import in_utc
from integrations.contracts import CheckState, ConditionKind

from .braze import (
    HOUR,
    LEGACY,
    PLACED,
    SHOP,
    Workspace,
    buckets,
    by_code,
    counted,
    found,
    refused,
    report_of,
    using,
)
from .remote import NOW, json_reply

pytestmark = pytest.mark.integration


def test_events_are_counted_by_meaning_and_hour():
    report = report_of(Workspace(**SHOP, shopify_fulfilled_order=[1] * 48, newsletter_opened=[9] * 48))
    assert counted(report, "order_placed") == [5] * 48
    assert counted(report, "order_paid") == [4] * 48
    assert counted(report, "order_fulfilled") == [1] * 48
    placed = [entry.hour for entry in report.counts if entry.meaning == "order_placed"]
    assert (placed[0], placed[-1]) == (NOW - 47 * HOUR, NOW)
    assert report.settled_until == NOW - timedelta(minutes=90)
    assert all(check.kind is ConditionKind.EVENTS for check in report.checks)
    assert not [check for check in report.checks if check.state in (CheckState.WARN, CheckState.FAIL)]


def test_times_are_asked_for_with_their_offset():
    _report, served = using(Workspace(**SHOP), lambda hub: hub.read_events(now=NOW))
    series = [asked.query for asked in served.asked if asked.path == "/events/data_series"]
    assert {query["ending_at"] for query in series} == {"2026-11-22T12:00:00+00:00"}


def test_several_names_of_one_meaning_are_added_up():
    report = report_of(Workspace(**SHOP, shopify_created_order=[2] * 48))
    assert counted(report, "order_placed") == [7] * 48


def test_names_are_found_on_every_page_of_the_list():
    many = {f"event_{number:04}": [] for number in range(510)}
    report = report_of(Workspace(**many, shopify_paid_order=[1] * 48))
    assert counted(report, "order_paid") == [1] * 48


@pytest.mark.parametrize(
    "reply", [json_reply({"message": "unknown event"}, 404), json_reply({"message": "no"}, 400),
              json_reply({"message": "success", "data": []})], ids=["404", "400", "empty"]
)  # fmt: skip
def test_an_event_without_figures_is_unknown_and_never_zero(reply):
    workspace = Workspace(**SHOP)
    workspace.instead["events/data_series"] = lambda asked: (
        reply if asked.query["event"] == PLACED else json_reply(buckets([4] * 48))
    )
    report = report_of(workspace)
    assert counted(report, "order_placed") == []
    assert counted(report, "order_paid") == [4] * 48
    assert found(report, "event_names_missing", "order_placed").state is CheckState.UNKNOWN


def test_an_hour_that_is_left_out_is_left_out():
    workspace = Workspace(**SHOP)
    document = buckets([5] * 48)
    del document["data"][20]
    workspace.instead["events/data_series"] = json_reply(document)
    assert len(counted(report_of(workspace), "order_placed")) == 47


def test_a_workspace_that_knows_no_order_is_told_what_to_do():
    check = found(report_of(Workspace(newsletter_opened=[1])), "event_names_missing", "order_placed")
    assert check.state is CheckState.FAIL
    assert PLACED in check.values["names"]
    assert "Partner Integrations" in check.remedy


def test_without_placed_orders_the_paid_ones_are_said_to_be_compared():
    check = found(report_of(Workspace(shopify_paid_order=[1] * 48)), "event_names_missing", "order_placed")
    assert (check.state, "paid" in check.text) == (CheckState.INFO, True)


def test_the_old_connector_is_recognised():
    check = found(report_of(Workspace(shopify_created_order=[3] * 48)), "connector_generation")
    assert (check.state, check.values["names"]) == (CheckState.WARN, LEGACY)


def test_an_exchanged_connector_is_noticed():
    begun, ended = [0] * 30 + [5] * 18, [5] * 20 + [0] * 28
    report = report_of(Workspace(ecommerce__order_placed=begun, shopify_created_order=ended))
    check = found(report, "names_changed", "order_placed")
    assert check.values == {"new": PLACED, "old": LEGACY}


def test_hours_in_another_zone_than_the_one_set_are_not_judged():
    workspace = Workspace(**SHOP)
    workspace.form = "%Y-%m-%dT%H:%M:%S"  # NOW's hours, written without offset
    assert counted(report_of(workspace), "order_placed") == [5] * 48
    report = report_of(workspace, time_zone="America/New_York")
    assert report.counts == ()
    check = found(report, "hours_misplaced")
    assert (check.state, check.values["hours"]) == (CheckState.WARN, 5)


def test_days_instead_of_hours_are_refused():
    workspace = Workspace(**SHOP)
    workspace.instead["events/data_series"] = json_reply(
        {"message": "success", "data": [{"time": "2026-11-22", "count": 90}]}
    )
    assert isinstance(refused(workspace), errors.UnexpectedAnswer)


ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"]
TURNS = [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC),
         datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 4, 4, 14, tzinfo=UTC)]  # fmt: skip


@given(st.sampled_from(ZONES), st.sampled_from(TURNS), st.integers(-80, 3_000), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_hour_is_lost_or_doubled_when_clocks_change(zone, turn, minutes, newest_first, with_offset):
    zone = ZoneInfo(zone)
    now = turn + timedelta(minutes=minutes)
    newest = now.astimezone(zone).replace(minute=0, second=0).astimezone(UTC)
    hours = [newest - HOUR * number for number in reversed(range(48))]
    rows = []
    for number, hour in enumerate(hours):
        local = hour.astimezone(zone)
        rows.append(EventBucket(time=(local if with_offset else local.replace(tzinfo=None)).isoformat(),
                                count=number))  # fmt: skip
    found = in_utc(rows[::-1] if newest_first else rows, zone, now=now)
    assert list(found) == hours
    assert sorted(found.values()) == list(range(48))


# Catalogs and sessions


def test_a_catalog_is_shown_with_size_and_age():
    report = report_of(Workspace(**SHOP))
    assert found(report, "catalog_size", "shop").values["count"] == 40
    age = found(report, "catalog_old", "shop")
    assert (age.state, age.values["hours"]) == (CheckState.INFO, 1)


def test_a_catalog_that_is_gone_small_or_old_is_told():
    workspace = Workspace(**SHOP)
    workspace.catalogs[0] |= {"num_items": 3, "updated_at": "2026-11-20T10:00:00+00:00"}
    report = report_of(workspace, catalogs=["shop", "gone"], catalog_least_items=10, catalog_most_hours=24)
    states = {key: check.state for key, check in by_code(report).items() if key[0].startswith("catalog")}
    assert states == {
        ("catalog_missing", "shop"): CheckState.OK,
        ("catalog_missing", "gone"): CheckState.FAIL,
        ("catalog_size", "shop"): CheckState.WARN,
        ("catalog_old", "shop"): CheckState.WARN,
    }


def test_other_catalogs_are_nobodys_business():
    workspace = Workspace(**SHOP)
    workspace.catalogs = [{"name": "restaurants", "num_items": 0}]
    assert not [key for key in by_code(report_of(workspace)) if key[0].startswith("catalog")]


def test_catalogs_that_may_not_be_read_keep_no_counts_back():
    workspace = Workspace(**SHOP)
    workspace.instead["catalogs"] = json_reply({"message": "no"}, 401)
    report = report_of(workspace)
    check = found(report, "catalog_missing")
    assert check.state is CheckState.UNKNOWN
    assert "catalogs.get" in check.text % check.values
    assert counted(report, "order_placed") == [5] * 48


@pytest.mark.parametrize(
    ("now", "then", "state"),
    [
        ([3] * 48, [], CheckState.OK),
        ([3] * 42 + [0] * 6, [3] * 48, CheckState.WARN),
        ([0] * 48, [0] * 48, CheckState.INFO),
        ([], [], CheckState.UNKNOWN),
    ],
    ids=["alive", "stopped", "quiet", "no such app"],
)
def test_sessions_are_compared_with_the_same_hours_a_week_ago(now, then, state):
    workspace = Workspace(**SHOP)
    workspace.sessions, workspace.a_week_ago = now, then
    report = report_of(workspace, shopify_app_id="e3fe-of-the-app")
    assert found(report, "sessions_stopped").state is state
    assert counted(report, "session") == now

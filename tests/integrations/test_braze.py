"""A Braze workspace is read for its counts, and every refusal is told by its name."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.adapters import ImportsOrders, ReadsEvents
from integrations.braze.records import EventBucket
from integrations.braze.series import in_utc
from integrations.contracts import CheckState, ConditionKind, Outcome, Target
from integrations.guard import GuardPolicy
from integrations.opening import open_hub
from integrations.registry import offers, user_agents

from .remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration
KEY = "a1b2c3d4-key-of-a-workspace"
HOUR = timedelta(hours=1)
PLACED, LEGACY, PAID = "ecommerce.order_placed", "shopify_created_order", "shopify_paid_order"


def buckets(counts, field="count", until=NOW, form="%Y-%m-%dT%H:%M:%S+00:00"):
    newest = until.replace(minute=0, second=0)
    times = [newest - HOUR * (len(counts) - 1 - place) for place in range(len(counts))]
    rows = [{"time": at.strftime(form), field: count} for at, count in zip(times, counts, strict=True)]
    return {"message": "success", "data": rows}


class Workspace:
    """Answers as Braze does; any path can be given another answer."""

    def __init__(self, **events):
        self.events = {name.replace("__", "."): counts for name, counts in events.items()}
        self.sessions = [3] * 48
        self.a_week_ago = [3] * 48
        self.catalogs = [
            {"name": "shop", "num_items": 40, "updated_at": "2026-11-22T10:00:00.123+00:00",
             "fields": [{"name": "id", "type": "string"}, {"name": "shopify_product_id", "type": "string"}]}
        ]  # fmt: skip
        self.instead = {}
        self.form = "%Y-%m-%dT%H:%M:%S+00:00"

    def __call__(self, asked):
        assert asked.method == "GET"
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        path = asked.path.lstrip("/")
        if path in self.instead:
            reply = self.instead[path]
            return reply(asked) if callable(reply) else reply
        if path == "events/list":
            page = sorted(self.events)[int(asked.query["page"]) * 250 :][:250]
            return json_reply({"message": "success", "events": page})
        if path == "catalogs":
            return json_reply({"catalogs": self.catalogs, "message": "success"})
        assert (asked.query["unit"], asked.query["length"]) == ("hour", asked.query["length"])
        if path == "sessions/data_series":
            week_ago = asked.query.get("ending_at", "").startswith("2026-11-15")
            counts, until = (self.a_week_ago, NOW - timedelta(days=7)) if week_ago else (self.sessions, NOW)
            return json_reply(buckets(counts, "sessions", until))
        return json_reply(buckets(self.events.get(asked.query["event"], []), form=self.form))


def using(workspace, do, **changed):
    async def go():
        async with remote(workspace) as served:
            target = Target("b", served.url, {"api_key": KEY}, {"any_host": True, **changed})
            async with open_hub(target, "braze", policy=LOCAL) as hub:
                return await do(hub), served

    return asyncio.run(go())


def report_of(workspace, **changed):
    async def read(hub):
        return await hub.read_events(now=NOW), hub.calls()

    (report, _calls), _served = using(workspace, read, **changed)
    return report


def refused(workspace, **changed):
    with pytest.raises(errors.RemoteError) as caught:
        report_of(workspace, **changed)
    return caught.value


def connection(workspace, **changed):
    async def test(hub):
        return await hub.test_connection(now=NOW)

    return using(workspace, test, **changed)[0]


def by_code(report):
    return {(check.code, check.subject): check for check in report.checks}


def found(report, code, subject=""):
    return by_code(report)[code, subject]


def counted(report, meaning):
    return [entry.count for entry in report.counts if entry.meaning == meaning]


SHOP = {"ecommerce__order_placed": [5] * 48, "shopify_paid_order": [4] * 48}


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


# What is refused


def test_a_revoked_key_is_named():
    workspace = Workspace(**SHOP)
    workspace.instead["events/list"] = json_reply({"message": "Invalid API key"}, 401)
    error = refused(workspace)
    assert type(error) is errors.CredentialsRefused
    assert "events.list" in str(error)
    assert "REST endpoint" in error.remedy
    assert KEY not in f"{error} {error.remedy} {error.call}"


def test_a_missing_permission_is_named():
    workspace = Workspace(**SHOP)
    workspace.instead["events/data_series"] = json_reply({"message": "no permission"}, 401)
    error = refused(workspace)
    assert isinstance(error, errors.RightMissing)
    assert "events.data_series" in str(error)


def test_queued_requests_are_maintenance_and_no_data():
    workspace = Workspace(**SHOP)
    workspace.instead["events/data_series"] = json_reply({"message": "queued"}, 202)
    error = refused(workspace)
    assert isinstance(error, errors.InMaintenance)
    assert error.call.outcome is Outcome.MAINTENANCE


def test_too_many_requests_wait_for_the_named_moment():
    headers = {"x_ratelimit_limit": "1000", "x_ratelimit_remaining": "0"}
    reset = str(int((NOW + timedelta(minutes=25)).timestamp()))
    workspace = Workspace(**SHOP)
    workspace.instead["events/list"] = json_reply(
        {"message": "slow"}, 429, x_ratelimit_reset=reset, **headers
    )
    error = refused(workspace)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == timedelta(minutes=25)
    workspace.instead["events/list"] = json_reply({"message": "slow"}, 429, x_ratelimit_reset="soon")
    assert refused(workspace).retry_after == timedelta(minutes=1)


def test_what_is_left_of_the_limit_is_left_to_the_customers_own_sending():
    asked_for = []

    def series(asked):
        asked_for.append(asked.query["event"])
        return json_reply(buckets([1] * 48), x_ratelimit_limit="250000", x_ratelimit_remaining="4000")

    workspace = Workspace(**SHOP)
    workspace.instead["events/data_series"] = series
    assert isinstance(refused(workspace), errors.RateLimited)
    assert asked_for == [PLACED]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://dashboard-01.braze.com", "https://rest.iad-01.braze.com"),
        ("https://dashboard-02.braze.eu", "https://rest.fra-02.braze.eu"),
        ("http://rest.iad-01.braze.com", "https"),
        ("https://rest.iad-01.braze.com.evil.example", "REST endpoint"),
    ],
)
def test_a_key_is_sent_to_braze_only(url, word):
    async def go():
        async with open_hub(Target("b", url, {"api_key": KEY}, {}), "braze", policy=GuardPolicy()):
            pass

    with pytest.raises(errors.CredentialsRefused) as caught:
        asyncio.run(go())
    assert word in caught.value.remedy


def test_a_zone_that_does_not_exist_is_refused_when_saved():
    with pytest.raises(errors.CredentialsRefused, match="time_zone"):
        report_of(Workspace(), time_zone="Mars/Olympus")


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


# The connection test


def test_the_connection_test_names_each_permission():
    report = connection(Workspace(**SHOP), shopify_app_id="app")
    assert report.ok
    names = " ".join(need.name for need in report.needs)
    for permission in ("events.list", "events.data_series", "catalogs.get", "sessions.data_series"):
        assert permission in names
    assert PAID in report.facts["events found"]


def test_one_missing_permission_is_told_from_a_wrong_key():
    workspace = Workspace(**SHOP)
    workspace.instead["catalogs"] = json_reply({"message": "no"}, 401)
    (missing,) = [need for need in connection(workspace).needs if need.met is False]
    assert "catalogs.get" in missing.name
    assert "new key" in missing.remedy
    for path in ("events/list", "events/data_series"):
        workspace.instead[path] = json_reply({"message": "no"}, 401)
    (refusal,) = connection(workspace).needs
    assert "instance" in refusal.detail


def test_a_workspace_without_orders_passes_and_is_told_what_comes_next():
    report = connection(Workspace(newsletter_opened=[1]))
    assert report.ok
    assert [need.met for need in report.needs] == [True, None, True, True]


def test_a_firewall_in_front_is_no_refused_key():
    workspace = Workspace()
    workspace.instead["events/list"] = Reply(403, b"<html><h1>403 Forbidden</h1></html>", {"server": "nginx"})
    (need,) = connection(workspace).needs
    assert need.met is False
    assert "key" not in need.detail


# What it is as a hub


def test_it_counts_events_and_imports_nothing():
    assert offers("braze", ReadsEvents)
    assert not offers("braze", ImportsOrders)
    assert user_agents("braze", {}, "shopify") == ()


def test_it_cannot_be_refreshed_and_says_where_to_go():
    async def refresh(hub):
        assert not hub.can_refresh()
        assert hub.panel_url("7", "shopify") == "https://dashboard.example/i/7"
        with pytest.raises(errors.NotPossible) as caught:
            await hub.refresh("7", now=NOW)
        return caught.value.remedy

    template = "https://dashboard.example/i/{integration_id}"
    assert "Braze" in using(Workspace(), refresh, panel_url_template=template)[0]

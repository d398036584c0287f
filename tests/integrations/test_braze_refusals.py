"""What Braze refuses is told by its name: key, permission, patience, maintenance."""

import asyncio
from datetime import timedelta

import pytest

from integrations import errors
from integrations.adapters import ImportsOrders, ReadsEvents
from integrations.contracts import Outcome, Target
from integrations.guard import GuardPolicy
from integrations.opening import open_hub
from integrations.registry import offers, user_agents

from .braze import KEY, PAID, PLACED, SHOP, Workspace, buckets, connection, refused, report_of, using
from .remote import NOW, Reply, json_reply

pytestmark = pytest.mark.integration


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

"""What a WooCommerce shop says of itself: webhooks, queue, statuses, rights, clock and zone."""

import asyncio
import base64
import hashlib
import hmac
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from integrations import errors
from integrations.contracts import CheckState, ConditionKind, Target
from integrations.opening import open_store
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from integrations.sandbox.threads import serving
from integrations.woocommerce.checkup import zone_name

from .remote import LOCAL

pytestmark = pytest.mark.integration
SECRET = "a-long-random-text"
AMSTERDAM = {"time_zone": "Europe/Amsterdam", "statuses": ("picked",)}


@pytest.fixture
def sandbox(tmp_path):
    with running_sandbox(small_fleet([shop("woo", **AMSTERDAM)]), tmp_path) as running:
        yield running


def with_store(sandbox, do, who="monitor", webhook_url="", **settings):
    key, secret = sandbox.fleet.woocommerce_key("woo", who)

    async def go():
        keys = {"consumer_key": key, "consumer_secret": secret, "webhook_secret": SECRET}
        target = Target("woo", sandbox.store_url("woo"), keys, settings, webhook_url=webhook_url)
        async with open_store(target, "woocommerce", policy=LOCAL) as store:
            return await do(store)

    return asyncio.run(go())


def checkup(sandbox, **options):
    async def do(store):
        return await store.check(now=sandbox.now())

    return with_store(sandbox, do, **options)


def states(report, kind=None):
    return {(c.code, c.subject): c.state for c in report.checks if kind in (None, c.kind)}


def subscribe(sandbox, url, **options):
    async def do(store):
        return await store.subscribe(now=sandbox.now())

    return with_store(sandbox, do, webhook_url=url, **options)


class Receiver:
    """Takes what the shop sends."""

    def __init__(self):
        self.taken = []
        self.status = 200
        self.app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])

    async def take(self, request):
        self.taken.append((dict(request.headers), await request.body()))
        return Response("ok", self.status)

    def wait_for(self, count):
        """Deliveries come by themselves, a moment later."""
        deadline = time.monotonic() + 15
        while len(self.taken) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.taken) >= count
        return self.taken


@contextmanager
def receiving():
    receiver = Receiver()
    with serving(receiver.app) as address:
        yield receiver, f"{address}/hook"


def test_a_well_shop_passes_and_tells_version_zone_and_clock(sandbox):
    sandbox.add_orders("woo")
    report = checkup(sandbox)
    assert (report.version, report.time_zone) == ("11.0.1", "Europe/Amsterdam")
    assert abs(report.clock_skew) < timedelta(seconds=5)
    assert set(states(report, ConditionKind.WEBHOOKS).values()) == {CheckState.OK}
    assert states(report, ConditionKind.TRACKING) == {("write_right", ""): CheckState.OK}
    assert states(report, ConditionKind.IMPORTS) == {("status_of_plug_in", "picked"): CheckState.INFO}


def test_every_finding_can_be_filled_and_has_one_place(sandbox):
    sandbox.add_orders("woo")
    sandbox.break_shop("woo", "webhooks_disabled")
    report = checkup(sandbox, webhook_url="https://watch.example/hooks/woocommerce/woo")
    keys = [(check.code, check.subject) for check in report.checks]
    assert len(keys) == len(set(keys))
    for check in report.checks:
        assert check.text % check.values
        assert check.remedy % check.values or not check.remedy


def test_a_clock_that_is_wrong_shows(sandbox):
    sandbox.break_shop("woo", "clock_skew", seconds=420)
    skew = checkup(sandbox).clock_skew
    assert timedelta(seconds=415) < skew < timedelta(seconds=421)


def test_webhooks_of_the_hub_that_the_shop_switched_off_are_named(sandbox):
    sandbox.break_shop("woo", "webhooks_disabled")
    found = [check for check in checkup(sandbox).checks if check.code == "webhook_disabled"]
    assert [check.state for check in found] == [CheckState.WARN] * 2
    assert found[0].values == {"whose": "Sendcloud", "topic": "order.created"}
    assert "Active" in found[0].remedy


def test_a_queue_that_stands_is_proved_by_orders_that_were_not_announced(sandbox):
    sandbox.add_orders("woo")
    sandbox.break_shop("woo", "cron_stopped")
    sandbox.advance(timedelta(minutes=5))
    sandbox.add_orders("woo", 4)
    sandbox.advance(timedelta(minutes=10))
    assert states(checkup(sandbox))["cron", ""] is CheckState.OK
    sandbox.advance(timedelta(minutes=10))
    assert states(checkup(sandbox))["cron", ""] is CheckState.WARN
    sandbox.advance(timedelta(hours=1))
    sandbox.add_orders("woo")
    report = checkup(sandbox)
    assert states(report)["cron", ""] is CheckState.FAIL
    silent = [check for check in report.checks if check.code == "webhook_silent"]
    assert {check.values["minutes"] for check in silent} <= {79, 80}
    assert {check.values["count"] for check in silent} == {5}


def test_one_order_that_was_not_announced_weighs_less_than_many(sandbox):
    sandbox.add_orders("woo")
    sandbox.break_shop("woo", "cron_stopped")
    sandbox.advance(timedelta(minutes=1))
    sandbox.add_orders("woo")
    sandbox.advance(timedelta(minutes=30))
    assert states(checkup(sandbox))["cron", ""] is CheckState.OK
    sandbox.advance(timedelta(minutes=45))
    assert states(checkup(sandbox))["cron", ""] is CheckState.WARN


def test_a_quiet_shop_is_not_blamed(sandbox):
    sandbox.add_orders("woo")
    sandbox.advance(timedelta(days=3))
    assert states(checkup(sandbox))["cron", ""] is CheckState.OK


def test_what_a_key_may_not_see_is_unknown_and_names_the_right(sandbox):
    sandbox.add_orders("woo")
    report = checkup(sandbox, who="clerk")
    found = {check.code: check for check in report.checks}
    assert found["webhooks_unread"].state is CheckState.UNKNOWN
    assert "Shop manager" in found["webhooks_unread"].remedy
    assert report.version == "11.0.1", "told by the newest order"


def test_a_key_that_may_only_read_is_enough_for_watching(sandbox):
    write_right = next(c for c in checkup(sandbox, who="read").checks if c.code == "write_right")
    assert write_right.state is CheckState.INFO
    assert "Read/Write" in write_right.remedy


def test_a_server_that_refuses_put_is_named_before_tracking_fails(sandbox):
    sandbox.break_shop("woo", "method_refused", methods="PUT")
    blocked = next(check for check in checkup(sandbox).checks if check.code == "put_blocked")
    assert (blocked.kind, blocked.state) == (ConditionKind.TRACKING, CheckState.WARN)
    assert blocked.values["by"] == "nginx"


def test_statuses_that_nobody_imports_and_such_that_do_not_exist_are_named(sandbox):
    (order,) = sandbox.add_orders("woo")
    sandbox.change_order("woo", order, "picked")
    report = checkup(sandbox, expected_statuses=["processing", "packed"])
    found = {check.subject: check for check in report.checks if check.kind is ConditionKind.IMPORTS}
    assert (found["picked"].state, found["picked"].values["count"]) == (CheckState.INFO, 1)
    assert found["packed"].state is CheckState.WARN


def test_maintenance_and_refusals_are_errors_and_no_findings(sandbox):
    sandbox.break_shop("woo", "maintenance")
    with pytest.raises(errors.InMaintenance):
        checkup(sandbox)
    sandbox.mend_shop("woo", "maintenance")
    sandbox.break_shop("woo", "credentials_revoked")
    with pytest.raises(errors.CredentialsRefused, match="does not know this consumer key"):
        checkup(sandbox)


def test_our_webhooks_are_made_once_and_deliver_signed_orders(sandbox):
    with receiving() as (receiver, url):
        before = checkup(sandbox, webhook_url=url)
        assert states(before)["webhook_missing", "order.created"] is CheckState.INFO
        assert list(subscribe(sandbox, url)) == ["order.created", "order.updated"]
        assert list(subscribe(sandbox, url)) == []
        assert [body for _headers, body in receiver.wait_for(2)] == [b"webhook_id=3", b"webhook_id=4"]
        (order,) = sandbox.add_orders("woo")
        headers, body = receiver.wait_for(3)[2]
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        assert headers["x-wc-webhook-signature"] == signature
        assert headers["x-wc-webhook-topic"] == "order.created"
        assert f'"id":{order},'.encode() in body
        sandbox.advance(timedelta(minutes=1))
        sandbox.change_order("woo", order, "completed")
        assert receiver.wait_for(4)[3][0]["x-wc-webhook-topic"] == "order.updated"
        sandbox.advance(timedelta(hours=2))
        ours = [c for c in checkup(sandbox, webhook_url=url).checks if c.values.get("whose") == "Syncwatch"]
        assert {check.code for check in ours} == {"webhook_delivering"}


def test_a_webhook_that_keeps_failing_is_switched_off_named_and_enabled_again(sandbox):
    with receiving() as (receiver, url):
        subscribe(sandbox, url)
        receiver.wait_for(2)
        receiver.status = 500
        for number in range(7):
            sandbox.add_orders("woo")
            receiver.wait_for(3 + number)
        disabled = ("webhook_disabled", "order.created 3")
        assert states(eventually(sandbox, url, disabled))[disabled] is CheckState.WARN
        receiver.status = 200
        assert list(subscribe(sandbox, url)) == ["order.created"]
        assert disabled not in states(checkup(sandbox, webhook_url=url))


def eventually(sandbox, url, wanted):
    """The shop notes a failure just after the receiver answered."""
    for _again in range(50):
        report = checkup(sandbox, webhook_url=url)
        if wanted in states(report):
            break
    return report


def test_subscribing_says_what_it_lacks(sandbox):
    with pytest.raises(errors.NotPossible, match="public address"):
        subscribe(sandbox, "")
    with pytest.raises(errors.RightMissing, match="may only read"):
        subscribe(sandbox, "https://watch.example/hook", who="read")
    with pytest.raises(errors.RightMissing, match="lacks the right"):
        subscribe(sandbox, "https://watch.example/hook", who="clerk")


@pytest.mark.parametrize(
    ("zone", "offset", "name"),
    [
        ("Europe/Paris", 1, "Europe/Paris"),
        ("", 0, "UTC"),
        ("", 2, "Etc/GMT-2"),
        ("", "-5", "Etc/GMT+5"),
        ("", 5.5, ""),
        ("", "", ""),
    ],
)
def test_a_zone_chosen_as_an_offset_has_a_name_too(zone, offset, name):
    assert zone_name(zone, offset) == name

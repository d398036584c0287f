"""A PrestaShop shop read and checked over HTTP, against a whole stand-in of it."""

from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import CheckState, ConditionKind, Outcome
from integrations.prestashop import knowledge
from integrations.sandbox.testing import NOW, running_sandbox, small_fleet

from .presta_shops import NAMES, SHOPS, read, using

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(small_fleet(SHOPS), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_known():
    knowledge.forget()


def records(pages):
    return {record.external_id: record for page in pages for record in page.records}


@pytest.mark.parametrize("name", NAMES)
def test_orders_and_their_changes_are_read_in_the_shops_own_time(sandbox, name):
    sandbox.advance(timedelta(minutes=1))
    at = sandbox.now()
    added = sandbox.add_orders(name, 11, at=at)
    sandbox.advance(timedelta(hours=1))
    pages = read(sandbox, name)
    found = records(pages)
    assert sorted(found) == sorted(sandbox.order_ids(name))
    first = found[str(added[0])]
    assert (first.ordered_at, first.expected, first.status) == (at, True, "2 Payment accepted")
    assert len(first.number) == 9
    sandbox.change_order(name, added[0], "cancelled")
    changed_at = sandbox.now()
    sandbox.advance(timedelta(minutes=2))
    again = records(read(sandbox, name, pages[-1].watermark))[str(added[0])]
    assert (again.changed_at, again.unexpected_reason) == (changed_at, "status 6 Canceled")


def test_a_zone_that_the_shop_does_not_tell_is_the_operators(sandbox):
    at = sandbox.now()
    (number,) = sandbox.add_orders("nine", 1, at=at)
    sandbox.advance(timedelta(minutes=5))
    sandbox.break_shop("nine", "right_lost", resource="configurations")
    try:
        right = records(read(sandbox, "nine", zone="America/New_York"))[str(number)]
        knowledge.forget()
        wrong = records(read(sandbox, "nine", zone="UTC"))[str(number)]
    finally:
        sandbox.mend_shop("nine", "right_lost")
    assert right.ordered_at == at
    assert wrong.ordered_at == at - timedelta(hours=5)


def test_states_may_be_named_where_the_key_cannot_read_them(sandbox):
    (number,) = sandbox.add_orders("eight", 1)
    sandbox.break_shop("eight", "right_lost", resource="order_states")
    try:
        with pytest.raises(errors.RightMissing, match="order_states: GET"):
            read(sandbox, "eight")
        found = records(read(sandbox, "eight", expected_states=[2]))[str(number)]
    finally:
        sandbox.mend_shop("eight", "right_lost")
    assert (found.expected, found.status) == (True, "2")


def test_a_server_that_drops_the_header_can_be_read_with_the_key_in_the_address(sandbox):
    sandbox.break_shop("eight", "header_stripped")
    try:
        with pytest.raises(errors.CredentialsRefused, match="drops the Authorization header"):
            read(sandbox, "eight")
        read(sandbox, "eight", key_in_query=True)
    finally:
        sandbox.mend_shop("eight", "header_stripped")


FAULTS = [
    ("webservice_off", errors.ShopClosed, "switched off"),
    ("credentials_revoked", errors.CredentialsRefused, "does not know this key"),
    ("database_down", errors.RemoteFault, "database"),
    ("server_error", errors.RemoteFault, ""),
    ("rewrite_gone", errors.RemoteFault, "no webservice"),
    ("wrong_host", errors.UnexpectedAnswer, "redirects"),
    ("early_close", errors.ConnectionFailed, ""),
    ("truncated", errors.NoAnswer, ""),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_each_fault_of_a_shop_becomes_its_error_and_ends_with_it(sandbox, fault, kind, words):
    sandbox.break_shop("eight", fault)
    try:
        with pytest.raises(kind, match=words or None) as error:
            read(sandbox, "eight")
        assert error.value.call.detail
        assert sandbox.fleet.prestashop_key("eight", "monitor") not in repr(error.value.call)
    finally:
        sandbox.mend_shop("eight", fault)
    read(sandbox, "eight")


def test_maintenance_closes_the_front_page_and_not_the_webservice(sandbox):
    async def check(store):
        return await store.check(now=sandbox.now())

    sandbox.break_shop("eight", "maintenance")
    try:
        read(sandbox, "eight")
        (front,) = [c for c in using(sandbox, "eight", check).checks if c.code == "front_page"]
    finally:
        sandbox.mend_shop("eight", "maintenance")
    assert (front.state, front.kind) == (CheckState.WARN, ConditionKind.ACCESS)
    assert "maintenance" in front.text


def test_a_firewall_against_the_hubs_user_agent_is_seen_by_the_probe_alone(sandbox):
    sandbox.break_shop("eight", "firewall", pattern="Sendcloud", style="nginx")

    async def probe(store):
        return await store.probe(["Sendcloud/1.0.0"], now=NOW)

    try:
        calls = using(sandbox, "eight", probe)
    finally:
        sandbox.mend_shop("eight", "firewall")
    assert [(call.outcome, call.by) for call in calls] == [
        (Outcome.BLOCKED, "nginx"),
        (Outcome.PASSED, "PrestaShop"),
    ]


# Connection test and checks


def connect(sandbox, name, **how):
    async def do(store):
        return await store.test_connection(now=sandbox.now())

    return using(sandbox, name, do, **how)


@pytest.mark.parametrize("name", NAMES)
def test_a_good_connection_meets_every_need(sandbox, name):
    sandbox.add_orders(name, 1)
    report = connect(sandbox, name)
    assert [need.name for need in report.needs if need.met is not True] == []
    assert report.facts["time zone"] == sandbox.fleet.shop(name).time_zone
    assert report.facts["version"][:2] in ("8.", "9.", "1.")


def test_a_key_of_an_older_module_is_told_exactly_which_rights_it_lacks(sandbox):
    sandbox.add_orders("eight", 1)
    report = connect(sandbox, "eight", who="clerk", zone="Europe/Amsterdam")
    lacking = {need.name: need.remedy for need in report.needs if need.met is not True}
    assert [name for name in lacking if "order_carriers" in name] == [
        "The key may GET order_carriers",
        "The key may PATCH order_carriers",
    ]
    assert "tick PATCH for order_carriers" in lacking["The key may PATCH order_carriers"]
    assert report.ok, "it can still be watched"


def test_a_key_without_orders_is_refused_with_the_right_named(sandbox):
    report = connect(sandbox, "eight", who="customer")
    missing = [need.name for need in report.needs if need.met is False]
    assert missing == ["The key may GET orders", "The key may GET order_states"]
    with pytest.raises(errors.RightMissing) as error:
        read(sandbox, "eight", who="customer", expected_states=[2])
    assert "orders: GET is missing" in str(error.value)
    assert "tick GET for orders" in error.value.remedy


def test_a_missing_rewrite_rule_is_told_from_a_wrong_address(sandbox):
    async def check(store):
        return await store.check(now=sandbox.now())

    sandbox.break_shop("eight", "rewrite_gone")
    try:
        report = connect(sandbox, "eight")
        checks = using(sandbox, "eight", check).checks
    finally:
        sandbox.mend_shop("eight", "rewrite_gone")
    assert "dispatcher.php" in report.needs[0].remedy
    assert [check.code for check in checks] == ["rewrite_missing"]


def test_a_wrong_zone_of_the_operator_is_seen_where_it_shows(sandbox):
    sandbox.add_orders("seven", 1)
    sandbox.break_shop("seven", "right_lost", resource="configurations")
    try:
        report = connect(sandbox, "seven", zone="America/New_York")
    finally:
        sandbox.mend_shop("seven", "right_lost")
    (need,) = [need for need in report.needs if need.name == "The shop's time zone is known"]
    assert need.met is False
    assert "lies in the future" in need.detail


def test_a_checkup_tells_version_zone_clock_and_rights(sandbox):
    async def check(store):
        return await store.check(now=sandbox.now())

    found = using(sandbox, "nine", check, zone="UTC")
    assert (found.version, found.time_zone, found.clock_skew) == ("9.0.3", "America/New_York", timedelta(0))
    states = {(check.code, check.subject): check.state for check in found.checks}
    assert states["right", "PATCH order_carriers"] is CheckState.OK
    assert states["time_zone", ""] is CheckState.INFO
    sandbox.break_shop("nine", "clock_skew", seconds=400)
    try:
        skewed = using(sandbox, "nine", check)
    finally:
        sandbox.mend_shop("nine", "clock_skew")
    assert skewed.clock_skew == timedelta(seconds=400)

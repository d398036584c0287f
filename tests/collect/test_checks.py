"""What checks found: the current answer of each, and since when."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.contracts import Check, CheckState, ConditionKind, EdgeReport, EventCount, StoreCheckup
from integrations.models import Account, Store
from monitor.collect.check_facts import checks_of
from monitor.collect.checks import record_audit, record_checkup, record_events
from monitor.models import CheckResult, EdgeChange, EventHour, StoreState

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=15)


@pytest.fixture
def shop() -> Store:
    return Store.objects.create(name="shop", platform="shopify", url="https://shop.example")


def check(code: str = "webhook", state: CheckState = CheckState.OK, subject: str = "") -> Check:
    return Check(ConditionKind.WEBHOOKS, code, state, "Is %(n)d.", {"n": 1}, "Do it.", subject)


def checkup(*checks: Check, **known: object) -> StoreCheckup:
    return StoreCheckup(checks, **known)


def test_an_answer_that_stays_keeps_its_beginning(shop):
    record_checkup(shop.pk, checkup(check(state=CheckState.FAIL)), NOON)
    record_checkup(shop.pk, checkup(check(state=CheckState.FAIL)), LATER)
    row = CheckResult.objects.get()
    assert (row.since, row.checked_at) == (NOON, LATER)


def test_an_answer_that_changes_begins_anew(shop):
    record_checkup(shop.pk, checkup(check(state=CheckState.FAIL)), NOON)
    record_checkup(shop.pk, checkup(check()), LATER)
    assert CheckResult.objects.get().since == LATER


def test_what_is_no_longer_checked_is_forgotten(shop):
    record_checkup(shop.pk, checkup(check("one"), check("two", subject="a")), NOON)
    record_checkup(shop.pk, checkup(check("two", subject="b")), LATER)
    assert [(row.code, row.subject) for row in CheckResult.objects.all()] == [("two", "b")]


def test_a_clock_and_zone_that_were_known_are_kept_while_they_are_not_told(shop):
    record_checkup(
        shop.pk, checkup(time_zone="Europe/Paris", clock_skew=timedelta(seconds=-90), version="11.0"), NOON
    )
    record_checkup(shop.pk, checkup(), LATER)
    state = StoreState.objects.get()
    assert (state.time_zone, state.clock_skew_s, state.version) == ("Europe/Paris", -90, "11.0")
    assert state.checked_at == LATER


def changed(before, after):
    return [{"what": "ipv6", "before": before["ipv6"], "after": after["ipv6"]}]


def test_a_zone_that_was_changed_is_noticed_once(shop):
    for moment, value in ((NOON, "off"), (LATER, "on"), (LATER + timedelta(hours=1), "on")):
        record_audit(shop, EdgeReport((), {"ipv6": value}), moment, changed)
    first, second = EdgeChange.objects.order_by("at")
    assert first.changes == []
    assert second.changes == [{"what": "ipv6", "before": "off", "after": "on"}]


def test_counts_of_events_grow_until_they_are_settled():
    account = Account.objects.create(name="braze", kind="generic", url="https://hub.example")
    hours = [NOON, NOON + timedelta(hours=1)]
    record_events(account.pk, [EventCount("order_placed", hour, 3) for hour in hours], hours[1])
    record_events(account.pk, [EventCount("order_placed", hours[1], 5)], hours[1] + timedelta(hours=1))
    found = [(row.count, row.is_settled) for row in EventHour.objects.order_by("hour")]
    assert found == [(3, True), (5, True)]


def test_what_could_not_be_looked_at_for_long_says_nothing_of_now(shop):
    record_checkup(shop.pk, checkup(check(state=CheckState.FAIL)), NOON)
    known = {hours: checks_of([(1, shop.pk, 1)], NOON + timedelta(hours=hours))[1] for hours in (23, 25)}
    assert [fact.state for fact in known[23]] == [CheckState.FAIL]
    assert known[25] == []


def test_checks_that_pass_are_summed_up_for_judging(shop):
    """An account of thousands is judged every minute."""
    record_checkup(shop.pk, checkup(*(check(f"c{n}") for n in range(9)), check("bad", CheckState.WARN)), NOON)
    known = checks_of([(1, shop.pk, 1)], LATER)[1]
    assert [(fact.code, fact.state) for fact in known] == [("bad", CheckState.WARN), ("", CheckState.OK)]


def test_subjects_that_are_the_same_where_they_are_cut_off_are_one(shop):
    long = "x" * 200
    record_checkup(shop.pk, checkup(check(subject=long + "a"), check(subject=long + "b")), NOON)
    assert CheckResult.objects.get().subject == long

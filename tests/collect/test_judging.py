"""From stored rows to a stored verdict, its history and its incident."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.contracts import CallRecord, OrderRecord, Outcome
from integrations.http import USER_AGENT
from integrations.models import Account, Integration, Store
from monitor.collect import hubs
from monitor.collect.judging import RECHECK, judge
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_orders
from monitor.models import Condition, HubState, Incident, Job, Transition, Verdict
from monitor.models.work import JobKind

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def integration() -> Integration:
    return connect("shop")


def connect(name: str) -> Integration:
    account, _ = Account.objects.get_or_create(
        name="hub", defaults={"kind": "sendcloud", "url": "https://hub.example"}
    )
    store = Store.objects.create(name=name, platform="woocommerce", url=f"https://{name}.example")
    made = Integration.objects.create(
        name=f"{name}-hub", account=account, store=store, external_id=name, tolerance_s=1800
    )
    ensure_jobs(NOON - timedelta(days=1))
    return made


def read_everything(at: datetime) -> None:
    """As if every source had just been read to its end, and every store had answered every probe."""
    Job.objects.update(last_started_at=at, last_ok_at=at, caught_up_at=at, last_error="", failures=0)
    for integration in Integration.objects.all():
        HubState.objects.create(integration=integration, at=at, last_fetched_at=at)
        calls = [
            CallRecord(at, "GET", "https://shop.example/", agent, 401, Outcome.PASSED, by="WooCommerce")
            for agent in (
                USER_AGENT,
                "Sendcloud/1.0.0",
                "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)",
            )
        ]
        hubs.record_calls(calls, store_id=integration.store_id, is_probe=True)


def place_order(integration: Integration, number: int, at: datetime) -> None:
    order = OrderRecord(str(number), str(number), at, at, at, "processing", expected=True)
    record_orders(integration.store_id, "woocommerce", [order], now=at)


def test_a_quiet_shop_that_is_readable_is_healthy(integration):
    read_everything(NOON)
    judge([integration.pk], NOON)
    verdict = Verdict.objects.get()
    assert (verdict.state, verdict.waiting_count, verdict.judged_at) == ("ok", 0, NOON)
    assert not Incident.objects.exists()


def test_a_stall_seen_from_both_sides_opens_one_incident_at_once(integration):
    place_order(integration, 1, NOON)
    late = NOON + 31 * MINUTE
    read_everything(late)

    changes = judge([integration.pk], late)

    assert [change.new.state for change in changes] == ["fail"]
    verdict = Verdict.objects.get()
    assert (verdict.cause, verdict.rule, verdict.waiting_count) == ("imports", "stalled", 1)
    assert verdict.oldest_waiting_at == NOON
    assert Transition.objects.filter(kind="verdict", new_state="fail").count() == 1
    read_everything(late + MINUTE)
    assert judge([integration.pk], late + MINUTE) == []
    incident = Incident.objects.get()
    assert (incident.cause, incident.closed_at) == ("imports", None)


def shut_out_the_hub(integration: Integration, at: datetime) -> None:
    call = CallRecord(at, "GET", "https://shop.example/", "Sendcloud/1.0.0", 403, Outcome.BLOCKED, by="nginx")
    other = replace(call, user_agent="SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")
    neutral = replace(call, user_agent=USER_AGENT, status=401, outcome=Outcome.PASSED)
    hubs.record_calls([call, other, neutral], store_id=integration.store_id, is_probe=True)


def test_judging_the_same_observation_again_confirms_nothing(integration):
    read_everything(NOON)
    judge([integration.pk], NOON)
    shut_out_the_hub(integration, NOON + 20 * MINUTE)
    for _ in range(3):
        judge([integration.pk], NOON + 20 * MINUTE)
    assert not Incident.objects.exists()
    assert Condition.objects.get(kind="access").candidate_state == "fail"


def test_what_looks_well_once_is_said_of_the_verdict_and_kept_nowhere(integration):
    read_everything(NOON)
    judge([integration.pk], NOON)
    for minutes in (20, 25):
        shut_out_the_hub(integration, NOON + minutes * MINUTE)
        judge([integration.pk], NOON + minutes * MINUTE)
    assert "seen_well_at" not in Verdict.objects.get().evidence
    well_at = NOON + 30 * MINUTE
    read_everything(well_at)
    judge([integration.pk], well_at)
    verdict, incident = Verdict.objects.get(), Incident.objects.get()
    assert (verdict.state, verdict.evidence["seen_well_at"]) == ("fail", well_at.isoformat())
    assert "seen_well_at" not in incident.evidence
    read_everything(NOON + 35 * MINUTE)
    judge([integration.pk], NOON + 35 * MINUTE)
    assert Verdict.objects.get().state == "ok"
    assert not [row for row in Transition.objects.all() if "seen_well_at" in row.evidence]


def test_a_first_bad_observation_brings_the_next_reading_forward(integration):
    read_everything(NOON)
    judge([integration.pk], NOON)
    now = NOON + 20 * MINUTE
    shut_out_the_hub(integration, now)
    Job.objects.update(due_at=now + timedelta(hours=1))
    judge([integration.pk], now)
    soon = Job.objects.filter(due_at__lte=now + RECHECK).values_list("kind", flat=True)
    assert set(soon) >= {"hub_arrivals", "store_orders", "store_access"}


def test_reading_is_brought_forward_to_the_moment_an_order_passes_its_tolerance(integration):
    place_order(integration, 1, NOON)
    before = NOON + 29 * MINUTE
    read_everything(before)
    Job.objects.update(due_at=before + timedelta(hours=1))
    judge([integration.pk], before)
    due = Job.objects.get(kind="hub_arrivals").due_at
    assert NOON + 30 * MINUTE <= due <= NOON + 31 * MINUTE


def test_judging_costs_the_same_number_of_queries_for_many_integrations(integration):
    read_everything(NOON)
    with CaptureQueriesContext(connection) as one:
        judge([integration.pk], NOON)
    many = [integration.pk, *(connect(f"shop-{n}").pk for n in range(9))]
    read_everything(NOON + MINUTE)
    with CaptureQueriesContext(connection) as ten:
        judge(many, NOON + MINUTE)
    # Bringing readings forward costs one statement per hub account, here one.
    assert len(ten) <= len(one) + 3


def test_a_paused_integration_is_not_judged(integration):
    Integration.objects.update(is_paused=True)
    read_everything(NOON)
    assert judge([integration.pk], NOON) == []
    assert Verdict.objects.get().state == "unknown"


def test_nobody_is_alarmed_while_the_history_is_still_being_read(integration):
    place_order(integration, 1, NOON - timedelta(hours=5))
    read_everything(NOON)
    shut_out_the_hub(integration, NOON)
    Job.objects.filter(kind="hub_arrivals").update(caught_up_at=None, last_ok_at=None)
    for minute in range(3):
        judge([integration.pk], NOON + minute * MINUTE)
    verdict = Verdict.objects.get()
    assert (verdict.state, verdict.rule) == ("unknown", "reading_history")
    assert verdict.since == NOON
    assert not Incident.objects.exists()


def test_a_history_that_cannot_be_read_is_judged_all_the_same(integration):
    read_everything(NOON)
    Job.objects.filter(kind="store_orders").update(
        caught_up_at=None, last_ok_at=None, last_error="CredentialsRefused", last_message="No.", failures=3
    )
    for minute in range(3):
        Job.objects.filter(kind="store_orders").update(last_started_at=NOON + minute * MINUTE)
        judge([integration.pk], NOON + minute * MINUTE)
    assert Incident.objects.get().cause == "credentials"


def test_a_history_that_cannot_be_read_hides_nothing(integration):
    """As when an integration is resumed that was removed at the hub meanwhile."""
    read_everything(NOON)
    Job.objects.create(
        kind=JobKind.HUB_HISTORY,
        target_id=integration.pk,
        due_at=NOON,
        interval_s=0,
        last_started_at=NOON,
        last_error="UnexpectedAnswer",
        last_message="The hub does not know this integration any more.",
    )
    HubState.objects.update(is_listed=False)
    for minute in range(2):
        moment = NOON + minute * MINUTE
        Job.objects.exclude(kind=JobKind.HUB_HISTORY).update(last_started_at=moment, last_ok_at=moment)
        judge([integration.pk], moment)
    assert (Verdict.objects.get().state, Verdict.objects.get().rule) == ("fail", "not_listed")


def test_a_stuck_order_of_a_small_shop_never_becomes_health_by_growing_old(integration):
    place_order(integration, 1, NOON)
    for days in (1, 8, 30):
        now = NOON + timedelta(days=days)
        read_everything(now)
        judge([integration.pk], now)
        verdict = Verdict.objects.get()
        assert (verdict.state, verdict.rule, verdict.waiting_count) == ("fail", "stalled", 1)
    assert Incident.objects.get().closed_at is None

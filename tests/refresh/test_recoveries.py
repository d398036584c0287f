"""What follows when a store lets its hub in again: once, and only what its policy says."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from integrations.contracts import ConditionKind
from monitor.alerts.recoveries import note_recoveries, suggestions
from monitor.health.readmission import Step, is_left_behind, readmitted_at
from monitor.health.records import Judgement, VerdictChange
from monitor.health.states import State
from monitor.models import Maintenance, Recovery, Refresh, Transition, Verdict
from monitor.refresh import cancel, request
from monitor.refresh.automatic import follow_up
from monitor.refresh.policy import Situation, Why, decide
from tests.refresh.conftest import NOW

MIN = timedelta(minutes=1)
OPENED = NOW - 10 * MIN
"""When the store let the hub in again."""


def step(minutes: int, old: str, new: str, kind: str = "access") -> Step:
    """``old`` and ``new`` are a state, or a state and a rule: ``warn/maintenance``."""
    (old_state, _, old_rule), (new_state, _, new_rule) = old.partition("/"), new.partition("/")
    return Step(kind, NOW + minutes * MIN, old_state, old_rule, new_state, new_rule)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ([], None),
        ([step(-30, "ok", "fail"), step(-10, "fail", "ok")], -10),
        ([step(-10, "fail", "ok")], -10),
        ([step(-30, "ok", "fail"), step(-20, "fail", "unknown"), step(-10, "unknown", "ok")], -10),
        ([step(-30, "ok", "fail"), step(-20, "fail", "unknown")], None),
        ([step(-30, "fail", "ok"), step(-10, "ok", "fail")], None),
        ([step(-30, "ok", "unknown"), step(-10, "unknown", "ok")], None),
        ([step(-10, "warn/maintenance", "ok/passes")], -10),
        ([step(-10, "warn/certificate_expires", "ok/passes")], None),
        ([step(-10, "fail/blocked", "warn/certificate_expires")], -10),
        ([step(-10, "warn/maintenance", "warn/hub_meets_maintenance")], -10),
        (
            [
                step(-10, "warn/maintenance", "warn/hub_meets_maintenance"),
                step(-5, "warn/hub_meets_maintenance", "ok"),
            ],
            -10,
        ),
        ([step(-20, "fail", "ok", "edge"), step(-10, "fail", "ok")], -10),
        ([step(-20, "ok", "fail", "edge"), step(-10, "fail", "ok")], None),
        ([step(-50, "fail", "ok"), step(-40, "ok", "fail"), step(-10, "fail", "ok")], -10),
    ],
)
def test_when_a_store_lets_its_hub_in_again(steps, at):
    assert readmitted_at(steps) == (None if at is None else NOW + at * MIN)


def change(
    rule: str = "throttled", state: State = State.FAIL, waits_since=None, pk: int = 1
) -> VerdictChange:
    old = Judgement(State.FAIL, ConditionKind.ACCESS, "blocked", NOW - 60 * MIN)
    new = Judgement(state, ConditionKind.THROTTLE, rule, NOW)
    return VerdictChange(pk, old, new, 3, waits_since)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("verdict", "readmitted", "is_behind"),
    [
        (change(), -10, True),
        (change(), -361, False),
        (change("hub_meets_maintenance", State.WARN), -10, True),
        (change("hub_failing", State.WARN), -10, True),
        (change("stalled", waits_since=NOW - 20 * MIN), -10, True),
        (change("stalled", waits_since=NOW - 5 * MIN), -10, False),
        (change("stalled"), -10, False),
        (change("gap", State.WARN, NOW - 20 * MIN), -10, False),
        (change("store_key_refused"), -10, False),
        (change("throttled", State.UNKNOWN), -10, False),
    ],
)
def test_a_hub_is_left_behind_only_by_what_the_recovery_explains(verdict, readmitted, is_behind):
    assert is_left_behind(verdict, NOW + readmitted * MIN, NOW) is is_behind


PUSHED = ("push_orders",)
DO = Situation(
    policy="do",
    recovered_at=OPENED,
    state="fail",
    rule="throttled",
    allowed=("hub_api",),
    possible=("hub_api", "push_orders", "panel"),
)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("known", "what", "why", "way"),
    [
        (DO, "refreshed", Why.REFRESHED, "hub_api"),
        (replace(DO, policy="off"), "left", Why.OFF, None),
        (replace(DO, policy="suggest"), "suggested", Why.SUGGESTED, None),
        (replace(DO, policy="suggest", is_asked=True), "left", Why.ASKED, None),
        (replace(DO, is_paused=True), "left", Why.PAUSED, None),
        (replace(DO, is_asked=True), "left", Why.ASKED, None),
        (replace(DO, state="ok", rule="within_tolerance"), "left", Why.CAUGHT_UP, None),
        (replace(DO, recovered_at=NOW - 361 * MIN), "left", Why.TOO_LATE, None),
        # Sending or touching orders unasked needs the operator's word; nobody presses in a panel.
        (replace(DO, possible=("push_orders", "panel")), "suggested", Why.NO_WAY, None),
        (replace(DO, possible=("nudge_store", "panel")), "suggested", Why.NO_WAY, None),
        (replace(DO, allowed=("panel", "repush_tracking")), "suggested", Why.NO_WAY, None),
        (replace(DO, possible=PUSHED, allowed=PUSHED), "refreshed", Why.REFRESHED, "push_orders"),
        (replace(DO, allowed=("nudge_store", "push_orders")), "refreshed", Why.REFRESHED, "push_orders"),
    ],
)  # fmt: skip
def test_what_follows_a_recovery(known, what, why, way):
    decision = decide(known, NOW)
    assert (decision.what, decision.why, decision.way) == (what, why, way)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("known", "look_at"),
    [
        (replace(DO, recovered_at=NOW - MIN), NOW + MIN),
        (replace(DO, cools_down_until=NOW + 3 * MIN), NOW + 3 * MIN),
        (replace(DO, maintenance_until=NOW + 40 * MIN), NOW + 40 * MIN),
        (replace(DO, state="unknown", rule="hub_unreadable"), NOW + MIN),
        (replace(DO, rule="blocked"), NOW + MIN),
    ],
)
def test_it_waits_for_the_right_moment(known, look_at):
    decision = decide(known, NOW)
    assert (decision.what, decision.look_at) == (None, look_at)


# --- with a database -------------------------------------------------------------------------------

stored = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def behind(integration):
    """Its store answers again for ten minutes, and its hub is throttled."""
    Transition.objects.create(
        integration=integration, kind="access", at=OPENED,
        old_state="fail", old_rule="blocked", new_state="ok", new_rule="passes", rules_version=1,
    )  # fmt: skip
    Verdict.objects.filter(integration=integration).update(state="fail", cause="throttle", rule="throttled")
    return integration


def policy(integration, auto_refresh: str, ways: list[str] | None = None) -> None:
    integration.auto_refresh = auto_refresh
    integration.auto_refresh_ways = ways if ways is not None else integration.auto_refresh_ways
    integration.save()


def judged(integration, now=NOW) -> None:
    note_recoveries([change(pk=integration.pk)], now)
    follow_up(now)


class TestFollowingUp:
    pytestmark = stored

    def test_to_suggest_is_the_default_and_asks_the_hub_nothing(self, behind):
        judged(behind)
        assert not Refresh.objects.exists()
        assert suggestions([behind.pk])[behind.pk].recovered_at == OPENED

    def test_the_suggestion_ends_when_somebody_asks(self, behind):
        judged(behind)
        request(behind, user=None, actor="ann", reason="x", now=NOW)
        assert suggestions([behind.pk]) == {}

    def test_the_suggestion_ends_when_the_hub_has_caught_up(self, behind):
        judged(behind)
        Verdict.objects.update(state="ok", cause="", rule="within_tolerance")
        assert suggestions([behind.pk]) == {}

    def test_off_leaves_no_trace(self, behind):
        policy(behind, "off")
        judged(behind)
        assert not Recovery.objects.exists()

    def test_do_asks_once_and_says_why(self, behind):
        policy(behind, "do")
        judged(behind)
        refresh = Refresh.objects.get()
        assert (refresh.actor, refresh.strategy, refresh.requested_by) == ("automatic", "hub_api", None)
        assert "can be reached again since 12:32 UTC" in refresh.reason
        assert Recovery.objects.get().refresh == refresh

    def test_one_recovery_leads_to_one_refresh_however_often_it_is_judged(self, behind):
        policy(behind, "do")
        judged(behind)
        cancel(Refresh.objects.get(), user=None, now=NOW)
        for minutes in (1, 10, 60):
            judged(behind, NOW + minutes * MIN)
        assert Refresh.objects.count() == 1

    def test_the_next_recovery_may_lead_to_another(self, behind):
        policy(behind, "do")
        judged(behind)
        cancel(Refresh.objects.get(), user=None, now=NOW)
        again = NOW + 30 * MIN
        for at, states in ((again, ("ok", "fail")), (again + MIN, ("fail", "ok"))):
            Transition.objects.create(
                integration=behind, kind="access", at=at, old_state=states[0], new_state=states[1],
                rules_version=1,
            )  # fmt: skip
        judged(behind, again + 5 * MIN)
        assert Refresh.objects.count() == 2

    def test_the_panel_alone_is_only_suggested(self, behind):
        policy(behind, "do")
        behind.account.settings.pop("refresh")
        behind.account.save()
        judged(behind)
        assert not Refresh.objects.exists()
        assert behind.pk in suggestions([behind.pk])

    def test_it_waits_for_the_end_of_a_maintenance_window(self, behind):
        policy(behind, "do")
        Maintenance.objects.create(
            starts_at=NOW - MIN, ends_at=NOW + 20 * MIN, time_zone="UTC", created_at=NOW
        )
        judged(behind)
        assert not Refresh.objects.exists()
        follow_up(NOW + 20 * MIN)
        assert Refresh.objects.get().actor == "automatic"

    def test_a_judgement_that_is_rolled_back_notes_nothing_and_asks_nothing(self, behind):
        policy(behind, "do")
        with suppress(ConnectionResetError), transaction.atomic():
            note_recoveries([change(pk=behind.pk)], NOW)
            raise ConnectionResetError
        follow_up(NOW)
        assert not Refresh.objects.exists()

    def test_two_workers_at_once_ask_once(self, behind):
        policy(behind, "do")
        note_recoveries([change(pk=behind.pk)], NOW)
        at_once = Barrier(2)

        def work() -> None:
            at_once.wait()
            follow_up(NOW)
            connection.close()

        workers = [Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert Refresh.objects.count() == 1

"""Every verdict can be explained, and judging what is stored once more gives the same."""

from datetime import timedelta
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.contracts import OrderRecord
from integrations.models import Account, Integration, Store
from monitor.collect.again import judge_again
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.collect.record import record_orders
from monitor.models import Arrival, Condition, HubState, Incident, Job, Transition, Verdict

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def integration() -> Integration:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    store = Store.objects.create(name="shop", platform="woocommerce", url="https://shop.example")
    made = Integration.objects.create(
        name="shop-hub", account=account, store=store, external_id="1", tolerance_s=1_800
    )
    ensure_jobs(timezone.now() - timedelta(days=1))
    return made


def read(
    integration: Integration, at, *, error: str = "", fetched_min: int = 3, failing: bool = False
) -> None:
    """As if store and hub had just been read."""
    Job.objects.update(last_started_at=at, last_ok_at=at, caught_up_at=at, last_error="", failures=0)
    if error:
        jobs = Job.objects.filter(kind="store_orders")
        jobs.update(last_error=error, last_ok_at=at - 10 * MINUTE, failures=2)
    fetched = at - fetched_min * MINUTE
    failing_since = fetched + MINUTE if failing else None
    HubState.objects.create(
        integration=integration, at=at, last_fetched_at=fetched, failing_since=failing_since
    )


def order(integration: Integration, number: int, at) -> None:
    row = OrderRecord(str(number), str(number), at, at, at, "processing", expected=True)
    record_orders(integration.store_id, "woocommerce", [row], now=at)


def stored() -> list:
    models = (Condition, Verdict, Transition, Incident, Job)
    return [list(model.objects.order_by("pk").values()) for model in models]


def explain(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("explain", *arguments, stdout=out, no_color=True)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_stall_is_explained_with_its_limit_and_its_figures(integration):
    now = timezone.now()
    order(integration, 1, now - 50 * MINUTE)
    read(integration, now)
    judge([integration.pk], now)
    before = stored()

    code, out = explain("shop-hub", "--time-zone", "UTC")

    assert code == 0
    assert out.startswith("Shop" if "Shop" in out[:4] else "shop")
    assert "rule: imports.stalled" in out
    assert "An order is late after 30 min (set by hand); the oldest waits for 50 min." in out
    assert "waiting_count = 1" in out
    assert "Judged again now from the stored facts: the same verdict." in out
    assert stored() == before, "explaining stores nothing"


def test_the_document_has_every_condition_with_its_rule_figures_and_sentence(integration):
    now = timezone.now()
    order(integration, 1, now - 50 * MINUTE)
    read(integration, now)
    judge([integration.pk], now)
    document = orjson.loads(explain("shop-hub", "--json")[1])
    assert document["verdict"]["rule"] == "stalled"
    assert document["judged_again"]["agrees"] is True
    assert [row["kind"] for row in document["conditions"]] == [
        "edge",
        "access",
        "credentials",
        "webhooks",
        "throttle",
        "imports",
        "tracking",
    ]
    imports = document["conditions"][5]
    assert imports["headline"]
    assert imports["threshold"].startswith("An order is late after 30 min")
    assert imports["evidence"]["tolerance_source"] == "configured"


def test_facts_that_changed_since_are_told_with_another_exit_code(integration):
    now = timezone.now()
    order(integration, 1, now - 50 * MINUTE)
    read(integration, now - MINUTE)
    judge([integration.pk], now - MINUTE)
    Arrival.objects.update(arrived_at=now)
    for ago in (2, 1):
        read(integration, now - timedelta(seconds=ago))
        judged = judge_again(integration.pk, now)
    assert judged is not None
    assert judged.findings["imports"].state == "ok"
    Condition.objects.filter(kind="imports").update(
        candidate_state="ok", candidate_count=1, candidate_since=now - MINUTE
    )
    code, out = explain("shop-hub")
    assert code == 1
    assert "Judged again now from the stored facts: ok" in out
    assert "It was fail (imports.stalled)." in out


@pytest.mark.parametrize("name", ["shop-hubb", "shop-hub"])
def test_what_cannot_be_explained_is_said(integration, name):
    Verdict.objects.all().delete()
    with pytest.raises(CommandError) as caught:
        explain(name)
    assert caught.value.returncode == 2
    assert ("shop-hub" if name == "shop-hubb" else "sweep shop-hub") in str(caught.value)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(st.integers(1, 200), max_size=3),
    arrived=st.integers(0, 3),
    fetched_min=st.integers(0, 120),
    failing=st.booleans(),
    error=st.sampled_from(["", "", "ConnectionFailed", "CredentialsRefused", "InMaintenance", "ServerFault"]),
    looks=st.integers(1, 4),
)
def test_judging_what_is_stored_again_gives_what_is_stored(
    integration, ages, arrived, fetched_min, failing, error, looks
):
    """Whatever was observed, and however often it was looked at: the same facts, the same verdict."""
    now = timezone.now()
    for number, age in enumerate(sorted(ages, reverse=True)):
        order(integration, number, now - age * MINUTE)
    Arrival.objects.filter(order_number__in=[str(n) for n in range(arrived)]).update(arrived_at=now)
    for look in range(looks):
        moment = now + look * timedelta(seconds=15)
        read(integration, moment, error=error, fetched_min=fetched_min, failing=failing)
        judge([integration.pk], moment)

    first, second = judge_again(integration.pk, moment), judge_again(integration.pk, moment)

    assert first == second, "judging is a function of what is stored"
    assert first is not None
    assert first.agrees
    verdict = Verdict.objects.get()
    assert (first.judgement.state, first.judgement.rule) == (verdict.state, verdict.rule)
    held = {row.kind: (row.state, row.rule, row.observed_at) for row in Condition.objects.all()}
    # Looking again at the same observation learns nothing.
    for kind, item in first.held.items():
        assert (item.state, item.rule) == held[kind][:2]
    for model in (Incident, Transition, Arrival, HubState):
        model.objects.all().delete()
    integration.store.orders.all().delete()
    Condition.objects.update(
        state="unknown", rule="not_read_yet", observed_at=None, candidate_state="", candidate_count=0
    )

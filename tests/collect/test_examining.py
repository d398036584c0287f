"""A store is examined as its hubs would ask; what is found is kept, judged, told, and ends again."""

from datetime import timedelta

import pytest

from integrations.access.records import Cause
from integrations.models import Account, Integration, Store
from monitor import examinations
from monitor.collect.claim import claim_these
from monitor.collect.facts import load
from monitor.collect.run import run
from monitor.models import CellChange, Incident, Job, StoreExamination
from monitor.models.work import JobKind
from tests.tracking.conftest import World, local_network, make_world, nudges

pytestmark = pytest.mark.integration

__all__ = ["local_network", "make_world", "nudges"]
LATER = timedelta(minutes=2)


def examined(world: World) -> StoreExamination:
    world.look()
    return StoreExamination.objects.get()


def test_a_healthy_store_is_examined_and_nothing_is_said(make_world):
    world = make_world("woocommerce")
    row = examined(world)
    examination = examinations.load(row)
    assert examination is not None
    assert {cell.method for cell in examination.cells} == {*examination.methods}
    assert {cell.agent for cell in examination.cells} == {*examination.agents, examination.neutral}
    assert all(cell.passed for cell in examination.cells)
    assert (row.severity, row.fingerprint, examinations.diagnoses(row)) == ("", "", ())
    assert not CellChange.objects.exists()


def test_what_another_version_stored_is_replaced(make_world):
    world = make_world("woocommerce")
    examined(world)
    StoreExamination.objects.update(document={"platform": "woocommerce"}, diagnoses=[{"cause": "unheard of"}])
    row = StoreExamination.objects.get()
    assert (examinations.load(row), examinations.diagnoses(row)) == (None, ())
    assert examinations.load(examined(world)) is not None


def test_a_refused_method_is_noticed_told_once_and_over_when_it_passes(make_world):
    world = make_world("woocommerce")
    assert world.ship("woocommerce").get("told"), "else the hub tries again, and its log proves it at once"
    examined(world)
    world.sandbox.break_shop("woocommerce", "method_refused", methods="PUT,DELETE", style="nginx")
    row = examined(world)
    (found, *_others) = examinations.diagnoses(row)
    assert (found.cause, found.product) == (Cause.METHOD_RULE, "nginx")
    assert {"PUT", "DELETE"} == set(found.methods)
    changed = CellChange.objects.values_list("method", "before", "after", "status").distinct()
    assert set(changed) == {("PUT", "passed", "blocked", 405), ("DELETE", "passed", "blocked", 405)}
    assert world.condition("woocommerce", "access").rule == "passes", "seen once"
    job = Job.objects.get(kind=JobKind.STORE_EXAMINATION)
    assert job.due_at - job.last_ok_at <= timedelta(seconds=90), "looked at once more soon"

    examined(world)
    condition = world.condition("woocommerce", "access")
    assert (condition.state, condition.rule) == ("warn", "writes_blocked")
    assert condition.evidence["method"] == "PUT"
    assert Incident.objects.filter(closed_at=None).count() == 1

    world.sandbox.mend_shop("woocommerce", "method_refused")
    examined(world)
    row = examined(world)
    assert row.fingerprint == ""
    assert world.condition("woocommerce", "access").rule == "passes"
    assert not Incident.objects.filter(closed_at=None).exists()


def test_a_probe_that_is_answered_otherwise_brings_the_examination_forward(make_world):
    world = make_world("woocommerce")
    examined(world)
    Job.objects.filter(kind=JobKind.STORE_EXAMINATION).update(due_at=world.sandbox.now() + timedelta(hours=1))
    world.sandbox.break_shop("woocommerce", "firewall", pattern="Sendcloud")
    now = world.sandbox.now() + LATER
    run(
        claim_these(list(Job.objects.filter(kind=JobKind.STORE_ACCESS).values_list("id", flat=True)), now),
        now,
    )
    assert Job.objects.get(kind=JobKind.STORE_EXAMINATION).due_at == now


def test_what_is_answered_now_so_now_otherwise_is_not_examined_without_end(make_world):
    world = make_world("woocommerce")

    def soon() -> bool:
        examined(world)
        job = Job.objects.get(kind=JobKind.STORE_EXAMINATION)
        return job.due_at - job.last_ok_at <= timedelta(seconds=90)

    looks = []
    for _time in range(2):
        world.sandbox.break_shop("woocommerce", "method_refused", methods="PUT,DELETE", style="nginx")
        looks.append(soon())
        world.sandbox.mend_shop("woocommerce", "method_refused")
        looks.append(soon())
    assert looks == [True, False] * 2


def test_no_hub_is_told_of_what_only_another_meets(make_world):
    world = make_world("woocommerce")
    account = Account.objects.get()
    other = Account.objects.create(
        name="other", kind=account.kind, url=account.url, settings={"user_agents": ["Other/2.0"]}
    )
    store = Store.objects.get()
    second = Integration.objects.create(name="second", external_id="9", store=store, account=other)
    world.sandbox.break_shop("woocommerce", "firewall", pattern="Other", style="nginx")
    (found, *_others) = examinations.diagnoses(examined(world))
    assert found.agents == ("Other/2.0",)
    blocks = {
        pk: facts.blocks for pk, facts in load([world_pk(world), second.pk], world.sandbox.now()).items()
    }
    assert [block.agents for block in blocks[second.pk]] == [("Other/2.0",)]
    assert blocks[world_pk(world)] == ()


def world_pk(world: World) -> int:
    return Integration.objects.exclude(name="second").get().pk


def test_one_hubs_empty_log_proves_nothing_for_another(make_world):
    world = make_world("woocommerce")
    hub = Account.objects.get().url
    lists = {
        "url": f"{hub}/x",
        "items": "rows",
        "fields": {"hub_id": "id", "integration_id": "id"},
    }
    other = Account.objects.create(
        name="other",
        kind="generic",
        url=hub,
        settings={"user_agents": ["Other/2.0"], "integrations": lists, "arrivals": lists},
    )
    Integration.objects.create(name="second", external_id="9", store=Store.objects.get(), account=other)
    world.sandbox.break_shop("woocommerce", "firewall", pattern="Other", style="cloudflare_challenge")
    (found, *_others) = examinations.diagnoses(examined(world))
    assert (found.agents, found.severity) == (("Other/2.0",), "warn")

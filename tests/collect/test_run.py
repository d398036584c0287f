"""A batch of jobs: what goes wrong with one of them stays its own affair."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from integrations.contracts import OrderRecord, Page, StoreCheckup, Watermark
from integrations.errors import RemoteFault
from integrations.models import Account, Integration, Store
from monitor.collect import check_jobs, jobs, run
from monitor.collect.claim import claim, claim_these
from monitor.collect.plan import ensure_jobs
from monitor.collect.sweep import sweep
from monitor.models import Job, StoreState, Verdict
from monitor.models.work import JobKind

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def integrations() -> list[Integration]:
    account = Account.objects.create(name="hub", kind="sendcloud", url="https://hub.example")
    made = []
    for name in ("one", "two", "three"):
        store = Store.objects.create(name=name, platform="woocommerce", url=f"https://{name}.example")
        made.append(Integration.objects.create(name=name, account=account, store=store, external_id=name))
    ensure_jobs(timezone.now() - timedelta(minutes=1))
    return made


@pytest.fixture
def remotes(monkeypatch) -> dict[str, Exception]:
    """Jobs that read nothing; what is put in here under a kind is what its jobs meet instead."""
    trouble: dict[str, Exception] = {}

    async def reads_nothing(batch, job):
        if job.kind in trouble:
            raise trouble[job.kind]

    monkeypatch.setattr(run, "RUNNERS", dict.fromkeys(JobKind, reads_nothing))
    return trouble


def run_all() -> None:
    now = timezone.now()
    run.run(claim(now, limit=50), now)


def test_an_integration_that_cannot_be_judged_keeps_no_other_from_being_judged(
    integrations, remotes, monkeypatch
):
    poison = integrations[1].pk
    real = run.judge

    def judge(ids, now):
        if poison in ids:
            raise ValueError("of no known form")
        return real(ids, now)

    monkeypatch.setattr(run, "judge", judge)
    began = timezone.now()

    run_all()

    judged = set(Verdict.objects.filter(judged_at__gte=began).values_list("integration_id", flat=True))
    assert judged == {row.pk for row in integrations} - {poison}
    assert not Job.objects.filter(lease_token__isnull=False).exists()


def test_a_failure_is_recorded_whatever_characters_its_sentence_has(integrations, remotes):
    remotes[JobKind.STORE_ORDERS] = RemoteFault("broken\x00 answer")

    run_all()

    assert set(Job.objects.filter(kind=JobKind.STORE_ORDERS).values_list("last_error", "failures")) == {
        ("RemoteFault", 1)
    }
    assert not Job.objects.filter(lease_token__isnull=False).exists()


@pytest.mark.parametrize("trouble", [RemoteFault("away"), KeyError("a bug")])
def test_work_that_is_done_once_waits_before_it_is_tried_again(integrations, remotes, trouble):
    job = Job.objects.create(
        kind=JobKind.HUB_HISTORY, target_id=integrations[0].pk, due_at=timezone.now(), interval_s=0
    )
    remotes[JobKind.HUB_HISTORY] = trouble

    run_all()

    job.refresh_from_db()
    assert job.due_at > timezone.now() + timedelta(seconds=20)


def test_a_reading_that_gets_on_may_take_as_long_as_it_needs(integrations, remotes, monkeypatch):
    monkeypatch.setattr(run, "JOB_DEADLINE_S", 1)
    rounds = {JobKind.STORE_ORDERS: 6, JobKind.HUB_ARRIVALS: 1}

    async def reads_slowly(batch, job):
        for _page in range(rounds.get(job.kind, 0)):
            await asyncio.sleep(0.2 if job.kind == JobKind.STORE_ORDERS else 3)
            batch.progressed(job)

    monkeypatch.setattr(run, "RUNNERS", dict.fromkeys(JobKind, reads_slowly))

    run_all()

    errors = dict(Job.objects.values_list("kind", "last_error"))
    assert (errors[JobKind.STORE_ORDERS], errors[JobKind.HUB_ARRIVALS]) == ("", "TimedOut")


def test_a_reading_of_arrivals_speaks_for_the_moment_it_began(integrations, monkeypatch):
    async def reads_slowly(batch, job):
        asked_at[job.kind] = timezone.now()
        await asyncio.sleep(0.1)

    asked_at: dict[str, datetime] = {}
    monkeypatch.setattr(run, "RUNNERS", dict.fromkeys(JobKind, reads_slowly))
    began = timezone.now()

    run_all()

    job = Job.objects.get(kind=JobKind.HUB_ARRIVALS)
    assert began <= job.last_ok_at <= asked_at[job.kind]
    assert job.due_at > began + timedelta(seconds=job.interval_s * 0.9)


def test_what_a_check_found_is_not_hidden_by_what_was_judged_while_it_was_made(integrations, monkeypatch):
    """Other jobs of the batch end sooner, and their integrations are judged at once."""

    class Shop:
        async def check(self, *, now):
            judged_at.append(batches[0].moment)
            return StoreCheckup(())

        def calls(self):
            return []

    @asynccontextmanager
    async def opened(*_args, **_more):
        yield Shop()

    async def checks(batch, job):
        batches.append(batch)
        await check_jobs.store_check(batch, job)

    judged_at: list[datetime] = []
    batches: list[run.Batch] = []
    monkeypatch.setattr(check_jobs, "open_store", opened)
    monkeypatch.setattr(run, "RUNNERS", {**run.RUNNERS, JobKind.STORE_CHECK: checks})
    job = Job.objects.filter(kind=JobKind.STORE_CHECK)[:1].get()
    now = timezone.now()
    run.run(claim_these([job.pk], now), now)
    assert now < judged_at[0] <= StoreState.objects.get(store=job.target_id).checked_at


def test_nothing_is_judged_as_of_a_moment_before_what_was_found(integrations, monkeypatch):
    """What lies ahead of the judgement would count again at the next one, as if it had been seen twice."""

    async def finds(batch, job):
        found_at.append(batch.moment)

    def slowly(*given):
        time.sleep(0.1)
        return look_up(*given)

    found_at: list[datetime] = []
    judged_at: list[datetime] = []
    look_up = run.look_up
    monkeypatch.setattr(run, "look_up", slowly)
    monkeypatch.setattr(run, "judge", lambda _ids, now: judged_at.append(now))
    monkeypatch.setattr(run, "RUNNERS", dict.fromkeys(JobKind, finds))
    job = Job.objects.filter(kind=JobKind.STORE_ORDERS)[:1].get()
    now = timezone.now()
    run.run(claim_these([job.pk], now), now)
    assert now < found_at[0] <= judged_at[0]


def test_a_long_first_reading_gives_others_their_turn_and_goes_on_where_it_was(integrations, monkeypatch):
    monkeypatch.setattr(run, "LONG_S", 0.0)
    read: list[str] = []

    class EndlessShop:
        async def read_orders(self, since, *, now):
            while True:
                since = Watermark(since.at + timedelta(minutes=1), str(len(read)))
                read.append(since.key)
                order = OrderRecord(since.key, since.key, now, now, now, "processing", expected=True)
                yield Page([order], since)

        def calls(self):
            return []

    @asynccontextmanager
    async def open_shop(*args, **options):
        yield EndlessShop()

    monkeypatch.setattr(jobs, "open_store", open_shop)
    job = Job.objects.get(kind=JobKind.STORE_ORDERS, target_id=integrations[0].store_id)
    now = timezone.now()

    run.run(claim_these([job.pk], now), now)

    job.refresh_from_db()
    assert (job.cursor["key"], job.last_error, job.failures) == ("0", "", 0)
    assert (job.last_ok_at, job.caught_up_at) == (None, None)
    assert job.due_at < timezone.now() + timedelta(seconds=5)


def test_a_sweep_reads_a_long_history_to_its_end(integrations, monkeypatch):
    rounds: list[str] = []

    async def reads_in_parts(batch, job):
        rounds.append(job.kind)
        if job.kind == JobKind.STORE_ORDERS and len(rounds) < 20:
            raise jobs.MoreToRead

    monkeypatch.setattr(run, "RUNNERS", dict.fromkeys(JobKind, reads_in_parts))

    sweep(["one"], timezone.now())

    store = integrations[0].store_id
    assert Job.objects.get(kind=JobKind.STORE_ORDERS, target_id=store).caught_up_at is not None


def test_a_database_that_was_away_is_no_failure_of_any_remote(integrations, remotes):
    remotes[JobKind.STORE_ORDERS] = OperationalError("the connection is lost")

    run_all()

    stores = Job.objects.filter(kind=JobKind.STORE_ORDERS)
    assert set(stores.values_list("last_error", "failures")) == {("", 0)}
    assert stores.filter(lease_token__isnull=False).count() == len(integrations)

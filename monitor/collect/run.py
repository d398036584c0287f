"""Running a batch of claimed jobs: one event loop, many remotes at once, one database connection.

Each page that is read is stored at once, in a transaction that first checks that the job is still
ours. As soon as a job ends, the integrations it concerns are judged, together with whatever other
jobs ended meanwhile.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
import uvloop
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext_noop

from integrations.errors import RateLimited, RemoteError
from integrations.guard import GuardPolicy
from integrations.models import Account, Store
from monitor.collect import claim, uplink
from monitor.collect.claim import Claimed, LeaseLost
from monitor.collect.jobs import MoreToRead
from monitor.collect.judging import judge
from monitor.collect.known import Known, look_up
from monitor.collect.pacing import AccountPacer
from monitor.collect.runners import RUNNERS
from monitor.collect.texts import fit
from monitor.collect.threads import DatabaseThread
from monitor.collect.uplink import Uplink
from monitor.models.work import JobKind

log = structlog.get_logger(__name__)

IN_FLIGHT = 20
"""Requests at once per loop: with more, measured latencies become the loop's own queue."""
PATIENT = frozenset({JobKind.STORE_EXAMINATION})
"""Kinds of work that pause between their requests."""
RENEW_EVERY_S = 8.0
JOB_DEADLINE_S = 600.0
"""How long a job may go on without storing a page. The first reading of a large shop takes an hour."""
LONG_S = 60.0
"""After this a store's first reading lets the batch end, for the worker has other things to do."""
JUDGE_TOGETHER_S = 0.25
"""How long a judgement waits for the jobs that are about to end: judging many at once costs little more
than judging one."""
MAX_BACKOFF = timedelta(minutes=5)


@dataclass(slots=True)
class Batch:
    """What the jobs of one batch share."""

    now: datetime
    last_end: datetime
    """When the job ended that ended last: nothing is judged as of a moment before what is known."""
    database: DatabaseThread
    policy: GuardPolicy
    pacers: dict[int, AccountPacer] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))
    patient_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))
    """For work that waits on purpose most of its time: it must not keep quick work out."""
    known: Known = field(default_factory=Known)
    running: int = 0
    """Jobs that have not ended yet."""
    to_judge: set[int] = field(default_factory=set)
    """Integrations about which something new is known."""
    judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    uplink: Uplink = field(default_factory=Uplink)

    async def store(self, pk: int) -> Store:
        store = self.known.stores.get(pk)
        return store if store is not None else await self.database(Store.objects.get, pk=pk)

    async def account(self, pk: int) -> Account:
        account = self.known.accounts.get(pk)
        return account if account is not None else await self.database(Account.objects.get, pk=pk)

    deadlines: dict[int, asyncio.Timeout] = field(default_factory=dict)
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def moment(self) -> datetime:
        """The time it is by now. What was found out is stored as of then: a judgement that was made since
        the batch began must not seem newer than it."""
        return self.now + timedelta(seconds=asyncio.get_running_loop().time() - self.started)

    @property
    def has_run_long(self) -> bool:
        return asyncio.get_running_loop().time() - self.started > LONG_S

    def progressed(self, job: Claimed) -> None:
        """The job has stored a page: its deadline starts anew."""
        if job.id in self.deadlines:
            self.deadlines[job.id].reschedule(asyncio.get_running_loop().time() + JOB_DEADLINE_S)

    def pacer(self, account_id: int) -> AccountPacer:
        """The one pacer of an account in this batch."""
        return self.pacers.setdefault(account_id, AccountPacer(account_id, self.database))


def policy() -> GuardPolicy:
    """The address guard as the operator configured it."""
    return GuardPolicy(allowed_networks=settings.SYNCWATCH_ALLOWED_NETWORKS)


def run(claimed: Sequence[Claimed], now: datetime) -> None:
    """Runs the jobs to their end; remote errors are recorded, never raised."""
    uvloop.run(_run(claimed, now))


async def _run(claimed: Sequence[Claimed], now: datetime) -> None:
    async with DatabaseThread() as database:
        batch = Batch(now, now, database, policy(), running=len(claimed))
        renewal = asyncio.create_task(_keep_leases(database, {job.token for job in claimed}))
        try:
            batch.known = await database(look_up, claimed, now)
            await asyncio.gather(*(_run_one(batch, job) for job in claimed))
        finally:
            renewal.cancel()
            with suppress(asyncio.CancelledError):
                await renewal


async def _keep_leases(database: DatabaseThread, tokens: set[object]) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        for token in tokens:
            await database(claim.renew, token, timezone.now())


async def _run_one(batch: Batch, job: Claimed) -> None:
    """One job with its own deadline; whatever happens to it stays its own affair."""
    bound = log.bind(job=job.kind, target=job.target_id)
    retry: timedelta | None
    is_whole = True
    async with batch.patient_slots if job.kind in PATIENT else batch.slots:
        began = batch.moment
        try:
            async with asyncio.timeout(JOB_DEADLINE_S) as batch.deadlines[job.id]:
                again = await RUNNERS[JobKind(job.kind)](batch, job)
        except (LeaseLost, OperationalError) as error:
            # Overtaken, or the database was away: nothing is known of the remote, and the job is
            # claimed again when its lease has run out.
            bound.warning("given up", reason=str(error))
            batch.running -= 1
            return
        except MoreToRead:
            ok, name, message, retry, is_whole = True, "", "", timedelta(seconds=1), False
        except RemoteError as error:
            ok, name, message, retry = False, type(error).__name__, str(error), _retry_in(job, error)
        except TimeoutError:
            ok, name, message = False, "TimedOut", gettext_noop("Nothing could be read for ten minutes.")
            retry = _back_off(job)
        except Exception as error:  # noqa: BLE001  # one broken job must not take the batch with it
            bound.exception("job failed")
            ok, name, message = False, "OurMistake", f"{type(error).__name__}: {error}"
            retry = _back_off(job)
        else:
            ok, name, message, retry = True, "", "", again
    ended = batch.moment
    if ok and job.interval_s and retry is None:
        # Spread over time: what started together shall not stay together.
        usual = timedelta(seconds=job.interval_s * random.uniform(0.95, 1.0))  # noqa: S311
        retry = max(batch.now + usual - ended, timedelta(seconds=1))
    batch.running -= 1
    batch.last_end = max(batch.last_end, ended)
    await batch.database(
        claim.finish,
        job,
        ended,
        # Arrivals are listed newest first: what arrived after the first page was read is not in it.
        read_at=began if job.kind == JobKind.HUB_ARRIVALS else ended,
        ok=ok,
        is_whole=is_whole,
        error=name,
        message=fit(message, 500),
        retry_in=retry,
    )
    batch.uplink.note(job.kind, name, batch.known.url(job))
    if not ok:
        bound.info("could not read", error=name, message=message[:200])
    await _judge(batch, job)


def _retry_in(job: Claimed, error: RemoteError) -> timedelta:
    if isinstance(error, RateLimited) and error.retry_after:
        return error.retry_after
    return _back_off(job)


def _back_off(job: Claimed) -> timedelta:
    interval = timedelta(seconds=job.interval_s or 30)
    longer: timedelta = interval * 2 ** min(job.failures, 4)
    return min(longer, max(MAX_BACKOFF, interval))


async def _judge(batch: Batch, job: Claimed) -> None:
    """Judges what the job concerns, together with what other jobs found out in the meantime."""
    batch.to_judge |= batch.known.concerned(job)
    async with batch.judging:
        if batch.running and batch.to_judge:
            await asyncio.sleep(JUDGE_TOGETHER_S)
        if batch.to_judge:
            due, batch.to_judge = sorted(batch.to_judge), set()
            await _note_uplink(batch)
            await _judge_these(batch, due)


async def _note_uplink(batch: Batch) -> None:
    """Tells whether anybody answers before anybody is judged by what we met."""
    if batch.uplink.answered:
        await batch.database(uplink.record, (), batch.moment)
    elif not batch.running and await batch.uplink.is_suspect(batch.policy):
        # The silence began with what was asked, at the latest when the batch did.
        await batch.database(uplink.record, sorted(batch.uplink.silent), batch.now)


async def _judge_these(batch: Batch, due: list[int]) -> None:
    """Judges all at once; should that fail, one by one, so that one broken integration blinds no other."""
    try:
        await batch.database(judge, due, batch.last_end)
    except Exception:
        if len(due) == 1:
            log.exception("could not judge", integration=due[0])
            return
        for pk in due:
            await _judge_these(batch, [pk])

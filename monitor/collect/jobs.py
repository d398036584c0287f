"""What each kind of job does: open an adapter, read, store page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from integrations.adapters import ImportsOrders
from integrations.contracts import ArrivalRecord, CallRecord, OrderRecord, Outcome, Page
from integrations.models import Account, Integration, Store
from integrations.opening import open_hub, open_store
from integrations.registry import user_agents
from monitor.collect import hubs, record
from monitor.collect.claim import Claimed, bring_forward, fence
from monitor.collect.facts import PROBE_WINDOW
from monitor.collect.learn import learn
from monitor.models import Call, HubFailureLog
from monitor.models.work import JobKind

if TYPE_CHECKING:
    from monitor.collect.run import Batch


class MoreToRead(Exception):
    """A long reading has stored much and gives others their turn; it goes on from its cursor."""


NOT_YET = timedelta(seconds=10)
"""How soon to try again to learn while the history is still being read."""

Runner = Callable[["Batch", Claimed], Awaitable[timedelta | None]]
"""Does a job; returns when it is due again, where that is not after its interval."""


async def store_orders(batch: Batch, job: Claimed) -> None:
    """Orders of a store that changed since the watermark.

    Raises MoreToRead between two pages of a long reading.
    """
    store = await batch.store(job.target_id)
    stored = job.watermark
    async with open_store(store.target(), store.platform, policy=batch.policy) as adapter:
        try:
            async for page in adapter.read_orders(job.watermark, now=batch.now):
                if page.records or page.watermark not in (None, stored):
                    await batch.database(_store_orders, job, store, page, batch.now)
                    stored = page.watermark or stored
                    if page.records and page.watermark and batch.has_run_long:
                        raise MoreToRead
                batch.progressed(job)
        finally:
            await keep_calls(batch, adapter.calls(), store_id=store.pk)


@transaction.atomic
def _store_orders(job: Claimed, store: Store, page: Page[OrderRecord], now: datetime) -> None:
    fence(job, page.watermark)
    record.record_orders(store.pk, store.platform, page.records, now=now)


async def store_access(batch: Batch, job: Claimed) -> None:
    """Asks a store as each of its hubs would."""
    store = await batch.store(job.target_id)
    user_agents = await batch.database(user_agents_of, store)
    async with open_store(store.target(), store.platform, policy=batch.policy) as adapter:
        calls = await adapter.probe(user_agents, now=batch.now)
    await batch.database(_store_probes, job, store.pk, calls)


def user_agents_of(store: Store) -> list[str]:
    """Every User-Agent that the store's hubs send, each once."""
    agents: dict[str, None] = {}
    for account in Account.objects.filter(integrations__store=store, is_active=True).distinct():
        agents.update(dict.fromkeys(user_agents(account.kind, account.settings, store.platform)))
    return list(agents)


@transaction.atomic
def _store_probes(job: Claimed, store_id: int, calls: Sequence[CallRecord]) -> None:
    fence(job)
    if _has_changed(store_id, calls):
        # What else is let through may have changed with it.
        bring_forward((JobKind.STORE_EXAMINATION,), store_id, calls[0].at)
    # What passed is only worth knowing while it is new; what failed is kept longer.
    passed = Call.objects.filter(store=store_id, is_probe=True, outcome=Outcome.PASSED)
    passed.filter(at__lt=calls[0].at - PROBE_WINDOW).delete()
    hubs.record_calls(calls, store_id=store_id, is_probe=True)


def _has_changed(store_id: int, calls: Sequence[CallRecord]) -> bool:
    """Whether somebody is answered otherwise than the last time."""
    probes = Call.objects.filter(store=store_id, is_probe=True).order_by("user_agent", "-at")
    before = dict(probes.distinct("user_agent").values_list("user_agent", "outcome"))
    return any(before.get(call.user_agent, call.outcome) != call.outcome for call in calls)


async def hub_state(batch: Batch, job: Claimed) -> None:
    """What a hub says of the account's integrations, and its log of failed calls."""
    account = await batch.account(job.target_id)
    pacer = batch.pacer(account.pk)
    async with open_hub(account.target(), account.kind, policy=batch.policy, pacer=pacer) as adapter:
        assert isinstance(adapter, ImportsOrders)
        try:
            listed = await adapter.read_integrations(now=batch.now)
            since = await batch.database(_newest_failure, account.pk)
            failures = await adapter.read_failures(since, now=batch.now)
        finally:
            await keep_calls(batch, adapter.calls(), account_id=account.pk)

    @transaction.atomic
    def store() -> None:
        fence(job)
        hubs.record_hub_states(account.pk, listed, now=batch.now)
        hubs.record_failures(account.pk, failures)

    await batch.database(store)


def _newest_failure(account_id: int) -> str:
    newest = HubFailureLog.objects.filter(account_id=account_id).order_by("-at", "-id").first()
    return newest.external_id if newest else ""


async def hub_arrivals(batch: Batch, job: Claimed) -> None:
    """What arrived in the whole account since the watermark."""
    account = await batch.account(job.target_id)
    await _arrivals(batch, job, account, integration_id=None)


async def hub_history(batch: Batch, job: Claimed) -> None:
    """What arrived earlier in an integration that was added to an account that is read already."""
    integration = await batch.database(Integration.objects.select_related("account").get, pk=job.target_id)
    await _arrivals(batch, job, integration.account, integration_id=integration.external_id)


async def _arrivals(batch: Batch, job: Claimed, account: Account, *, integration_id: str | None) -> None:
    watched = await batch.database(hubs.watched, account.pk)
    pacer = batch.pacer(account.pk)
    async with open_hub(account.target(), account.kind, policy=batch.policy, pacer=pacer) as adapter:
        assert isinstance(adapter, ImportsOrders)
        try:
            pages = adapter.read_arrivals(job.watermark, now=batch.now, integration_id=integration_id)
            async for page in pages:
                await batch.database(_store_arrivals, job, page, watched)
                batch.progressed(job)
        finally:
            await keep_calls(batch, adapter.calls(), account_id=account.pk)


@transaction.atomic
def _store_arrivals(
    job: Claimed, page: Page[ArrivalRecord], watched: dict[str, tuple[int, int, str]]
) -> None:
    fence(job, page.watermark)
    record.record_arrivals(page.records, watched)


async def learn_rules(batch: Batch, job: Claimed) -> timedelta | None:
    """Learns an integration's tolerance and rhythm from its own past, once that has been read."""
    return None if await batch.database(_learn, job, batch.now) else NOT_YET


@transaction.atomic
def _learn(job: Claimed, now: datetime) -> bool:
    fence(job)
    return learn(job.target_id, now)


async def keep_calls(
    batch: Batch, calls: Sequence[CallRecord], *, store_id: int | None = None, account_id: int | None = None
) -> None:
    """Every failure, and a success now and then."""
    kept = [call for call in calls if call.outcome is not Outcome.PASSED]
    passed = [call for call in calls if call.outcome is Outcome.PASSED]
    if passed and batch.known.is_sample_due(store_id, account_id):
        kept.append(passed[-1])
    if kept:
        await batch.database(hubs.record_calls, kept, store_id=store_id, account_id=account_id)

"""What is looked at besides orders: stores' settings, hubs' settings, zones, counts of events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db import transaction

from integrations.adapters import ChecksIntegration, ChecksStore, ReadsEvents
from integrations.contracts import Visitor
from integrations.models import Account, Integration, Store
from integrations.opening import open_edge, open_hub, open_store
from integrations.registry import addresses, user_agents
from monitor.collect import checks
from monitor.collect.claim import Claimed, fence
from monitor.collect.jobs import keep_calls
from monitor.models import CheckResult, HubState
from monitor.webhooks.addresses import webhook_url

if TYPE_CHECKING:
    from monitor.collect.run import Batch


async def store_check(batch: Batch, job: Claimed) -> None:
    """A store's version, clock, zone, webhooks and rights."""
    store = await batch.store(job.target_id)
    target = replace(store.target(), webhook_url=webhook_url(store.platform, store.name))
    async with open_store(target, store.platform, policy=batch.policy) as adapter:
        assert isinstance(adapter, ChecksStore)
        try:
            checkup = await adapter.check(now=batch.now)
        finally:
            await keep_calls(batch, adapter.calls(), store_id=store.pk)
    read_at = batch.moment

    @transaction.atomic
    def keep() -> None:
        fence(job)
        checks.record_checkup(store.pk, checkup, read_at)

    await batch.database(keep)


async def store_edge(batch: Batch, job: Claimed) -> None:
    """The zone in front of a store."""
    store = await batch.database(Store.objects.select_related("edge").get, pk=job.target_id)
    edge = store.edge
    assert edge is not None
    visitors = await batch.database(visitors_of, store)
    host = store.edge_host or urlsplit(store.url).hostname or ""
    async with open_edge(
        edge.target(), edge.kind, policy=batch.policy, pacer=batch.pacer(edge.pk)
    ) as adapter:
        try:
            report = await adapter.audit(host, platform=store.platform, visitors=visitors, now=batch.now)
        finally:
            await keep_calls(batch, adapter.calls(), account_id=edge.pk)
        read_at = batch.moment

        @transaction.atomic
        def keep() -> None:
            fence(job)
            checks.record_audit(store, report, read_at, adapter.differences)

        await batch.database(keep)


def visitors_of(store: Store) -> list[Visitor]:
    """The hubs that visit a store, as a firewall sees them."""
    found = Account.objects.filter(integrations__store=store, is_active=True).distinct().order_by("name")
    visitors = []
    for account in found:
        agents = user_agents(account.kind, account.settings, store.platform)
        if agents:
            networks = addresses(account.kind, account.settings)
            visitors.append(Visitor(str(account), agents, networks))
    return visitors


async def hub_check(batch: Batch, job: Claimed) -> None:
    """What a hub tells of the settings of one integration."""
    integration = await batch.database(Integration.objects.select_related("account").get, pk=job.target_id)
    account = integration.account
    system = await batch.database(_system, integration.pk)
    pacer = batch.pacer(account.pk)
    async with open_hub(account.target(), account.kind, policy=batch.policy, pacer=pacer) as adapter:
        assert isinstance(adapter, ChecksIntegration)
        try:
            found = await adapter.check_integration(integration.external_id, system, now=batch.now)
        finally:
            await keep_calls(batch, adapter.calls(), account_id=account.pk)
    read_at = batch.moment

    @transaction.atomic
    def keep() -> None:
        fence(job)
        checks.record_checks(CheckResult.Source.INTEGRATION, integration.pk, found, read_at)

    await batch.database(keep)


def _system(integration_id: int) -> str:
    newest = HubState.objects.filter(integration_id=integration_id).order_by("-at", "-id").first()
    return newest.system if newest else ""


async def hub_events(batch: Batch, job: Claimed) -> None:
    """What a marketing hub counted, and what else it tells of its data."""
    account = await batch.account(job.target_id)
    pacer = batch.pacer(account.pk)
    async with open_hub(account.target(), account.kind, policy=batch.policy, pacer=pacer) as adapter:
        assert isinstance(adapter, ReadsEvents)
        try:
            report = await adapter.read_events(now=batch.now)
        finally:
            await keep_calls(batch, adapter.calls(), account_id=account.pk)
    read_at = batch.moment

    @transaction.atomic
    def keep() -> None:
        fence(job)
        checks.record_checks(CheckResult.Source.ACCOUNT, account.pk, report.checks, read_at)
        checks.record_events(account.pk, report.counts, report.settled_until)

    await batch.database(keep)

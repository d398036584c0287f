"""Asking a hub: what it can do for an integration, and the refresh request itself."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from integrations.adapters import Nudges, PushesOrders, ReadsFullOrders, ReadsShipments, WritesTracking
from integrations.contracts import CallRecord, RefreshAnswer
from integrations.errors import RemoteError, TimedOut
from integrations.models import Integration
from integrations.opening import open_hub
from integrations.registry import offers
from monitor.collect.hubs import record_calls
from monitor.collect.pacing import AccountPacer
from monitor.collect.run import policy
from monitor.models import HubState
from monitor.models.refreshes import RefreshStrategy

DEADLINE = timedelta(seconds=60)
"""For the whole request, waiting for the account's rate limit included."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """The ways to refresh an integration."""

    can_ask: bool
    panel_url: str
    """The hub's own page of the integration; empty when there is none."""
    can_push: bool = False
    """The hub takes the store's orders from us."""
    can_repush: bool = False
    """Missing numbers can be written to the store, given a key with that right."""
    can_nudge: bool = False
    """The store's operator allows that waiting orders are touched."""

    def possible(self) -> list[RefreshStrategy]:
        """In the order in which they are tried for waiting orders."""
        ways = {
            RefreshStrategy.HUB_API: self.can_ask,
            RefreshStrategy.PUSH_ORDERS: self.can_push,
            RefreshStrategy.NUDGE_STORE: self.can_nudge,
            RefreshStrategy.PANEL: bool(self.panel_url),
            RefreshStrategy.REPUSH_TRACKING: self.can_repush,
        }
        return [way for way, is_possible in ways.items() if is_possible]

    @property
    def orders_ways(self) -> list[RefreshStrategy]:
        """Those that make waiting orders arrive."""
        return [way for way in self.possible() if way is not RefreshStrategy.REPUSH_TRACKING]


def abilities(integration: Integration, system: str | None = None) -> Abilities:
    """Asks the adapter, not the network. ``system`` is the hub's word for the shop, where it is known."""

    async def look(system: str) -> Abilities:
        account = integration.account
        store = integration.store
        async with open_hub(account.target(), account.kind, policy=policy()) as hub:
            return Abilities(
                can_ask=hub.can_refresh(),
                panel_url=hub.panel_url(integration.external_id, system),
                can_push=offers(store.platform, ReadsFullOrders)
                and isinstance(hub, PushesOrders)
                and hub.can_push(system),
                can_repush=offers(account.kind, ReadsShipments) and offers(store.platform, WritesTracking),
                can_nudge=store.allows_nudge and offers(store.platform, Nudges),
            )

    return asyncio.run(look(system_of(integration) if system is None else system))


def system_of(integration: Integration) -> str:
    """The hub's word for the integration's shop; empty while it is not known."""
    newest = HubState.objects.filter(integration=integration).order_by("-at", "-pk").first()
    return newest.system if newest else ""


def ask(integration: Integration, *, now: datetime) -> RefreshAnswer:
    """Sends the account's refresh request, under its rate limit, and keeps what was answered.

    Raises RemoteError.
    """
    account = integration.account
    calls: list[CallRecord] = []

    async def send() -> RefreshAnswer:
        pacer = AccountPacer(account.pk, slots_at_once=1)
        async with open_hub(account.target(), account.kind, policy=policy(), pacer=pacer) as hub:
            try:
                async with asyncio.timeout(DEADLINE.total_seconds()):
                    return await hub.refresh(integration.external_id, now=now)
            except TimeoutError as error:
                raise TimedOut(
                    _("No answer within %(seconds)d s.") % {"seconds": DEADLINE.seconds}
                ) from error
            finally:
                calls.extend(hub.calls())

    try:
        return asyncio.run(send())
    except RemoteError as error:
        if error.call and error.call not in calls:
            calls.append(error.call)
        raise
    finally:
        record_calls(calls, account_id=account.pk)
